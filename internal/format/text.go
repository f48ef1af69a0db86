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

// The columns of a text line before the command. Longer values push the rest to the right; a user is cut.
const (
	numberWidth = 6  // #12345
	connWidth   = 3  // c99
	userWidth   = 10 // the part before the @
)

// AppendText appends the event as one line for people, with a line feed: time (local), number of the event, connection, role,
// user, direction, the command as it was on the wire, printable. Behind it: the payload, the name of an error, which event it
// answers and after how long, what was sent on in its place, other flags. Nothing in it is coloured.
//
//	18:04:05.123 #12    c2  SB alice      -> MSG 3 N 70 (+70 bytes text/plain "hello bob")
//	18:04:05.125 #13    c1  NS alice      <- 913 9 ERR_NOT_ALLOWED_WHEN_OFFLINE [#11 1.8ms]
func AppendText(dst []byte, e *session.Event) []byte {
	dst = e.Time.Local().AppendFormat(dst, "15:04:05.000 ")
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
		dst = appendPrintable(dst, m.Line())
		dst = appendPayloadText(dst, m.Payload())
		if name := decode.ErrorName(m.Verb.Code()); name != "" {
			dst = append(append(dst, ' '), name...)
		}
	}
	if e.ReplyTo != 0 {
		dst = strconv.AppendUint(append(dst, " [#"...), e.ReplyTo, 10)
		dst = append(appendDuration(append(dst, ' '), e.RTT), ']')
	}
	if e.Out != nil {
		dst = appendSent(dst, e)
	}
	for _, name := range (e.Flags &^ (session.Rewritten | session.Opaque | session.Error)).Names() {
		dst = append(append(append(dst, " {"...), name...), '}')
	}
	if e.Text != "" {
		dst = append(appendPrintable(append(dst, " ("...), e.Text), ')')
	}
	return dst
}

func appendPayloadText(dst, payload []byte) []byte {
	if len(payload) == 0 {
		return dst
	}
	b := body.Parse(payload)
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

// appendSent appends what was sent on: of a line with as many words as before the changed ones, else the line.
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
		dst = appendPayloadText(dst, sent.Payload())
	}
	return dst
}

// appendWords appends an event that is no command, in words.
func appendWords(dst []byte, e *session.Event) []byte {
	switch e.Kind {
	case session.Open:
		dst = appendPrintable(append(dst, "connected from "...), e.Client)
		if e.Server != "" {
			dst = appendPrintable(append(dst, " to "...), e.Server)
		}
	case session.Close:
		dst = append(dst, "closed"...)
	case session.Gap:
		dst = append(dst, "gap"...)
		if e.Dir != 0 {
			dst = append(append(dst, " in what "...), sender(e.Dir)...)
		}
	case session.Note:
		return appendPrintable(append(dst, "note: "...), e.Text)
	}
	if e.Text != "" {
		dst = appendPrintable(append(dst, ": "...), e.Text)
	}
	return dst
}

func sender(d decode.Dir) string {
	if d == decode.FromClient {
		return "the client sent"
	}
	return "the server sent"
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

// appendDuration appends a duration with a tenth of its unit: 840us, 3.1ms, 2.5s.
func appendDuration(dst []byte, d time.Duration) []byte {
	switch {
	case d < time.Millisecond:
		return append(strconv.AppendInt(dst, d.Microseconds(), 10), "us"...)
	case d < time.Second:
		return append(strconv.AppendFloat(dst, float64(d)/1e6, 'f', 1, 64), "ms"...)
	}
	return append(strconv.AppendFloat(dst, d.Seconds(), 'f', 1, 64), 's')
}
