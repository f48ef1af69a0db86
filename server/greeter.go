package server

import (
	"context"
	"crypto/rand"
	"errors"

	"github.com/msnscope/msnscope/server/accounts"
)

// The greeter adds new users to its forward list if the setting welcome says so: some clients wait
// for ever for a list that is empty. It is an account like others, but nobody knows its password.
const (
	greeter     = "greeter@hotmail.com"
	greeterName = "Greeter"
)

// greeterLimit is how many users the greeter may have on its list: more than there can be.
const greeterLimit = 1 << 30

// greet gives the user a greeter if all its lists are empty, and returns the user with it.
func (s *Server) greet(ctx context.Context, u accounts.User) (accounts.User, error) {
	for _, l := range u.Lists {
		if len(l) > 0 {
			return u, nil
		}
	}
	if _, err := s.store.Lookup(ctx, greeter); errors.Is(err, accounts.ErrNoUser) {
		admin, ok := s.store.(accounts.Admin)
		if !ok {
			return u, nil // a program whose accounts only it can make has one made if it wants a greeter
		}
		if err := admin.Create(greeter, rand.Text(), greeterName); err != nil && !errors.Is(err, accounts.ErrExists) {
			return u, err
		}
	} else if err != nil {
		return u, err
	}
	if accounts.Key(u.Handle) == greeter {
		return u, nil
	}
	for _, add := range []struct {
		owner string
		list  accounts.List
		entry accounts.Entry
	}{
		{greeter, accounts.Forward, accounts.Entry{Handle: u.Handle, Name: u.FriendlyName}},
		{u.Handle, accounts.Forward, accounts.Entry{Handle: greeter, Name: greeterName}},
		{u.Handle, accounts.Allow, accounts.Entry{Handle: greeter, Name: greeterName}},
	} {
		if _, err := s.store.Add(ctx, add.owner, add.list, add.entry, greeterLimit); err != nil &&
			!errors.Is(err, accounts.ErrExists) {
			return u, err
		}
	}
	return s.lookup(ctx, u.Handle)
}
