package server

import (
	"cmp"
	"fmt"
	"maps"
	"slices"
	"time"

	"github.com/msnscope/msnscope/decode/dialect"
)

// referralTime is how long a client that was referred in mid-session has to close the connection,
// as §7.4 asks of it. Some old clients never do.
const referralTime = 30 * time.Second

// Drain moves all users of the notification server at address from, which must be one of
// [Options.Notification], to the one at address to, which may belong to another process (§7.4):
// users who are logged on get an XFR in mid-session, users who come later get one in the logon. It
// returns how many connections were sent an XFR. To take users back to a drained server, drain
// another one to it.
func (s *Server) Drain(from, to string) (int, error) {
	from, to = withPort(from), withPort(to)
	if !slices.Contains(s.o.Notification, from) {
		return 0, fmt.Errorf("drain: %s is not a notification server of this server; it has %v", from, s.o.Notification)
	}
	if from == to {
		return 0, fmt.Errorf("drain: %s cannot be drained to itself", from)
	}
	s.mu.Lock()
	delete(s.drained, to)
	for a, b := range s.drained {
		if b == from {
			s.drained[a] = to
		}
	}
	s.drained[from] = to
	conns := slices.Collect(maps.Keys(s.open))
	s.mu.Unlock()
	n := 0
	for _, c := range conns {
		if c.addr == from && c.refer(to) {
			n++
		}
	}
	return n, nil
}

// Leave moves all users of this server's notification servers to others, each to where
// [Options.Placement] says, which must not name this server any more. Users who come later are sent
// there too. It returns how many connections were sent an XFR. Sessions at the switchboard stay.
func (s *Server) Leave() int {
	s.mu.Lock()
	s.leaving = true
	conns := slices.Collect(maps.Keys(s.open))
	s.mu.Unlock()
	n := 0
	for _, c := range conns {
		if to := s.drainedTo(c.addr, c.handleNow()); to != c.addr && c.refer(to) {
			n++
		}
	}
	return n
}

// EndLonely ends the connections of users who have been alone at the switchboard for at least d,
// with nobody invited: there is nobody who could miss what they say. It returns how many sessions
// are left.
func (s *Server) EndLonely(d time.Duration) int {
	for _, c := range s.board.lonely(d) {
		c.dismiss()
	}
	s.board.mu.Lock()
	defer s.board.mu.Unlock()
	return len(s.board.sessions)
}

// handleNow returns the handle of the user of a notification connection, "" before the logon.
func (c *conn) handleNow() string {
	c.turn.Lock()
	defer c.turn.Unlock()
	return c.user.Handle
}

// drainedTo returns the address that replaces the notification server addr for a user: addr itself
// unless it is drained, or where nothing replaces it.
func (s *Server) drainedTo(addr, handle string) string {
	s.mu.Lock()
	leaving, to := s.leaving, s.drained[addr]
	s.mu.Unlock()
	if leaving && s.o.Placement != nil {
		to = s.o.Placement.Notification(handle)
	}
	return cmp.Or(to, addr)
}

// refer refers the connection's user to the notification server at address to, and reports whether
// one is logged on. After that the server sends nothing more to the client and ignores what it
// sends.
func (c *conn) refer(to string) bool {
	c.begin()
	defer c.kick()
	defer c.yield()
	if c.role != dialect.NS || c.stranger() || c.user.referred {
		return false
	}
	c.send(c.referral("0", to))
	c.user.referred, c.due = true, time.Now().Add(referralTime)
	c.out.mute()
	_ = c.nc.SetReadDeadline(c.due)
	defer c.rouse()
	return true
}
