package server

import (
	"context"
	"errors"
	"fmt"

	"github.com/msnscope/msnscope/server/accounts"
)

var errWrongUser = errors.New("the store returned another account than the one asked for")

// storeTime returns a context with the time that one command has for calls of the store and the
// hub.
func (s *Server) storeTime() (context.Context, context.CancelFunc) {
	return context.WithTimeout(s.ctx, s.o.StoreTimeout)
}

// lookup returns the account with the handle. It fails with errWrongUser where the store returns
// another account, so that nobody gets somebody else's data.
func (s *Server) lookup(ctx context.Context, handle string) (accounts.User, error) {
	u, err := s.store.Lookup(ctx, handle)
	if err == nil && accounts.Key(u.Handle) != accounts.Key(handle) {
		return accounts.User{}, fmt.Errorf("%w: %s", errWrongUser, handle)
	}
	return u, err
}

// enlist records c as the notification connection of its user on this server.
func (s *Server) enlist(c *conn) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.users[accounts.Key(c.user.Handle)] = c
}

// discharge undoes enlist, unless another connection has taken c's place.
func (s *Server) discharge(c *conn) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if key := accounts.Key(c.user.Handle); s.users[key] == c {
		s.users = without(s.users, key)
	}
}

// without removes a key from a map and returns the map, or a new one when nothing is left, since a
// map never shrinks.
func without[K comparable, V any](m map[K]V, key K) map[K]V {
	delete(m, key)
	if len(m) == 0 {
		return make(map[K]V)
	}
	return m
}

// userConn returns the connection of a user who is logged on here, nil if none is.
func (s *Server) userConn(handle string) *conn {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.users[accounts.Key(handle)]
}
