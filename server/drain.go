package server

import (
	"cmp"
	"fmt"
	"maps"
	"slices"
	"time"

	"github.com/msnscope/msnscope/decode/dialect"
)

// referralTime is how long a client that was referred in mid-session may take to close the connection, which is its part
// (§7.4). Some old ones never do.
const referralTime = 30 * time.Second

// Drain refers all users of the notification server with the address from, one of [Options.Notification] without which
// there is nobody to move, to the one with the address to, which may be another process's (§7.4): those who are logged on with an
// XFR in mid-session, those who come with one in the logon. It returns how many were told. To take users back to a server
// that was drained, drain another one to it.
func (s *Server) Drain(from, to string) (int, error) {
	from, to = withPort(from), withPort(to)
	if !slices.Contains(s.o.Notification, from) {
		return 0, fmt.Errorf("drain: %s is no notification server of this server; there are %v", from, s.o.Notification)
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

// drainedTo returns the server that stands in for the notification server with the address.
func (s *Server) drainedTo(addr string) string {
	s.mu.Lock()
	defer s.mu.Unlock()
	return cmp.Or(s.drained[addr], addr)
}

// refer sends the user of a connection elsewhere, if one is logged on. It is the last that the client hears and that the
// server hears from it.
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
	return true
}
