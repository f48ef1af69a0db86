package body

import (
	"strings"
	"unicode/utf8"

	"golang.org/x/text/encoding"
	"golang.org/x/text/encoding/charmap"
	"golang.org/x/text/encoding/htmlindex"
	"golang.org/x/text/encoding/ianaindex"
	"golang.org/x/text/encoding/unicode"
	"golang.org/x/text/transform"
)

// Text returns the data as human-readable text, always valid UTF-8, and whether it had to be
// converted.
//
// The charset of the Content-Type header decides, by the names that browsers know, with one
// exception: data that is valid UTF-8 is taken for that, since clients label it wrongly, unless the
// charset is one whose bytes look like ASCII and are not (UTF-16, ISO-2022). Without a charset,
// with an unknown one, and where data is labelled UTF-8 and nothing in it is, it is decoded as
// Windows-1252, a superset of Latin-1: two real clients label Latin-1 so. Bytes that have no
// meaning become U+FFFD.
func (b *Body) Text() (text string, converted bool) { return decodeText(b.Data, b.Charset) }

// ToText returns a name or another value from the wire, with its escapes decoded, as human-readable
// text: as it is if it is valid UTF-8, otherwise as [Body.Text] reads data without a charset.
func ToText(s string) string { return toText(s, "") }

// toText returns a name or a value as Text would return it.
func toText(s, charset string) string {
	if utf8.ValidString(s) {
		return s
	}
	text, _ := decodeText([]byte(s), charset)
	return text
}

func decodeText(p []byte, charset string) (text string, converted bool) {
	named := namedCharset(charset)
	switch valid := utf8.Valid(p); {
	case valid && (named == nil || asciiOutside(named)):
		return string(p), false
	case named == unicode.UTF8 && hasMultibyte(p): // UTF-8 indeed, but damaged or cut
		return replaceInvalid(p), true
	case named == nil, named == unicode.UTF8:
		named = charmap.Windows1252
	}
	b, _, err := transform.Bytes(unicode.BOMOverride(named.NewDecoder()), p)
	if err != nil { // no decoder has been seen to fail: they put U+FFFD where bytes mean nothing
		return replaceInvalid(p), true
	}
	return string(b), true
}

// replaceInvalid replaces each byte that is not valid UTF-8 by U+FFFD.
func replaceInvalid(p []byte) string {
	var s strings.Builder
	for len(p) > 0 {
		r, n := utf8.DecodeRune(p)
		s.WriteRune(r)
		p = p[n:]
	}
	return s.String()
}

// namedCharset returns the encoding that browsers, or else the registry of IANA, know by a name,
// nil if there is none.
func namedCharset(name string) encoding.Encoding {
	if name == "" {
		return nil
	}
	if e, err := htmlindex.Get(name); err == nil && e != encoding.Replacement {
		return e
	}
	e, err := ianaindex.MIME.Encoding(name)
	if err != nil {
		return nil
	}
	return e
}

// asciiOutside reports whether an encoding encodes ASCII as ASCII, and all else with other bytes.
func asciiOutside(e encoding.Encoding) bool {
	const probe = "a~{VPND~}\x1b$B%F\x1b(B\x00"
	decoded, err := e.NewDecoder().String(probe)
	return err == nil && decoded == probe
}

// hasMultibyte reports whether p has a character of several bytes in UTF-8.
func hasMultibyte(p []byte) bool {
	for len(p) > 0 {
		r, n := utf8.DecodeRune(p)
		if n > 1 && r != utf8.RuneError {
			return true
		}
		p = p[n:]
	}
	return false
}

// Binary reports whether the content type says that the data is not text, whatever its bytes look
// like.
func (b *Body) Binary() bool {
	main, _, _ := strings.Cut(b.Type, "/")
	switch main {
	case "", "text":
		return false
	case "image", "audio", "video":
		return true
	}
	if t := find(b.Type); t != nil {
		f := t.field("Data")
		return f != nil && f.In == InBinary
	}
	return b.Type == "application/octet-stream"
}
