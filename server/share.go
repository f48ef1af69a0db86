package server

import (
	"net"
	"net/netip"
	"slices"
	"sync"
	"time"
)

// share is how much of the server one user, or one address, takes. shares.mu guards all but bytes.
type share struct {
	conns    int
	logons   int            // of an address: connections that are not logged on
	sessions int            // of a user: seats at switchboard sessions
	hosts    map[string]int // of a user: those seats by the key of who invited it, nil for none
	waiting  int            // of an address: logons whose answers are delayed
	rings    []time.Time    // when each invitation without an answer stops counting
	bytes    budget
}

// shares holds a share for each user and each address that has a connection. A share is dropped
// with its last connection, so that there are never more shares than connections of each kind. Its
// methods are safe for concurrent use.
type shares struct {
	limits  *Limits
	maxConn int

	mu        sync.Mutex
	addresses map[netip.Addr]*share
	users     map[string]*share // by accounts.Key
	bytes     budget            // of all connections
	newcomers newcomers
}

func (s *shares) init(l *Limits, maxConns int) {
	s.limits, s.maxConn = l, maxConns
	s.addresses, s.users = make(map[netip.Addr]*share), make(map[string]*share)
	s.bytes.most = int64(l.TotalBytes)
}

// within reports whether n may grow by one under the limit; a limit of 0 means none.
func within(n, limit int) bool { return limit == 0 || n < limit }

// percent returns n percent of whole, at least 1; 0 (no limit) where n is 0.
func percent(whole, n int) int {
	if n == 0 {
		return 0
	}
	return max(whole*n/100, 1)
}

// shared returns the share of key in all. If there is none, it makes one with a budget of most
// bytes.
func shared[K comparable](all map[K]*share, key K, most int) *share {
	sh := all[key]
	if sh == nil {
		sh = new(share)
		sh.bytes.most = int64(most)
		all[key] = sh
	}
	return sh
}

// enter adds a connection to the share of its address. It reports false where the address has as
// many as it may have. Each connection for which enter or begin was called must leave.
func (s *shares) enter(c *conn) bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	c.out.pay(0, &s.bytes)
	c.at = addressOf(c.client)
	if !c.at.IsValid() {
		return true
	}
	sh := s.addresses[c.at]
	if sh != nil && (!within(sh.conns, percent(s.maxConn, s.limits.AddressConns)) ||
		!within(sh.logons, percent(s.maxConn, s.limits.AddressLogons))) {
		return false
	}
	sh = shared(s.addresses, c.at, s.limits.AddressBytes)
	sh.conns++
	sh.logons++
	c.there = sh
	c.out.pay(1, &sh.bytes)
	return true
}

// begin adds a new connection to those that are not logged on.
func (s *shares) begin(c *conn) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.newcomers.add(c)
}

// hostShare is which part of a user's sessions each other user can make it enter, in percent:
// clients accept invitations by themselves, so that one caller could take all of them.
const hostShare = 25

// logon adds c to the share of the user with the key, or returns why the user may not have another
// connection, or another session where session is true. It replaces the user of an earlier logon
// that failed afterwards.
func (s *shares) logon(c *conn, key string, session bool) failure {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.detach(c)
	host := c.seat.host
	if sh := s.users[key]; sh != nil {
		switch {
		case session && !within(sh.sessions, s.limits.UserSessions),
			host != "" && !within(sh.hosts[host], percent(s.limits.UserSessions, hostShare)):
			return manySessions
		case !within(sh.conns, s.limits.UserConns):
			return crowded
		}
	}
	sh := shared(s.users, key, s.limits.UserBytes)
	sh.conns++
	if session {
		sh.sessions++
	}
	if host != "" {
		if sh.hosts == nil {
			sh.hosts = make(map[string]int)
		}
		sh.hosts[host]++
	}
	if c.there != nil {
		c.there.logons--
	}
	s.newcomers.remove(c)
	c.own, c.key, c.seated = sh, key, session
	c.out.pay(2, &sh.bytes)
	return none
}

// detach removes c from the share of its user, if it has one. s.mu must be locked.
func (s *shares) detach(c *conn) {
	sh := c.own
	if sh == nil {
		return
	}
	c.out.pay(2, nil)
	c.own = nil
	sh.conns--
	sh.unseat(c)
	if sh.conns == 0 {
		s.users = without(s.users, c.key)
	}
	if c.there != nil {
		c.there.logons++
	}
	s.newcomers.add(c)
}

// sessionsFull reports whether c's user is in as many sessions as it may be.
func (s *shares) sessionsFull(c *conn) bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	return !within(c.own.sessions, s.limits.UserSessions)
}

// unseat gives back the session of a connection that is ending.
func (s *shares) unseat(c *conn) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if c.own != nil {
		c.own.unseat(c)
	}
}

// unseat is shares.unseat for the share of c's user. shares.mu must be locked.
func (sh *share) unseat(c *conn) {
	if !c.seated {
		return
	}
	sh.sessions--
	if h := c.seat.host; h != "" {
		if sh.hosts[h]--; sh.hosts[h] == 0 {
			delete(sh.hosts, h)
		}
	}
	c.seated = false
}

// leave removes a connection that has ended from all shares.
func (s *shares) leave(c *conn) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.detach(c)
	s.newcomers.remove(c)
	c.out.pay(0, nil)
	c.out.pay(1, nil)
	if sh := c.there; sh != nil {
		sh.conns--
		sh.logons--
		if sh.conns == 0 {
			s.addresses = without(s.addresses, c.at)
		}
	}
}

// await counts a logon whose answer is delayed, and reports whether it may wait: it may not where
// too many of its address do. If it may, arrive must be called afterwards.
func (s *shares) await(c *conn) bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	if c.there == nil {
		return true
	}
	if c.there.waiting >= maxWaiting {
		return false
	}
	c.there.waiting++
	return true
}

// arrive ends what await began.
func (s *shares) arrive(c *conn) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if c.there != nil {
		c.there.waiting--
	}
}

// rung is an invitation without an answer. It counts for the caller and for the caller's address
// until it expires.
type rung struct {
	caller string // accounts.Key of the caller
	until  time.Time
	by     [2]*share // the shares of user and address; nil where there is none
}

// ring counts an invitation by c's user that expires at until, and reports whether the user may
// have one more.
func (s *shares) ring(c *conn, now, until time.Time) (rung, bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	r := rung{until: until, by: [2]*share{c.own, c.there}}
	for i, most := range [2]int{s.limits.UserRings, s.limits.AddressRings} {
		sh := r.by[i]
		if sh == nil {
			continue
		}
		sh.rings = slices.DeleteFunc(sh.rings, func(t time.Time) bool { return !now.Before(t) })
		if !within(len(sh.rings), most) {
			return rung{}, false
		}
	}
	for _, sh := range r.by {
		if sh != nil {
			sh.rings = append(sh.rings, until)
		}
	}
	return r, true
}

// unring ends an invitation before it expires.
func (s *shares) unring(r rung) {
	s.mu.Lock()
	defer s.mu.Unlock()
	for _, sh := range r.by {
		if sh == nil {
			continue
		}
		if i := slices.Index(sh.rings, r.until); i >= 0 {
			sh.rings = slices.Delete(sh.rings, i, i+1)
		}
	}
}

// addressOf returns the address by which limits count: an IPv4 address, or the first 64 bits of an
// IPv6 address, which belong to one subscriber; the zero Addr where a has no IP address.
func addressOf(a net.Addr) netip.Addr {
	tcp, ok := a.(*net.TCPAddr)
	if !ok {
		return netip.Addr{}
	}
	at := tcp.AddrPort().Addr().Unmap().WithZone("")
	if at.Is6() {
		prefix, err := at.Prefix(64)
		if err != nil {
			return netip.Addr{}
		}
		return prefix.Masked().Addr()
	}
	return at
}
