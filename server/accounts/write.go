package accounts

import "context"

// apply runs an operation in a transaction and returns when it is on disk.
func (s *SQLite) apply(ctx context.Context, f func(*operation) error) error {
	return s.write(ctx, func(b *batch) error {
		o := &operation{load: b.load, holders: b.holding}
		if err := f(o); err != nil {
			return err
		}
		return b.store(o)
	})
}

// change is apply for an operation that returns a Change.
func (s *SQLite) change(ctx context.Context, f func(*operation) (Change, error)) (Change, error) {
	var c Change
	err := s.apply(ctx, func(o *operation) (err error) {
		c, err = f(o)
		return err
	})
	if err != nil {
		return Change{}, err // the writer may still be writing to c
	}
	return c, nil
}

// Create implements [Admin].
func (s *SQLite) Create(handle, password, friendlyName string) error {
	return s.apply(context.Background(), func(o *operation) error { return o.create(handle, password, friendlyName) })
}

// SetPassword implements [Admin].
func (s *SQLite) SetPassword(ctx context.Context, handle, password string) error {
	return s.apply(ctx, func(o *operation) error { return o.setPassword(handle, password) })
}

// Delete implements [Admin].
func (s *SQLite) Delete(ctx context.Context, handle string) error {
	return s.apply(ctx, func(o *operation) error { return o.deleteUser(handle) })
}

// Set implements [Store].
func (s *SQLite) Set(ctx context.Context, owner string, set Setting, value string) (Change, error) {
	return s.change(ctx, func(o *operation) (Change, error) { return o.set(owner, set, value) })
}

// Add implements [Store].
func (s *SQLite) Add(ctx context.Context, owner string, l List, e Entry, limit int) (Change, error) {
	return s.change(ctx, func(o *operation) (Change, error) { return o.add(owner, l, e, limit) })
}

// Remove implements [Store].
func (s *SQLite) Remove(ctx context.Context, owner string, l List, handle string) (Change, error) {
	return s.change(ctx, func(o *operation) (Change, error) { return o.remove(owner, l, handle) })
}

// Rename implements [Store].
func (s *SQLite) Rename(ctx context.Context, owner, handle, name string) (Change, error) {
	return s.change(ctx, func(o *operation) (Change, error) { return o.rename(owner, handle, name) })
}
