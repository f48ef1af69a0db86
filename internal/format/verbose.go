package format

import (
	"cmp"
	"fmt"
	"strconv"
	"strings"
	"unicode/utf8"

	"github.com/msnscope/msnscope/decode"
	"github.com/msnscope/msnscope/decode/body"
	"github.com/msnscope/msnscope/decode/session"
	"github.com/msnscope/msnscope/internal/explain"
)

// AppendVerbose appends everything that is known about an event, in many lines and an empty one:
// its context, each argument and each payload field with its meaning, the text, and every byte that
// was received and, if that differs, sent on. It does not hide secrets, since its user asked for
// everything.
func AppendVerbose(dst []byte, e *session.Event) []byte {
	s := sheet{dst}
	s.heading(e)
	s.context(e)
	if e.Kind == session.Command {
		s.message("command", &e.In, e)
		if e.Out != nil {
			sent := e.Sent()
			s.message("sent on in its place", &sent, e)
		}
	}
	return append(s.buf, '\n')
}

// sheet collects the lines of AppendVerbose.
type sheet struct{ buf []byte }

func (s *sheet) heading(e *session.Event) {
	s.buf = strconv.AppendUint(append(s.buf, '#'), e.N, 10)
	switch {
	case e.Kind != session.Command:
		s.buf = appendWords(append(s.buf, ' '), e)
	case e.In.Opaque():
		s.buf = append(append(s.buf, " is "...), e.In.Why.String()...)
	case e.Row == nil:
		s.buf = append(append(append(s.buf, ' '), e.In.Verb.String()...), ": no dialect has this command here"...)
	default:
		s.buf = append(append(s.buf, ' '), e.In.Verb.String()...)
		if name := decode.ErrorName(e.In.Verb.Code()); name != "" {
			s.buf = append(append(s.buf, ' '), name...)
		}
		s.buf = append(append(s.buf, ": "...), cmp.Or(decode.ErrorMeaning(e.In.Verb.Code()), e.Row.Means)...)
	}
	s.buf = append(s.buf, '\n')
}

// pair appends a line with a name, a value and its meaning; nothing if the value is empty.
func (s *sheet) pair(indent int, name, value, means string) {
	if value == "" {
		return
	}
	s.buf = append(appendPrintable(append(s.buf, "    "...), name), ' ')
	for n := utf8.RuneCountInString(name); n < indent; n++ {
		s.buf = append(s.buf, ' ')
	}
	s.buf = appendPrintable(append(s.buf, ' '), value)
	if means != "" {
		s.buf = append(appendPrintable(append(s.buf, "  ("...), means), ')')
	}
	s.buf = append(s.buf, '\n')
}

// contextWidth is the width in columns of the longest name that context writes.
const contextWidth = len("connection")

func (s *sheet) context(e *session.Event) {
	pair := func(name, value, means string) { s.pair(contextWidth, name, value, means) }
	pair("time", string(Clock{Form: TimeUTC}.append(nil, e.Time)), "")
	if e.Conn != 0 {
		pair("connection", strconv.Itoa(e.Conn)+via(e), "")
	}
	client, server := "client", "server"
	switch e.Dir {
	case decode.FromClient:
		client, server = "from", "to"
	case decode.FromServer:
		client, server = "to", "from"
	}
	pair(client, Address(e.Client, e.ClientName), "client")
	pair(server, Address(e.Server, e.ServerName), "server")
	pair("role", e.Role.Name(), "")
	if e.Inferred {
		pair("dialect", e.Dialect, "inferred: no answer to VER named it")
	} else {
		pair("dialect", e.Dialect, "")
	}
	pair("user", e.User, "")
	pair("session", e.Session, "")
	if e.Row != nil && e.Kind == session.Command {
		pair("form", e.Row.Grammar(), "")
		pair("section", cite(e.Row.Section), "")
	}
	if e.ReplyTo != 0 {
		pair("answers", "#"+strconv.FormatUint(e.ReplyTo, 10)+", "+e.RTT.String()+" before", "")
	}
	pair("packets", e.Packets.String(), "")
	pair("file", e.File, "")
	pair("flags", strings.Join(e.Flags.Names(), ", "), "")
	pair("text", e.Remark(), "")
}

func via(e *session.Event) string {
	if e.Via == 0 {
		return ""
	}
	return ", led here by connection " + strconv.Itoa(e.Via)
}

func cite(section string) string {
	if section == "" {
		return "none: not in the draft"
	}
	return "§" + section
}

// message appends one message: its arguments, its payload and its bytes.
func (s *sheet) message(title string, m *decode.Message, e *session.Event) {
	s.buf = fmt.Appendf(s.buf, "  %s, %d bytes\n", title, len(m.Raw))
	if !m.Opaque() {
		s.arguments(m, e)
		if p := m.Payload(); len(p) > 0 {
			s.payload(body.Of(m), len(p))
		}
	}
	s.hex(m.Raw)
}

func (s *sheet) arguments(m *decode.Message, e *session.Event) {
	side := *e
	side.In = *m
	fields, indent := Fields(&side), len("TrID")
	for _, f := range fields {
		indent = max(indent, len(f.Name))
	}
	var means []explain.Pair
	if e.Row != nil {
		means = explain.Args(e.Row)
	}
	s.pair(indent, "TrID", string(m.TrIDText()), "")
	for i, f := range fields {
		text := ""
		if len(means) > 0 && f.Name == means[min(i, len(means)-1)].Name {
			text = means[min(i, len(means)-1)].Text
		}
		value := f.Value
		if f.Raw != f.Value {
			value += "  <- " + f.Raw
		}
		s.pair(indent, f.Name, value, text)
	}
}

func (s *sheet) payload(b body.Body, size int) {
	fields, indent := b.Describe(), 0
	for _, f := range fields {
		indent = max(indent, utf8.RuneCountInString(f.Name))
	}
	s.buf = fmt.Appendf(s.buf, "  payload, %d bytes\n", size)
	for _, f := range fields {
		s.pair(indent, f.Name, f.Value, f.Meaning)
	}
	if !b.Readable() {
		return
	}
	text, _ := b.Text()
	for line := range strings.Lines(text) {
		line = strings.TrimSuffix(strings.TrimSuffix(line, "\n"), "\r")
		s.buf = append(appendPrintable(append(s.buf, "    | "...), line), '\n')
	}
}

// perLine is the number of bytes on a line of the hexadecimal dump.
const perLine = 16

func (s *sheet) hex(raw []byte) {
	s.buf = append(s.buf, "  bytes\n"...)
	for at := 0; at < len(raw); at += perLine {
		part := raw[at:min(at+perLine, len(raw))]
		s.buf = fmt.Appendf(s.buf, "    %04x ", at)
		for i := range perLine {
			if i == perLine/2 {
				s.buf = append(s.buf, ' ')
			}
			if i < len(part) {
				s.buf = append(s.buf, ' ', lowerHex[part[i]>>4], lowerHex[part[i]&15])
			} else {
				s.buf = append(s.buf, "   "...)
			}
		}
		s.buf = append(s.buf, "  "...)
		for _, c := range part {
			if c < ' ' || c > '~' {
				c = '.'
			}
			s.buf = append(s.buf, c)
		}
		s.buf = append(s.buf, '\n')
	}
}
