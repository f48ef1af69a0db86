package server

import (
	"errors"
	"fmt"
	"io"
	"strings"

	"github.com/msnscope/msnscope/decode"
	"github.com/msnscope/msnscope/decode/dialect"
	"github.com/msnscope/msnscope/server/accounts"
)

// checkHandle returns the failure of a request that names the handle h, none if h is valid. lacking
// is the failure to return for a handle without a domain.
func checkHandle(h string, lacking failure) failure {
	switch err := accounts.CheckHandle(h); {
	case err == nil:
		return none
	case errors.Is(err, accounts.ErrNoDomain):
		return lacking
	}
	return badHandle
}

// checkName returns the failure of a request that sets the friendly name, none if the name is
// valid.
func checkName(name string) failure {
	if accounts.CheckName(name) != nil {
		return badName
	}
	return none
}

// misfit returns the failure of the first argument that the row does not allow, none where all are
// valid: one that is not among the row's words, or contains a byte that may not stand in a line
// (§5.2). Handles are left to the handlers, since each command answers a bad one differently.
func misfit(row *dialect.Row, m *decode.Message) failure {
	for i := range min(m.NumArgs(), len(row.Args)) { // a repeated argument has no fixed words
		switch a := &row.Args[i]; {
		// framing has used the length already
		case a.Kind == dialect.Handle, a.Kind == dialect.Length:
		case a.Is != "" || a.Values != nil:
			if word := m.Arg(i); a.Is != "" && string(word) != a.Is || a.Values != nil && !oneOf(a.Values, word) {
				return badValue
			}
		case !hasControl(m.Arg(i)):
		case a.Kind == dialect.Name:
			return badName
		default:
			return badValue
		}
	}
	return none
}

// hasControl reports whether a word contains a control character: framing lets all of them through
// but tab and line feed.
func hasControl(word []byte) bool {
	for _, c := range word {
		if c < ' ' || c == 0x7f {
			return true
		}
	}
	return false
}

// oneOf reports whether words contains word. Unlike slices.Contains it needs no string of word.
func oneOf(words []string, word []byte) bool {
	for _, w := range words {
		if w == string(word) {
			return true
		}
	}
	return false
}

// digits returns n random decimal digits, the first of which is not 0. It reads randomness from r.
func digits(r io.Reader, n int) (string, error) {
	out := make([]byte, 0, n)
	buf := make([]byte, n)
	for len(out) < n {
		if _, err := io.ReadFull(r, buf); err != nil {
			return "", fmt.Errorf("random source: %w", err)
		}
		for _, b := range buf {
			d := b % 10
			// bytes from 250 on would favour the low digits
			if b < 250 && len(out) < n && (d != 0 || len(out) > 0) {
				out = append(out, '0'+d)
			}
		}
	}
	return string(out), nil
}

// dotted returns random decimal numbers of the given lengths, joined by dots.
func dotted(r io.Reader, lengths ...int) (string, error) {
	parts := make([]string, len(lengths))
	for i, n := range lengths {
		var err error
		if parts[i], err = digits(r, n); err != nil {
			return "", err
		}
	}
	return strings.Join(parts, "."), nil
}
