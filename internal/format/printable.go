package format

import (
	"unicode"
	"unicode/utf8"
)

// Printable returns text from the wire in a form that is safe for a terminal and for the eye:
// control characters and bytes that are not UTF-8 become \x1b and the like; runes that reorder
// text, have no width or look like nothing become \u202e and the like (\U000e0001 beyond four
// digits). Blanks of any width, wide characters and combining marks stay. Backslashes stay too, so
// the result cannot be converted back: raw output has the exact bytes.
func Printable(s string) string {
	if isPlain(s) {
		return s
	}
	return string(appendPrintable(nil, s))
}

func isPlain(s string) bool {
	for i := range len(s) {
		if s[i] < ' ' || s[i] >= 0x7f {
			return false
		}
	}
	return true
}

func appendPrintable[T string | []byte](dst []byte, s T) []byte {
	for i := 0; i < len(s); {
		c := s[i]
		switch {
		case ' ' <= c && c < 0x7f:
			dst = append(dst, c)
			i++
		case c < utf8.RuneSelf:
			dst = appendHex(dst, c)
			i++
		default:
			r, n := decodeRune(s[i:])
			switch {
			case r == utf8.RuneError && n == 1:
				dst = appendHex(dst, c)
			case visible(r):
				dst = utf8.AppendRune(dst, r)
			case r > 0xffff:
				dst = append(dst, '\\', 'U')
				for shift := 28; shift >= 0; shift -= 4 {
					dst = append(dst, lowerHex[r>>shift&15])
				}
			default:
				dst = appendUnit(dst, r)
			}
			i += n
		}
	}
	return dst
}

func appendHex(dst []byte, c byte) []byte {
	return append(dst, '\\', 'x', lowerHex[c>>4], lowerHex[c&15])
}

// visible reports whether a rune beyond ASCII has a visible form and leaves its neighbours alone.
func visible(r rune) bool {
	switch r {
	case 0x034f, 0x115f, 0x1160, 0x17b4, 0x17b5, 0x2800, 0x3164, 0xffa0: // letters and marks that are invisible
		return false
	}
	return unicode.IsPrint(r) || unicode.Is(unicode.Zs, r)
}
