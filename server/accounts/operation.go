package accounts

import (
	"errors"
	"slices"
	"strings"
)

// Operation is one change of accounts in the making: it reads users through load and collects what
// they become. All stores run the methods below and then store the users that changed, or nothing
// if the method failed. It is not safe for concurrent use.
type Operation struct {
	// returns the stored user, which must not be changed, or ErrNoUser
	load func(key string) (*User, error)
	// returns the keys of the users who have key on a list
	holders func(key string) ([]string, error)
	users   map[string]*User // by key: copies, whose list slices are replaced, never changed
	steps   []step
	// not asked for by the server, which therefore must hear of it even from its own Store
	unseen bool
}

// NewOperation returns an operation that has done nothing yet. load returns the stored
// user with the key, which the operation does not change, or ErrNoUser; holders returns the keys of
// the users who have key on a list. An error of either ends the operation with that error.
func NewOperation(load func(key string) (*User, error), holders func(key string) ([]string, error)) *Operation {
	return &Operation{load: load, holders: holders}
}

// Gone returns the keys of the accounts that the operation deleted.
func (o *Operation) Gone() (keys []string) {
	for _, s := range o.steps {
		if s.kind == stepDelete {
			keys = append(keys, Key(s.owner.Handle))
		}
	}
	return keys
}

// News returns what the operation's changes mean to watchers. Unless all is set, that is only what
// the server that has the store did not ask for.
func (o *Operation) News(all bool) (news []News) {
	for _, s := range o.steps {
		if (all || o.unseen) && s.isNews() {
			news = append(news, s.news)
		}
	}
	return news
}

// step is one thing that an operation did, for the disk and for watchers.
type step struct {
	kind  stepKind
	owner *User // as it is after the operation
	news  News  // what watchers get, if isNews; List and Entry are set in any case
}

type stepKind uint8

const (
	stepAccount  stepKind = iota // the account is new, or its password was set to the same one
	stepPassword                 // the account has another password
	stepSet                      // a setting has a new value
	stepDelete                   // the account was deleted
	stepAdd                      // an entry was added
	stepRemove                   // an entry was removed
	stepRename                   // an entry got another name
	stepImport                   // the account is new, lists and all
)

// isNews reports whether watchers get the step: a new account has no connection to tell, and no
// command carries a contact's new name.
func (st *step) isNews() bool {
	return st.kind != stepAccount && st.kind != stepImport && st.kind != stepRename
}

// user returns the operation's own copy of a user.
func (o *Operation) user(handle string) (*User, error) {
	key := Key(handle)
	if u := o.users[key]; u != nil {
		return u, nil
	}
	stored, err := o.load(key)
	if err != nil {
		return nil, err
	}
	u := *stored
	o.keep(&u)
	return &u, nil
}

// keep records u as the operation's own copy of a user.
func (o *Operation) keep(u *User) {
	if o.users == nil {
		o.users = make(map[string]*User, 2)
	}
	o.users[Key(u.Handle)] = u
}

// did records a step. It sets the handle and serial of n.
func (o *Operation) did(kind stepKind, u *User, n News) {
	n.Handle, n.Serial = u.Handle, u.Serial
	o.steps = append(o.steps, step{kind, u, n})
}

// Changed returns the users that the operation changed, each once, as they are to be stored.
func (o *Operation) Changed() (all []*User) {
	for _, s := range o.steps {
		if s.kind != stepDelete && !slices.Contains(all, s.owner) {
			all = append(all, s.owner)
		}
	}
	return all
}

// create makes an account; see [Admin].
func (o *Operation) create(handle, password, friendlyName string) error {
	if err := errors.Join(CheckHandle(handle), CheckName(friendlyName)); err != nil {
		return err
	}
	switch _, err := o.load(Key(handle)); {
	case err == nil:
		return ErrExists
	case !errors.Is(err, ErrNoUser):
		return err
	}
	u := &User{
		Handle: handle, Password: password, FriendlyName: friendlyName, GTC: newAccount[GTC],
		BLP: newAccount[BLP], Serial: 1,
	}
	o.keep(u)
	o.did(stepAccount, u, News{})
	return nil
}

// importUser makes an account with all that it has; see [Changes.Import].
func (o *Operation) importUser(u User) error {
	if err := u.Check(); err != nil {
		return err
	}
	switch _, err := o.load(Key(u.Handle)); {
	case err == nil:
		return ErrExists
	case !errors.Is(err, ErrNoUser):
		return err
	}
	o.keep(&u)
	o.did(stepImport, &u, News{})
	return nil
}

// setPassword sets the password of an account; see [Admin].
func (o *Operation) setPassword(handle, password string) error {
	u, err := o.user(handle)
	if err != nil {
		return err
	}
	kind := stepAccount
	if u.Password != password {
		kind = stepPassword
	}
	u.Password, o.unseen = password, true
	o.did(kind, u, News{What: Ended, Value: "another password"})
	return nil
}

// set sets a setting; see [Store].
func (o *Operation) set(owner string, s Setting, value string) (Change, error) {
	if err := checkSetting(s, value); err != nil {
		return Change{}, err
	}
	u, err := o.user(owner)
	if err != nil {
		return Change{}, err
	}
	c := Change{Before: *u}
	field := [...]*string{GTC: &u.GTC, BLP: &u.BLP, Name: &u.FriendlyName, More: &u.More, Rest: &u.More}[s]
	if *field == value && (s == GTC || s == BLP) {
		return Change{}, ErrSame
	}
	*field = value
	if s != Rest {
		u.Serial++
	}
	o.did(stepSet, u, News{What: Changed, Setting: s, Value: value})
	c.After = *u
	return c, nil
}

// add adds an entry to a list; see [Store].
func (o *Operation) add(owner string, l List, e Entry, limit int) (Change, error) {
	if err := CheckName(e.Name); err != nil {
		return Change{}, err
	}
	u, err := o.user(owner)
	if err != nil {
		return Change{}, err
	}
	other, err := o.user(e.Handle)
	if err != nil {
		return Change{}, err
	}
	opposite := map[List]List{Allow: Block, Block: Allow}
	switch against, has := opposite[l]; {
	case u.Has(l, e.Handle):
		return Change{}, ErrExists
	case has && u.Has(against, e.Handle):
		return Change{}, ErrOpposite
	case len(u.Lists[l]) >= limit:
		return Change{}, ErrFull
	}
	c := Change{Before: *u}
	o.insert(u, l, Entry{Handle: other.Handle, Name: e.Name})
	c.After = *u
	if l == Forward {
		if !other.Has(Reverse, u.Handle) {
			o.insert(other, Reverse, Entry{Handle: u.Handle, Name: u.FriendlyName})
		}
		snapshot := *other
		c.Other = &snapshot
	}
	return c, nil
}

// remove removes an entry from a list; see [Store].
func (o *Operation) remove(owner string, l List, handle string) (Change, error) {
	u, err := o.user(owner)
	if err != nil {
		return Change{}, err
	}
	other, err := o.user(handle)
	if err != nil && !errors.Is(err, ErrNoUser) {
		return Change{}, err
	}
	c := Change{Before: *u}
	if !o.delete(u, l, handle) {
		return Change{}, or(err, ErrAbsent)
	}
	c.After = *u
	if l == Forward && other != nil {
		o.delete(other, Reverse, u.Handle)
		snapshot := *other
		c.Other = &snapshot
	}
	return c, nil
}

// or returns err, or def where err is nil.
func or(err, def error) error {
	if err == nil {
		return def
	}
	return err
}

// rename changes the name of a contact; see [Store].
func (o *Operation) rename(owner, handle, name string) (Change, error) {
	if err := CheckName(name); err != nil {
		return Change{}, err
	}
	u, err := o.user(owner)
	if err != nil {
		return Change{}, err
	}
	c := Change{Before: *u}
	u.Serial++
	for _, l := range []List{Forward, Allow, Block} {
		if i := u.Find(l, handle); i >= 0 {
			u.Lists[l] = slices.Clone(u.Lists[l])
			u.Lists[l][i].Name = name
			o.did(stepRename, u, News{List: l, Entry: u.Lists[l][i]})
		}
	}
	if len(o.steps) == 0 {
		return Change{}, ErrAbsent
	}
	c.After = *u
	return c, nil
}

// deleteUser deletes an account; see [Admin]. It removes the account from the lists of all others
// first, so that each of them hears of it.
func (o *Operation) deleteUser(handle string) error {
	u, err := o.user(handle)
	if err != nil {
		return err
	}
	holders, err := o.holders(Key(handle))
	if err != nil {
		return err
	}
	for _, h := range holders {
		other, err := o.user(h)
		if err != nil {
			return err
		}
		for l := range lists {
			if other != u {
				o.delete(other, l, handle)
			}
		}
	}
	o.unseen = true
	o.did(stepDelete, u, News{What: Deleted})
	return nil
}

// insert appends e to a list of u.
func (o *Operation) insert(u *User, l List, e Entry) {
	u.Lists[l] = append(slices.Clip(u.Lists[l]), e) // clipped, so that snapshots keep the old slice
	u.Serial++
	o.did(stepAdd, u, News{What: Added, List: l, Entry: e})
}

// delete removes handle from a list of u, and reports whether it was there.
func (o *Operation) delete(u *User, l List, handle string) bool {
	i := u.Find(l, handle)
	if i < 0 {
		return false
	}
	e := u.Lists[l][i]
	u.Lists[l] = slices.DeleteFunc(slices.Clone(u.Lists[l]),
		func(e Entry) bool { return strings.EqualFold(e.Handle, handle) })
	u.Serial++
	o.did(stepRemove, u, News{What: Removed, List: l, Entry: e})
	return true
}
