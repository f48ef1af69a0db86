package server

import (
	"maps"
	"slices"
	"strconv"
	"sync"
	"time"
)

// board is a switchboard's sessions.
type board struct {
	mu       sync.Mutex
	sessions map[string]*session // those with members, by their number
	last     int
	most     int // members of a session
}

// session is a switchboard session (§8). What its members get is queued with mu locked, so that all get it in one order.
type session struct {
	id string

	mu      sync.Mutex
	members []*conn              // in the order of joining
	rung    map[string]time.Time // who was called and has not answered, until when
}

// init gives the board its first number. Numbers begin high: one client takes a small one for one of its own TrIDs. They are
// no secret, so that a random source that fails, which shows with the first challenge, matters little here.
func (b *board) init(s *Server) {
	b.sessions, b.most = make(map[string]*session), s.o.MaxParticipants
	first, err := digits(s.o.Rand, 8)
	if err != nil {
		first = "11752012"
	}
	b.last, _ = strconv.Atoi(first) // digits are digits
}

// open gives c a session of its own.
func (b *board) open(c *conn) {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.last++
	_, _ = b.seat(c, strconv.Itoa(b.last), nil) // nobody is there
}

// join puts c into the session with the number, gives the others joi, and returns them; or it returns why not: the user is there already,
// or there is no room: who is being rung has a place, who answers too late has none.
func (b *board) join(c *conn, id string, joi []byte) (others []*conn, f failure) {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.seat(c, id, joi)
}

// seat is join with the board locked. Whoever has a cookie for a session that all have left finds nobody there (§8.4).
func (b *board) seat(c *conn, id string, joi []byte) (others []*conn, f failure) {
	s := b.sessions[id]
	if s == nil {
		s = &session{id: id, rung: make(map[string]time.Time)}
		b.sessions[id] = s
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.hasKey(c.seat.key) {
		return nil, badCookie
	}
	delete(s.rung, c.seat.key)
	if s.taken(time.Now()) >= b.most {
		return nil, overload
	}
	others = slices.Clone(s.members)
	for _, o := range others {
		o.seat.calls = 0
	}
	s.toOthers(c, joi)
	s.members = append(s.members, c)
	c.seat.session = s
	return others, none
}

// taken returns how many places are taken: those of members and of who is being rung still. The session must be locked.
func (s *session) taken(now time.Time) int {
	maps.DeleteFunc(s.rung, func(_ string, until time.Time) bool { return !now.Before(until) })
	return len(s.members) + len(s.rung)
}

// has reports whether the user is in the session.
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

// leave removes c from its session, if it has one, and tells the others (§8.5).
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
	s.members = slices.DeleteFunc(s.members, func(m *conn) bool { return m == c })
	s.toOthers(c, bye.bytes())
	if len(s.members) == 0 {
		delete(b.sessions, s.id)
	}
}

// hasKey reports whether a user is in the session, which must be locked.
func (s *session) hasKey(key string) bool {
	return slices.ContainsFunc(s.members, func(c *conn) bool { return c.seat.key == key })
}

// toOthers queues b for all members but c, and reports whether all will get it. The session must be locked.
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

// relay is toOthers for messages: it reports whether everybody will get them and there is somebody.
func (s *session) relay(c *conn, b []byte) (delivered bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	c.seat.calls = 0
	return s.toOthers(c, b) && len(s.members) > 1
}

// much returns nil, or while another member than c has much to read still a channel that is closed when it has read some.
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

// ring notes that c calls the user, or returns why that may not be.
func (s *session) ring(c *conn, key string, most int, timeout time.Duration) failure {
	s.mu.Lock()
	defer s.mu.Unlock()
	now := time.Now()
	if now.Sub(c.seat.called) >= callPause {
		c.seat.calls = 0
	}
	c.seat.calls++
	c.seat.called = now
	taken := s.taken(now)
	_, rung := s.rung[key]
	switch {
	case c.seat.calls > maxCalls:
		return tooActive
	case rung, s.hasKey(key):
		return alreadyThere
	case taken >= most:
		return overload
	}
	s.rung[key] = now.Add(timeout)
	return none
}

// unring takes back what ring noted.
func (s *session) unring(key string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	delete(s.rung, key)
}
