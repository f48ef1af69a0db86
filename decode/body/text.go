package body

import (
	"strings"
	"unicode/utf8"
)

// Text returns the data as text for people, always valid UTF-8, and whether it had to be converted. Data that is valid UTF-8
// is taken as it is, whatever its header says: clients mislabel. Where it is not, a charset of UTF-8 means damage, shown as
// U+FFFD, and anything else is read as Windows-1252, of which Latin-1 is a part.
func (b *Body) Text() (text string, converted bool) {
	if utf8.Valid(b.Data) {
		return string(b.Data), false
	}
	if b.Charset == "utf-8" || b.Charset == "utf8" {
		return replaceInvalid(b.Data), true
	}
	return windows1252(b.Data), true
}

// toText is Text for a name or a value.
func toText(s, charset string) string {
	if utf8.ValidString(s) {
		return s
	}
	b := Body{Data: []byte(s), Charset: charset}
	text, _ := b.Text()
	return text
}

// replaceInvalid puts one U+FFFD in place of each byte that is not UTF-8.
func replaceInvalid(p []byte) string {
	var s strings.Builder
	for len(p) > 0 {
		r, n := utf8.DecodeRune(p)
		s.WriteRune(r)
		p = p[n:]
	}
	return s.String()
}

func windows1252(p []byte) string {
	var s strings.Builder
	s.Grow(len(p) + len(p)/4)
	for _, c := range p {
		r := rune(c)
		if 0x80 <= c && c <= 0x9f {
			r = high1252[c-0x80]
		}
		s.WriteRune(r)
	}
	return s.String()
}

// high1252 is where Windows-1252 differs from Latin-1. The five bytes that it leaves undefined become U+FFFD.
var high1252 = [32]rune{
	'€', '\ufffd', '‚', 'ƒ', '„', '…', '†', '‡', 'ˆ', '‰', 'Š', '‹', 'Œ', '\ufffd', 'Ž', '\ufffd',
	'\ufffd', '‘', '’', '“', '”', '•', '–', '—', '˜', '™', 'š', '›', 'œ', '\ufffd', 'ž', 'Ÿ',
}
