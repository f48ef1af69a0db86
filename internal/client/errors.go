package client

import (
	"errors"
	"fmt"
)

// The errors that are not the server's word for one request. Test for them with errors.Is.
var (
	// ErrAuth is a logon or a cookie that was refused: a *ProtocolError with the code 911 is one (§7.11).
	ErrAuth = errors.New("authentication failed")
	// ErrClosed is a request on a connection that has ended, or ended before the reply came.
	ErrClosed = errors.New("connection closed")
	// ErrConnect is a server that could not be reached.
	ErrConnect = errors.New("cannot connect to")
	// ErrUndelivered is a message that the switchboard could not deliver: NAK (§8.7).
	ErrUndelivered = errors.New("message not delivered")
	// ErrDialect is a server that speaks no dialect of ours: VER 0, or one that was not offered (§7.1).
	ErrDialect = errors.New("no common dialect")
	// ErrReferrals is a logon that was referred on too often.
	ErrReferrals = errors.New("too many referrals")
	// ErrBusy is a request beyond one of the client's caps: open requests, or switchboard sessions.
	ErrBusy = errors.New("too much at once")
)

// ProtocolError is the server's answer to a request that failed (§7.11).
type ProtocolError struct {
	Code    int    // three digits, such as 217
	Command string // the verb of the request, "" where no request caused the error
	Info    string // what the server added in words, mostly nothing
}

// Error returns the command and the code, never an argument: one may be the proof of a password.
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

// Is makes a 911 an ErrAuth.
func (e *ProtocolError) Is(target error) bool { return target == ErrAuth && e.Code == 911 }
