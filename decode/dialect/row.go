package dialect

import (
	"slices"
	"strings"

	"github.com/msnscope/msnscope/decode"
)

// Role is a set of kinds of server (§4), and of one kind that is none: the client that sends a file
// to another one. For a command it holds all kinds at which the command is legal, for a connection
// the one kind to which it goes.
type Role uint8

// The roles. The draft calls the third one "Switchboard Server (SS)" and writes SB on the wire.
const (
	DS Role = 1 << iota // dispatch server
	NS                  // notification server
	SB                  // switchboard server
	FT                  // a client that sends a file, and listens for the one that receives it (MSNFTP)
	// Any is all kinds of server, without FT.
	Any = DS | NS | SB
	// anyEnd is all that a connection of which nothing is known may lead to.
	anyEnd = Any | FT
)

// String returns "DS", "NS", "SB" or "FT", several joined by commas, and "" for none.
func (r Role) String() string {
	var names []string
	for i, name := range [...]string{"DS", "NS", "SB", "FT"} {
		if r&(1<<i) != 0 {
			names = append(names, name)
		}
	}
	return strings.Join(names, ",")
}

// Name returns the name of a single role, and "" for none or several. Unlike String it does not
// allocate.
func (r Role) Name() string {
	switch r {
	case DS:
		return "DS"
	case NS:
		return "NS"
	case SB:
		return "SB"
	case FT:
		return "FT"
	}
	return ""
}

// Title returns "dispatch", "notification", "switchboard" or "file transfer" for a single role
// (§4), and "" for none or several.
func (r Role) Title() string {
	switch r {
	case DS:
		return "dispatch"
	case NS:
		return "notification"
	case SB:
		return "switchboard"
	case FT:
		return "file transfer"
	}
	return ""
}

// Known reports whether r is exactly one role.
func (r Role) Known() bool { return r == DS || r == NS || r == SB || r == FT }

// ParseRole returns the role that is named "DS", "NS", "SB" or "FT", and 0 for any other text.
func ParseRole(s string) Role {
	switch s {
	case "DS":
		return DS
	case "NS":
		return NS
	case "SB":
		return SB
	case "FT":
		return FT
	}
	return 0
}

// State is a set of states of a connection, from the server's point of view (§7, §8). Fresh to
// Hidden are those of a connection to a dispatch or notification server, in the order in which they
// follow each other; Waiting and Joined are those at a switchboard, Fetching is that of a file
// transfer.
type State uint16

// The states.
const (
	Fresh      State = 1 << iota // connected, nothing said
	Versioned                    // VER answered (§7.1)
	Negotiated                   // INF answered (§7.2)
	Challenged                   // USR answered with a challenge (§7.3)
	Offline                      // logged on, state FLN (§7.7)
	Online                       // logged on, in any other state: contacts see the user
	Hidden                       // logged on, state HDN
	Waiting                      // at the switchboard, not authenticated (§8.2)
	Joined                       // in a switchboard session
	Fetching                     // connected to the client that sends a file

	LoggedOn = Offline | Online | Hidden
	Logon    = Fresh | Versioned | Negotiated | Challenged
	Always   = Logon | LoggedOn | Waiting | Joined
)

// TrID says whether and how a command carries a transaction identifier (§5.6).
type TrID uint8

// The TrID rules.
const (
	None     TrID = iota // the command has none
	New                  // a number that the client chose
	Echo                 // the number of the request that is answered
	EchoZero             // the number of the request, or 0 if no request caused the command
	// Echo, or none if no request caused the command: errors (§7.11) and, from MSNP10 on, the
	// settings that follow a SYN
	Perhaps
)

// Kind is the type of an argument. It selects the code that deals with it: rewriting looks for
// HostPort, redaction for Handle, Name and Secret, tracking for Self, Cookie and Session.
type Kind uint8

// The kinds of arguments.
const (
	Token    Kind = iota // a word of a small set, such as a state or a list
	Self                 // the user handle of the connection's own user (§5.4)
	Handle               // another user's handle
	Name                 // a friendly name, escaped (§5.5)
	HostPort             // an address to connect to: host, host:port, or 0 (§7.4)
	Number               // a decimal number
	Serial               // a version of the stored properties (§7.5)
	Length               // the number of payload bytes (§8.7)
	Cookie               // the credential that admits a user to a switchboard (§8.1)
	Session              // the number of a switchboard session (§8.3)
	Dialect              // the name of a protocol version (§7.1)
	Secret               // proof of a password, or the challenge for it
	Text                 // any other human-readable text, escaped
	Flags                // the capabilities of a client, a number of bits (MSNP8 and later)
	Object               // the description of a display picture, escaped XML, or 0 (MSNP9 and later)
)

// Sensitive reports whether an argument of this kind lets its bearer in, or helps to guess what
// does: reports and logs show that there is one, not which.
func (k Kind) Sensitive() bool { return k == Cookie || k == Secret }

// Kinds is a set of kinds.
type Kinds uint32

// KindsOf returns the set of the given kinds.
func KindsOf(all ...Kind) Kinds {
	var set Kinds
	for _, k := range all {
		set |= 1 << k
	}
	return set
}

// ListChange is what a command with contacts in XML does to the contact lists (MSNP13 and later):
// the contacts in its payload, or in that of the request that it grants, are added to the lists
// that the XML names, or removed from them.
type ListChange uint8

// The changes of lists.
const (
	Unchanged ListChange = iota
	Gain
	Lose
)

// Speaker says when a server sends a command in its own name. An address in a command tells the
// client where to connect only if the server itself speaks; what servers forward for users is mere
// data. With the zero Speaker, the words of the command are always a user's, at least in part.
type Speaker struct {
	// Roles is the set of servers that send the command in their own name, 0 for none. On other
	// connections its words are a user's.
	Roles Role
	// Name is the word that takes the place of the sender's handle when the server speaks, compared
	// without regard to case; "" for a command that has no sender.
	Name string
}

// Row describes one command in one direction and form. All code that treats commands differently
// reads it from here: framing, field names, rewriting, pairing, the server's preconditions,
// documentation and tests.
type Row struct {
	Verb  string // three letters; "###" for the errors, which share one row
	Dir   decode.Dir
	Roles Role
	// When is the set of states in which a server accepts the command from a client; 0 for commands
	// that servers send.
	When State
	// Refuse is the error code with which a server answers the command if the user is logged on and
	// the state is not one of When; 0 means 715. Before the logon that code is 302, except for the
	// commands of the logon itself (§7.11).
	Refuse int
	TrID   TrID
	Args   []Arg
	// Payload is the rule for the bytes after the line.
	Payload decode.Payload
	// Speaker says when the command is the server's own.
	Speaker Speaker
	// Lists is what the command does to the lists if it tells their contacts in XML.
	Lists ListChange
	// Replies lists the verbs that answer a request. An error always may.
	Replies []string
	// Implies is the role of a connection that begins with this command, 0 if the command does not
	// tell.
	Implies Role
	// Extension reports whether the command is not in the draft, but sent by real clients and
	// servers of this dialect.
	Extension bool
	// Means is the meaning in one line, Section the section of the draft ("" for an extension),
	// Example a whole command.
	Means, Section, Example string

	// The fields below are computed when the row becomes part of a table.

	id       uint16        // the result of ID
	origin   int           // identifies the first table and row of which this is a copy
	min, max int           // the results of Min and Max
	plain    bool          // whether fits is always true
	kinds    Kinds         // the kinds of all arguments
	replies  []decode.Verb // the same as Replies
	effect   Effect        // the effect of the command ...
	effectAt Role          // ... at servers of these roles
}

// ID returns the number of the row among those of all tables, counted from 1. It is the same in
// every run of one program, and 0 for a row that is in no table.
func (r *Row) ID() int { return int(r.id) }

// IsError reports whether the row stands for the errors (§7.11).
func (r *Row) IsError() bool { return r.Verb == errorVerb }

// settle computes the fields that are needed again and again.
func (r *Row) settle() {
	r.min, r.max, r.plain, r.kinds, r.replies = r.Min(), r.Max(), true, 0, nil
	for i := range r.Args {
		r.plain = r.plain && !r.Args[i].decides()
		r.kinds |= KindsOf(r.Args[i].Kind)
	}
	for _, name := range r.Replies {
		r.replies = append(r.replies, decode.V(name))
	}
	r.effect, r.effectAt = NoEffect, 0
	if x := effectOf(r); x != nil {
		r.effect, r.effectAt = x.does, x.roles
	}
}

// Kinds returns the kinds of all arguments of a table's row.
func (r *Row) Kinds() Kinds { return r.kinds }

// AnsweredBy reports whether the verb is one of the Replies of a table's row.
func (r *Row) AnsweredBy(v decode.Verb) bool { return slices.Contains(r.replies, v) }

// Form returns the fixed words and prefixes that distinguish the row from others of its verb, such
// as "I", "NS" or "N= F=", and "" if there are none.
func (r *Row) Form() string {
	var words []string
	for _, a := range r.Args {
		if fixed := a.Is + a.Prefix; fixed != "" {
			words = append(words, fixed)
		}
	}
	return strings.Join(words, " ")
}

// Min returns the least number of arguments.
func (r *Row) Min() int {
	n := 0
	for _, a := range r.Args {
		if !a.Optional {
			n++
		}
	}
	return n
}

// Max returns the greatest number of arguments, -1 if there is no limit.
func (r *Row) Max() int {
	if n := len(r.Args); n > 0 && r.Args[n-1].Many {
		return -1
	}
	return len(r.Args)
}

// Arg returns the description of argument i of a message, and false if the row has no such
// argument: it is a surplus one.
func (r *Row) Arg(i int) (Arg, bool) {
	n := len(r.Args)
	switch {
	case i < 0 || n == 0:
		return Arg{}, false
	case i < n:
		return r.Args[i], true
	}
	return r.Args[n-1], r.Args[n-1].Many
}

// Find returns the value of the first argument of the given kind, nil if the message has none. It
// is part of m.
func (r *Row) Find(m *decode.Message, k Kind) []byte {
	for i := range r.Args {
		if r.Args[i].Kind != k {
			continue
		}
		if i >= m.NumArgs() {
			return nil
		}
		return r.Args[i].Value(m.Arg(i))
	}
	return nil
}

// Orders reports whether the server sends m in its own name on a connection to a server of the role
// (0 if unknown), so that clients follow an address in it.
func (r *Row) Orders(role Role, m *decode.Message) bool {
	switch {
	case r.Speaker.Roles == Any:
	case r.Speaker.Roles&role == 0:
		return false
	}
	return r.Speaker.Name == "" || strings.EqualFold(string(r.Find(m, Handle)), r.Speaker.Name)
}

// Grammar returns the form of the command as the draft writes it, such as "LST TrID LIST Ser Item
// TtlItems UserHandle".
func (r *Row) Grammar() string {
	var b strings.Builder
	b.WriteString(r.Verb)
	switch r.TrID {
	case New, Echo, EchoZero:
		b.WriteString(" TrID")
	case Perhaps:
		b.WriteString(" {TrID}")
	}
	for _, a := range r.Args {
		word := a.word()
		switch {
		case a.Many:
			word = "{" + word + " ...}"
		case a.Optional:
			word = "{" + word + "}"
		}
		b.WriteString(" " + word)
	}
	switch r.Payload {
	case decode.NoPayload:
	case decode.Blocks:
		b.WriteString(`\r\n{BLK ...}`)
	case decode.OneBlock:
		b.WriteString(` Content`)
	default:
		b.WriteString(`\r\nMessage`)
	}
	return b.String()
}

// fits reports whether the message has the row's fixed words and prefixes in their places, by
// which, for example, the two forms of USR are told apart.
func (r *Row) fits(m *decode.Message) bool {
	if r.plain {
		return true
	}
	for i := range r.Args {
		if a := &r.Args[i]; a.decides() && !a.fits(m.Arg(i)) {
			return false
		}
	}
	return true
}

// counts reports whether the row allows the message's number of arguments, and whether the message
// has a TrID as the row requires.
func (r *Row) counts(m *decode.Message) bool {
	n := m.NumArgs()
	if n < r.min || r.max >= 0 && n > r.max {
		return false
	}
	return r.TrID == Perhaps || (m.TrIDText() != nil) == (r.TrID != None)
}
