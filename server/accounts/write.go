package accounts

import "context"

// Changes has the methods of [Admin] that change accounts. A store embeds it.
type Changes struct {
	apply func(ctx context.Context, f func(*Operation) error) error
}

// NewChanges returns the methods for a store whose apply runs f on a new operation, stores what the
// operation changed unless f failed, and returns when that is stored. It may run f several times;
// only what the last run did is stored.
func NewChanges(apply func(ctx context.Context, f func(*Operation) error) error) Changes {
	return Changes{apply}
}

// change is apply for an operation that returns a Change.
func (c Changes) change(ctx context.Context, f func(*Operation) (Change, error)) (Change, error) {
	var out Change
	err := c.apply(ctx, func(o *Operation) (err error) {
		out, err = f(o)
		return err
	})
	if err != nil {
		return Change{}, err // the writer may still be writing to out
	}
	return out, nil
}

// Import makes an account with password, settings, serial and lists as they are in u, or fails with
// [ErrExists], or with [ErrValue] where [User.Check] does. It changes no other account and tells no
// watcher: the caller must import all accounts whose lists name each other.
func (c Changes) Import(ctx context.Context, u User) error {
	return c.apply(ctx, func(o *Operation) error { return o.importUser(u) })
}

// Create implements [Admin].
func (c Changes) Create(handle, password, friendlyName string) error {
	return c.apply(context.Background(), func(o *Operation) error { return o.create(handle, password, friendlyName) })
}

// SetPassword implements [Admin].
func (c Changes) SetPassword(ctx context.Context, handle, password string) error {
	return c.apply(ctx, func(o *Operation) error { return o.setPassword(handle, password) })
}

// Delete implements [Admin].
func (c Changes) Delete(ctx context.Context, handle string) error {
	return c.apply(ctx, func(o *Operation) error { return o.deleteUser(handle) })
}

// Set implements [Store].
func (c Changes) Set(ctx context.Context, owner string, set Setting, value string) (Change, error) {
	return c.change(ctx, func(o *Operation) (Change, error) { return o.set(owner, set, value) })
}

// Add implements [Store].
func (c Changes) Add(ctx context.Context, owner string, l List, e Entry, limit int) (Change, error) {
	return c.change(ctx, func(o *Operation) (Change, error) { return o.add(owner, l, e, limit) })
}

// Remove implements [Store].
func (c Changes) Remove(ctx context.Context, owner string, l List, handle string) (Change, error) {
	return c.change(ctx, func(o *Operation) (Change, error) { return o.remove(owner, l, handle) })
}

// Rename implements [Store].
func (c Changes) Rename(ctx context.Context, owner, handle, name string) (Change, error) {
	return c.change(ctx, func(o *Operation) (Change, error) { return o.rename(owner, handle, name) })
}
