package body

import (
	"bytes"
	"strings"
)

// maxHeaders caps how many header lines are split: a profile has some thirty, nothing real comes near, and a payload of 1 MB
// could hold half a million. What follows stays data.
const maxHeaders = 64

// Header is one header line, or one field of a data part in the same form.
type Header struct {
	// Name is what stands before the colon, in the case in which it came; "" for a line without a colon.
	Name string
	// Value is what follows the colon and the blanks after it, otherwise unchanged; of a line without a colon, the line. Folded
	// lines are joined, with the blanks that began the later ones.
	Value string
}

// Body is a payload that was taken apart (§8.8). It is not changed after Parse and may be read by several goroutines.
type Body struct {
	// Headers are the header lines in their order, repeated ones included.
	Headers []Header
	// Type is the content type in lower case without its parameters, Charset the parameter charset in lower case; "" where
	// absent.
	Type, Charset string
	// Data is what follows the empty line, or the whole payload where it has no headers. It is a part of the payload.
	Data []byte
}

// Parse takes a payload apart. Lines may end in CRLF or LF. A payload whose first line is not `Name: ...` has no headers:
// it is data. One that has no empty line has headers only if one of them says MIME-Version or Content-Type and all lines have
// a name. The result shares the payload's bytes in Data only.
func Parse(payload []byte) Body {
	n, head, ok := measure(payload)
	if !ok {
		return Body{Data: payload}
	}
	b := Body{Headers: split(string(payload[:head]), n), Data: payload[head:]}
	if end := lineEnd(b.Data); len(trimEnd(b.Data[:end])) == 0 {
		b.Data = b.Data[end:] // the empty line; another one where the cap was reached
	}
	if ct, ok := b.Get("Content-Type"); ok {
		b.Type, b.Charset = contentType(ct)
	}
	return b
}

// measure counts the headers of a payload and the bytes up to the end of the last one. It is false for a payload without
// headers.
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

// split cuts the head into its n headers. A folded value is joined at its end, once: a payload may be one value of half a
// million lines.
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

// unfold gives the last header the value that was collected, if one was, and returns the buffer for the next.
func unfold(headers []Header, folded []byte) []byte {
	if len(folded) > 0 {
		headers[len(headers)-1].Value = string(folded)
	}
	return folded[:0]
}

// Get returns the value of the first header with that name, in either case, and whether there is one.
func (b *Body) Get(name string) (string, bool) {
	for i := range b.Headers {
		if strings.EqualFold(b.Headers[i].Name, name) {
			return b.Headers[i].Value, true
		}
	}
	return "", false
}

// TypingUser returns the handle of who is typing, "" when the body is no typing notice.
func (b *Body) TypingUser() string {
	user, _ := b.Get("TypingUser")
	return user
}

// Fields returns the lines of the data where they have the form of headers, as those of invitations, mail notices and system
// messages do; nil for text that a person wrote and for anything else. At most 64 lines are split.
func (b *Body) Fields() []Header {
	fields, _ := b.fields()
	return fields
}

// fields is Fields, with the data behind them.
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

// contentType cuts a Content-Type into the type and its charset.
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

// named reports whether p begins with a header's name and a colon. A name has no blank, so a sentence with a colon in it is
// not taken for a header, nor is XML.
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

// lineEnd returns the length of the first line with its end.
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
