package conformance

import (
	"fmt"
	"slices"
	"strconv"
	"time"
)

// This file has the model's conversations.

// seats returns the connections to the switchboard.
func (m *model) seats() []*modelConn {
	return slices.DeleteFunc(slices.Clone(m.conns), func(c *modelConn) bool { return c.session == nil })
}

func (m *model) issue(u *modelUser, s *modelSession) *modelTicket {
	t := &modelTicket{
		word: fmt.Sprint("{c", len(m.tickets), "}"), user: u, session: s,
		until: m.now.Add(modelTicketTime),
	}
	m.tickets = append(m.tickets, t)
	return t
}

// pick chooses a ticket, preferring recent ones and the right kind.
func (m *model) pick(n int, ring bool) *modelTicket {
	of := m.tickets
	if n%5 != 0 {
		of = slices.DeleteFunc(slices.Clone(of),
			func(t *modelTicket) bool { return (t.session != nil) != ring || t.used })
	}
	if len(of) == 0 {
		return nil
	}
	return of[len(of)-1-n%min(len(of), 3)]
}

func (m *model) xfr(u *modelUser, o op) error {
	c, err := m.on(u)
	if err != nil {
		return err
	}
	if !u.seen() && o.A%4 != 0 {
		return m.chg(u, op{})
	}
	kind := "SB"
	if o.A%9 == 0 {
		kind = "NS"
	}
	if err := m.command(c, "XFR", kind); err != nil {
		return err
	}
	switch {
	case !u.seen():
		m.fail(c, 913, 913)
	case kind == "NS":
		m.fail(c, 201, 0)
	default:
		m.say(c, "XFR", m.id, "SB", "{_}", "CKI", m.issue(u, nil).word)
	}
	return nil
}

// usr opens a session with the cookie of an XFR.
func (m *model) usr(u *modelUser, o op) error {
	t, cookie := m.pick(o.A, false), "1.2.3"
	if t == nil && o.A%8 != 0 {
		return m.xfr(u, o)
	}
	c, err := m.connect("sb", u)
	if err != nil {
		return err
	}
	if t != nil {
		cookie = t.word
		if o.B%6 != 0 {
			u = t.user
		}
	}
	if err := m.command(c, "USR", u.handle, cookie); err != nil {
		return err
	}
	if t == nil || t.used || t.user != u || t.session != nil || !m.now.Before(t.until) {
		m.say(c, 911, m.id)
		c.closed = true
		return nil
	}
	m.talks++
	s := &modelSession{word: fmt.Sprint("{s", m.talks, "}"), rung: map[*modelUser]time.Time{}}
	m.sit(c, t, s)
	m.say(c, "USR", m.id, "OK", u.handle, u.name)
	return nil
}

func (m *model) sit(c *modelConn, t *modelTicket, s *modelSession) {
	t.used = true
	c.user, c.name, c.session = t.user, t.user.name, s
	s.members = append(s.members, c)
	delete(s.rung, t.user)
}

func (s *modelSession) has(u *modelUser) bool {
	return slices.ContainsFunc(s.members, func(c *modelConn) bool { return c.user == u })
}

// cal invites a user to a session.
func (m *model) cal(u *modelUser, o op) error {
	seats := m.seats()
	if len(seats) == 0 {
		return m.usr(u, o)
	}
	c := seats[o.A%len(seats)]
	other, handle := m.whom(nil, o.B)
	if seen := slices.DeleteFunc(slices.Clone(m.users),
		func(u *modelUser) bool { return !u.seen() }); len(seen) > 0 && o.B%4 != 0 {
		other = seen[o.B%len(seen)] // prefer a user who can come
		handle = other.handle
	}
	if err := m.command(c, "CAL", handle); err != nil {
		return err
	}
	if handle == "bob" {
		m.fail(c, 206, 208)
		return nil
	}
	if m.now.Sub(c.called) >= modelCallPause {
		c.calls = 0
	}
	c.calls++
	c.called = m.now
	s := c.session
	switch {
	case c.calls > modelMaxCalls:
		m.fail(c, 713, 713)
	case other != nil && (s.has(other) || m.now.Before(s.rung[other])):
		m.fail(c, 215, 215)
	case other == nil || !other.seen() || !other.permits(c.user):
		m.fail(c, 217, 217)
	default:
		s.rung[other] = m.now.Add(modelRingTime)
		m.say(c, "CAL", m.id, "RINGING", s.word)
		m.say(other.ns, "RNG", s.word, "{_}", "CKI", m.issue(other, s).word, c.user.handle, c.name)
	}
	return nil
}

// ans answers a ring, now and then as another user or to another session.
func (m *model) ans(u *modelUser, o op) error {
	t := m.pick(o.A, true)
	if t == nil && o.A%8 != 0 {
		return m.cal(u, o)
	}
	c, err := m.connect("sb", u)
	if err != nil {
		return err
	}
	cookie, session, right := "1.2.3", "17", false
	if t != nil {
		cookie = t.word
		if o.B%6 != 0 {
			u = t.user
		}
		if t.session != nil {
			n, _ := strconv.Atoi(m.fill(t.session.word))
			session = strconv.Itoa(n + o.B%7/6) // sometimes another session
			right = o.B%7 != 6 && u == t.user && !t.used && time.Now().Before(t.until) && !t.session.has(u)
		}
	}
	if err := m.command(c, "ANS", u.handle, cookie, session); err != nil {
		return err
	}
	if !right {
		m.say(c, 911, m.id)
		c.closed = true
		return nil
	}
	others := slices.Clone(t.session.members)
	m.sit(c, t, t.session)
	for i, other := range others {
		m.say(c, "IRO", m.id, i+1, len(others), other.user.handle, other.name)
		m.say(other, "JOI", u.handle, c.name)
		other.calls = 0
	}
	m.say(c, "ANS", m.id, "OK")
	if m.preset == Draft {
		m.say(c, "JOI", u.handle, c.name)
	}
	return nil
}

func (m *model) msg(u *modelUser, o op) error {
	seats := m.seats()
	if len(seats) == 0 {
		return m.usr(u, o)
	}
	c := seats[o.A%len(seats)]
	mode := []string{"U", "N", "A", "N", "A", "u"}[o.B%6]
	m.id++
	text := fmt.Sprint("message\r\n", m.id)
	m.history = append(m.history, fmt.Sprintf("%s> MSG %d %s %d", c.conn.name, m.id, mode, len(text)))
	if err := m.send(c.conn, fmt.Sprintf("MSG %d %s %d\r\n%s", m.id, mode, len(text), text)); err != nil {
		return err
	}
	if mode == "u" {
		m.fail(c, 201, 0)
		return nil
	}
	c.calls = 0
	for _, other := range c.session.members {
		if other != c {
			m.say(other, fmt.Sprintf("MSG %s %s %d\n%s", c.user.handle, c.name, len(text), text))
		}
	}
	switch alone := len(c.session.members) == 1; {
	case alone && mode != "U":
		m.say(c, "NAK", m.id)
	case !alone && mode == "A":
		m.say(c, "ACK", m.id)
	}
	return nil
}

// leave ends a connection, with OUT or without.
func (m *model) leave(u *modelUser, o op) error {
	c := u.ns
	if seats := m.seats(); len(seats) > 0 && o.B%2 == 0 {
		c = seats[o.A%len(seats)]
	}
	if c == nil {
		return nil
	}
	if o.A%3 == 0 {
		m.history = append(m.history, c.conn.name+": close")
		m.gone(c)
		return c.conn.Close()
	}
	m.history = append(m.history, c.conn.name+"> OUT")
	if c.session == nil && m.preset != Observed {
		m.say(c, "OUT")
	}
	m.gone(c)
	return m.send(c.conn, "OUT\r\n")
}
