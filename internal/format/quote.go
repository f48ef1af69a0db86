package format

import (
	"bytes"
	"unicode/utf8"

	"github.com/msnscope/msnscope/decode"
	"github.com/msnscope/msnscope/decode/body"
)

const lowerHex = "0123456789abcdef"

// Text is text from the wire. Its JSON is written in the way of this package: runes that would
// disturb a terminal are escaped.
type Text string

// MarshalJSON implements encoding/json's Marshaler. It never fails.
func (t Text) MarshalJSON() ([]byte, error) { return appendString(nil, string(t)), nil }

// appendString appends s as a JSON string. Bytes that are not UTF-8 become U+FFFD; runes that would
// disturb a terminal are escaped, which does not change the value for a program.
func appendString(dst []byte, s string) []byte { return appendQuoted(dst, s) }

// appendBytes is appendString for bytes.
func appendBytes(dst, b []byte) []byte { return appendQuoted(dst, b) }

func appendQuoted[T string | []byte](dst []byte, s T) []byte {
	dst = append(dst, '"')
	start := 0
	for i := 0; i < len(s); {
		c := s[i]
		if plain[c] {
			i++
			continue
		}
		dst = append(dst, s[start:i]...)
		if c < utf8.RuneSelf {
			dst = appendControl(dst, c)
			i++
		} else {
			r, n := decodeRune(s[i:])
			dst = appendRune(dst, r, n)
			i += n
		}
		start = i
	}
	return append(append(dst, s[start:]...), '"')
}

// plain holds the bytes that need no escape in a JSON string.
var plain = func() (t [256]bool) {
	for c := ' '; c < 0x7f; c++ {
		t[c] = c != '"' && c != '\\'
	}
	return t
}()

func appendControl(dst []byte, c byte) []byte {
	switch c {
	case '"', '\\':
		return append(dst, '\\', c)
	case '\n':
		return append(dst, '\\', 'n')
	case '\r':
		return append(dst, '\\', 'r')
	case '\t':
		return append(dst, '\\', 't')
	}
	return append(dst, '\\', 'u', '0', '0', lowerHex[c>>4], lowerHex[c&15])
}

// appendRune appends a rune beyond ASCII, which took n bytes.
func appendRune(dst []byte, r rune, n int) []byte {
	switch {
	case r == utf8.RuneError && n == 1:
		return append(dst, "\ufffd"...)
	case visible(r):
		return utf8.AppendRune(dst, r)
	case r > 0xffff: // two UTF-16 units
		r -= 0x10000
		return appendUnit(appendUnit(dst, 0xd800+r>>10), 0xdc00+r&0x3ff)
	}
	return appendUnit(dst, r)
}

func appendUnit(dst []byte, r rune) []byte {
	return append(dst, '\\', 'u', lowerHex[r>>12&15], lowerHex[r>>8&15], lowerHex[r>>4&15], lowerHex[r&15])
}

func decodeRune[T string | []byte](s T) (rune, int) {
	var b [utf8.UTFMax]byte
	return utf8.DecodeRune(b[:copy(b[:], s)])
}

// appendUnescaped appends an argument as a JSON string with the %XX of the wire unescaped, as
// text.
func appendUnescaped(dst, arg []byte) []byte {
	var room [128]byte // enough for most names, on the stack
	if bytes.IndexByte(arg, '%') >= 0 {
		arg = decode.AppendUnescaped(room[:0], arg)
	}
	if !utf8.Valid(arg) {
		return appendString(dst, body.ToText(string(arg)))
	}
	return appendBytes(dst, arg)
}
