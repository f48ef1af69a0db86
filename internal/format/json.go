package format

import (
	"encoding/base64"
	"strconv"
	"time"
	"unicode/utf8"

	"github.com/msnscope/msnscope/decode"
	"github.com/msnscope/msnscope/decode/body"
	"github.com/msnscope/msnscope/decode/dialect"
	"github.com/msnscope/msnscope/decode/session"
)

// AppendJSON appends the event as one JSON object and a line feed. Its keys are always in the same order; one whose value is
// empty is left out, but for n, time, conn and role. Control characters and what would disturb a terminal are escaped, so the
// line can be printed as it is.
func AppendJSON(dst []byte, e *session.Event) []byte {
	dst = strconv.AppendUint(append(dst, `{"n":`...), e.N, 10)
	dst = append(e.Time.UTC().AppendFormat(append(dst, `,"time":"`...), time.RFC3339Nano), '"')
	dst = strconv.AppendInt(append(dst, `,"conn":`...), int64(e.Conn), 10)
	dst = append(append(append(dst, `,"role":"`...), e.Role.Name()...), '"')
	if e.Dir != 0 {
		dst = append(append(dst, `,"dir":"`...), byte(e.Dir), '"')
	}
	dst = appendField(dst, "client", e.Client)
	dst = appendField(dst, "server", e.Server)
	if e.Kind == session.Command {
		dst = appendCommand(dst, &e.In, e.Row)
	}
	dst = appendField(dst, "user", e.User)
	dst = appendField(dst, "session", e.Session)
	dst = appendField(dst, "dialect", e.Dialect)
	if e.Inferred {
		dst = append(dst, `,"inferred":true`...) // no VER told the dialect
	}
	if e.Kind == session.Command {
		dst = strconv.AppendInt(append(dst, `,"size":`...), int64(len(e.In.Raw)), 10)
	}
	if e.ReplyTo != 0 {
		dst = strconv.AppendUint(append(dst, `,"reply_to":`...), e.ReplyTo, 10)
		dst = appendMillis(append(dst, `,"rtt_ms":`...), e.RTT)
	}
	if e.Out != nil {
		dst = appendOut(dst, e)
	}
	dst = appendFlags(dst, e.Flags)
	if e.Kind != session.Command {
		dst = appendField(dst, "event", e.Kind.String())
	}
	return append(appendField(dst, "text", text(e)), '}', '\n')
}

// text is what an event says in words: its own text, or why an opaque one is none.
func text(e *session.Event) string {
	if e.Text == "" && e.In.Opaque() {
		return e.In.Why.String()
	}
	return e.Text
}

// appendCommand appends cmd, trid, args, raw and payload.
func appendCommand(dst []byte, m *decode.Message, row *dialect.Row) []byte {
	if m.Verb != (decode.Verb{}) {
		dst = append(append(append(dst, `,"cmd":"`...), m.Verb[:]...), '"')
	}
	if m.HasTrID {
		dst = strconv.AppendUint(append(dst, `,"trid":`...), uint64(m.TrID), 10)
	}
	if m.NumArgs() > 0 {
		dst = appendArgs(append(dst, `,"args":`...), m, row)
	}
	dst = appendRaw(append(dst, ','), m)
	if p := m.Payload(); len(p) > 0 && !m.Opaque() {
		dst = appendPayload(append(dst, `,"payload":`...), p)
	}
	return dst
}

// appendArgs appends the object of arguments. All of one name are neighbours on the line: only the last of a row repeats, and
// surplus ones come after it.
func appendArgs(dst []byte, m *decode.Message, row *dialect.Row) []byte {
	sep := byte('{')
	for i := 0; i < m.NumArgs(); {
		name := argName(row, i)
		end := i + 1
		for end < m.NumArgs() && repeats(row, end) {
			end++
		}
		dst = append(appendString(append(dst, sep), name), ':')
		sep = ','
		if end == i+1 && name != extra {
			dst = appendUnescaped(dst, m.Arg(i))
			i = end
			continue
		}
		for open := byte('['); i < end; i++ {
			dst = appendUnescaped(append(dst, open), m.Arg(i))
			open = ','
		}
		dst = append(dst, ']')
	}
	return append(dst, '}')
}

// appendRaw appends raw, and raw_b64 where raw cannot say it all.
func appendRaw(dst []byte, m *decode.Message) []byte {
	line := m.Line()
	dst = appendBytes(append(dst, `"raw":`...), line)
	if !utf8.Valid(line) {
		dst = appendBase64(append(dst, `,"raw_b64":`...), line)
	}
	return dst
}

func appendPayload(dst, payload []byte) []byte {
	b := body.Parse(payload)
	dst = strconv.AppendInt(append(dst, `{"length":`...), int64(len(payload)), 10)
	dst = appendField(dst, "type", b.Type)
	if len(b.Headers) > 0 {
		dst = appendHeaders(append(dst, `,"headers":`...), b.Headers)
	}
	if utf8.Valid(b.Data) {
		dst = appendBytes(append(dst, `,"text":`...), b.Data)
	} else {
		dst = appendBase64(append(dst, `,"base64":`...), b.Data)
	}
	return append(dst, '}')
}

// appendHeaders appends the object of headers; a name that repeats gets an array, at its first place.
func appendHeaders(dst []byte, headers []body.Header) []byte {
	sep := byte('{')
	for i := range headers {
		if seen(headers[:i], headers[i].Name) {
			continue
		}
		dst = append(appendString(append(dst, sep), headers[i].Name), ':')
		sep = ','
		if !seen(headers[i+1:], headers[i].Name) {
			dst = appendString(dst, headers[i].Value)
			continue
		}
		open := byte('[')
		for _, h := range headers[i:] {
			if h.Name == headers[i].Name {
				dst = appendString(append(dst, open), h.Value)
				open = ','
			}
		}
		dst = append(dst, ']')
	}
	return append(dst, '}')
}

// seen compares names byte by byte: headers that differ in case are two keys.
func seen(headers []body.Header, name string) bool {
	for i := range headers {
		if headers[i].Name == name {
			return true
		}
	}
	return false
}

// appendOut appends what was sent on in place of the command: the line, and the payload if it is another one.
func appendOut(dst []byte, e *session.Event) []byte {
	sent := e.Sent()
	dst = appendRaw(append(dst, `,"out":{`...), &sent)
	if p := sent.Payload(); len(p) > 0 && !sent.Opaque() && string(p) != string(e.In.Payload()) {
		dst = appendPayload(append(dst, `,"payload":`...), p)
	}
	return append(dst, '}')
}

func appendFlags(dst []byte, flags session.Flag) []byte {
	if flags == 0 {
		return dst
	}
	sep := `,"flags":["`
	for f := session.Flag(1); f != 0 && f <= flags; f <<= 1 {
		if flags&f == 0 {
			continue
		}
		for _, name := range f.Names() {
			dst = append(append(append(dst, sep...), name...), '"')
			sep = `,"`
		}
	}
	return append(dst, ']')
}

func appendField(dst []byte, key, value string) []byte {
	if value == "" {
		return dst
	}
	dst = append(append(append(dst, ',', '"'), key...), '"', ':')
	return appendString(dst, value)
}

// appendMillis appends a duration in milliseconds, exact to the nanosecond and without a needless fraction.
func appendMillis(dst []byte, d time.Duration) []byte {
	if d < 0 {
		return strconv.AppendFloat(dst, float64(d)/1e6, 'f', -1, 64) // a clock that went back
	}
	dst = strconv.AppendInt(dst, int64(d/time.Millisecond), 10)
	rest := d % time.Millisecond
	if rest == 0 {
		return dst
	}
	dst = append(dst, '.')
	for digit := time.Duration(100_000); rest > 0; digit /= 10 {
		dst = append(dst, '0'+byte(rest/digit))
		rest %= digit
	}
	return dst
}

func appendBase64(dst, b []byte) []byte {
	return append(base64.StdEncoding.AppendEncode(append(dst, '"'), b), '"')
}
