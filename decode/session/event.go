package session

import (
	"strconv"
	"time"

	"github.com/msnscope/msnscope/decode"
	"github.com/msnscope/msnscope/decode/dialect"
)

// Kind says what an event is.
type Kind uint8

// The kinds of events. A Command may be opaque: then its Row is nil and its message says why.
const (
	Command Kind = iota
	Open         // a client connected
	Close        // a connection ended; Text says why
	Gap          // events or bytes are missing; Text says which
	Note         // something that a person should know
)

// String returns the name that machines see: "open", "close", "gap", "note", and "" for a command.
func (k Kind) String() string {
	return [...]string{"", "open", "close", "gap", "note"}[k]
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
	Opaque                     // it is no command
	Missing                    // a gap
	Error                      // the answer is an error
	Lint                       // it breaks a rule of the draft
)

var flagNames = [...]string{"rewritten", "edited", "held", "dropped", "injected", "fault", "opaque", "gap", "error", "lint"}

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

// Packets are the packets of a capture file that a command came in, zero where it came from no file.
type Packets struct {
	First, Last uint64 // their numbers in the file, from 1; the same where one packet has all of it
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

// Event is one command on one connection, or something else worth knowing about it, with all that was known at that moment.
// Once it was handed on, an event does not change: any number of goroutines may read it.
type Event struct {
	// N numbers the events of a capture, from 1.
	N uint64
	// Time is when the last byte arrived.
	Time time.Time
	Kind Kind

	// Conn numbers the connections of a capture, from 1; 0 where the event belongs to none. Client and Server are the
	// addresses of its two ends; Server is empty until it is known where the connection goes.
	Conn           int
	Client, Server string
	// Dir is who sent the command.
	Dir decode.Dir

	// Role, Dialect, User (the handle) and Session are the connection's, as known by then; zero while unknown. Via is the
	// connection whose referral led to this one, 0 if none is known. Inferred says that no VER told the dialect: it is
	// concluded from what was said.
	Role                   dialect.Role
	Inferred               bool
	Dialect, User, Session string
	Via                    int

	// In is the command as it was received, Out the bytes that were sent on; nil where they are the same.
	In  decode.Message
	Out []byte
	// Row describes the command, nil for one that nobody knows.
	Row *dialect.Row

	// ReplyTo is the number of the request that the command answers, 0 for none, RTT the time since.
	ReplyTo uint64
	RTT     time.Duration

	Flags Flag
	// Packets says where in a capture file the command stands.
	Packets Packets
	// Text says in words what an event is about that is no command.
	Text string
}

// Sent returns the message as it was sent on: In where nothing changed.
func (e *Event) Sent() decode.Message {
	if e.Out == nil {
		return e.In
	}
	return decode.Parse(e.Out, e.Dir, Table(e.Dialect).At(e.Role))
}

// Size returns about how many bytes the event takes in memory.
func (e *Event) Size() int { return 400 + len(e.In.Raw) + len(e.Out) + len(e.Text) }
