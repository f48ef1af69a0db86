package server

import (
	"slices"
	"time"

	"github.com/msnscope/msnscope/decode/dialect"
	"github.com/msnscope/msnscope/server/accounts"
)

const (
	ringTime = time.Minute // how long a user who was called counts as invited
	// A user who calls more often in a row, without a word between, is too active; a pause makes the row end.
	maxCalls  = 5
	callPause = 10 * time.Second
)

// session is a switchboard session (§8). It is guarded by hub.mu.
type session struct {
	id      string
	members []*conn              // in the order of joining
	rung    map[string]time.Time // who was called and has not answered, until when
}

func (s *session) has(key string) bool {
	return slices.ContainsFunc(s.members, func(c *conn) bool { return c.key == key })
}

// leave removes a member and tells the others (§8.5).
func (s *session) leave(c *conn, idle bool) {
	bye := line("BYE", c.handle)
	if idle {
		bye = line("BYE", c.handle, "1")
	}
	s.members = slices.DeleteFunc(s.members, func(m *conn) bool { return m == c })
	for _, m := range s.members {
		m.send(bye)
	}
}

// ringing returns how many are being called, and forgets those whose time is over.
func (s *session) ringing(now time.Time) int {
	for key, until := range s.rung {
		if !now.Before(until) {
			delete(s.rung, key)
		}
	}
	return len(s.rung)
}

// admit makes a cookie valid.
func (h *hub) admit(t *ticket) {
	h.mu.Lock()
	defer h.mu.Unlock()
	h.tickets.issue(t, h.now())
}

// usrCookie lets a user in with the cookie of an XFR, to a session of its own (§8.2).
func (c *conn) usrCookie(r *request) {
	c.enter(r, func(u *accounts.User, t *ticket) bool {
		if t.session != nil {
			return false
		}
		c.s.hub.join(c, u, t, c.s.hub.newSession())
		c.send(line("USR", r.id, "OK", c.handle, c.name))
		return true
	})
}

// ans lets a user in with the cookie of a RNG, to the session that it was called to, and tells it who is there (§8.4). Then
// the others learn of it (§8.5).
func (c *conn) ans(r *request) {
	c.enter(r, func(u *accounts.User, t *ticket) bool {
		s := t.session
		if s == nil || s.id != r.arg(2) || s.has(t.key) {
			return false
		}
		others := slices.Clone(s.members)
		c.s.hub.join(c, u, t, s)
		c.send(roster(r, others))
		joi := line("JOI", c.handle, c.name)
		for _, o := range others {
			o.calls = 0
			o.send(joi)
		}
		if c.s.set.joiToJoiner {
			c.send(joi)
		}
		return true
	})
}

// enter checks handle and cookie, and has f do the rest with the hub locked; f reports whether the cookie was the right kind.
func (c *conn) enter(r *request, f func(*accounts.User, *ticket) bool) {
	u, err := c.s.o.Store.Lookup(c.ctx, r.arg(0))
	if failureOf(err) == storeFailed {
		c.failErr(r, err)
		return
	}
	h := c.s.hub
	h.mu.Lock()
	defer h.mu.Unlock()
	t := h.tickets.find(r.arg(1), accounts.Key(r.arg(0)), h.now())
	if err != nil || t == nil || !f(&u, t) {
		c.fail(r, badCookie)
	}
}

// join puts the user into the session and takes the cookie. The hub must be locked.
func (h *hub) join(c *conn, u *accounts.User, t *ticket, s *session) {
	h.tickets.drop(t)
	delete(s.rung, t.key)
	c.handle, c.key, c.name = u.Handle, t.key, wireName(u.FriendlyName, u.Handle)
	c.session, c.state = s, dialect.Joined
	s.members = append(s.members, c)
}

// roster returns who is in the session, and the answer to ANS (§8.4).
func roster(r *request, others []*conn) *lines {
	l := new(lines)
	for i, o := range others {
		l.e.Command("IRO").Arg(r.id).Int(i+1).Int(len(others)).Arg(o.handle, o.name).End()
	}
	l.add("ANS", r.id, "OK")
	return l
}

// cal invites a user to the session, if it lets the caller (§8.3).
func (c *conn) cal(r *request) {
	if f := checkHandle(r.arg(0), noDomainCall); f != none {
		c.fail(r, f)
		return
	}
	callee, err := c.s.o.Store.Lookup(c.ctx, r.arg(0))
	if failureOf(err) == storeFailed {
		c.failErr(r, err)
		return
	}
	cookie, rerr := dotted(c.s.o.Rand, 9, 10, 10)
	if rerr != nil {
		c.internal(r, rerr)
		return
	}
	allowed := err == nil && callee.Permits(c.handle)
	if f := c.s.hub.call(c, r, allowed, cookie); f != none {
		c.fail(r, f)
	}
}

// call rings the callee at its notification server and answers the caller, or returns why not.
func (h *hub) call(c *conn, r *request, allowed bool, cookie string) failure {
	h.mu.Lock()
	defer h.mu.Unlock()
	now, s, key := h.now(), c.session, accounts.Key(r.arg(0))
	if now.Sub(c.called) >= callPause {
		c.calls = 0
	}
	c.calls++
	c.called = now
	ringing := s.ringing(now)
	_, rung := s.rung[key]
	callee := h.online[key]
	switch {
	case c.calls > maxCalls:
		return tooActive
	case rung, s.has(key):
		return alreadyThere
	case callee == nil, !allowed, !callee.seen():
		return notReachable
	case len(s.members)+ringing >= h.maxParticipants:
		return overload
	}
	h.tickets.issue(&ticket{cookie: cookie, key: key, session: s}, now)
	s.rung[key] = now.Add(ringTime)
	callee.send(line("RNG", s.id, c.s.o.Switchboard, "CKI", cookie, c.handle, c.name))
	c.send(line("CAL", r.id, "RINGING", s.id))
	return none
}

// msg relays a message to all others, each in one write with the body as it came (§8.7, §8.8). Delivered means handed to the
// connection of every other member, and that there is one.
func (c *conn) msg(r *request) {
	payload := r.m.Payload()
	if limit := c.s.set.maxMessage; limit > 0 && len(payload) > limit {
		c.fail(r, badMessage)
		return
	}
	delivered := c.s.hub.relay(c, payload)
	switch mode := r.arg(0); {
	case delivered && mode == "A":
		c.send(line("ACK", r.id))
	case !delivered && mode != "U":
		c.send(line("NAK", r.id))
	}
}

func (h *hub) relay(c *conn, payload []byte) (delivered bool) {
	h.mu.Lock()
	defer h.mu.Unlock()
	c.calls = 0
	l := message(c.handle, c.name, payload) // one copy for all
	delivered = len(c.session.members) > 1
	for _, m := range c.session.members {
		if m != c && !m.send(l) {
			delivered = false
		}
	}
	return delivered
}
