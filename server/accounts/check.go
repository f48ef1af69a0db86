package accounts

import (
	"errors"
	"fmt"
	"slices"
	"strings"
	"unicode/utf8"
)

// This file defines what a stored value may contain. What one user stores is sent to others as one
// word of a command line; a value that cannot be such a word would cost them the line, or the
// connection. Both stores check values before they store them, and SQLite also what it finds in a
// file that an older version wrote; the server checks what clients send.

// ErrValue means that a value is not stored because it could not be sent. Errors that match it with
// errors.Is say why.
var ErrValue = errors.New("the value cannot be sent")

// ErrNoDomain means that a handle has no domain. It matches ErrValue too.
var ErrNoDomain error = valueError("a handle is NAME@DOMAIN (§5.4)")

// valueError is an error that matches [ErrValue] and says what is wrong with the value.
type valueError string

func (e valueError) Error() string        { return string(e) }
func (e valueError) Is(target error) bool { return target == ErrValue }

// wrong returns a valueError.
func wrong(format string, args ...any) error { return valueError(fmt.Sprintf(format, args...)) }

const (
	maxHandle = 129 // bytes of a user handle (§5.4)
	maxName   = 387 // bytes of a friendly name in its escaped form (§5.5)
	// bytes of a group's name in its escaped form, the limit of Microsoft's servers
	maxGroupName = 61
	maxProperty  = 387 // bytes of a telephone number or other property, as of a name
	// MaxText is the greatest length of a system message in bytes: clients accept messages of 1664
	// bytes, headers included.
	MaxText = 1500
)

// CheckWord returns an error that says why s cannot be a word of a command line, nil if it can: it
// must have from 1 to most bytes, none of them a blank or a control character (§5.2). Those must be
// escaped, as %0D. What escapes stand for is not checked: a name may contain any character (§5.5),
// and a program that decodes it for display must handle that.
func CheckWord(s string, most int) error {
	for i := range len(s) {
		if s[i] <= ' ' || s[i] == 0x7f {
			return wrong("the byte %#02x must be escaped (§5.2)", s[i])
		}
	}
	switch {
	case s == "":
		return wrong("it is empty")
	case len(s) > most:
		return wrong("it has %d bytes; at most %d are allowed", len(s), most)
	}
	return nil
}

// CheckHandle returns an error that says what is wrong with a user handle, nil if nothing: it must
// be an address with a domain, of at most 129 printable ASCII characters (§5.4).
func CheckHandle(h string) error {
	user, domain, _ := strings.Cut(h, "@")
	switch {
	case strings.ContainsFunc(h, func(r rune) bool { return r <= ' ' || r >= 0x7f }):
		return wrong("a handle may contain only ASCII characters, and no blanks (§5.4)")
	case domain == "":
		return ErrNoDomain
	case user == "":
		return wrong("there is nothing before the @: a handle is NAME@DOMAIN (§5.4)")
	case strings.ContainsAny(domain, "@%"):
		return wrong("a domain may contain no @ and no %% (§5.4)")
	case len(h) > maxHandle:
		return wrong("a handle may have at most %d bytes; this one has %d (§5.4)", maxHandle, len(h))
	}
	return nil
}

// CheckName returns an error that says what is wrong with a friendly name in its escaped form, nil
// if nothing: it must be a word of at most 387 bytes (§5.5), or "" for no name.
func CheckName(escaped string) error {
	switch {
	case escaped == "":
		return nil
	case len(escaped) > maxName:
		return wrong("a name may have at most %d bytes when escaped; this one has %d (§5.5)", maxName, len(escaped))
	}
	return CheckWord(escaped, maxName)
}

// CheckGroupName is CheckName for the name of a group of contacts, which must have from 1 to 61
// bytes.
func CheckGroupName(escaped string) error { return CheckWord(escaped, maxGroupName) }

// CheckProperty is CheckName for a telephone number or other property, which must have from 1 to
// 387 bytes.
func CheckProperty(escaped string) error { return CheckWord(escaped, maxProperty) }

// CheckText returns an error that says what is wrong with the text of a system message (§8.8), nil
// if nothing: it must be UTF-8 of 1 to 1500 bytes, without control characters other than tabs and
// line ends.
func CheckText(text string) error {
	switch {
	case text == "" || len(text) > MaxText:
		return wrong("the message has %d bytes; it must have from 1 to %d", len(text), MaxText)
	case !utf8.ValidString(text):
		return wrong("the message is not UTF-8")
	}
	for i := range len(text) {
		if c := text[i]; c < ' ' && c != '\t' && c != '\n' && c != '\r' || c == 0x7f {
			return wrong("byte %d of the message is the control character %#02x", i+1, c)
		}
	}
	return nil
}

// settingValues lists the valid values of those settings that allow only some (§7.6).
var settingValues = map[Setting][]string{GTC: {"A", "N"}, BLP: {"AL", "BL"}}

// checkSetting returns an error that says what is wrong with the value of a setting, nil if
// nothing. Any value of More and Rest is valid, since only the server knows their format.
func checkSetting(s Setting, value string) error {
	if values := settingValues[s]; values != nil && !slices.Contains(values, value) {
		return wrong("%q is not one of %s", value, strings.Join(values, ", "))
	}
	if s == Name {
		return CheckName(value)
	}
	return nil
}

// Check returns an error that says what is wrong with a value of the account, nil if nothing: what
// a store would refuse in a change, a handle that is on a list twice, or one on both AL and BL.
func (u *User) Check() error {
	err := errors.Join(CheckHandle(u.Handle), CheckName(u.FriendlyName), checkSetting(GTC, u.GTC),
		checkSetting(BLP, u.BLP))
	if err == nil && u.Serial < 1 {
		err = wrong("the serial is %d; the first is 1", u.Serial)
	}
	for l := range lists {
		seen := make(map[string]bool, len(u.Lists[l]))
		for _, e := range u.Lists[l] {
			if bad := errors.Join(CheckHandle(e.Handle), CheckName(e.Name)); err == nil && bad != nil {
				err = fmt.Errorf("%q on %s: %w", e.Handle, l, bad)
			}
			if err == nil && (seen[Key(e.Handle)] || l == Block && u.Has(Allow, e.Handle)) {
				err = wrong("%s is on %s, and there again or on AL", e.Handle, l)
			}
			seen[Key(e.Handle)] = true
		}
	}
	return err
}
