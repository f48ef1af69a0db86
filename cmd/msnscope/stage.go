package main

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"strings"

	"github.com/msnscope/msnscope/decode/dialect"
	"github.com/msnscope/msnscope/replay"
	"github.com/msnscope/msnscope/server/accounts"
)

// staged is an embedded server in the state in which the recorded one was. It also does what that
// one did by itself.
type staged struct {
	*embedded
	store *accounts.Memory
}

// stage returns a new embedded server for a plan, with what the recording presupposes: the
// accounts, their names, lists and settings, and the settings of the server. The accounts of --db
// and flags that were given take precedence. known has passwords by handle; stage adds NAMEpw for
// every other account.
func (f *replayFlags) stage(log *slog.Logger, plan *replay.Plan, known map[string]string) (*staged, error) {
	world, flags := plan.World(), f.serverFlags
	flags.users, flags.db = nil, ""
	flags.noDispatch = flags.noDispatch || world.NoDispatch
	flags.notifications = max(flags.notifications, min(len(world.Notification), maxNotification))
	for _, limit := range []struct {
		key   string
		value int
	}{
		{"list-limit", world.ListLimit},
		{"user-sessions", world.UserSessions},
		{"user-connections", world.UserConnections},
	} {
		if limit.value > 0 {
			flags.set = append([]string{fmt.Sprintf("%s=%d", limit.key, limit.value)}, flags.set...)
		}
	}
	s := &staged{store: accounts.Defaults()}
	stored, err := f.stored(known)
	if err != nil {
		return nil, err
	}
	for _, handle := range plan.Passwords() {
		world.Add(handle)
	}
	for i := range world.Accounts {
		if err := s.put(&world.Accounts[i], world, known); err != nil {
			return nil, &exitError{exitIO, err, ""}
		}
	}
	for _, u := range stored {
		if err := s.store.Put(u); err != nil {
			return nil, &exitError{exitIO, fmt.Errorf("--db %s: %s: %w", f.db, u.Handle, err), ""}
		}
	}
	given, err := f.accounts()
	if err != nil {
		return nil, err
	}
	for _, a := range given {
		if err := a.put(s.store); err != nil {
			return nil, usage("--user %s: %w", a.handle, err)
		}
	}
	s.embedded, err = flags.embedWith(log, s.store)
	return s, err
}

// stored returns the accounts of --db, and adds their passwords to those that are known. The replay
// works on copies: what it changes is not written back, so that it can be repeated.
func (f *replayFlags) stored(known map[string]string) (all []accounts.User, err error) {
	if f.db == "" {
		return nil, nil
	}
	from := accountFlags{storeFlags: storeFlags{db: f.db}}
	err = from.with(context.Background(), func(s accountStore) error {
		handles, err := s.Handles(context.Background())
		for _, handle := range handles {
			u, err := s.Lookup(context.Background(), handle)
			if err != nil {
				return err
			}
			if _, given := known[strings.ToLower(handle)]; !given {
				known[strings.ToLower(handle)] = u.Password
			}
			all = append(all, u)
		}
		return err
	}, true)
	return all, err
}

// maxNotification is how many notification servers an embedded server has at most.
const maxNotification = 100

// put makes the account, with those on its reverse list who have it on their forward lists.
func (s *staged) put(a *replay.Account, world *replay.World, known map[string]string) error {
	name, _, _ := strings.Cut(a.Handle, "@")
	if _, ok := known[a.Handle]; !ok {
		known[a.Handle] = name + "pw"
	}
	u := accounts.User{
		Handle: a.Handle, Password: known[a.Handle], FriendlyName: name, GTC: "A", BLP: "AL", Serial: max(a.Serial, 1),
	}
	if accounts.CheckName(a.Name) == nil && a.Name != "" {
		u.FriendlyName = a.Name
	}
	for setting, value := range a.Settings {
		switch which, ok := accounts.ParseSetting(setting); {
		case !ok || value == "":
		case which == accounts.GTC:
			u.GTC = value
		case which == accounts.BLP:
			u.BLP = value
		}
	}
	for l, list := range []accounts.List{accounts.Forward, accounts.Allow, accounts.Block} {
		for _, e := range a.Lists[l] {
			u.Lists[list] = append(u.Lists[list], entry(e))
		}
	}
	for i := range world.Accounts {
		other := &world.Accounts[i]
		for _, e := range other.Lists[0] {
			if e.Handle == a.Handle {
				u.Lists[accounts.Reverse] = append(u.Lists[accounts.Reverse], entry(replay.Entry{
					Handle: other.Handle, Name: other.Name,
				}))
			}
		}
	}
	return s.store.Put(u)
}

// entry returns an entry of a list; without a name it has that before the @.
func entry(e replay.Entry) accounts.Entry {
	if e.Name == "" {
		e.Name, _, _ = strings.Cut(e.Handle, "@")
	}
	return accounts.Entry{Handle: e.Handle, Name: e.Name}
}

// do does what the recorded server did by itself.
func (s *staged) do(ctx context.Context, d replay.Deed) error {
	switch d.What {
	case dialect.ShutsDown:
		go func() { _ = s.Shutdown(context.WithoutCancel(ctx)) }() // it ends with Close at the latest
		return nil
	case dialect.Moves:
		for _, to := range s.options.Notification {
			if to != d.Server {
				_, err := s.Drain(d.Server, to)
				return err
			}
		}
		return errors.New("there is no other notification server")
	case dialect.ChangesState:
		s.store.Tell(accounts.News{What: accounts.State, Handle: d.Handle, Value: d.Value})
		return nil
	case dialect.Announces:
		s.store.Tell(accounts.News{What: accounts.Text, Handle: d.Handle, Value: d.Value})
		return nil
	case dialect.ChangesSetting:
		which, _ := accounts.ParseSetting(d.Setting)
		return s.store.ChangeOutside(accounts.News{
			What: accounts.Changed, Handle: d.Handle, Setting: which, Value: d.Value,
		})
	}
	n := accounts.News{What: accounts.Added, Handle: d.Handle}
	n.Entry = entry(replay.Entry{Handle: d.Other, Name: d.Name})
	if d.Removed {
		n.What = accounts.Removed
	}
	list, _ := accounts.ParseList(d.List)
	if n.List = list; list == accounts.Reverse { // the other user did it
		n.Handle, n.Entry, n.List = d.Other, entry(replay.Entry{Handle: d.Handle}), accounts.Forward
	}
	return s.store.ChangeOutside(n)
}
