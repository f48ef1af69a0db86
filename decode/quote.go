package decode

import (
	"fmt"
	"strconv"
	"strings"
	"unicode/utf8"
)

// Quote returns bytes of the wire as one line that a person can read and change: control characters, bytes that are not UTF-8
// and backslashes are \r, \n, \x1b and the like, everything else is itself. [Unquote] gives the same bytes again.
func Quote(raw []byte) string {
	q := strconv.Quote(string(raw))
	return strings.ReplaceAll(q[1:len(q)-1], `\"`, `"`)
}

// Unquote returns the bytes that a line as [Quote] writes it stands for. The escapes are those of a Go string. The error names
// the place of the first one that is none.
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
			return nil, fmt.Errorf("at character %d: %.6q is no escape: \\r, \\n, \\t, \\\\ and \\x1b are", utf8.RuneCountInString(s[:at])+1, rest)
		}
		n := len(rest) - len(tail)
		switch {
		case rest[0] != '\\': // as it is, also where it is not UTF-8
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
