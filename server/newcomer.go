package server

import (
	"container/list"
	"errors"
	"time"
)

// newcomerTime is how long a connection without a logon is safe from being ended to make room for
// another one: real clients log on faster, even over a modem.
const newcomerTime = 2 * time.Second

var errDisplaced = errors.New("all connections are taken, and this one has gone longest without a logon")

// newcomers are the connections that are not logged on, the oldest first. The methods are not safe
// for concurrent use; shares.mu guards them.
type newcomers struct{ list list.List }

// newcomer is a connection that is not logged on; since is when it was added.
type newcomer struct {
	c     *conn
	since time.Time
}

// add appends c, unless it is in the list.
func (n *newcomers) add(c *conn) {
	if c.newcomer == nil {
		c.newcomer = n.list.PushBack(newcomer{c, time.Now()})
	}
}

// remove removes c, if it is in the list.
func (n *newcomers) remove(c *conn) {
	if c.newcomer != nil {
		n.list.Remove(c.newcomer)
		c.newcomer = nil
	}
}

// displace removes and returns the oldest connection, nil if none has been there for newcomerTime.
func (n *newcomers) displace() *conn {
	first := n.list.Front()
	if first == nil || time.Since(first.Value.(newcomer).since) < newcomerTime {
		return nil
	}
	c := first.Value.(newcomer).c
	n.remove(c)
	return c
}

// makeRoom ends the connection that has gone longest without a logon, and reports whether there was
// one. Connections without a logon cost nothing to open, and must not keep out people who have an
// account. s.mu must be locked.
func (s *Server) makeRoom() bool {
	s.shares.mu.Lock()
	c := s.shares.newcomers.displace()
	s.shares.mu.Unlock()
	if c == nil {
		return false
	}
	s.refused(c.role, c.nc.RemoteAddr(), errDisplaced)
	c.kill(errDisplaced)
	return true
}
