package client

import "context"

// Event is something that happened to a client and that no request of it caused: one of the types of this file.
type Event interface{ event() }

// Presence is a contact's state: NLN, ILN or FLN (§7.9).
type Presence struct {
	Handle string
	Name   string // unescaped; "" for FLN
	State  string // NLN, BSY, IDL, BRB, AWY, PHN, LUN or FLN
	First  bool   // an ILN: the contact was online before
}

// Message is an instant message, or one from the server itself (§8.8).
type Message struct {
	Session    *Switchboard // nil for one from the notification server
	From, Name string       // Name is unescaped
	Type       string       // content type in lower case without parameters, such as "text/plain"
	Text       string       // what follows the MIME headers
	Payload    []byte       // the whole message; the receiver's
}

// Typing is a participant that writes: a message of type text/x-msmsgscontrol.
type Typing struct {
	Session *Switchboard
	From    string
}

// Ring is an invitation to a switchboard session (§8.4).
type Ring struct {
	SessionID, Addr, Cookie string // as they came
	From, Name              string // Name is unescaped

	client *Client
}

// Answer enters the session. An invitation can be answered once.
func (r *Ring) Answer(ctx context.Context) (*Switchboard, error) {
	if err := r.client.reserve(); err != nil {
		return nil, err
	}
	return r.client.answer(ctx, r)
}

// Entered is an invitation that was answered without OnRing; Err says why it could not be, Session is nil then.
type Entered struct {
	Ring    *Ring
	Session *Switchboard
	Err     error
}

// Joined is a participant of a session: one who came (JOI, §8.5), or with First one who was there before (IRO, §8.4).
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

// Undelivered is a message of Send that did not reach everybody: NAK (§8.7). TrID is the message's.
type Undelivered struct {
	Session *Switchboard
	TrID    uint32
}

// SessionEnded is a switchboard connection that has ended, by either side.
type SessionEnded struct{ Session *Switchboard }

// ListChange is an entry that the server added or removed: of the reverse list because of what another user did, of the
// others because of a change elsewhere (§7.8).
type ListChange struct {
	List, Handle string
	Name         string // unescaped; "" when removed
	Serial       uint64
	Removed      bool
}

// StateChange is the user's own state, changed by the server (§7.7).
type StateChange struct{ State string }

// Moved is a logon at another notification server, which the old one had asked for (§7.4). Requests that were open have
// failed with ErrClosed; the state was set again.
type Moved struct{ Addr string }

// ServerError is an error that no request caused (§7.11).
type ServerError struct{ Err *ProtocolError }

// Other is a command that the client has no use for, or bytes that are no command.
type Other struct {
	Session *Switchboard // nil at the notification server
	Line    string       // at most a command line, without its end
}

// Out is the end of a client that neither Logout nor Close caused: the last event.
type Out struct {
	Reason string // OTH, SSD (§7.10), or "" where the server said nothing
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
