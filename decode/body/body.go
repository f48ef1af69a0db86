package body

import (
	"bytes"
	"strings"
)

// maxHeaders limits how many header lines are split. A profile has some thirty and nothing real
// comes near the limit, while a payload of 1 MB could hold half a million. The lines after it stay
// part of the data.
const maxHeaders = 64

// Header is one header line, or one field of the data in the same form.
type Header struct {
	// Name is the text before the colon, in its original case; "" for a line without a colon.
	Name string
	// Value is the text after the colon and the blanks that follow it, otherwise unchanged; for a
	// line without a colon, the whole line. Folded lines are joined, including the blanks with
	// which the continuation lines begin.
	Value string
}

// Body is a parsed payload (§8.8). Parse returns it and nothing changes it afterwards, so that
// several goroutines may read it.
type Body struct {
	// Headers holds the header lines in their order, repeated ones included.
	Headers []Header
	// Type is the content type in lower case without its parameters, Charset the parameter charset
	// in lower case; "" if absent.
	Type, Charset string
	// Data is the part of the payload after the empty line, or the whole payload if it has no
	// headers.
	Data []byte
}

// Parse parses a payload. Lines may end in CRLF or LF. A payload whose first line is not `Name:
// ...` has no headers: all of it is data. A payload without an empty line has headers only if one
// of them is MIME-Version or Content-Type and all lines have a name. Of the result, only Data
// refers to the payload.
func Parse(payload []byte) Body {
	n, head, ok := measure(payload)
	if !ok {
		return Body{Data: payload}
	}
	b := Body{Headers: split(string(payload[:head]), n), Data: payload[head:]}
	if end := lineEnd(b.Data); len(trimEnd(b.Data[:end])) == 0 {
		b.Data = b.Data[end:] // drop the empty line; after maxHeaders lines, another line follows
	}
	if ct, ok := b.Get("Content-Type"); ok {
		b.Type, b.Charset = contentType(ct)
	}
	return b
}

// measure returns the number of headers of a payload and the length of the payload up to the end of
// the last one. It returns false for a payload without headers.
func measure(p []byte) (n, size int, ok bool) {
	if !named(p) {
		return 0, 0, false
	}
	allNamed, mime := true, false
	for size < len(p) {
		line := p[size : size+lineEnd(p[size:])]
		word := trimEnd(line)
		if len(word) == 0 {
			return n, size, true
		}
		if !blank(word[0]) {
			if n == maxHeaders {
				return n, size, true
			}
			n++
			allNamed = allNamed && named(line)
			mime = mime || hasPrefixFold(line, "mime-version:") || hasPrefixFold(line, "content-type:")
		}
		size += len(line)
	}
	return n, size, allNamed && mime
}

// split cuts head into its n headers. It appends the lines of a folded value to a buffer and
// converts that only once, because a payload may be a single value of half a million lines.
func split(head string, n int) []Header {
	headers := make([]Header, 0, n)
	var folded []byte
	for head != "" {
		line, rest, _ := strings.Cut(head, "\n")
		head = rest
		line = strings.TrimSuffix(line, "\r")
		if last := len(headers) - 1; last >= 0 && line != "" && blank(line[0]) {
			if len(folded) == 0 {
				folded = append(folded, headers[last].Value...)
			}
			folded = append(folded, line...)
			continue
		}
		folded = unfold(headers, folded)
		name, value, ok := strings.Cut(line, ":")
		if !ok {
			name, value = "", line
		}
		headers = append(headers, Header{Name: name, Value: strings.TrimLeft(value, " \t")})
	}
	unfold(headers, folded)
	return headers
}

// unfold sets the value of the last header to the folded lines, if there are any, and returns the
// emptied buffer.
func unfold(headers []Header, folded []byte) []byte {
	if len(folded) > 0 {
		headers[len(headers)-1].Value = string(folded)
	}
	return folded[:0]
}

// Get returns the value of the first header with that name, regardless of case, and whether there
// is one.
func (b *Body) Get(name string) (string, bool) {
	for i := range b.Headers {
		if strings.EqualFold(b.Headers[i].Name, name) {
			return b.Headers[i].Value, true
		}
	}
	return "", false
}

// TypingUser returns the handle of the user who is typing, "" if the body is not a typing notice.
func (b *Body) TypingUser() string {
	user, _ := b.Get("TypingUser")
	return user
}

// typingType is the content type of a typing notice.
const typingType = "text/x-msmsgscontrol"

// IsTyping reports whether a payload is a typing notice. It parses only payloads that mention its
// content type in their first 512 bytes.
func IsTyping(payload []byte) bool {
	if !mayHave(payload, typingType) {
		return false
	}
	b := Parse(payload)
	return b.Type == typingType && b.TypingUser() != ""
}

// Fields returns the lines of the data if they have the form of headers, as those of invitations,
// mail notices and system messages do. It returns nil for text that a person wrote and for all
// other data. At most 64 lines are split.
func (b *Body) Fields() []Header {
	fields, _ := b.fields()
	return fields
}

// fields returns the Fields and the data that follows them.
func (b *Body) fields() (fields []Header, rest []byte) {
	if b.Type == "" || b.Type == "text/plain" || !named(b.Data) {
		return nil, b.Data
	}
	var n, size int
	for size < len(b.Data) && n < maxHeaders {
		end := lineEnd(b.Data[size:])
		if len(trimEnd(b.Data[size:size+end])) == 0 {
			break
		}
		size += end
		n++
	}
	return split(string(b.Data[:size]), n), b.Data[size:]
}

// usualHead is how nearly all payloads with a content type begin.
const usualHead = "MIME-Version: 1.0\r\nContent-Type: text/"

// mayHave reports whether the payload may have the content type, which begins with text/. It is
// cheap for payloads that begin as usual, and looks for the type in 512 bytes of others.
func mayHave(payload []byte, contentType string) bool {
	if n := len(usualHead); len(payload) > n && string(payload[:n]) == usualHead {
		kind := contentType[len("text/"):]
		return len(payload)-n >= len(kind) && strings.EqualFold(string(payload[n:n+len(kind)]), kind)
	}
	if bytes.IndexByte(payload[:min(len(payload), 512)], ':') < 0 {
		return false // no headers
	}
	var lower [512]byte
	head := lower[:copy(lower[:], payload)]
	for i, c := range head {
		if 'A' <= c && c <= 'Z' {
			head[i] |= 0x20
		}
	}
	return bytes.Contains(head, []byte(contentType))
}

// contentType returns the type and the charset in the value of a Content-Type header.
func contentType(value string) (typ, charset string) {
	typ, params, _ := strings.Cut(value, ";")
	for params != "" {
		var p string
		p, params, _ = strings.Cut(params, ";")
		name, v, _ := strings.Cut(p, "=")
		if strings.EqualFold(strings.TrimSpace(name), "charset") {
			charset = strings.ToLower(strings.Trim(strings.TrimSpace(v), `"`))
		}
	}
	return strings.ToLower(strings.TrimSpace(typ)), charset
}

// named reports whether p begins with a header name and a colon. A name contains no blank, so that
// neither a sentence with a colon nor XML is taken for a header.
func named(p []byte) bool {
	for i, c := range p {
		switch {
		case c == ':':
			return i > 0
		case c <= ' ' || c >= 0x7f || c == '<':
			return false
		}
	}
	return false
}

// lineEnd returns the length of the first line of p, including its line end.
func lineEnd(p []byte) int {
	if i := bytes.IndexByte(p, '\n'); i >= 0 {
		return i + 1
	}
	return len(p)
}

func trimEnd(line []byte) []byte {
	return bytes.TrimSuffix(bytes.TrimSuffix(line, []byte("\n")), []byte("\r"))
}

func blank(c byte) bool { return c == ' ' || c == '\t' }

func hasPrefixFold(line []byte, lower string) bool {
	return len(line) >= len(lower) && strings.EqualFold(string(line[:len(lower)]), lower)
}
