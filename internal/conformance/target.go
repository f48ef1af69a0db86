package conformance

import (
	"context"
	"net"
	"time"
)

// User is an account that the target has.
type User struct {
	Name     string // in the scripts: alice, bob, carol, dave
	Handle   string
	Password string
}

// Target is a server, or what stands before one, for one case to be played against.
type Target struct {
	// Dial connects to an address, one of those below or one that the target gave out.
	Dial func(ctx context.Context, address string) (net.Conn, error)
	// Dispatch, Notification and Switchboard are where clients find these servers without being referred. A target without
	// a dispatch server has "" there.
	Dispatch, Notification, Switchboard string
	// Users are the accounts, with the names that the scripts use. Their lists are empty, GTC and BLP at their defaults.
	Users []User
	// Nobody is a handle without an account.
	Nobody string

	// Settle returns when all that was sent has been dealt with and all answers are here: synctest.Wait, or a pause.
	Settle func()
	// Patience is how long an answer may take, 0 where Settle leaves no doubt.
	Patience time.Duration
	// Wait lets time pass, and Do has the server do what a script says behind "server:"; nil where nobody can.
	Wait func(time.Duration)
	Do   func(what string) error
}
