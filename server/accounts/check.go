package accounts

import (
	"errors"
	"fmt"
	"strings"
)

const (
	maxHandle = 129 // bytes of a user handle (§5.4)
	maxName   = 387 // bytes of a friendly name in its escaped form (§5.5)
)

// CheckHandle says what is wrong with a user handle, nil if nothing: it is an address with a domain, of at most 129 printable
// ASCII characters (§5.4).
func CheckHandle(h string) error {
	user, domain, _ := strings.Cut(h, "@")
	switch {
	case strings.ContainsFunc(h, func(r rune) bool { return r <= ' ' || r >= 0x7f }):
		return errors.New("a handle has ASCII characters only, and no blanks (§5.4)")
	case user == "" || domain == "":
		return errors.New("a handle is NAME@DOMAIN (§5.4)")
	case strings.ContainsAny(domain, "@%"):
		return errors.New("a domain has no @ and no % (§5.4)")
	case len(h) > maxHandle:
		return fmt.Errorf("a handle has at most %d bytes, this one %d (§5.4)", maxHandle, len(h))
	}
	return nil
}

// CheckName says what is wrong with a friendly name in its escaped form, nil if nothing: it has at most 387 bytes (§5.5).
func CheckName(escaped string) error {
	if len(escaped) > maxName {
		return fmt.Errorf("a name has at most %d bytes when escaped, this one %d (§5.5)", maxName, len(escaped))
	}
	return nil
}
