package dialect

import (
	"strings"

	"github.com/msnscope/msnscope/decode"
)

// Effect is what a command does to the state of a session: to what an observer knows of its users,
// their contact lists and their conversations. The arguments of the row say to whom, and how.
// Package decode/session implements each effect.
type Effect uint8

// The effects.
const (
	NoEffect Effect = iota

	// What a notification server says about the connection's own user.
	LogsOn       // the user is logged on (§7.3)
	SetsPresence // the user's presence is set (§7.7)
	SetsSetting  // one of the user's settings is set; the verb is its name (§7.6)
	SetsProperty // one of the user's properties is set (MSNP5 and later)

	// What a notification server says about contacts and lists.
	ContactPresent // a contact is online, with a presence (§7.9)
	ContactGone    // a contact went offline (§7.9)
	Publishes      // the client publishes a document, such as its user's presence (MSNP19 and later)
	Tells          // a document about a contact or a circle was published
	TakesBack      // such a document was taken back
	ListVersion    // the version of the stored lists (§7.5), and how many contacts follow (MSNP8 and later)
	ListEntry      // one entry of a list (§7.6), or one contact with all its lists (MSNP8 and later)
	ListGains      // a list gains an entry (§7.8)
	ListLoses      // a list loses an entry (§7.8)
	Renames        // the user, or an entry of a list, gets another name

	// Changes of the lists in XML (MSNP13 and later); [Row.Lists] says which.
	AsksLists   // the client asks for the change in the payload
	GrantsLists // the server makes the change that the client asked for
	TellsLists  // the server announces the change in the payload

	// What happens at a switchboard.
	Enters  // the connection's own user is in the session (§8.2, §8.4)
	IsThere // another user is in the session (§8.4, §8.5), or speaks in it (§8.8)
	Leaves  // another user left the session (§8.5)
	Calls   // the client invites a user into the session (§8.3)
	Rings   // the server rings the user who was invited (§8.3)

	// What concerns the conversation itself.
	Fails      // the answer says that the request failed, as an error does
	KeepsAlive // the command only shows that the connection works
	Ends       // the client leaves, and then closes the connection (§7.10)
	Carries    // a part of a file

	NumEffects = iota // the number of effects
)

// effect is an entry of the table of effects: what commands with these verbs, sent by dir, do on
// connections to servers of these roles. The form is that of the row ([Row.Form]); "" stands for
// every form.
type effect struct {
	verbs string
	dir   decode.Dir
	roles Role
	form  string
	does  Effect
}

// effects has an entry for each command that a server may send in any dialect, and for each command
// of clients that has an effect. A row takes its effect from the first entry that fits, so that a
// later dialect's version of a command does what the earlier one did. What a command does never
// follows from the kinds of its arguments: a new command has no effect until it is entered here.
var effects = []effect{
	{"USR", s, NS, "OK", LogsOn},
	{"CHG", s, NS, "", SetsPresence},
	{"GTC BLP IMS", s, NS, "", SetsSetting},
	{"PRP", s, NS, "", SetsProperty},

	{"NLN ILN", s, NS, "", ContactPresent},
	{"FLN", s, NS, "", ContactGone},
	{"SYN", s, NS, "", ListVersion},
	{"LST", s, NS, "", ListEntry},
	{"ADD ADC", s, NS, "", ListGains},
	{"REM", s, NS, "", ListLoses},
	{"REA", s, NS, "", Renames},

	{"ADL RML", c, NS, "", AsksLists},
	{"ADL RML", s, NS, "OK", GrantsLists},
	{"ADL RML", s, NS, "", TellsLists},

	{"USR ANS", s, SB, "OK", Enters},
	{"IRO JOI MSG", s, SB, "", IsThere},
	{"BYE", s, SB, "", Leaves},
	{"CAL", c, SB, "", Calls},
	{"CAL", s, SB, "", Rings},

	{"NAK " + errorVerb, s, Any, "", Fails},
	{"PNG", c, Any, "", KeepsAlive},
	{"QNG", s, Any, "", KeepsAlive},
	{"OUT", c, Any, "", Ends},

	// Logons that have not succeeded yet, and their ends (§7.1 to §7.4, §7.10).
	{"VER INF USR XFR OUT CVR CVQ", s, DS | NS, "", NoEffect},
	// Messages from the server itself, and rings (§8.4, §8.8).
	{"MSG RNG", s, NS, "", NoEffect},
	{"ACK", s, SB, "", NoEffect},
	// Groups and properties of contacts, which are not tracked.
	{"LSG ADG RMG REG BPR SBP", s, NS, "", NoEffect},
	// Services other than presence and conversations.
	{"URL FND SND SDC CHL QRY NOT IPG GCF SBS RFS", s, NS, "", NoEffect},
	{"PUT", c, NS, "", Publishes},
	{"NFY", s, NS, "PUT", Tells},
	{"NFY", s, NS, "DEL", TakesBack},
	{"UUX UBX UUN UBN FQY UBM PUT DEL SDG", s, NS, "", NoEffect},
	// File transfers between clients.
	{"BLK", s, FT, "", Carries},
	{"CCL BYE", c, FT, "", Ends},
	{"VER FIL", s, FT, "", NoEffect},
	// Commands of which only the name is known.
	{"GSB FSL GET", s, NS, "", NoEffect},
}

// fits reports whether the entry applies to the row.
func (x *effect) fits(r *Row) bool {
	return x.dir == r.Dir && x.roles&r.Roles != 0 && strings.Contains(x.verbs, r.Verb) &&
		(x.form == "" || x.form == r.Form())
}

// effectOf returns the first entry that applies to the row, nil if none does.
func effectOf(r *Row) *effect {
	for i := range effects {
		if effects[i].fits(r) {
			return &effects[i]
		}
	}
	return nil
}

// Effect returns what the command of a table's row does on a connection to a server of the given
// role. If the role is unknown (0), it returns only what the command does at every server that the
// row allows.
func (r *Row) Effect(role Role) Effect {
	if role == 0 {
		role = r.Roles
	}
	if role&^r.effectAt != 0 {
		return NoEffect
	}
	return r.effect
}
