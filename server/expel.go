package server

import (
	"context"
	"errors"
	"maps"

	"github.com/msnscope/msnscope/server/accounts"
)

// Kick ends every connection of a user to this server, both notification and switchboard, and
// revokes the cookies of the user and the invitations to and from it. It reports whether there was
// a connection. The user may log on again.
func (s *Server) Kick(handle string) bool { return s.expel(handle, "kicked") }

// expel is Kick with a reason for the log. It does not wait for clients.
//
// A second logon (§7.10) is a different matter: it only moves the user's notification connection,
// and OUT OTH tells the first client so. The user's sessions, invitations and cookies stay.
func (s *Server) expel(handle, why string) bool {
	ctx, done := s.storeTime()
	defer done()
	var all []*conn
	if c := s.userConn(handle); c != nil { // first, since this connection can get cookies
		all = append(all, c)
		c.expelled()
	}
	entering := false
	// twice, for what the user's last commands left, whose end the first pass waited for
	for range 2 {
		if err := s.hub.Revoke(ctx, handle); err != nil {
			s.o.Log.Error("cookies of a user stay valid", "user", handle, "err", err)
		}
		entering = s.turnBack(accounts.Key(handle)) || entering // before looking at the seats: see stays
		all = append(all, s.unseat(accounts.Key(handle))...)
	}
	for _, c := range all {
		c.log().Info("connection ended", "user", handle, "why", why)
	}
	return entering || len(all) > 0
}

// unseat ends the switchboard connections of the user with the key that are not ending already,
// withdraws its invitations, and returns those connections. None of them carries out a command
// after that.
func (s *Server) unseat(key string) (ended []*conn) {
	for _, c := range s.board.expel(key) {
		if !c.out.ending() {
			ended = append(ended, c)
			c.dismiss()
		}
	}
	for _, c := range ended {
		c.begin() // waits for a command that has begun, since it holds the turn
		c.yield()
	}
	return ended
}

// arrive records that c is about to become a connection of the user with the key, by a password or
// a cookie. Until it is one, neither userConn nor the board can find it.
func (s *Server) arrive(c *conn, key string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.entering[c] = key
}

// arrived ends what arrive began, and reports whether the user may stay: it may not if turnBack was
// called meanwhile.
func (s *Server) arrived(c *conn) bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	_, ok := s.entering[c]
	s.entering = without(s.entering, c)
	return ok
}

// turnBack refuses all connections that are about to become one of the user with the key, and
// reports whether there were any.
func (s *Server) turnBack(key string) bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	before := len(s.entering)
	maps.DeleteFunc(s.entering, func(_ *conn, k string) bool { return k == key })
	return len(s.entering) < before
}

// expelled ends a notification connection with an OUT (§7.10), unless the client was referred
// elsewhere and is to get nothing more.
func (c *conn) expelled() {
	c.begin()
	defer c.kick()
	defer c.yield()
	if !c.user.referred {
		c.send(line("OUT"))
	}
	c.finish()
	c.s.conns.Go(c.wake)
}

// still reports whether an account is unchanged since u was read: neither deleted nor given another
// password. Where the store fails, it reports true. A connection calls it once expel can find the
// connection, so that in whatever order they run, either this check or expel ends it.
func (s *Server) still(ctx context.Context, u *accounts.User) bool {
	now, err := s.lookup(ctx, u.Handle)
	return err == nil && now.Password == u.Password || err != nil && !errors.Is(err, accounts.ErrNoUser)
}
