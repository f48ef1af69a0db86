package client

import "context"

// Event is something that happened to a client without a request of its own: one of the types in
// this file.
type Event interface{ event() }

// Presence is a contact's new state, from NLN, ILN or FLN (§7.9).
type Presence struct {
	Handle string
	Name   string // unescaped; "" for FLN
	State  string // NLN, BSY, IDL, BRB, AWY, PHN, LUN or FLN
	First  bool   // from an ILN: the contact was online before
}

// Message is an instant message, or a message from the server itself (§8.8).
type Message struct {
	Session    *Switchboard // nil for a message from the notification server
	From, Name string       // Name is unescaped
	Type       string       // content type in lower case without parameters, such as "text/plain"
	Text       string       // what follows the MIME headers
	Payload    []byte       // the whole payload; the receiver owns it
}

// Typing means that a participant is typing: a message of type text/x-msmsgscontrol.
type Typing struct {
	Session *Switchboard
	From    string
}

// Ring is an invitation to a switchboard session (§8.4).
type Ring struct {
	SessionID, Addr, Cookie string // as received
	From, Name              string // Name is unescaped

	client *Client
}

// Answer accepts the invitation and joins the session. An invitation can be answered only once.
func (r *Ring) Answer(ctx context.Context) (*Switchboard, error) {
	if err := r.client.reserve(); err != nil {
		return nil, err
	}
	return r.client.answer(ctx, r)
}

// Entered is the result of answering an invitation automatically, without OnRing. If that failed,
// Err says why and Session is nil.
type Entered struct {
	Ring    *Ring
	Session *Switchboard
	Err     error
}

// Joined is a participant of a session: one who has just joined (JOI, §8.5) or, if First is true,
// one who was there before (IRO, §8.4).
type Joined struct {
	Session      *Switchboard
	Handle, Name string // Name is unescaped
	First        bool
}

// Left is a participant who left a session (BYE, §8.5).
type Left struct {
	Session *Switchboard
	Handle  string
}

// Undelivered means that a message of Send did not reach everybody: NAK (§8.7). TrID is the
// message's.
type Undelivered struct {
	Session *Switchboard
	TrID    uint32
}

// SessionEnded means that a switchboard connection has ended, by whichever side.
type SessionEnded struct{ Session *Switchboard }

// ListChange is an entry that the server added to a list or removed from it: from the reverse list
// because of another user's change, from the others because of a change made elsewhere (§7.8).
type ListChange struct {
	List, Handle string
	Name         string // unescaped; "" in a removal
	Serial       uint64
	Removed      bool
}

// StateChange is a change of the user's own state by the server (§7.7).
type StateChange struct{ State string }

// Moved means that the client has logged on at another notification server, at the request of the
// old one (§7.4). Requests that were open have failed with ErrClosed; the user's state was set
// again.
type Moved struct{ Addr string }

// ServerError is an error that no request caused (§7.11).
type ServerError struct{ Err *ProtocolError }

// Other is a command that the client does not use, or bytes that are no command.
type Other struct {
	Session *Switchboard // nil at the notification server
	Line    string       // the command line without its end
}

// Out is the end of a client other than by Logout or Close. It is the last event.
type Out struct {
	Reason string // OTH or SSD (§7.10), "" where the server gave no reason
	Err    error  // why the connection ended
}

func (Presence) event()     {}
func (Message) event()      {}
func (Typing) event()       {}
func (*Ring) event()        {}
func (Entered) event()      {}
func (Joined) event()       {}
func (Left) event()         {}
func (Undelivered) event()  {}
func (SessionEnded) event() {}
func (ListChange) event()   {}
func (StateChange) event()  {}
func (Moved) event()        {}
func (ServerError) event()  {}
func (Other) event()        {}
func (Out) event()          {}
