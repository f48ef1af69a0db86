package accounts

import (
	"context"
	"slices"
	"strings"
	"sync"
)

// Memory is a [Store] in memory, and an [Admin] and a [Watcher] too. The zero value has no accounts
// and is ready to use. It is safe for concurrent use.
type Memory struct {
	mu sync.Mutex
	// by Key; a User is replaced, never changed, so that snapshots stay valid
	users map[string]*User

	telling sync.Mutex // held while watchers are called; locked before mu
	// The functions of watchers, by a number of Watch's.
	tell    map[int]func(News) bool
	watched int
}

var (
	_ Admin   = (*Memory)(nil)
	_ Watcher = (*Memory)(nil)
)

// Defaults returns a store with four accounts to try things with: alice, bob, carol and dave
// @hotmail.com, each with the password NAMEpw ("alicepw") and the name before the @ as friendly
// name.
func Defaults() *Memory {
	m := new(Memory)
	for _, name := range []string{"alice", "bob", "carol", "dave"} {
		// cannot fail: the handles are valid and differ
		_ = m.Create(name+"@hotmail.com", name+"pw", name)
	}
	return m
}

// do runs f and, unless that fails, stores what it changed.
func (m *Memory) do(f func(*Operation) error) error {
	m.mu.Lock()
	defer m.mu.Unlock()
	o := NewOperation(m.load, m.holders)
	if err := f(o); err != nil {
		return err
	}
	for _, u := range o.Changed() {
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

// load returns the stored user, or ErrNoUser. m.mu must be locked.
func (m *Memory) load(key string) (*User, error) {
	u := m.users[key]
	if u == nil {
		return nil, ErrNoUser
	}
	return u, nil
}

// holders returns the keys of the users who have key on a list. m.mu must be locked.
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

// doUnseen is do for a change that the server did not ask for. It returns after all watchers have
// been called.
func (m *Memory) doUnseen(f func(*Operation) error) error {
	var steps []step
	err := m.do(func(o *Operation) error {
		err := f(o)
		steps = o.steps
		return err
	})
	if err != nil {
		return err
	}
	m.telling.Lock()
	defer m.telling.Unlock()
	for _, st := range steps {
		for _, tell := range m.tell {
			if st.isNews() {
				tell(st.news)
			}
		}
	}
	return nil
}

// Put stores u as it is, making the account or replacing the one with that handle. It changes no
// other account and tells no watcher: the caller must put all accounts whose lists name each other.
func (m *Memory) Put(u User) error {
	if err := CheckHandle(u.Handle); err != nil {
		return err
	}
	m.mu.Lock()
	defer m.mu.Unlock()
	if m.users == nil {
		m.users = make(map[string]*User)
	}
	m.users[Key(u.Handle)] = &u
	return nil
}

// Tell passes a piece of news to all watchers, as if another program had caused it, and reports
// whether the user is logged on.
func (m *Memory) Tell(n News) (reached bool) {
	m.telling.Lock()
	defer m.telling.Unlock()
	for _, tell := range m.tell {
		reached = tell(n) || reached
	}
	return reached
}

// ChangeOutside changes a list or a setting as another program would: watchers get it as news.
// n.What is [Added], [Removed] or [Changed], n has the Handle, and List and Entry, or Setting and
// Value.
func (m *Memory) ChangeOutside(n News) error {
	return m.doUnseen(func(o *Operation) (err error) {
		switch n.What {
		case Added:
			_, err = o.add(n.Handle, n.List, n.Entry, maxOutside)
		case Removed:
			_, err = o.remove(n.Handle, n.List, n.Entry.Handle)
		case Changed:
			_, err = o.set(n.Handle, n.Setting, n.Value)
		}
		return err
	})
}

// maxOutside is how many entries a list may have that ChangeOutside adds to.
const maxOutside = 10_000

// Watch implements [Watcher]. Any number of watchers may run at a time.
func (m *Memory) Watch(ctx context.Context, f func(News) bool) error {
	m.telling.Lock()
	if m.tell == nil {
		m.tell = make(map[int]func(News) bool)
	}
	m.watched++
	id := m.watched
	m.tell[id] = f
	m.telling.Unlock()
	<-ctx.Done()
	m.telling.Lock()
	defer m.telling.Unlock()
	delete(m.tell, id)
	return ctx.Err()
}

// change is do for an operation that returns a Change.
func (m *Memory) change(f func(*Operation) (Change, error)) (c Change, err error) {
	err = m.do(func(o *Operation) (err error) {
		c, err = f(o)
		return err
	})
	return c, err
}

// Create implements [Admin].
func (m *Memory) Create(handle, password, friendlyName string) error {
	return m.do(func(o *Operation) error { return o.create(handle, password, friendlyName) })
}

// SetPassword implements [Admin].
func (m *Memory) SetPassword(_ context.Context, handle, password string) error {
	return m.doUnseen(func(o *Operation) error { return o.setPassword(handle, password) })
}

// Delete implements [Admin].
func (m *Memory) Delete(_ context.Context, handle string) error {
	return m.doUnseen(func(o *Operation) error { return o.deleteUser(handle) })
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
	return m.change(func(o *Operation) (Change, error) { return o.set(owner, s, value) })
}

// Add implements [Store].
func (m *Memory) Add(_ context.Context, owner string, l List, e Entry, limit int) (Change, error) {
	return m.change(func(o *Operation) (Change, error) { return o.add(owner, l, e, limit) })
}

// Remove implements [Store].
func (m *Memory) Remove(_ context.Context, owner string, l List, handle string) (Change, error) {
	return m.change(func(o *Operation) (Change, error) { return o.remove(owner, l, handle) })
}

// Rename implements [Store].
func (m *Memory) Rename(_ context.Context, owner, handle, name string) (Change, error) {
	return m.change(func(o *Operation) (Change, error) { return o.rename(owner, handle, name) })
}
