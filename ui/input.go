package ui

import (
	"bytes"
	"unicode/utf8"

	"github.com/gdamore/tcell/v2"
)

// careful is a terminal whose input is tidied before tcell reads it: whole characters of UTF-8
// only, and no strings for programs. So whatever is typed or pasted, the next key is heard.
type careful struct {
	tcell.Tty
	raw  []byte // the beginning of a character that has not come whole
	tidy []byte // what is still to be read
}

// Read reads whole characters; 0 bytes when there is none.
func (c *careful) Read(p []byte) (int, error) {
	if len(c.tidy) == 0 {
		n, err := c.Tty.Read(p)
		if err != nil {
			return 0, err
		}
		c.tidy, c.raw = tidy(append(c.raw, p[:n]...))
	}
	n := copy(p, c.tidy)
	c.tidy = c.tidy[n:]
	return n, nil
}

// tidy returns b with ? for each byte that is no UTF-8, without strings for programs (ESC ], ESC X,
// ESC ^ and ESC _, to BEL or ESC \), and without the ESC of those that do not end. The rest is the
// beginning of a character.
func tidy(b []byte) (out, rest []byte) {
	for len(b) > 0 {
		if n := orders(b); n > 0 {
			b = b[n:]
			continue
		}
		if !utf8.FullRune(b) {
			return out, bytes.Clone(b)
		}
		r, n := utf8.DecodeRune(b)
		if r == utf8.RuneError { // also one that was written as such
			r = '?'
		}
		out = utf8.AppendRune(out, r)
		b = b[n:]
	}
	return out, nil
}

// orders returns how much of the beginning of b is left out because a string for programs begins
// there: all of it, the ESC if it has no end, and 0 if none begins.
func orders(b []byte) int {
	if len(b) < 2 || b[0] != '\x1b' || bytes.IndexByte([]byte("]X^_"), b[1]) < 0 {
		return 0
	}
	end := 2 + bytes.IndexAny(b[2:], "\a\x1b")
	switch {
	case end < 2:
		return 1
	case b[end] == '\a':
		return end + 1
	case bytes.HasPrefix(b[end:], []byte("\x1b\\")):
		return end + 2
	}
	return 1
}
