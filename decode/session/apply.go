package session

import (
	"cmp"
	"slices"
	"strings"

	"github.com/msnscope/msnscope/decode"
	"github.com/msnscope/msnscope/decode/dialect"
)

// changes has the method that applies each effect of a command to a State, nil for an effect that
// changes nothing there.
var changes = [dialect.NumEffects]func(*State, *Event, *arguments){
	dialect.LogsOn:         (*State).logOn,
	dialect.SetsPresence:   (*State).presence,
	dialect.SetsSetting:    (*State).set,
	dialect.SetsProperty:   (*State).property,
	dialect.ContactPresent: (*State).contact,
	dialect.ContactGone:    (*State).contactLeft,
	dialect.Publishes:      (*State).publishes,
	dialect.Tells:          (*State).told,
	dialect.TakesBack:      (*State).told,
	dialect.ListVersion:    (*State).version,
	dialect.ListEntry:      (*State).entry,
	dialect.ListGains:      (*State).added,
	dialect.ListLoses:      (*State).removed,
	dialect.Renames:        (*State).renamed,
	dialect.AsksLists:      (*State).listsAsked,
	dialect.GrantsLists:    (*State).listsGranted,
	dialect.TellsLists:     (*State).listsReported,
	dialect.Enters:         (*State).entered,
	dialect.IsThere:        (*State).joined,
	dialect.Leaves:         (*State).left,
	dialect.Calls:          (*State).invited,
	dialect.Rings:          (*State).ringing,
}

// Apply brings the State to what it is after the event. Events must come in the order of the log. A
// command that was not sent on to the other side changes nothing.
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
	if e.User != "" && c.named != s.forgets {
		s.name(c, e.User)
	}
	switch {
	case e.Kind != Command || e.In.Opaque() || e.Flags&Dropped != 0:
	case e.Flags&Error != 0:
		s.refused(e)
	case e.Row != nil:
		s.command(e)
	}
}

// command applies the effect of the event's row. The kinds of the row's arguments never decide what
// a command does: two commands whose arguments are alike may mean different things.
func (s *State) command(e *Event) {
	row, m := e.Row, &e.In
	if e.Dir == decode.FromClient && e.Out != nil { // what reached the server counts
		sent := e.Sent()
		m = &sent
		if row = Table(e.Dialect).Match(e.Dir, cmp.Or(e.Role, dialect.Any), m); row == nil {
			return
		}
	}
	change := changes[row.Effect(e.Role)]
	if change == nil {
		return
	}
	var args arguments
	args.read(row, m)
	change(s, e, &args)
	s.Partial = s.Partial || args.long
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

// name has the users contain that of a connection.
func (s *State) name(c *Connection, handle string) {
	if s.users[string(s.fold(handle))] == nil {
		s.user(handle)
	}
	if c.owner == s.owner {
		c.named = s.forgets
	}
}

// forgetUsers makes room for new users by forgetting an eighth of the known ones.
func (s *State) forgetUsers() {
	s.Partial = true
	s.forgets++
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
	s.order = slices.DeleteFunc(slices.Clone(s.order),
		func(key string) bool { return s.users[key].Conn == 0 && drop(key) })
	s.order = slices.DeleteFunc(s.order, drop)
}

// connection returns the event's connection, updated to what the event says about it.
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
	if c.Role == e.Role && c.User == e.User && c.Session == e.Session && c.Server == e.Server &&
		c.Dialect == e.Dialect && c.Via == e.Via && c.Client == e.Client {
		return c
	}
	c = s.conn(e.Conn)
	c.Client, c.Server, c.Via = e.Client, e.Server, e.Via
	c.Role, c.Dialect, c.User, c.Session, c.named = e.Role, e.Dialect, e.User, e.Session, 0
	return c
}

// conn returns a connection to be changed.
func (s *State) conn(id int) *Connection {
	c := s.conns[id]
	if c.owner != s.owner {
		o := *c
		o.owner = s.owner
		o.Roster, o.Invited = slices.Clip(c.Roster), slices.Clip(c.Invited)
		o.endpoints, o.asked = slices.Clip(c.endpoints), slices.Clip(c.asked)
		c = &o
		s.conns[id] = c
	}
	return c
}

// forgetConns makes room for new connections: it removes those that have ended from opened, and if
// these are too few, forgets the oldest eighth.
func (s *State) forgetConns() {
	open := slices.DeleteFunc(slices.Clone(s.opened),
		func(id int) bool { return s.conns[id] == nil || s.conns[id].Closed })
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

// clear drops the entries of a connection, and subtracts them from the number of entries kept.
func (s *State) clear(c *Connection) {
	s.entries -= len(c.Roster) + len(c.Invited) + len(c.endpoints)
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
	c.Closed, c.Roster, c.Invited, c.endpoints, c.asked = true, nil, nil, nil, nil
	if u := s.users[string(s.fold(c.User))]; u != nil && u.Conn == c.ID {
		s.logOff(s.user(c.User))
	}
	s.closed = append(s.closed, c.ID)
	if len(s.closed) > keepClosed {
		delete(s.conns, s.closed[0])
		s.closed = s.closed[1:]
	}
}

// logOff sets the user's presence to offline, and forgets what a server tells only a user who is
// logged on.
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
