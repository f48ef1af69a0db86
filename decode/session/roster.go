package session

import "slices"

// entered handles USR OK and ANS OK at a switchboard: the user is in the session.
func (s *State) entered(e *Event, args *arguments) { s.enter(e, []byte(e.User), args.name()) }

// joined handles IRO, JOI and MSG: its user is in the session, since only members can write.
func (s *State) joined(e *Event, args *arguments) {
	s.enter(e, args.user(), args.name())
	at := endpoint{string(args.user()), args.endpoint()}
	c := s.conns[e.Conn]
	if at.name == "" || slices.ContainsFunc(c.endpoints, at.is) || len(c.endpoints) == maxRoster || !s.room() {
		return
	}
	c = s.conn(e.Conn)
	c.endpoints = append(c.endpoints, at)
}

// is compares without case: servers write endpoints in lower case, clients in capitals.
func (p endpoint) is(o endpoint) bool { return same(p.name, o.name) && same(p.handle, o.handle) }

func (s *State) enter(e *Event, who, called []byte) {
	if len(who) == 0 {
		return
	}
	c := s.conns[e.Conn]
	h := string(who)
	at := slices.IndexFunc(c.Roster, func(m Member) bool { return same(m.Handle, h) })
	if at >= 0 && (called == nil || c.Roster[at].Name == string(called)) {
		return
	}
	c = s.conn(e.Conn)
	if at >= 0 {
		c.Roster = slices.Clone(c.Roster)
		c.Roster[at].Name = string(called)
		return
	}
	if len(c.Roster) < maxRoster && s.room() {
		c.Roster = append(c.Roster, Member{h, string(called)})
	}
	s.uninvite(c, func(i Invitation) bool { return same(i.Handle, h) })
}

// left handles BYE. A user who leaves with one endpoint may stay with another; the connection's own
// user, who hears of it, stays.
func (s *State) left(e *Event, args *arguments) {
	h := string(args.user())
	gone := func(m Member) bool { return same(m.Handle, h) }
	at := endpoint{h, args.endpoint()}
	if stays := s.vacate(e.Conn, at); at.name != "" && (stays || same(h, e.User)) {
		return
	}
	if !slices.ContainsFunc(s.conns[e.Conn].Roster, gone) {
		return
	}
	c := s.conn(e.Conn)
	n := len(c.Roster)
	c.Roster = slices.DeleteFunc(slices.Clone(c.Roster), gone)
	s.entries -= n - len(c.Roster)
}

// vacate removes an endpoint from a session, or all endpoints of its user if its name is "". It
// reports whether other endpoints of the user stay.
func (s *State) vacate(conn int, at endpoint) (stays bool) {
	if len(s.conns[conn].endpoints) == 0 {
		return false
	}
	c := s.conn(conn)
	n := len(c.endpoints)
	c.endpoints = slices.DeleteFunc(slices.Clone(c.endpoints), func(o endpoint) bool {
		gone := same(o.handle, at.handle) && (at.name == "" || same(o.name, at.name))
		stays = stays || !gone && same(o.handle, at.handle)
		return gone
	})
	s.entries -= n - len(c.endpoints)
	return stays
}

// invited handles the client's CAL.
func (s *State) invited(e *Event, args *arguments) {
	if len(args.user()) == 0 || !s.room() {
		return
	}
	c := s.conn(e.Conn)
	if len(c.Invited) == maxInvited {
		c.Invited = slices.Clone(c.Invited[1:])
		s.entries--
	}
	c.Invited = append(c.Invited, Invitation{Handle: string(args.user()), Request: e.N})
}

// ringing handles the server's CAL.
func (s *State) ringing(e *Event, _ *arguments) {
	at := slices.IndexFunc(s.conns[e.Conn].Invited, func(i Invitation) bool { return i.Request == e.ReplyTo })
	if at < 0 {
		return
	}
	c := s.conn(e.Conn)
	c.Invited = slices.Clone(c.Invited)
	c.Invited[at].Ringing = true
}

// refused handles an error: a call that failed invites nobody.
func (s *State) refused(e *Event) {
	if e.ReplyTo != 0 {
		s.uninvite(s.conns[e.Conn], func(i Invitation) bool { return i.Request == e.ReplyTo })
		s.answered(e)
	}
}

// uninvite removes the invitations for which which returns true.
func (s *State) uninvite(c *Connection, which func(Invitation) bool) {
	if !slices.ContainsFunc(c.Invited, which) {
		return
	}
	c = s.conn(c.ID)
	n := len(c.Invited)
	c.Invited = slices.DeleteFunc(slices.Clone(c.Invited), which)
	s.entries -= n - len(c.Invited)
}
