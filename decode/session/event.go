package session

import (
	"bytes"
	"strconv"
	"time"

	"github.com/msnscope/msnscope/decode"
	"github.com/msnscope/msnscope/decode/dialect"
)

// Kind is the type of an event.
type Kind uint8

// The kinds of events. A Command may be opaque: then its Row is nil and its message says why.
const (
	Command   Kind = iota
	Open           // a client connected
	Close          // a connection ended; Text says why
	HalfClose      // one end, Dir, sends no more but still receives; Close follows when the other end closes
	Gap            // events or bytes are missing; Text says which
	Note           // information for people
	Wait           // a command that one end, Dir, has begun is not complete; Text says what is missing
)

// String returns the name that machines see: "open", "close", "half-close", "gap", "note", "wait",
// and "" for a command.
func (k Kind) String() string {
	return [...]string{"", "open", "close", "half-close", "gap", "note", "wait"}[k]
}

// Flag marks what happened to a command on its way.
type Flag uint16

// The flags.
const (
	Rewritten Flag = 1 << iota // an address in it was replaced
	Edited                     // a person changed it
	Held                       // it waited for a person
	Dropped                    // it was not sent on
	Injected                   // it did not come from the other end
	Fault                      // a fault was applied to it on purpose
	Opaque                     // it is not a command
	Missing                    // the event is a gap
	Error                      // it is an error
	Malformed                  // its verb or TrID is written wrong: see decode.Message.Malformed
	Lint                       // it breaks the protocol: see Findings
)

var flagNames = [...]string{
	"rewritten", "edited", "held", "dropped", "injected", "fault", "opaque", "gap", "error", "malformed", "lint",
}

// Names returns the flags' names in the order of the constants.
func (f Flag) Names() []string {
	var names []string
	for i, name := range flagNames {
		if f&(1<<i) != 0 {
			names = append(names, name)
		}
	}
	return names
}

// ParseFlag returns the flag with the given name, 0 for an unknown one.
func ParseFlag(name string) Flag {
	for i, n := range flagNames {
		if n == name {
			return 1 << i
		}
	}
	return 0
}

// Packets identifies the packets of a capture file that carried a command. It is zero for a command
// that was not read from a file.
type Packets struct {
	First, Last uint64 // their numbers in the file, from 1; equal if one packet has all of it
	Shared      bool   // one of them holds other commands, or parts of them, as well
}

// String returns "7", "7 to 9" or "7, with others", "" for none.
func (p Packets) String() string {
	if p.First == 0 {
		return ""
	}
	s := strconv.FormatUint(p.First, 10)
	if p.Last != p.First {
		s += " to " + strconv.FormatUint(p.Last, 10)
	}
	if p.Shared {
		s += ", with others"
	}
	return s
}

// Event is one command on one connection, or something else that happened, with what was known
// about the connection at that moment. An event does not change after it was handed on: any number
// of goroutines may read it.
type Event struct {
	// N numbers the events of a capture, from 1.
	N uint64
	// Time is when the last byte arrived.
	Time time.Time
	Kind Kind
	// Dir is the end that sent the command, or ended its half of the connection.
	Dir   decode.Dir
	Flags Flag

	// Role, Dialect, User (the handle) and Session describe the connection as far as known at that
	// moment; they are zero while unknown. Via is the number of the connection whose referral led
	// to this one, 0 if none is known. Inferred reports whether the dialect is not agreed upon: no
	// VER was seen, or the server has not answered what the client offered.
	Role                   dialect.Role
	Inferred               bool
	Dialect, User, Session string
	Via                    int

	// Conn numbers the connections of a capture, from 1; 0 for an event that belongs to none.
	// Client and Server are the addresses of its two ends; Server is empty until the target is
	// known.
	Conn           int
	Client, Server string

	// In is the command as it was received. Out is the bytes that were sent on instead, nil if they
	// are the same.
	In  decode.Message
	Out []byte
	// Row is the row of the command table that describes the command, nil for an unknown command.
	Row *dialect.Row

	// ReplyTo is the number of the request that the command answers, 0 for none. RTT is the time
	// from that request.
	ReplyTo uint64
	RTT     time.Duration

	// Packets says where in a capture file the command stands. Cuts are the offsets in In.Raw, in
	// ascending order, at which the bytes of another packet begin; nil where one packet has all.
	Packets Packets
	Cuts    []int
	// File names the capture file in which the event ended, where an eventlog.Log has several; else
	// it is empty.
	File string
	// ClientName and ServerName are the names that a capture gives to the addresses of the two
	// ends, empty where it gives none.
	ClientName, ServerName string
	// Text describes in words an event that is not a command.
	Text string
	// Findings is what package lint found, if a reader of the event had it checked.
	Findings []Finding
}

// Clone returns a copy of the event that shares no bytes with it.
func (e *Event) Clone() *Event {
	c := *e
	c.In, c.Out = e.In.Clone(), bytes.Clone(e.Out)
	return &c
}

// Sent returns the message as it was sent on, which is In if nothing changed. Its Raw must not be
// changed.
func (e *Event) Sent() decode.Message {
	if e.Out == nil {
		return e.In
	}
	return decode.Parse(e.Out, e.Dir, Table(e.Dialect).At(e.Role))
}

// Remark returns in words what is not normal about the event: its Text or, without one, why its
// bytes are opaque or malformed.
func (e *Event) Remark() string {
	switch {
	case e.Text != "":
	case e.Flags&Opaque != 0:
		return e.In.Why.String()
	case e.Flags&Malformed != 0:
		return e.In.Malformed()
	}
	return e.Text
}

// Size returns the approximate number of bytes that the event takes in memory.
func (e *Event) Size() int { return 400 + len(e.In.Raw) + len(e.Out) + len(e.Text) }
