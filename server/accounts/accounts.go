// Package accounts keeps what a server stores of its users: the account, the four lists (§5.7), the two settings (§7.6) and
// the version number of it all (§7.5). [Store] is what the server asks, [Admin] is for who makes accounts; [Memory] keeps
// everything in memory, [SQLite] in a file:
//
//	server ------- Store --> SQLite --> jobs --> one writer: a transaction for all that wait, on disk before it answers
//	                            '--> cache <-- read pool
//	a verb ------- Admin --> SQLite in another process --> the same file --> Watch --> server
//
// Both run the same operations (operation.go) and differ in where users come from and go to.
//
// The package knows nothing of the wire. Names are kept as they were given, escapes included, byte for byte.
package accounts

import (
	"context"
	"errors"
	"slices"
	"strings"
)

// The errors of a [Store], possibly wrapped.
var (
	ErrNoUser   = errors.New("no such account")
	ErrExists   = errors.New("already there")
	ErrOpposite = errors.New("already on the opposite list")
	ErrAbsent   = errors.New("not on the list")
	ErrFull     = errors.New("the list is full")
	ErrSame     = errors.New("already has that value")
)

// List is one of a user's four lists.
type List uint8

// The lists: whom the user watches, who watches the user, who may and who may not contact the user (§5.7).
const (
	Forward List = iota
	Reverse
	Allow
	Block
	lists
)

// String returns the list's name on the wire.
func (l List) String() string {
	if l >= lists {
		return ""
	}
	return [lists]string{"FL", "RL", "AL", "BL"}[l]
}

// ParseList returns the list with the given name, and false for any other text.
func ParseList(s string) (List, bool) {
	for l := range lists {
		if l.String() == s {
			return l, true
		}
	}
	return 0, false
}

// Setting is a stored value of an account that its user may change.
type Setting uint8

// The settings. A user's own name is among them: changing it raises the serial like the others.
const (
	GTC  Setting = iota // "A" asks when somebody adds the user, "N" does not (§7.6)
	BLP                 // "AL" lets everybody in but the blocked, "BL" only the allowed (§7.6)
	Name                // the friendly name
	More                // what dialects after MSNP4 keep besides: telephone numbers, groups. Only the server knows its form
	Rest                // More again, as the second part of a change that has its serial already: that stays
)

// Entry is one user on a list, with the name that belongs to it there.
type Entry struct {
	Handle string
	Name   string
}

// User is an account as it was at one moment. The lists are in the order of adding; they are shared and read only.
type User struct {
	Handle       string
	Password     string
	FriendlyName string // as it stands on the wire, escaped
	GTC, BLP     string
	More         string
	Serial       int // 1 for a new account, 1 more with each change
	Lists        [lists][]Entry
}

// Find returns the place of handle on the list, -1 when it is not there. Case makes no difference (§5.4).
func (u *User) Find(l List, handle string) int {
	for i := range u.Lists[l] {
		if strings.EqualFold(u.Lists[l][i].Handle, handle) {
			return i
		}
	}
	return -1
}

// Has reports whether handle is on the list.
func (u *User) Has(l List, handle string) bool { return u.Find(l, handle) >= 0 }

// Permits reports whether the user lets handle contact and see it: it is not blocked, and is allowed where the setting asks
// for that (§5.7, §7.6).
func (u *User) Permits(handle string) bool {
	return !u.Has(Block, handle) && (u.BLP != "BL" || u.Has(Allow, handle))
}

// Without returns the user as it was without handle on the list.
func (u *User) Without(l List, handle string) User {
	v := *u
	v.Lists[l] = slices.DeleteFunc(slices.Clone(u.Lists[l]), func(e Entry) bool { return strings.EqualFold(e.Handle, handle) })
	return v
}

// With returns the user as it was with e at the end of the list.
func (u *User) With(l List, e Entry) User {
	v := *u
	v.Lists[l] = append(slices.Clip(u.Lists[l]), e)
	return v
}

// Change is what a change did: the user before and after it, both of one moment.
type Change struct {
	Before, After User
	// Other is the user whose reverse list changed too, as it is after that; nil where none did. Who adds itself is its
	// own Other: then After is the moment between the two changes.
	Other *User
}

// Store keeps accounts. Handles are compared without case. All methods are safe for concurrent use, each is atomic, and each
// that changes something raises the serials of those it changed. Errors that are not of this package mean that the store
// itself failed.
type Store interface {
	// Lookup returns the account, or ErrNoUser.
	Lookup(ctx context.Context, handle string) (User, error)
	// Set gives a setting a value: ErrSame where GTC or BLP already have it, ErrNoUser.
	Set(ctx context.Context, owner string, s Setting, value string) (Change, error)
	// Add puts e at the end of one of the owner's lists, which holds at most limit entries, and for the forward list the
	// owner on the reverse list of the other one. ErrNoUser where there is no such account, ErrExists, ErrOpposite,
	// ErrFull. The entry gets the handle in the form the account has.
	Add(ctx context.Context, owner string, l List, e Entry, limit int) (Change, error)
	// Remove takes handle off the list, and for the forward list the owner off the other's reverse list. ErrAbsent when
	// it is not there, ErrNoUser when there is no such account either.
	Remove(ctx context.Context, owner string, l List, handle string) (Change, error)
	// Rename changes the name that the owner has stored for handle, on every list of the owner's own; ErrAbsent when it
	// is on none.
	Rename(ctx context.Context, owner, handle, name string) (Change, error)
}

// Admin is a Store whose accounts can be made and unmade. The conditions are those of Store.
type Admin interface {
	Store
	// Create makes an account with empty lists, the default settings and serial 1, or fails with ErrExists. The friendly
	// name is as it stands on the wire: what it must not hold there is escaped already.
	Create(handle, password, friendlyName string) error
	// SetPassword gives an account another password, or fails with ErrNoUser. The serial stays: no client stores a password.
	SetPassword(ctx context.Context, handle, password string) error
	// Delete takes an account away, and off every list of the others, or fails with ErrNoUser.
	Delete(ctx context.Context, handle string) error
	// Handles returns the handles of all accounts, in the order of their keys. The slice is the caller's.
	Handles(ctx context.Context) ([]string, error)
}

// Key returns the form of a handle that equal handles share.
func Key(handle string) string { return strings.ToLower(handle) }
