package accounts

import (
	"context"
	"slices"
	"strings"
	"sync"
)

// Memory is a [Store] in memory. The zero value has no accounts and is ready for use; it is safe for concurrent use.
type Memory struct {
	mu    sync.Mutex
	users map[string]*User // by Key; list slices are replaced, never changed, so that snapshots stay as they are
}

var _ Store = (*Memory)(nil)

// Defaults returns a store with four accounts to play with: alice, bob, carol and dave @hotmail.com, each with the password
// NAMEpw ("alicepw") and the name before the @ as friendly name.
func Defaults() *Memory {
	m := new(Memory)
	for _, name := range []string{"alice", "bob", "carol", "dave"} {
		_ = m.Create(name+"@hotmail.com", name+"pw", name) // four different handles cannot collide
	}
	return m
}

// Create makes an account with empty lists, the default settings and serial 1. The friendly name is as it stands on the
// wire: what it must not hold there is escaped already. It fails with ErrExists.
func (m *Memory) Create(handle, password, friendlyName string) error {
	m.mu.Lock()
	defer m.mu.Unlock()
	if m.users[Key(handle)] != nil {
		return ErrExists
	}
	if m.users == nil {
		m.users = make(map[string]*User)
	}
	m.users[Key(handle)] = &User{
		Handle: handle, Password: password, FriendlyName: friendlyName, GTC: "A", BLP: "AL", Serial: 1,
	}
	return nil
}

// Lookup implements [Store].
func (m *Memory) Lookup(_ context.Context, handle string) (User, error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	u := m.users[Key(handle)]
	if u == nil {
		return User{}, ErrNoUser
	}
	return *u, nil
}

// change runs f on the owner's account with the lock held. When f fails nothing may have changed.
func (m *Memory) change(owner string, f func(u *User, c *Change) error) (Change, error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	u := m.users[Key(owner)]
	if u == nil {
		return Change{}, ErrNoUser
	}
	c := Change{Before: *u}
	if err := f(u, &c); err != nil {
		return Change{}, err
	}
	return c, nil
}

// Set implements [Store].
func (m *Memory) Set(_ context.Context, owner string, s Setting, value string) (Change, error) {
	return m.change(owner, func(u *User, c *Change) error {
		field := [...]*string{GTC: &u.GTC, BLP: &u.BLP, Name: &u.FriendlyName}[s]
		if *field == value && s != Name {
			return ErrSame
		}
		*field = value
		u.Serial++
		c.After = *u
		return nil
	})
}

// Add implements [Store].
func (m *Memory) Add(_ context.Context, owner string, l List, e Entry, limit int) (Change, error) {
	return m.change(owner, func(u *User, c *Change) error {
		other := m.users[Key(e.Handle)]
		opposite := map[List]List{Allow: Block, Block: Allow}
		switch o, has := opposite[l]; {
		case other == nil:
			return ErrNoUser
		case u.Has(l, e.Handle):
			return ErrExists
		case has && u.Has(o, e.Handle):
			return ErrOpposite
		case len(u.Lists[l]) >= limit:
			return ErrFull
		}
		u.insert(l, Entry{Handle: other.Handle, Name: e.Name})
		c.After = *u
		if l == Forward {
			if !other.Has(Reverse, u.Handle) {
				other.insert(Reverse, Entry{Handle: u.Handle, Name: u.FriendlyName})
			}
			snapshot := *other
			c.Other = &snapshot
		}
		return nil
	})
}

// Remove implements [Store].
func (m *Memory) Remove(_ context.Context, owner string, l List, handle string) (Change, error) {
	return m.change(owner, func(u *User, c *Change) error {
		other := m.users[Key(handle)]
		if !u.Has(l, handle) {
			if other == nil {
				return ErrNoUser
			}
			return ErrAbsent
		}
		u.remove(l, handle)
		c.After = *u
		if l == Forward && other != nil {
			other.remove(Reverse, u.Handle)
			snapshot := *other
			c.Other = &snapshot
		}
		return nil
	})
}

// Rename implements [Store].
func (m *Memory) Rename(_ context.Context, owner, handle, name string) (Change, error) {
	return m.change(owner, func(u *User, c *Change) error {
		found := false
		for _, l := range []List{Forward, Allow, Block} {
			if i := u.Find(l, handle); i >= 0 {
				u.Lists[l] = slices.Clone(u.Lists[l])
				u.Lists[l][i].Name = name
				found = true
			}
		}
		if !found {
			return ErrAbsent
		}
		u.Serial++
		c.After = *u
		return nil
	})
}

func (u *User) insert(l List, e Entry) {
	u.Lists[l] = append(slices.Clip(u.Lists[l]), e)
	u.Serial++
}

func (u *User) remove(l List, handle string) {
	n := len(u.Lists[l])
	u.Lists[l] = slices.DeleteFunc(slices.Clone(u.Lists[l]), func(e Entry) bool { return strings.EqualFold(e.Handle, handle) })
	if len(u.Lists[l]) != n {
		u.Serial++
	}
}
