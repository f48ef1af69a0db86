package model

import (
	"fmt"
	"slices"
	"strconv"

	"github.com/msnscope/msnscope/decode"
	"github.com/msnscope/msnscope/decode/body"
	"github.com/msnscope/msnscope/decode/dialect"
	"github.com/msnscope/msnscope/decode/session"
	"github.com/msnscope/msnscope/internal/format"
)

// FactKind says what a Fact is.
type FactKind uint8

// The kinds of facts.
const (
	FactHead    FactKind = iota // a title: Name, and Note beside it
	FactValue                   // Name is Value; Note explains it
	FactUnknown                 // nothing is known of Name; Note says why, or is ""
	FactPerson                  // a user: the handle is Value, the state or "" Name, the friendly name Note
)

// Fact is one line of a description of a State. Its texts are printable.
type Fact struct {
	Kind              FactKind
	Name, Value, Note string
}

// facts collects Facts.
type facts []Fact

func (f *facts) head(title, note string) { *f = append(*f, Fact{FactHead, title, "", note}) }

// value adds a value, or that it is unknown.
func (f *facts) value(name, value, note string) {
	if value == "" {
		*f = append(*f, Fact{FactUnknown, name, "", ""})
		return
	}
	*f = append(*f, Fact{FactValue, name, readable(value), note})
}

func (f *facts) person(state, handle, name string) {
	*f = append(*f, Fact{FactPerson, format.Printable(state), format.Printable(handle), readable(name)})
}

// readable returns a value of the wire as people read it, printable.
func readable(value string) string { return format.Printable(body.ToText(decode.Unescape(value))) }

// StateFacts describes the state after an event: its user and its connection as they were then.
// warnings say what is not known, or not for sure.
func (m *Model) StateFacts(e *session.Event) (all []Fact, warnings []string) {
	state := m.State(e.N)
	if state.N < e.N {
		warnings = append(warnings,
			fmt.Sprintf("The log is read up to #%d only; this is the state there.", state.N))
	}
	if state.Partial {
		warnings = append(warnings,
			"Partial: there was too much to keep all of it, or a list changed by what was not seen or not readable.")
	}
	if e.Conn == 0 {
		return nil, append(warnings, "The event belongs to no connection.")
	}
	return slices.Concat(UserFacts(state, e.User), ConnFacts(state, e)), warnings
}

// UserFacts describes a user of a State: presence, settings and lists.
func UserFacts(state *session.State, handle string) []Fact {
	var f facts
	f.head("User", format.Printable(handle))
	u := state.User(handle)
	if handle == "" || u == nil {
		f.value("handle", handle, "")
		return f
	}
	on := "no"
	if u.Conn != 0 {
		on = dialect.NS.String() + "#" + strconv.Itoa(u.Conn)
	}
	f.value("logged on", on, "")
	f.value("presence", u.State, "")
	f.value("friendly name", u.Name, "")
	f.value("serial", u.Serial, "version of the lists")
	f.settings(u)
	f.contacts(u)
	return f
}

// settings adds the settings that the draft has, known or not, and those of later dialects that are
// known.
func (f *facts) settings(u *session.User) {
	inDraft := map[string]bool{}
	for _, set := range dialect.Settings {
		inDraft[set.Verb] = true
		f.value(set.Verb, u.Setting(set.Verb), set.Means)
	}
	for _, set := range u.Settings() {
		if !inDraft[set.Name] {
			f.value(format.Printable(set.Name), set.Value, "")
		}
	}
}

// listNames are the four lists (§5.7) in words.
var listNames = map[string]string{"FL": "Forward list", "RL": "Reverse list", "AL": "Allow list", "BL": "Block list"}

// contacts adds the lists, and the people who are on none of them but were seen.
func (f *facts) contacts(u *session.User) {
	for _, name := range dialect.Lists {
		entries, whole := u.List(name)
		note := Thousands(len(entries))
		switch {
		case !whole && len(entries) == 0:
			note = "unknown: nobody told it here"
		case !whole:
			note += " seen; nobody told the whole list here"
		}
		f.head(listNames[name]+" "+name, note)
		for _, c := range entries {
			f.contact(c)
		}
	}
	if others := u.Unlisted(); len(others) > 0 {
		f.head("Seen on no list", Thousands(len(others)))
		for _, c := range others {
			f.contact(c)
		}
	}
}

func (f *facts) contact(c session.Contact) {
	presence := c.State
	if presence == "" {
		presence = "-"
	}
	handle := c.Handle
	if c.Network != "" && c.Network != "1" {
		handle += " (network " + c.Network + ")"
	}
	f.person(presence, handle, c.Name)
}

// ConnFacts describes the connection of an event in a State.
func ConnFacts(state *session.State, e *session.Event) []Fact {
	var f facts
	f.head("Connection", ConnName(e))
	c := state.Connection(e.Conn)
	if c == nil {
		return append(f, Fact{FactUnknown, "state", "", "it ended long before, or is not read yet"})
	}
	open := "open"
	if c.Closed {
		open = "closed"
	}
	role, note := "", ""
	if c.Role.Known() {
		role = c.Role.String()
	}
	if e.Inferred {
		note = "inferred: no answer to VER named it"
	}
	f.value("state", open, "")
	f.value("role", role, "")
	f.value("dialect", c.Dialect, note)
	f.value("client", c.Client, format.Printable(e.ClientName))
	f.value("server", c.Server, format.Printable(e.ServerName))
	if c.Via != 0 {
		f.value("led here by", "#"+strconv.Itoa(c.Via), "the connection with the referral")
	}
	if c.Role == dialect.SB {
		f.talk(c)
	}
	return f
}

// talk adds who is in a switchboard session, and who was called.
func (f *facts) talk(c *session.Connection) {
	f.value("session", c.Session, "")
	f.head("Roster", Thousands(len(c.Roster)))
	for _, m := range c.Roster {
		f.person("", m.Handle, m.Name)
	}
	f.head("Invited", Thousands(len(c.Invited)))
	for _, i := range c.Invited {
		ringing := "called by #" + strconv.FormatUint(i.Request, 10)
		if i.Ringing {
			ringing += ", it rings"
		}
		f.person("", i.Handle, ringing)
	}
}
