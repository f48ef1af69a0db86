package decode

import (
	"fmt"
	"strconv"
	"strings"
	"unicode/utf8"
)

// Quote returns bytes from the wire as one line that a person can read and edit: control
// characters, backslashes and bytes that are not UTF-8 become \r, \n, \x1b and the like; everything
// else stays as it is. [Unquote] returns the same bytes again.
func Quote(raw []byte) string {
	q := strconv.Quote(string(raw))
	return strings.ReplaceAll(q[1:len(q)-1], `\"`, `"`)
}

// Unquote is the inverse of [Quote]. The escapes are those of a Go string. The error names the
// position of the first invalid escape, counted in characters from 1.
func Unquote(s string) ([]byte, error) {
	var out []byte
	for at, rest := 0, s; rest != ""; {
		if rest[0] == '"' || rest[0] == '\'' {
			out = append(out, rest[0])
			at, rest = at+1, rest[1:]
			continue
		}
		r, multibyte, tail, err := strconv.UnquoteChar(rest, 0)
		if err != nil {
			return nil, fmt.Errorf("at character %d: %.6q is not an escape: use \\r, \\n, \\t, \\\\ or \\x1b",
				utf8.RuneCountInString(s[:at])+1, rest)
		}
		n := len(rest) - len(tail)
		switch {
		case rest[0] != '\\': // copied byte for byte: it may not be UTF-8
			out = append(out, rest[:n]...)
		case r < utf8.RuneSelf || !multibyte:
			out = append(out, byte(r))
		default:
			out = utf8.AppendRune(out, r)
		}
		at, rest = at+n, tail
	}
	return out, nil
}
