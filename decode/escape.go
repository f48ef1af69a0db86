package decode

import "strings"

const upperHex = "0123456789ABCDEF"

// Escape returns s in the form in which it can be an argument of a command line: blanks, control
// characters, the percent sign and every byte outside ASCII become %XX (§5.2, RFC 1738). The plus
// sign stays as it is: in this protocol it never means a blank.
func Escape(s string) string {
	n := 0
	for i := range len(s) {
		if mustEscape(s[i]) {
			n++
		}
	}
	if n == 0 {
		return s
	}
	b := make([]byte, 0, len(s)+2*n)
	for i := range len(s) {
		if c := s[i]; mustEscape(c) {
			b = append(b, '%', upperHex[c>>4], upperHex[c&15])
		} else {
			b = append(b, c)
		}
	}
	return string(b)
}

func mustEscape(c byte) bool { return c <= ' ' || c >= 0x7f || c == '%' }

// Unescape decodes an argument: each %XX, with hexadecimal digits of either case, becomes the byte
// that it stands for. A percent sign that begins no escape stays as it is. The result need not be
// valid UTF-8, since real clients send Latin-1 too.
func Unescape(s string) string {
	if strings.IndexByte(s, '%') < 0 {
		return s
	}
	return string(AppendUnescaped(make([]byte, 0, len(s)), s))
}

// AppendUnescaped appends the unescaped form of s, as [Unescape] returns it, to dst and returns the
// extended buffer.
func AppendUnescaped[T string | []byte](dst []byte, s T) []byte {
	for i := 0; i < len(s); i++ {
		if s[i] == '%' && i+2 < len(s) {
			hi, ok1 := unhex(s[i+1])
			lo, ok2 := unhex(s[i+2])
			if ok1 && ok2 {
				dst = append(dst, hi<<4|lo)
				i += 2
				continue
			}
		}
		dst = append(dst, s[i])
	}
	return dst
}

func unhex(c byte) (byte, bool) {
	switch {
	case '0' <= c && c <= '9':
		return c - '0', true
	case 'a' <= c && c <= 'f':
		return c - 'a' + 10, true
	case 'A' <= c && c <= 'F':
		return c - 'A' + 10, true
	}
	return 0, false
}
