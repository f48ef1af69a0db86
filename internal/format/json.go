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

// AppendJSON appends the event as one JSON object and a line feed. Its keys are always in the same
// order. A key whose value is empty is left out, except n, time, conn and role. Control characters,
// and runes that would disturb a terminal, are escaped, so the line can be printed as it is.
func AppendJSON(dst []byte, e *session.Event) []byte {
	dst = strconv.AppendUint(append(dst, `{"n":`...), e.N, 10)
	dst = appendTime(append(dst, `,"time":`...), e.Time)
	dst = strconv.AppendInt(append(dst, `,"conn":`...), int64(e.Conn), 10)
	dst = append(append(append(dst, `,"role":"`...), e.Role.Name()...), '"')
	if e.Dir != 0 {
		dst = append(append(dst, `,"dir":"`...), byte(e.Dir), '"')
	}
	dst = appendField(dst, "client", e.Client)
	dst = appendField(dst, "server", e.Server)
	dst = appendField(dst, "client_name", e.ClientName)
	dst = appendField(dst, "server_name", e.ServerName)
	if e.Kind == session.Command {
		dst = appendCommand(dst, &e.In, e.Row)
	}
	dst = appendField(dst, "user", e.User)
	dst = appendField(dst, "session", e.Session)
	dst = appendField(dst, "dialect", e.Dialect)
	if e.Inferred {
		dst = append(dst, `,"inferred":true`...) // no VER was seen
	}
	if e.Kind == session.Command {
		dst = strconv.AppendInt(append(dst, `,"size":`...), int64(len(e.In.Raw)), 10)
	}
	if e.ReplyTo != 0 {
		dst = strconv.AppendUint(append(dst, `,"reply_to":`...), e.ReplyTo, 10)
		if !e.Time.IsZero() {
			dst = appendMillis(append(dst, `,"rtt_ms":`...), e.RTT)
		}
	}
	if e.Out != nil {
		dst = appendOut(dst, e)
	}
	dst = appendFlags(dst, e.Flags)
	dst = appendFindings(dst, e.Findings)
	if e.Kind != session.Command {
		dst = appendField(dst, "event", e.Kind.String())
	}
	dst = appendField(dst, "text", e.Remark())
	return append(appendField(dst, "file", e.File), '}', '\n')
}

// appendTime appends a time, null for the zero time of a capture that has none.
func appendTime(dst []byte, at time.Time) []byte {
	if at.IsZero() {
		return append(dst, "null"...)
	}
	return append(appendUTC(append(dst, '"'), at), '"')
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
		dst = appendPayload(append(dst, `,"payload":`...), m)
	}
	return dst
}

// appendArgs appends the object of arguments. An argument that may repeat is an array even if it
// stands there once, so that its type is the same in every line. Arguments with the same name are
// neighbours on the line: only the last one of a row repeats, and surplus arguments come after it.
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
		if !mayRepeat(row, i) {
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

// appendRaw appends raw, and raw_b64 if raw cannot hold all bytes.
func appendRaw(dst []byte, m *decode.Message) []byte {
	line := m.Line()
	dst = appendBytes(append(dst, `"raw":`...), line)
	if !utf8.Valid(line) {
		dst = appendBase64(append(dst, `,"raw_b64":`...), line)
	}
	return dst
}

func appendPayload(dst []byte, m *decode.Message) []byte {
	b := body.Of(m)
	dst = strconv.AppendInt(append(dst, `{"length":`...), int64(len(m.Payload())), 10)
	dst = appendField(dst, "type", b.Type)
	dst = appendField(dst, "charset", b.Charset)
	if len(b.Headers) > 0 {
		dst = appendHeaders(append(dst, `,"headers":`...), b.Headers)
	}
	if b.Binary() {
		return append(appendBase64(append(dst, `,"base64":`...), b.Data), '}')
	}
	if (b.Charset == "" || b.Charset == "utf-8") && utf8.Valid(b.Data) { // nearly always, without a copy
		return append(appendBytes(append(dst, `,"text":`...), b.Data), '}')
	}
	text, converted := b.Text()
	dst = appendString(append(dst, `,"text":`...), text)
	if converted {
		dst = appendBase64(append(dst, `,"base64":`...), b.Data)
	}
	return append(dst, '}')
}

// appendHeaders appends the object of headers. A name that repeats has an array, at the position of
// the first one.
func appendHeaders(dst []byte, headers []body.Header) []byte {
	sep := byte('{')
	for i := range headers {
		if seen(headers[:i], headers[i].Name) {
			continue
		}
		dst = append(appendString(append(dst, sep), body.ToText(headers[i].Name)), ':')
		sep = ','
		if !seen(headers[i+1:], headers[i].Name) {
			dst = appendString(dst, body.ToText(headers[i].Value))
			continue
		}
		open := byte('[')
		for _, h := range headers[i:] {
			if h.Name == headers[i].Name {
				dst = appendString(append(dst, open), body.ToText(h.Value))
				open = ','
			}
		}
		dst = append(dst, ']')
	}
	return append(dst, '}')
}

// seen reports whether headers has the name. It compares bytes: headers that differ in case are two
// keys.
func seen(headers []body.Header, name string) bool {
	for i := range headers {
		if headers[i].Name == name {
			return true
		}
	}
	return false
}

// appendOut appends what was sent on in place of the command: the line and, if it differs, the
// payload.
func appendOut(dst []byte, e *session.Event) []byte {
	sent := e.Sent()
	dst = appendRaw(append(dst, `,"out":{`...), &sent)
	if p := sent.Payload(); len(p) > 0 && !sent.Opaque() && string(p) != string(e.In.Payload()) {
		dst = appendPayload(append(dst, `,"payload":`...), &sent)
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

// appendMillis appends a duration in milliseconds, exact to the nanosecond and without a needless
// fraction.
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
