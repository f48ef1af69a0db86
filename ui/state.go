package ui

import (
	"fmt"
	"strconv"

	"github.com/msnscope/msnscope/decode"
	"github.com/msnscope/msnscope/decode/dialect"
	"github.com/msnscope/msnscope/decode/session"
)

// stateIndent is where the values of the state stand.
const stateIndent = 14

// state shows what stands after the selected event: its user and its connection as they were then.
func (a *App) state() {
	_, e := a.model.Selected()
	if e == nil {
		a.say("there is no event to tell the state of")
		return
	}
	state := a.model.State(e.N)
	a.show(fmt.Sprintf("State as of #%d", e.N), func(width int) lines {
		s := &sheet{width: width, t: &a.theme}
		if state.N < e.N {
			s.warn(fmt.Sprintf("The log is read up to #%d only; this is the state there.", state.N))
		}
		if state.Partial {
			s.warn("Partial: there was too much to keep all of it, or a list changed by what was not seen or not readable.")
		}
		if e.Conn == 0 {
			s.warn("The event belongs to no connection.")
			return s.lines
		}
		s.user(state, e)
		s.connection(state, e)
		return s.lines
	})
}

func (s *sheet) warn(text string) {
	s.text(text, func(t *theme) seg { return seg{style: t.mark} })
	s.blank()
}

func (s *sheet) head(title, note string) {
	s.add(seg{" " + title, s.t.title}, seg{"  " + note, s.t.dim})
}

// fact writes a value, or that it is unknown.
func (s *sheet) fact(name, value, note string) {
	if value == "" {
		s.pair(stateIndent, name, "unknown", seg{style: s.t.dim}, "")
		return
	}
	s.pair(stateIndent, name, printable(decode.Unescape(value)), seg{style: s.t.plain}, note)
}

// user writes what the server told the event's user of that user and of others.
func (s *sheet) user(state *session.State, e *session.Event) {
	s.head("User", printable(e.User))
	u := state.User(e.User)
	if e.User == "" || u == nil {
		s.fact("handle", e.User, "")
		s.blank()
		return
	}
	on := "no"
	if u.Conn != 0 {
		on = dialect.NS.String() + "#" + strconv.Itoa(u.Conn)
	}
	s.fact("logged on", on, "")
	s.fact("presence", u.State, "")
	s.fact("friendly name", u.Name, "")
	s.fact("serial", u.Serial, "version of the lists")
	s.fact("GTC", u.Setting("GTC"), "A asks before others may add the user, N does not")
	s.fact("BLP", u.Setting("BLP"), "AL all but the blocked may write, BL only the allowed")
	for _, set := range u.Settings() {
		if set.Name != "GTC" && set.Name != "BLP" {
			s.fact(printable(set.Name), set.Value, "")
		}
	}
	s.blank()
	s.contacts(u)
}

// listNames are the four lists (§5.7) in words.
var listNames = map[string]string{"FL": "Forward list", "RL": "Reverse list", "AL": "Allow list", "BL": "Block list"}

// contacts writes the lists, and who is on none of them but was seen.
func (s *sheet) contacts(u *session.User) {
	for _, name := range dialect.Lists {
		entries, whole := u.List(name)
		note := thousands(len(entries))
		switch {
		case !whole && len(entries) == 0:
			note = "unknown: nobody told it here"
		case !whole:
			note += " seen; nobody told the whole list here"
		}
		s.head(listNames[name]+" "+name, note)
		for _, c := range entries {
			s.contact(c)
		}
		s.blank()
	}
	others := u.Unlisted()
	if len(others) == 0 {
		return
	}
	s.head("Seen on no list", thousands(len(others)))
	for _, c := range others {
		s.contact(c)
	}
	s.blank()
}

func (s *sheet) contact(c session.Contact) {
	presence := c.State
	if presence == "" {
		presence = "-"
	}
	handle := c.Handle
	if c.Network != "" && c.Network != "1" {
		handle += " (network " + c.Network + ")"
	}
	s.person(presence, handle, c.Name)
}

// person writes one line of a list: something short, the handle, the name.
func (s *sheet) person(mark, handle, name string) {
	s.pair(4, printable(mark), printable(handle), seg{style: s.t.plain}, printable(decode.Unescape(name)))
}

// connection writes what is known of the event's connection.
func (s *sheet) connection(state *session.State, e *session.Event) {
	s.head("Connection", connName(e))
	c := state.Connection(e.Conn)
	if c == nil {
		s.pair(stateIndent, "state", "unknown: it ended long before, or is not read yet", seg{style: s.t.dim}, "")
		return
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
		note = "inferred: no VER told it"
	}
	s.fact("state", open, "")
	s.fact("role", role, "")
	s.fact("dialect", c.Dialect, note)
	s.fact("client", c.Client, "")
	s.fact("server", c.Server, "")
	if c.Via != 0 {
		s.fact("led here by", "#"+strconv.Itoa(c.Via), "the connection with the referral")
	}
	if c.Role == dialect.SB {
		s.talk(c)
	}
}

// talk writes who is in a switchboard session, and who was called.
func (s *sheet) talk(c *session.Connection) {
	s.fact("session", c.Session, "")
	s.blank()
	s.head("Roster", thousands(len(c.Roster)))
	for _, m := range c.Roster {
		s.person("", m.Handle, m.Name)
	}
	s.blank()
	s.head("Invited", thousands(len(c.Invited)))
	for _, i := range c.Invited {
		ringing := "called by #" + strconv.FormatUint(i.Request, 10)
		if i.Ringing {
			ringing += ", it rings"
		}
		s.person("", i.Handle, ringing)
	}
}
