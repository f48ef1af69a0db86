package format

import (
	"bytes"
	"strconv"
	"strings"
	"time"
	"unicode/utf8"

	"github.com/msnscope/msnscope/decode"
	"github.com/msnscope/msnscope/decode/body"
	"github.com/msnscope/msnscope/decode/session"
)

// The widths in columns of what precedes the command in a text line. Longer values push the rest to
// the right; only the user is cut.
const (
	numberWidth = 6  // #12345
	connWidth   = 3  // c99
	userWidth   = 10 // the part before the @
)

// AppendText appends the event as one line for people, with a line feed: the local time, the number
// of the event, connection, role, user, direction, and the command as it was on the wire,
// printable. The payload, the name of an error, the event that it answers with the time that this
// took, what was sent on in its place, and other flags follow. Nothing is coloured, and secrets are
// not hidden.
//
//	18:04:05.123 #12    c2  SB alice      -> MSG 3 N 70 (+70 bytes text/plain "hello bob")
//	18:04:05.125 #13    c1  NS alice      <- 913 9 ERR_NOT_ALLOWED_WHEN_OFFLINE [#11 1.8ms]
func AppendText(dst []byte, e *session.Event) []byte { return Clock{}.AppendText(dst, e) }

// appendEvent appends what follows the time.
func appendEvent(dst []byte, e *session.Event) []byte {
	dst = appendColumn(dst, "#", strconv.FormatUint(e.N, 10), numberWidth)
	dst = appendColumn(dst, "c", dashIfZero(e.Conn), connWidth)
	dst = appendColumn(dst, "", dashIfEmpty(e.Role.Name()), 2)
	dst = appendColumn(dst, "", dashIfEmpty(userName(e.User)), userWidth)
	if e.Kind != session.Command {
		return append(appendWords(append(dst, "-- "...), e), '\n')
	}
	if e.Dir == decode.FromClient {
		dst = append(dst, "-> "...)
	} else {
		dst = append(dst, "<- "...)
	}
	return append(appendCommandText(dst, e), '\n')
}

func appendCommandText(dst []byte, e *session.Event) []byte {
	m := &e.In
	if m.Opaque() {
		dst = append(append(dst, "?? "...), Summary(e)...)
	} else {
		dst = appendLine(dst, m)
		dst = appendPayloadText(dst, m)
		if name := decode.ErrorName(m.Verb.Code()); name != "" {
			dst = append(append(dst, ' '), name...)
		}
	}
	if e.ReplyTo != 0 {
		dst = strconv.AppendUint(append(dst, " [#"...), e.ReplyTo, 10)
		if !e.Time.IsZero() {
			dst = appendDuration(append(dst, ' '), e.RTT)
		}
		dst = append(dst, ']')
	}
	if e.Out != nil {
		dst = appendSent(dst, e)
	}
	for _, name := range (e.Flags &^ (session.Rewritten | session.Opaque | session.Error | session.Malformed)).Names() {
		dst = append(append(append(dst, " {"...), name...), '}')
	}
	if e.Flags&session.Malformed != 0 {
		dst = append(append(append(dst, " {malformed: "...), m.Malformed()...), '}')
	}
	if e.Text != "" {
		dst = append(appendPrintable(append(dst, " ("...), e.Text), ')')
	}
	return dst
}

// appendLine appends the command line; of a block, which has none, its name, and the octet by which
// it differs from the usual ones.
func appendLine(dst []byte, m *decode.Message) []byte {
	if !m.Block() {
		return appendPrintable(dst, m.Line())
	}
	dst = append(dst, m.Verb.String()...)
	if m.Raw[0] != 0 {
		dst = append(dst, " end"...)
	}
	return dst
}

func appendPayloadText(dst []byte, m *decode.Message) []byte {
	payload := m.Payload()
	if len(payload) == 0 {
		return dst
	}
	b := body.Of(m)
	dst = append(strconv.AppendInt(append(dst, " (+"...), int64(len(payload)), 10), " bytes"...)
	if b.Type != "" {
		dst = appendPrintable(append(dst, ' '), b.Type)
	}
	if user := b.TypingUser(); user != "" {
		dst = appendPrintable(append(dst, " by "...), user)
	}
	if len(bytes.TrimSpace(b.Data)) > 0 {
		dst = append(append(dst, ' '), quoted(&b)...)
	}
	return append(dst, ')')
}

// SentOn returns in one printable line what was sent on in place of an event: "sent as" and the
// words that differ, or all; "" if it was sent on as it came.
func SentOn(e *session.Event) string {
	if e.Out == nil {
		return ""
	}
	return strings.TrimPrefix(string(appendSent(nil, e)), " => ")
}

// appendSent appends what was sent on: only the changed words if the line has as many words as
// before, else the whole line.
func appendSent(dst []byte, e *session.Event) []byte {
	sent := e.Sent()
	was, is := bytes.Fields(e.In.Line()), bytes.Fields(sent.Line())
	payload := !bytes.Equal(e.In.Payload(), sent.Payload())
	switch {
	case len(e.Out) == 0:
		return append(dst, " => not sent on"...)
	case bytes.Equal(e.In.Line(), sent.Line()) && !payload:
		return append(dst, " => sent as before, with another line end"...)
	case sent.Opaque() || len(was) != len(is) || bytes.Equal(bytes.Join(was, nil), bytes.Join(is, nil)):
		dst = appendPrintable(append(dst, " => sent as "...), sent.Line())
	default:
		dst = append(dst, " => sent as"...)
		for i := range is {
			if !bytes.Equal(is[i], was[i]) {
				dst = appendPrintable(append(dst, ' '), is[i])
			}
		}
	}
	if payload {
		dst = appendPayloadText(dst, &sent)
	}
	return dst
}

// appendWords appends an event that is not a command, in words.
func appendWords(dst []byte, e *session.Event) []byte {
	switch e.Kind {
	case session.Open:
		dst = appendPrintable(append(dst, "connected from "...), Address(e.Client, e.ClientName))
		if e.Server != "" {
			dst = appendPrintable(append(dst, " to "...), Address(e.Server, e.ServerName))
		}
	case session.Close:
		if strings.HasPrefix(e.Text, "closed") { // as in "closed by the server"
			return appendPrintable(dst, e.Text)
		}
		dst = append(dst, "closed"...)
	case session.HalfClose:
		dst = append(append(dst, "half-closed by the "...), endName(e.Dir)...)
	case session.Gap:
		dst = append(dst, "gap"...)
		if e.Dir != 0 {
			dst = append(append(append(dst, " in what the "...), endName(e.Dir)...), " sent"...)
		}
	case session.Wait:
		dst = append(append(append(dst, "the "...), endName(e.Dir)...), " has not finished"...)
	case session.Note:
		return appendPrintable(append(dst, "note: "...), e.Text)
	}
	if e.Text != "" {
		dst = appendPrintable(append(dst, ": "...), e.Text)
	}
	return dst
}

// Address returns an address, with the name that a capture gives to it, if any: "10.0.0.1:4000
// (client.example)". It is not safe for a terminal: see [Printable].
func Address(address, name string) string {
	if name == "" {
		return address
	}
	return address + " (" + name + ")"
}

// endName returns the name of the end that sends in a direction.
func endName(d decode.Dir) string {
	if d == decode.FromClient {
		return "client"
	}
	return "server"
}

// appendColumn appends prefix and value, padded to the width, and a blank.
func appendColumn(dst []byte, prefix, value string, width int) []byte {
	dst = append(append(dst, prefix...), value...)
	for n := len(prefix) + utf8.RuneCountInString(value); n < width; n++ {
		dst = append(dst, ' ')
	}
	return append(dst, ' ')
}

// userName returns the part of a handle before the @, printable and cut to its column.
func userName(handle string) string {
	name, _, _ := strings.Cut(handle, "@")
	name = Printable(name)
	if utf8.RuneCountInString(name) > userWidth {
		name = string([]rune(name)[:userWidth-1]) + "…"
	}
	return name
}

func dashIfEmpty(s string) string {
	if s == "" {
		return "-"
	}
	return s
}

func dashIfZero(n int) string {
	if n == 0 {
		return "-"
	}
	return strconv.Itoa(n)
}

// appendDuration appends a duration to a tenth of its unit: 840us, 3.1ms, 2.5s.
func appendDuration(dst []byte, d time.Duration) []byte {
	switch {
	case d < time.Millisecond:
		return append(strconv.AppendInt(dst, d.Microseconds(), 10), "us"...)
	case d < time.Second:
		return append(strconv.AppendFloat(dst, float64(d)/1e6, 'f', 1, 64), "ms"...)
	}
	return append(strconv.AppendFloat(dst, d.Seconds(), 'f', 1, 64), 's')
}
