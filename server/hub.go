package server

import (
	"context"
	"errors"
	"time"
)

// Hub is where the parts of a server meet, and several servers that serve the same users: who is logged on where and in what
// state, what is on its way to whom, and which cookies are valid. [NewHub] makes one in memory, for servers of one process.
// All methods are safe for concurrent use. Handles are compared without case.
type Hub interface {
	Presences
	Router
	Tickets
}

// Presences knows the one notification connection of each user who is logged on.
type Presences interface {
	// Enter makes r the connection of p's user. The one before, on whatever server, gets the notice [Ousted]; what was
	// known of the user until then is returned, the zero Presence if nothing. Where only the first may come, it fails with
	// [ErrThere] instead of putting one before out.
	Enter(ctx context.Context, p Presence, r Receiver, first bool) (before Presence, err error)
	// Update replaces what is known of p's user and returns what was. A p without a State takes the user out. It fails
	// with [ErrReplaced] when r is not the user's connection any more.
	Update(ctx context.Context, p Presence, r Receiver) (before Presence, err error)
	// Find returns those of the users who are logged on, in the order of handles.
	Find(ctx context.Context, handles []string) ([]Presence, error)
}

// Router brings notices to notification connections, on whatever server they are. Those from one caller to one user arrive
// in the order in which they were given.
type Router interface {
	// Deliver reports whether the user has a connection and that one took the notice.
	Deliver(ctx context.Context, handle string, n Notice) (bool, error)
	// Announce gives each user of to the notice [Moved] about the user called handle, with what is known of it at that very
	// moment: two announcements that cross leave the later truth everywhere.
	Announce(ctx context.Context, handle string, to []string) error
}

// Tickets keeps the cookies of §8.1 and §8.4.
type Tickets interface {
	// Issue makes t valid for so long, once.
	Issue(ctx context.Context, t Ticket, validity time.Duration) error
	// Redeem reports whether t was issued, just so, and is still valid. It is not valid afterwards; one that differs in
	// anything but the cookie is not used up.
	Redeem(ctx context.Context, t Ticket) (bool, error)
}

// The errors of a Hub.
var (
	// ErrReplaced is the error of a connection that is not its user's any more.
	ErrReplaced = errors.New("the user is logged on elsewhere")
	// ErrThere is the error of a connection that would put out the one of a user who is there already.
	ErrThere = errors.New("the user is logged on")
)

// Presence is what may be known of a user who is logged on (§7.7).
type Presence struct {
	Handle string // in the form of the account
	Name   string // the friendly name as it stands on the wire
	State  string // of §7.7: FLN until the first CHG; "" for a user who is not logged on
}

// Seen reports whether contacts see the user: state NLN or a sub-state of it (§7.7).
func (p Presence) Seen() bool { return p.State != "" && p.State != offline && p.State != hidden }

// The states of §7.7 that are no sub-states of NLN.
const (
	offline = "FLN"
	hidden  = "HDN"
)

// Receiver is a notification connection as a Hub knows it.
type Receiver interface {
	// Notify takes a notice, or reports that the user does not want it in its state.
	//
	//  1. It MUST NOT block: the Hub may have locked what it knows.
	//  2. It MUST NOT call the Hub.
	//  3. What n points to MUST NOT be changed, by either side, afterwards.
	Notify(n Notice) bool
}

// Notice is something that a user's connection is to learn from elsewhere.
type Notice struct {
	Kind  NoticeKind
	About Presence // Moved: who, and in what state; hidden looks like offline
	Lines []byte   // Said and Rung: whole commands
	Since int      // not for clients of dialects before this number
}

// NoticeKind says what a Notice is.
type NoticeKind uint8

// The kinds of notices.
const (
	Said   NoticeKind = iota // commands for the client, whatever the user's state
	Rung                     // a RNG (§8.4): not for who is offline or hidden (§7.7)
	Moved                    // a contact changed its state (§7.9): not for who is offline
	Ousted                   // the user logged on elsewhere (§7.10)
)

// Ticket is what a cookie admits to. All of it is compared.
type Ticket struct {
	Cookie      string
	Handle      string // whom
	Switchboard string // where: the address in the referral
	Session     string // to which session; "" for one of the user's own (§8.2)
}
