package client

import (
	"errors"
	"fmt"
)

// These are the errors that are not the server's answer to a request. Test for them with errors.Is.
var (
	// ErrAuth means that a logon or a cookie was refused. A *ProtocolError with the code 911
	// (§7.11) matches it.
	ErrAuth = errors.New("authentication failed")
	// ErrClosed means that the connection had ended, or ended before the reply came.
	ErrClosed = errors.New("connection closed")
	// ErrConnect means that a server could not be reached.
	ErrConnect = errors.New("cannot connect to")
	// ErrUndelivered means that the switchboard answered a message with NAK (§8.7).
	ErrUndelivered = errors.New("message not delivered")
	// ErrDialect means that the server chose no dialect (VER 0), or one that was not offered
	// (§7.1).
	ErrDialect = errors.New("no common dialect")
	// ErrReferrals means that a logon was referred too many times.
	ErrReferrals = errors.New("too many referrals")
	// ErrBusy means that a request would exceed one of the client's caps: on open requests, or on
	// switchboard sessions.
	ErrBusy = errors.New("too many at once")
)

// ProtocolError is an error that the server sent (§7.11).
type ProtocolError struct {
	Code    int    // three digits, such as 217
	Command string // the verb of the request, "" if no request caused the error
	Info    string // text that the server added, usually none
}

// Error returns the command and the code, but no argument, since one may be the proof of a
// password.
func (e *ProtocolError) Error() string {
	s := fmt.Sprintf("server answered %03d", e.Code)
	if e.Command != "" {
		s = e.Command + ": " + s
	}
	if e.Info != "" {
		s += " " + e.Info
	}
	return s
}

// Is reports whether target is ErrAuth and the code is 911.
func (e *ProtocolError) Is(target error) bool { return target == ErrAuth && e.Code == 911 }
