// Package accounts stores what a server keeps for its users: the account, the four lists (§5.7),
// the two settings (§7.6) and the serial number of them all (§7.5). [Store] is the interface for
// the server, [Admin] that for programs that manage accounts. [Memory] keeps everything in memory,
// [SQLite] in a file:
//
//	server ------- Store --> SQLite --> jobs --> one writer: a transaction for all
//	                           |                 that wait, on disk before it answers
//	                           '--> cache <-- read pool
//	a verb ------- Admin --> SQLite in another process --> the same file --> Watch --> server
//
// Both run the same operations (operation.go) and differ only in where they load and store users.
//
// The package knows nothing of the wire. It stores names byte for byte as they were given, escapes
// included.
package accounts

import (
	"context"
	"errors"
	"slices"
	"strings"
)

// These are the errors of a [Store], which may be wrapped.
var (
	ErrNoUser   = errors.New("no such account")
	ErrExists   = errors.New("already exists")
	ErrOpposite = errors.New("already on the opposite list")
	ErrAbsent   = errors.New("not on the list")
	ErrFull     = errors.New("the list is full")
	ErrSame     = errors.New("already has that value")
)

// List is one of a user's four lists.
type List uint8

// The lists (§5.7): the users whom the owner watches, those who watch the owner, those who may
// contact the owner, and those who may not.
const (
	Forward List = iota
	Reverse
	Allow
	Block
	lists
)

// String returns the list's name on the wire, "" for an unknown list.
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

// The settings. The user's own name is one of them: changing it raises the serial too.
const (
	GTC Setting = iota // "A" asks when somebody adds the user, "N" does not (§7.6)
	// "AL" permits all who are not blocked, "BL" only those who are allowed (§7.6)
	BLP
	Name // the friendly name
	// More is what dialects after MSNP4 store in addition: telephone numbers and groups. Only the
	// server knows its format.
	More
	Rest // More, as the second part of a change: the serial, raised already, stays
)

// ParseSetting returns the setting with the given name on the wire, and false for any other text.
func ParseSetting(s string) (Setting, bool) {
	switch s {
	case "GTC":
		return GTC, true
	case "BLP":
		return BLP, true
	}
	return 0, false
}

// Entry is one user on a list, with the name that the list has for it.
type Entry struct {
	Handle string
	Name   string
}

// User is a snapshot of an account. The lists are in the order in which their entries were added;
// the slices are shared and must not be changed.
type User struct {
	Handle       string
	Password     string
	FriendlyName string // escaped, as on the wire
	GTC, BLP     string
	More         string
	Serial       int // 1 for a new account, raised by 1 with each change
	Lists        [lists][]Entry
}

// Find returns the index of handle on the list, -1 when it is not there. Case makes no difference
// (§5.4).
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

// Permits reports whether the user lets handle contact and see it: handle is not blocked, and is
// allowed where the setting requires that (§5.7, §7.6).
func (u *User) Permits(handle string) bool {
	return !u.Has(Block, handle) && (u.BLP != "BL" || u.Has(Allow, handle))
}

// Without returns a copy of the user whose list l lacks handle.
func (u *User) Without(l List, handle string) User {
	v := *u
	v.Lists[l] = slices.DeleteFunc(slices.Clone(u.Lists[l]),
		func(e Entry) bool { return strings.EqualFold(e.Handle, handle) })
	return v
}

// With returns a copy of the user whose list l has e at its end.
func (u *User) With(l List, e Entry) User {
	v := *u
	v.Lists[l] = append(slices.Clip(u.Lists[l]), e)
	return v
}

// Change is the outcome of a change: snapshots of the user before and after it.
type Change struct {
	Before, After User
	// Other is the user whose reverse list changed too, as it is afterwards; nil where none did. A
	// user who adds itself is its own Other; After is then the state between the two changes.
	Other *User
}

// Store keeps accounts. Handles are compared without regard to case. All methods are safe for
// concurrent use, each is atomic, and each that changes accounts raises their serials. A store
// neither stores nor returns a value that [CheckHandle], [CheckName] and the other checks refuse,
// since it could not be sent to other users; an attempt fails with [ErrValue]. An error that is not
// of this package means that the store itself failed.
type Store interface {
	// Lookup returns the account, or ErrNoUser.
	Lookup(ctx context.Context, handle string) (User, error)
	// Set sets a setting. It fails with ErrSame where GTC or BLP has that value already, and with
	// ErrNoUser.
	Set(ctx context.Context, owner string, s Setting, value string) (Change, error)
	// Add puts e at the end of one of the owner's lists, which may hold at most limit entries; on
	// the forward list it also puts the owner on the other user's reverse list. The entry gets the
	// handle as the other account spells it. Add fails with ErrNoUser where there is no such
	// account, ErrExists, ErrOpposite or ErrFull.
	Add(ctx context.Context, owner string, l List, e Entry, limit int) (Change, error)
	// Remove removes handle from the list; from the forward list it also removes the owner from the
	// other user's reverse list. It fails with ErrAbsent when handle is not on the list, or with
	// ErrNoUser when there is no such account either.
	Remove(ctx context.Context, owner string, l List, handle string) (Change, error)
	// Rename changes the name that the owner has stored for handle, on the forward, allow and block
	// lists. It fails with ErrAbsent when handle is on none of them.
	Rename(ctx context.Context, owner, handle, name string) (Change, error)
}

// Admin is a Store in which accounts can be created and deleted. The conditions are those of Store.
type Admin interface {
	Store
	// Create makes an account with empty lists, default settings and serial 1, or fails with
	// ErrExists. The friendly name is given as on the wire, so what must be escaped there is
	// escaped already.
	Create(handle, password, friendlyName string) error
	// SetPassword gives an account another password, or fails with ErrNoUser. The serial stays,
	// since no client stores the password. A server that watches the store ends the connections of
	// a user who logged on with the old password.
	SetPassword(ctx context.Context, handle, password string) error
	// Delete deletes an account and removes it from the lists of all others, or fails with
	// ErrNoUser. A server that watches the store ends the user's connections.
	Delete(ctx context.Context, handle string) error
	// Handles returns the handles of all accounts, in the order of their keys. The caller owns the
	// slice.
	Handles(ctx context.Context) ([]string, error)
}

// Key returns the form in which equal handles are identical: lower case.
func Key(handle string) string { return strings.ToLower(handle) }
