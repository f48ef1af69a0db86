package accounts

import (
	"context"
	"slices"
	"strings"
	"sync"
)

// Memory is a [Store] in memory, and an [Admin]. The zero value has no accounts and is ready for use; it is safe for
// concurrent use.
type Memory struct {
	mu    sync.Mutex
	users map[string]*User // by Key; replaced, never changed, so that snapshots stay as they are
}

var _ Admin = (*Memory)(nil)

// Defaults returns a store with four accounts to play with: alice, bob, carol and dave @hotmail.com, each with the password
// NAMEpw ("alicepw") and the name before the @ as friendly name.
func Defaults() *Memory {
	m := new(Memory)
	for _, name := range []string{"alice", "bob", "carol", "dave"} {
		_ = m.Create(name+"@hotmail.com", name+"pw", name) // four different handles cannot collide
	}
	return m
}

// do runs f and stores what it changed, unless it fails.
func (m *Memory) do(f func(*operation) error) error {
	m.mu.Lock()
	defer m.mu.Unlock()
	o := &operation{load: m.load, holders: m.holders}
	if err := f(o); err != nil {
		return err
	}
	for _, u := range o.changed() {
		if m.users == nil {
			m.users = make(map[string]*User)
		}
		m.users[Key(u.Handle)] = u
	}
	for _, s := range o.steps {
		if s.kind == stepDelete {
			delete(m.users, Key(s.owner.Handle))
		}
	}
	return nil
}

func (m *Memory) load(key string) (*User, error) {
	u := m.users[key]
	if u == nil {
		return nil, ErrNoUser
	}
	return u, nil
}

// holders returns the keys of those who have key on a list.
func (m *Memory) holders(key string) (all []string, _ error) {
	for k, u := range m.users {
		for l := range lists {
			if u.Has(l, key) {
				all = append(all, k)
				break
			}
		}
	}
	return all, nil
}

// change is do for an operation that makes a Change.
func (m *Memory) change(f func(*operation) (Change, error)) (c Change, err error) {
	err = m.do(func(o *operation) (err error) {
		c, err = f(o)
		return err
	})
	return c, err
}

// Create implements [Admin].
func (m *Memory) Create(handle, password, friendlyName string) error {
	return m.do(func(o *operation) error { return o.create(handle, password, friendlyName) })
}

// SetPassword implements [Admin].
func (m *Memory) SetPassword(_ context.Context, handle, password string) error {
	return m.do(func(o *operation) error { return o.setPassword(handle, password) })
}

// Delete implements [Admin].
func (m *Memory) Delete(_ context.Context, handle string) error {
	return m.do(func(o *operation) error { return o.deleteUser(handle) })
}

// Handles implements [Admin].
func (m *Memory) Handles(context.Context) ([]string, error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	all := make([]string, 0, len(m.users))
	for _, u := range m.users {
		all = append(all, u.Handle)
	}
	slices.SortFunc(all, func(a, b string) int { return strings.Compare(Key(a), Key(b)) })
	return all, nil
}

// Lookup implements [Store].
func (m *Memory) Lookup(_ context.Context, handle string) (User, error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	u, err := m.load(Key(handle))
	if err != nil {
		return User{}, err
	}
	return *u, nil
}

// Set implements [Store].
func (m *Memory) Set(_ context.Context, owner string, s Setting, value string) (Change, error) {
	return m.change(func(o *operation) (Change, error) { return o.set(owner, s, value) })
}

// Add implements [Store].
func (m *Memory) Add(_ context.Context, owner string, l List, e Entry, limit int) (Change, error) {
	return m.change(func(o *operation) (Change, error) { return o.add(owner, l, e, limit) })
}

// Remove implements [Store].
func (m *Memory) Remove(_ context.Context, owner string, l List, handle string) (Change, error) {
	return m.change(func(o *operation) (Change, error) { return o.remove(owner, l, handle) })
}

// Rename implements [Store].
func (m *Memory) Rename(_ context.Context, owner, handle, name string) (Change, error) {
	return m.change(func(o *operation) (Change, error) { return o.rename(owner, handle, name) })
}
