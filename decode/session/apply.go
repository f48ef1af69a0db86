package session

import (
	"cmp"
	"slices"
	"strings"

	"github.com/msnscope/msnscope/decode"
	"github.com/msnscope/msnscope/decode/dialect"
)

// rule is what a command changes that says all of one set of things, and nothing of another.
type rule struct {
	dir      decode.Dir
	role     dialect.Role
	all, not part
	change   func(*State, *Event, *words)
}

// rules tell by what a command's arguments are what it changes; the first that fits does. So they hold for all dialects in
// which the arguments mean the same; what no rule fits changes nothing.
var rules = []rule{
	{decode.FromServer, dialect.NS, partSelf | partStatus, 0, (*State).logOn},
	{decode.FromServer, dialect.NS, partList | partItem | partTotal, 0, (*State).listed},
	{decode.FromServer, dialect.NS, partList | partHandle | partName, partItem, (*State).added},
	{decode.FromServer, dialect.NS, partList | partHandle, partItem | partName, (*State).removed},
	{decode.FromServer, dialect.NS, partSerial | partHandle | partName, partList, (*State).renamed},
	{decode.FromServer, dialect.NS, partState | partHandle, 0, (*State).contact},
	{decode.FromServer, dialect.NS, partState, partHandle, (*State).presence},
	{decode.FromServer, dialect.NS, partHandle | partName | partLists, 0, (*State).listedIn},
	{decode.FromServer, dialect.NS, partHandle, ^(partHandle | partNetwork | partExtra), (*State).contactLeft},
	{decode.FromServer, dialect.NS, partSetting, partHandle, (*State).set},
	{decode.FromServer, dialect.NS, partProperty | partValue, partHandle | partID, (*State).property},
	{decode.FromServer, dialect.NS, partSerial | partContacts, 0, (*State).version},
	{decode.FromServer, dialect.NS, partSerial, ^partSerial, (*State).version},

	{decode.FromClient, dialect.NS, partXML | partLength, 0, (*State).listsAsked},
	{decode.FromServer, dialect.NS, partXML | partStatus, 0, (*State).listsGranted},
	{decode.FromServer, dialect.NS, partXML | partLength, 0, (*State).listsTold},

	{decode.FromServer, dialect.SB, partSelf, 0, (*State).entered},
	{decode.FromServer, dialect.SB, partHandle | partName, 0, (*State).joined}, // who writes is there too
	{decode.FromServer, dialect.SB, partHandle, partName | partLength, (*State).left},
	{decode.FromServer, dialect.SB, partStatus | partTalk, 0, (*State).ringing},
	{decode.FromServer, dialect.SB, partStatus, partTalk, (*State).entered},
	{decode.FromClient, dialect.SB, partHandle, partSelf, (*State).invited},
}

// fits reports whether the rule is one for what the event says.
func (r *rule) fits(e *Event, w *words) bool {
	return r.dir == e.Dir && (e.Role == r.role || e.Role == 0 && w.row.Roles == r.role) &&
		w.has&r.all == r.all && w.has&r.not == 0
}

// Apply changes the State to what it is after the event. Events must come in the order of the log. What was not sent on to
// the other side changes nothing.
func (s *State) Apply(e *Event) {
	s.N, s.Time = max(s.N, e.N), e.Time
	if e.Conn == 0 {
		return
	}
	c := s.connection(e)
	if e.Kind == Close {
		s.end(c)
		return
	}
	if e.User != "" && s.users[string(s.fold(e.User))] == nil {
		s.user(e.User)
	}
	switch {
	case e.Kind != Command || e.In.Opaque() || e.Flags&Dropped != 0:
	case e.Flags&Error != 0:
		s.refused(e)
	case e.Row != nil:
		s.command(e)
	}
}

// command applies the first rule that fits.
func (s *State) command(e *Event) {
	row, m := e.Row, &e.In
	if e.Dir == decode.FromClient && e.Out != nil { // what reached the server counts
		sent := e.Sent()
		m = &sent
		if row = Table(e.Dialect).Match(e.Dir, cmp.Or(e.Role, dialect.Any), m); row == nil {
			return
		}
	}
	var w words
	w.read(row, m)
	for i := range rules {
		if rules[i].fits(e, &w) {
			rules[i].change(s, e, &w)
			s.Partial = s.Partial || w.long
			return
		}
	}
}

func same(a, b string) bool { return strings.EqualFold(a, b) }

// fold returns the key of a handle, valid until the next call.
func (s *State) fold(handle string) []byte {
	s.key = appendFold(s.key[:0], handle)
	return s.key
}

// user returns the user with the handle, to be changed.
func (s *State) user(h string) *User {
	u := s.users[string(s.fold(h))]
	switch {
	case u == nil:
		if len(s.users) == maxUsers {
			s.forgetUsers()
		}
		u = &User{Handle: h, owner: s.owner}
		key := string(s.fold(h))
		s.users[key] = u
		s.order = append(s.order, key)
	case u.owner != s.owner:
		c := *u
		c.owner = s.owner
		u = &c
		s.users[string(s.fold(h))] = u
	}
	return u
}

// forgetUsers makes room for other users: it forgets an eighth of them.
func (s *State) forgetUsers() {
	s.Partial = true
	left := maxUsers / 8
	drop := func(key string) bool {
		if left == 0 {
			return false
		}
		left--
		u := s.users[key]
		s.entries -= len(u.seen)
		for i := range u.lists {
			s.entries -= len(u.lists[i].entries)
		}
		delete(s.users, key)
		return true
	}
	s.order = slices.DeleteFunc(slices.Clone(s.order), func(key string) bool { return s.users[key].Conn == 0 && drop(key) })
	s.order = slices.DeleteFunc(s.order, drop)
}

// connection returns the event's connection as the event tells it.
func (s *State) connection(e *Event) *Connection {
	c := s.conns[e.Conn]
	if c == nil {
		c = &Connection{ID: e.Conn, owner: s.owner}
		s.conns[e.Conn] = c
		s.opened = append(s.opened, e.Conn)
		if len(s.opened) > maxConns {
			s.forgetConns()
		}
	}
	if c.Role == e.Role && c.User == e.User && c.Session == e.Session && c.Server == e.Server && c.Dialect == e.Dialect &&
		c.Via == e.Via && c.Client == e.Client {
		return c
	}
	c = s.conn(e.Conn)
	c.Client, c.Server, c.Role, c.Dialect, c.User, c.Session, c.Via = e.Client, e.Server, e.Role, e.Dialect, e.User, e.Session, e.Via
	return c
}

// conn returns a connection to be changed.
func (s *State) conn(id int) *Connection {
	c := s.conns[id]
	if c.owner != s.owner {
		o := *c
		o.owner = s.owner
		o.Roster, o.Invited = slices.Clip(c.Roster), slices.Clip(c.Invited)
		o.places, o.asked = slices.Clip(c.places), slices.Clip(c.asked)
		c = &o
		s.conns[id] = c
	}
	return c
}

// forgetConns makes room for other connections: it takes those out of opened that have ended, and where too few have, forgets
// the oldest eighth.
func (s *State) forgetConns() {
	open := slices.DeleteFunc(slices.Clone(s.opened), func(id int) bool { return s.conns[id] == nil || s.conns[id].Closed })
	if len(open) > maxConns-maxConns/8 {
		s.Partial = true
		for _, id := range open[:maxConns/8] {
			s.clear(s.conns[id])
			delete(s.conns, id)
		}
		open = open[maxConns/8:]
	}
	s.opened = open
}

// clear takes the entries of a connection off the account.
func (s *State) clear(c *Connection) {
	s.entries -= len(c.Roster) + len(c.Invited) + len(c.places)
	for i := range c.asked {
		s.entries -= len(c.asked[i].members)
	}
}

// end closes a connection: its user is no longer there.
func (s *State) end(c *Connection) {
	if c.Closed {
		return
	}
	c = s.conn(c.ID)
	s.clear(c)
	c.Closed, c.Roster, c.Invited, c.places, c.asked = true, nil, nil, nil, nil
	if u := s.users[string(s.fold(c.User))]; u != nil && u.Conn == c.ID {
		s.logOff(s.user(c.User))
	}
	s.closed = append(s.closed, c.ID)
	if len(s.closed) > keepClosed {
		delete(s.conns, s.closed[0])
		s.closed = s.closed[1:]
	}
}

// logOff forgets what only one who is logged on is told.
func (s *State) logOff(u *User) {
	s.entries -= len(u.seen)
	u.Conn, u.State, u.seen, u.seenBy = 0, offline, nil, nil
}

// room reports whether one more entry may be kept.
func (s *State) room() bool {
	if s.entries >= maxEntries {
		s.Partial = true
		return false
	}
	s.entries++
	return true
}
