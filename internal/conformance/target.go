package conformance

import (
	"context"
	"net"
	"time"
)

// User is an account of the target.
type User struct {
	Name     string // in the scripts: alice, bob, carol, dave
	Handle   string
	Password string
}

// Target is a server, or a proxy before one, to play a case against.
type Target struct {
	// Dial connects to an address: one of those below, or one that the target gave out.
	Dial func(ctx context.Context, address string) (net.Conn, error)
	// Dispatch, Notification and Switchboard are the addresses of these servers for clients that
	// were not referred. Dispatch is "" for a target without a dispatch server.
	Dispatch, Notification, Switchboard string
	// Users are the accounts, with the names that the scripts use. Their lists must be empty, GTC
	// and BLP at their defaults.
	Users []User
	// Nobody is a handle without an account.
	Nobody string

	// Settle, if not nil, returns when all that was sent has been handled and all answers have
	// come: synctest.Wait, or a pause.
	Settle func()
	// Patience is how long an answer may take; 0 where Settle waits for all of them.
	Patience time.Duration
	// Wait lets time pass, and Do makes the server do what a script says after "server:"; nil where
	// that is impossible.
	Wait func(time.Duration)
	Do   func(what string) error
}
