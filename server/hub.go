package server

import (
	"context"
	"errors"
	"time"
)

// Hub is what the parts of a server, and several servers that serve the same users, have in common:
// who is logged on where and in what state, the delivery of notices, and which cookies are valid.
// [NewHub] makes one in memory, for servers of one process. All methods are safe for concurrent
// use. Handles are compared without regard to case.
type Hub interface {
	Presences
	Router
	Tickets
}

// Presences keeps the one notification connection of each user who is logged on.
type Presences interface {
	// Enter makes r the connection of p's user. A previous one, on whatever server, gets the notice
	// [Ousted]. Enter returns the Presence of the user until then, the zero Presence if there was
	// none. If first is true and the user is logged on already, it fails with [ErrThere] and
	// changes nothing. When Enter returns, all servers know that the user is logged on.
	Enter(ctx context.Context, p Presence, r Receiver, first bool) (before Presence, err error)
	// Update replaces the Presence of p's user and returns the one before. A p without a State logs
	// the user off. It fails with [ErrReplaced] when r is no longer the user's connection.
	Update(ctx context.Context, p Presence, r Receiver) (before Presence, err error)
	// Find returns the Presences of those handles whose users are logged on, in the order of
	// handles. It may be a moment behind an Update on another server, but never behind a notice
	// [Moved] that a connection of this server got.
	Find(ctx context.Context, handles []string) ([]Presence, error)
}

// Router delivers notices to notification connections, on whatever server they are. Notices from
// one caller to one user arrive in the order in which they were given.
type Router interface {
	// Deliver gives the user the notice, and reports whether the user has a connection and it
	// accepted the notice.
	Deliver(ctx context.Context, handle string, n Notice) (bool, error)
	// Announce gives each user of to the notice [Moved] about the user called handle, with that
	// user's Presence at the moment of the call: of two announcements that cross, the later state
	// prevails everywhere.
	Announce(ctx context.Context, handle string, to []string) error
}

// Tickets keeps the valid cookies of §8.1 and §8.4.
type Tickets interface {
	// Issue makes t valid for the given time and for one use. It never makes room by ending another
	// user's ticket. Limiting how many invitations a user may have open is the servers' task
	// ([Limits].UserRings).
	Issue(ctx context.Context, t Ticket, validity time.Duration) error
	// Redeem reports whether exactly t was issued and is still valid, and uses it up. A ticket that
	// differs from t in anything but the cookie stays valid.
	Redeem(ctx context.Context, t Ticket) (bool, error)
	// Revoke ends all tickets issued to the user, and all whose Caller the user is.
	Revoke(ctx context.Context, handle string) error
}

// These are the errors of a Hub.
var (
	// ErrReplaced means that the connection is no longer its user's.
	ErrReplaced = errors.New("the user is logged on elsewhere")
	// ErrThere means that the user is logged on already, and the new connection may not replace the
	// old.
	ErrThere = errors.New("the user is already logged on")
)

// Presence is the public state of a user who is logged on (§7.7).
type Presence struct {
	Handle string // as the account has it
	Name   string // the friendly name as on the wire
	State  string // one of §7.7: FLN until the first CHG; "" for a user who is not logged on
}

// Seen reports whether contacts see the user as online: in state NLN or one of its sub-states
// (§7.7).
func (p Presence) Seen() bool { return p.State != "" && p.State != offline && p.State != hidden }

// These are the states of §7.7 that are not sub-states of NLN.
const (
	offline = "FLN"
	hidden  = "HDN"
)

// Receiver is a notification connection as a Hub sees it.
type Receiver interface {
	// Notify takes a notice and returns true, or returns false where the user's state rules the
	// notice out.
	//
	//  1. It MUST NOT block: the Hub may hold its lock.
	//  2. It MUST NOT call the Hub.
	//  3. What n points to MUST NOT be changed, by either side, afterwards.
	Notify(n Notice) bool
}

// Notice is news from elsewhere for a user's connection.
type Notice struct {
	Kind     NoticeKind
	Presence Presence // of Moved: the contact and its new state; hidden is shown as offline
	Lines    []byte   // of Said and Rung: whole commands
	Since    int      // not for clients whose dialect has a lower number
}

// NoticeKind is the kind of a Notice.
type NoticeKind uint8

// These are the kinds of notices.
const (
	Said    NoticeKind = iota // commands for the client, whatever the user's state
	Rung                      // a RNG (§8.4): not for a user who is offline or hidden (§7.7)
	Moved                     // a contact changed its state (§7.9): not for a user who is offline
	Ousted                    // the user logged on elsewhere (§7.10)
	Severed                   // the Hub can no longer vouch for the connection, which ends (§7.10)
)

// Ticket says what a cookie admits to. To redeem it, all fields must match but Caller, which a
// client that redeems a ticket does not name.
type Ticket struct {
	Cookie      string
	Handle      string // the user it admits
	Switchboard string // the address in the referral
	Session     string // the session; "" for a new one of the user's own (§8.2)
	Caller      string // who invited the user to the session; "" for one of the user's own
}
