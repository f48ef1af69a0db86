package dialect

import (
	"slices"
	"strings"

	"github.com/msnscope/msnscope/decode"
)

// Role is a set of the three kinds of server (§4): a command is legal at some of them, a connection is to one of them.
type Role uint8

// The roles. The draft calls the third one "Switchboard Server (SS)" and writes SB on the wire.
const (
	DS  Role = 1 << iota // dispatch server
	NS                   // notification server
	SB                   // switchboard server
	Any = DS | NS | SB
)

// String returns "DS", "NS", "SB", several joined by a comma, or "" for none.
func (r Role) String() string {
	var names []string
	for i, name := range [...]string{"DS", "NS", "SB"} {
		if r&(1<<i) != 0 {
			names = append(names, name)
		}
	}
	return strings.Join(names, ",")
}

// Name is String for who has one role, as an event does: "" for none or several. It allocates nothing.
func (r Role) Name() string {
	switch r {
	case DS:
		return "DS"
	case NS:
		return "NS"
	case SB:
		return "SB"
	}
	return ""
}

// Title is what people call the server of one role, "dispatch", "notification" or "switchboard" (§4); "" for none or several.
func (r Role) Title() string {
	switch r {
	case DS:
		return "dispatch"
	case NS:
		return "notification"
	case SB:
		return "switchboard"
	}
	return ""
}

// Known reports whether r is exactly one role.
func (r Role) Known() bool { return r == DS || r == NS || r == SB }

// ParseRole returns the role with the given name, 0 for any other text.
func ParseRole(s string) Role {
	switch s {
	case "DS":
		return DS
	case "NS":
		return NS
	case "SB":
		return SB
	}
	return 0
}

// State is a set of the states of a connection, as a server sees it (§7, §8). The first four are those of a dispatch or
// notification server, in their order; the last two are a switchboard's.
type State uint16

// The states.
const (
	Fresh      State = 1 << iota // connected, nothing said
	Versioned                    // VER answered (§7.1)
	Negotiated                   // INF answered (§7.2)
	Challenged                   // USR answered with a challenge (§7.3)
	Offline                      // logged on, state FLN (§7.7)
	Online                       // logged on, any state in which one is seen
	Hidden                       // logged on, state HDN
	Waiting                      // at the switchboard, not authenticated (§8.2)
	Joined                       // in a switchboard session

	LoggedOn = Offline | Online | Hidden
	Logon    = Fresh | Versioned | Negotiated | Challenged
	Always   = Logon | LoggedOn | Waiting | Joined
)

// TrID says how a command carries its transaction identifier (§5.6).
type TrID uint8

// The TrID rules.
const (
	None     TrID = iota // the command has none
	New                  // a number that the client chose
	Echo                 // the number of the request that is answered
	EchoZero             // the same, or 0 where no request caused the command
	Perhaps              // none where no request caused the command: an error (§7.11), and settings that follow a SYN from MSNP10 on
)

// Kind says what an argument is, and so who reads it: rewriting looks for HostPort, redaction for Handle, Name and Secret,
// tracking for Self, Cookie and Session.
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
	Cookie               // what admits to a switchboard (§8.1)
	Session              // a switchboard session's number (§8.3)
	Dialect              // a protocol version's name (§7.1)
	Secret               // proof of a password, or the challenge for it
	Text                 // anything else for people, escaped
	Flags                // what a client can do, a number of bits (MSNP8 and later)
	Object               // the description of a display picture, escaped XML, or 0 (MSNP9 and later)
)

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

// ListChange is what a command does to the contact lists where they are told in XML (MSNP13 and later): the contacts of its payload,
// or of the request that it grants, come to the lists that the XML names, or leave them.
type ListChange uint8

// What a command does to the lists in XML.
const (
	Unchanged ListChange = iota
	Gain
	Lose
)

// Row is all that is known of one command in one direction and form. Everything that treats commands differently reads it
// from here: framing, field names, rewriting, pairing, the server's preconditions, documentation and tests.
type Row struct {
	Verb  string // three letters; "###" for the errors, which share a row
	Dir   decode.Dir
	Roles Role
	// When are the states in which a server accepts the command from a client; 0 for what servers send.
	When State
	// Refuse is the error code of a server that gets the command in another state while logged on; 0 means 715. Before the
	// logon it is 302, but for the logon's own commands (§7.11).
	Refuse int
	TrID   TrID
	Args   []Arg
	// Payload is what follows the line.
	Payload decode.Payload
	// Lists is what the command does to the lists where they are told in XML.
	Lists ListChange
	// Replies are the verbs that answer a request; an error may always.
	Replies []string
	// Implies is the role of a connection on which the command is seen before anything else told its role.
	Implies Role
	// Extension marks what real clients and servers of this dialect send although the draft does not have it.
	Extension bool
	// Means is one line of meaning, Section the draft's section ("" for an extension), Example a whole command.
	Means, Section, Example string

	// What follows is worked out once the row is a table's.

	id       uint16        // what ID returns
	origin   int           // where the row stood first: later dialects have a copy of it
	min, max int           // what Min and Max return
	plain    bool          // fits has nothing to look at
	kinds    Kinds         // of all arguments
	replies  []decode.Verb // Replies
}

// ID numbers the rows of all tables, from 1, the same way in each run of one program. It is 0 for a row of no table.
func (r *Row) ID() int { return int(r.id) }

// settle works out what is asked for again and again.
func (r *Row) settle() {
	r.min, r.max, r.plain, r.kinds, r.replies = r.Min(), r.Max(), true, 0, nil
	for i := range r.Args {
		r.plain = r.plain && !r.Args[i].decides()
		r.kinds |= KindsOf(r.Args[i].Kind)
	}
	for _, name := range r.Replies {
		r.replies = append(r.replies, decode.V(name))
	}
}

// Kinds returns the kinds of all arguments of a table's row.
func (r *Row) Kinds() Kinds { return r.kinds }

// AnsweredBy reports whether Replies of a table's row has the verb.
func (r *Row) AnsweredBy(v decode.Verb) bool { return slices.Contains(r.replies, v) }

// Form returns the fixed words and beginnings that tell the row from others of its verb, such as "I", "NS" or "N= F="; ""
// where there are none.
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

// Max returns the greatest number of arguments, -1 where there is no limit.
func (r *Row) Max() int {
	if n := len(r.Args); n > 0 && r.Args[n-1].Many {
		return -1
	}
	return len(r.Args)
}

// Arg returns the description of argument i of a message, and false where the row has no such argument (a surplus one).
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

// Find returns the value of the first argument of the given kind, nil when the message has none.
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

// Grammar returns the form of the command as the draft writes it, such as "LST TrID LIST Ser Item TtlItems UserHandle".
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
	if r.Payload != decode.NoPayload {
		b.WriteString(`\r\nMessage`)
	}
	return b.String()
}

// fits reports whether the message has the row's fixed words where they belong, and what else decides: so the two forms of
// USR are told apart.
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

// counts reports whether the message has a number of arguments that the row allows, and a TrID where the row wants one.
func (r *Row) counts(m *decode.Message) bool {
	n := m.NumArgs()
	if n < r.min || r.max >= 0 && n > r.max {
		return false
	}
	return r.TrID == Perhaps || m.HasTrID == (r.TrID != None)
}
