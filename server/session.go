package server

import (
	"maps"
	"slices"
	"strconv"
	"sync"
	"time"
)

// board holds the sessions of a switchboard. Its methods are safe for concurrent use.
type board struct {
	mu       sync.Mutex
	sessions map[string]*session // those that have members, by number
	hosts    map[guest]host      // of those who have a cookie
	sweep    time.Time           // when those are forgotten whose cookie is valid no more
	last     int
	most     int // members of a session; 0 means no limit
	shares   *shares
}

// session is a switchboard session (§8). What its members are sent is queued with mu locked, so
// that all get it in the same order.
type session struct {
	id string

	mu      sync.Mutex
	members []*conn         // in the order in which they joined
	rung    map[string]rung // invitations without an answer, by accounts.Key
	changed time.Time       // when somebody last joined or left
}

// init sets the number of the first session. Numbers start high, since one client mistakes a small
// one for one of its own TrIDs. They are no secret, so that it matters little here if the random
// source fails; the first challenge will show that.
func (b *board) init(s *Server) {
	b.sessions, b.most, b.shares = make(map[string]*session), s.set.Limits.SessionUsers, &s.shares
	b.hosts = make(map[guest]host)
	first, err := digits(s.o.Rand, 8)
	if err != nil {
		first = "11752012"
	}
	b.last, _ = strconv.Atoi(first) // digits returns only digits
}

// open puts c into a new session.
func (b *board) open(c *conn) {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.last++
	_, _ = b.seat(c, strconv.Itoa(b.last), nil) // a new session refuses nobody
}

// join puts c into the session with the number id, sends the other members joi, and returns them.
// It fails if the user is in the session already, or if there is no room: a user who is being rung
// has a place reserved, one who answers too late does not.
func (b *board) join(c *conn, id string, joi []byte) (others []*conn, f failure) {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.seat(c, id, joi)
}

// seat is join with b.mu locked. A user with a cookie for a session that all have left finds it
// empty (§8.4).
func (b *board) seat(c *conn, id string, joi []byte) (others []*conn, f failure) {
	s := b.sessions[id]
	if s == nil {
		s = &session{id: id, rung: make(map[string]rung)}
		b.sessions[id] = s
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.hasKey(c.seat.key) {
		return nil, badCookie
	}
	if r, ok := s.rung[c.seat.key]; ok {
		delete(s.rung, c.seat.key)
		b.shares.unring(r)
	}
	if !within(s.taken(time.Now()), b.most) {
		return nil, overload
	}
	others = slices.Clone(s.members)
	for _, o := range others {
		o.seat.calls = 0
	}
	s.toOthers(c, joi)
	s.members, s.changed = append(s.members, c), time.Now()
	c.seat.session = s
	return others, none
}

// taken returns how many places of the session are taken: by members and by users who are still
// being rung. s.mu must be locked.
func (s *session) taken(now time.Time) int {
	maps.DeleteFunc(s.rung, func(_ string, r rung) bool { return !now.Before(r.until) })
	return len(s.members) + len(s.rung)
}

// has reports whether the user with the key is in the session with the number id.
func (b *board) has(id, key string) bool {
	b.mu.Lock()
	defer b.mu.Unlock()
	s := b.sessions[id]
	if s == nil {
		return false
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.hasKey(key)
}

// guest is a user, by accounts.Key, and the number of a session.
type guest struct{ session, key string }

// host is who invited a guest, by accounts.Key, and until when the cookie is valid.
type host struct {
	key   string
	until time.Time
}

// invited remembers who invited a guest: unlike the invitation, that outlasts the session.
func (b *board) invited(g guest, by string, until time.Time) {
	b.mu.Lock()
	defer b.mu.Unlock()
	if now := time.Now(); now.After(b.sweep) {
		maps.DeleteFunc(b.hosts, func(_ guest, h host) bool { return now.After(h.until) })
		b.sweep = until
	}
	b.hosts[g] = host{by, until}
}

// host returns the key of who invited a guest, "" for nobody.
func (b *board) host(g guest) string {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.hosts[g].key
}

// endLonely ends a connection of the user with the key that is alone in a session to which host
// invited it, and reports whether there is one: many clients stay where everybody else has left.
func (b *board) endLonely(key, host string) bool {
	if host == "" {
		return false
	}
	for _, c := range b.lonely(0) {
		if c.seat.key == key && c.seat.host == host && !c.out.ending() {
			c.dismiss()
			b.shares.unseat(c)
			return true
		}
	}
	return false
}

// leave removes c from its session, if it has one, and sends the others a BYE (§8.5), which says so
// if c was idle.
func (b *board) leave(c *conn, idle bool) {
	s := c.seat.session
	if s == nil {
		return
	}
	bye := line("BYE", c.seat.handle)
	if idle {
		bye = line("BYE", c.seat.handle, "1")
	}
	b.mu.Lock()
	defer b.mu.Unlock()
	s.mu.Lock()
	defer s.mu.Unlock()
	s.members, s.changed = slices.DeleteFunc(s.members, func(m *conn) bool { return m == c }), time.Now()
	s.toOthers(c, bye.bytes())
	if len(s.members) == 0 {
		delete(b.sessions, s.id)
	}
}

// expel withdraws the invitations of and to the user with the key, and returns the user's
// connections.
func (b *board) expel(key string) (seats []*conn) {
	b.mu.Lock()
	defer b.mu.Unlock()
	for _, s := range b.sessions {
		s.mu.Lock()
		for called, r := range s.rung {
			if called == key || r.caller == key {
				delete(s.rung, called)
				b.shares.unring(r)
			}
		}
		for _, m := range s.members {
			if m.seat.key == key {
				seats = append(seats, m)
			}
		}
		s.mu.Unlock()
	}
	return seats
}

// lonely returns the connections of users who have been alone in a session for at least d, with
// nobody invited.
func (b *board) lonely(d time.Duration) (alone []*conn) {
	b.mu.Lock()
	defer b.mu.Unlock()
	now := time.Now()
	for _, s := range b.sessions {
		s.mu.Lock()
		if s.taken(now) == 1 && len(s.members) == 1 && now.Sub(s.changed) >= d {
			alone = append(alone, s.members[0])
		}
		s.mu.Unlock()
	}
	return alone
}

// hasKey reports whether the user with the key is in the session. s.mu must be locked.
func (s *session) hasKey(key string) bool {
	return slices.ContainsFunc(s.members, func(c *conn) bool { return c.seat.key == key })
}

// toOthers queues b for all members but c, and reports whether all of them will get it. s.mu must
// be locked.
func (s *session) toOthers(c *conn, b []byte) bool {
	all := true
	for _, m := range s.members {
		if m == c {
			continue
		}
		ok, first := m.tell(b)
		if first {
			c.touched = append(c.touched, m)
		}
		all = all && ok
	}
	return all
}

// relay queues messages for all members but c, and reports whether there are any and all of them
// will get b.
func (s *session) relay(c *conn, b []byte) (delivered bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	c.seat.calls = 0
	return s.toOthers(c, b) && len(s.members) > 1
}

// much returns a channel that is closed once a member other than c with much queued has read some
// of it, or nil while there is no such member.
func (s *session) much(c *conn) <-chan struct{} {
	s.mu.Lock()
	defer s.mu.Unlock()
	for _, m := range s.members {
		if m == c {
			continue
		}
		if taken := m.out.much(); taken != nil {
			return taken
		}
	}
	return nil
}

// ring records that c invites the user with the key, for timeout, or returns why c may not.
func (b *board) ring(c *conn, key string, timeout time.Duration) failure {
	s := c.seat.session
	s.mu.Lock()
	defer s.mu.Unlock()
	now := time.Now()
	if now.Sub(c.seat.called) >= callPause {
		c.seat.calls = 0
	}
	c.seat.calls++
	c.seat.called = now
	taken := s.taken(now)
	_, isRung := s.rung[key]
	switch {
	case c.seat.calls > maxCalls:
		return tooActive
	case isRung, s.hasKey(key):
		return alreadyThere
	case !within(taken, b.most):
		return overload
	}
	r, ok := b.shares.ring(c, now, now.Add(timeout))
	if !ok {
		return tooActive
	}
	r.caller = c.seat.key
	s.rung[key] = r
	return none
}

// unring withdraws an invitation that ring recorded.
func (b *board) unring(c *conn, key string) {
	s := c.seat.session
	s.mu.Lock()
	defer s.mu.Unlock()
	b.shares.unring(s.rung[key])
	delete(s.rung, key)
}
