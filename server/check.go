package server

import (
	"fmt"
	"io"
	"strings"
)

const (
	maxHandle = 129 // bytes of a user handle (§5.4)
	maxName   = 387 // bytes of a friendly name in its escaped form (§5.5)
)

// checkHandle returns what is wrong with a user handle, none if nothing: it is an address with a domain (§5.4), of ASCII
// characters, never escaped. lacking is the failure of a handle without a domain.
func checkHandle(h string, lacking failure) failure {
	user, domain, _ := strings.Cut(h, "@")
	for i := range len(h) {
		if h[i] <= ' ' || h[i] >= 0x7f {
			return badHandle
		}
	}
	switch {
	case domain == "":
		return lacking
	case user == "", len(h) > maxHandle, strings.ContainsAny(domain, "@%"):
		return badHandle
	}
	return none
}

// digits returns n random decimal digits, the first of them not 0.
func digits(r io.Reader, n int) (string, error) {
	out := make([]byte, 0, n)
	buf := make([]byte, n)
	for len(out) < n {
		if _, err := io.ReadFull(r, buf); err != nil {
			return "", fmt.Errorf("random source: %w", err)
		}
		for _, b := range buf {
			d := b % 10
			if b < 250 && len(out) < n && (d != 0 || len(out) > 0) { // 250 and more would favour the low digits
				out = append(out, '0'+d)
			}
		}
	}
	return string(out), nil
}

// dotted returns random numbers with as many digits as said, joined by dots.
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
