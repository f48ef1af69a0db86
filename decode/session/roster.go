package session

import "slices"

// entered: USR OK and ANS OK at a switchboard. The user is in the session.
func (s *State) entered(e *Event, w *words) { s.enter(e, []byte(e.User), w.name()) }

// joined: IRO and JOI, and MSG, for who writes is there.
func (s *State) joined(e *Event, w *words) {
	s.enter(e, w.user(), w.name())
	at := place{string(w.user()), w.place()}
	c := s.conns[e.Conn]
	if at.name == "" || slices.ContainsFunc(c.places, at.is) || len(c.places) == maxRoster || !s.room() {
		return
	}
	c = s.conn(e.Conn)
	c.places = append(c.places, at)
}

func (p place) is(o place) bool { return p.name == o.name && same(p.handle, o.handle) }

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

// left: BYE. Who leaves one place may stay at another.
func (s *State) left(e *Event, w *words) {
	h := string(w.user())
	gone := func(m Member) bool { return same(m.Handle, h) }
	if at := (place{h, w.place()}); s.vacate(e.Conn, at) && at.name != "" {
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

// vacate takes a place off a session, all of the user for the place "". It reports whether others of the user stay.
func (s *State) vacate(conn int, at place) (stays bool) {
	if len(s.conns[conn].places) == 0 {
		return false
	}
	c := s.conn(conn)
	n := len(c.places)
	c.places = slices.DeleteFunc(slices.Clone(c.places), func(o place) bool {
		gone := same(o.handle, at.handle) && (at.name == "" || o.name == at.name)
		stays = stays || !gone && same(o.handle, at.handle)
		return gone
	})
	s.entries -= n - len(c.places)
	return stays
}

// invited: CAL.
func (s *State) invited(e *Event, w *words) {
	if len(w.user()) == 0 || !s.room() {
		return
	}
	c := s.conn(e.Conn)
	if len(c.Invited) == maxInvited {
		c.Invited = slices.Clone(c.Invited[1:])
		s.entries--
	}
	c.Invited = append(c.Invited, Invitation{Handle: string(w.user()), Request: e.N})
}

// ringing: the server's CAL.
func (s *State) ringing(e *Event, _ *words) {
	at := slices.IndexFunc(s.conns[e.Conn].Invited, func(i Invitation) bool { return i.Request == e.ReplyTo })
	if at < 0 {
		return
	}
	c := s.conn(e.Conn)
	c.Invited = slices.Clone(c.Invited)
	c.Invited[at].Ringing = true
}

// refused: an error. A call that failed invites nobody.
func (s *State) refused(e *Event) {
	if e.ReplyTo != 0 {
		s.uninvite(s.conns[e.Conn], func(i Invitation) bool { return i.Request == e.ReplyTo })
		s.answered(e)
	}
}

// uninvite takes invitations back.
func (s *State) uninvite(c *Connection, which func(Invitation) bool) {
	if !slices.ContainsFunc(c.Invited, which) {
		return
	}
	c = s.conn(c.ID)
	n := len(c.Invited)
	c.Invited = slices.DeleteFunc(slices.Clone(c.Invited), which)
	s.entries -= n - len(c.Invited)
}
