package main

import (
	"context"
	"fmt"
	"math/rand/v2"
	"net"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"sync"
	"sync/atomic"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/msnscope/msnscope/internal/client"
	"github.com/msnscope/msnscope/server/accounts"
)

// crashUsers change their lists while the server is killed; each has the targets on them.
const (
	crashUsers   = 64
	crashTargets = 20
)

// TestNothingAcknowledgedIsLost kills a server, as a process, in the middle of what 64 clients
// change: every echoed ADD, REM, GTC and BLP must be there after the restart, with its serial. What
// was under way may be there or not. CRASH_ROUNDS is how often, 5 if not set.
func TestNothingAcknowledgedIsLost(t *testing.T) {
	rounds := 5
	if s := os.Getenv("CRASH_ROUNDS"); s != "" {
		n, err := strconv.Atoi(s)
		if err != nil || n < 1 {
			t.Fatalf("CRASH_ROUNDS=%s is no number of rounds", s)
		}
		rounds = n
	}
	c := &crash{
		t: t, db: filepath.Join(t.TempDir(), "a.db"),
		addr: net.JoinHostPort("127.0.0.1", strconv.Itoa(freePorts(t, 3))),
	}
	if code := run(t.Context(), []string{
		"accounts", "add", fmt.Sprintf("user{1..%d}@hotmail.com", crashUsers),
		fmt.Sprintf("target{1..%d}@hotmail.com", crashTargets),
		"--password", "secret", "--db", c.db,
	}, &env{stderr: os.Stderr, getenv: os.Getenv}); code != exitOK {
		t.Fatalf("accounts add: exit code %d", code)
	}
	for i := range crashUsers {
		c.users = append(c.users, &changer{handle: fmt.Sprintf("user%d@hotmail.com", i+1)})
	}
	for round := range rounds {
		c.round(round)
		if t.Failed() {
			t.Fatalf("in round %d", round)
		}
	}
	c.check(-1)
	c.mirrored()
	t.Logf("%d kills, %d changes were acknowledged", rounds, c.acknowledged.Load())
}

type crash struct {
	t            *testing.T
	db, addr     string
	users        []*changer
	acknowledged atomic.Int64
}

// changer is a user, what the server acknowledged to it, and what it may have done besides.
type changer struct {
	handle  string
	client  *client.Client
	known   client.Properties
	pending *edit // nil for none
}

// edit is one change of properties.
type edit struct {
	verb, list, target, value string
}

// round starts the server, checks what it has, and kills it while all change something.
func (c *crash) round(n int) {
	server := c.check(n)
	limit := c.acknowledged.Load() + 50 + rand.Int64N(1000)
	var working sync.WaitGroup
	for _, u := range c.users {
		working.Go(func() {
			for c.change(u) {
				if c.acknowledged.Add(1) == limit {
					_ = server.process.Kill()
				}
			}
			u.known = u.client.Properties()
			u.client.Close()
		})
	}
	working.Wait()
	server.wait(-1) // killed by a signal
}

// check starts a server, logs everybody on and compares. The last, -1, ends it too.
func (c *crash) check(round int) *program {
	server := spawn(c.t, nil, "serve", "--db", c.db, "--listen", c.addr)
	server.address()
	var logons sync.WaitGroup
	for _, u := range c.users {
		logons.Go(func() {
			if err := u.logon(c.t.Context(), c.addr); err != nil {
				c.t.Errorf("%s: %v", u.handle, err)
				return
			}
			if got := u.client.Properties(); !u.mayHave(got) {
				c.t.Errorf("%s: - acknowledged, + after the kill (besides, %+v was under way):\n%s", u.handle,
					u.pending, cmp.Diff(u.known, got))
			}
		})
	}
	logons.Wait()
	if round < 0 {
		for _, u := range c.users {
			u.client.Close()
		}
		server.end(exitOK)
	}
	return server
}

// mirrored checks that forward and reverse lists agree. The serial of a target counts how often it
// was added and removed, so that it is even or odd with what is left.
func (c *crash) mirrored() {
	s, err := accounts.Open(c.db, accounts.OpenOptions{Existing: true})
	if err != nil {
		c.t.Fatal(err)
	}
	defer s.Close()
	watchers := make(map[string][]string)
	for _, u := range c.users {
		a, err := s.Lookup(c.t.Context(), u.handle)
		if err != nil {
			c.t.Fatal(err)
		}
		for _, e := range a.Lists[accounts.Forward] {
			watchers[e.Handle] = append(watchers[e.Handle], u.handle)
		}
	}
	for i := range crashTargets {
		a, err := s.Lookup(c.t.Context(), fmt.Sprintf("target%d@hotmail.com", i+1))
		if err != nil {
			c.t.Fatal(err)
		}
		var got []string
		for _, e := range a.Lists[accounts.Reverse] {
			got = append(got, e.Handle)
		}
		slices.Sort(got)
		slices.Sort(watchers[a.Handle])
		if !slices.Equal(got, watchers[a.Handle]) || (a.Serial-1-len(got))%2 != 0 {
			c.t.Errorf("%s, serial %d, has on its reverse list %v, but is on the forward lists of %v", a.Handle,
				a.Serial, got, watchers[a.Handle])
		}
	}
}

func (u *changer) logon(ctx context.Context, addr string) (err error) {
	u.client, err = client.Login(ctx, client.Options{Server: addr, Handle: u.handle, Password: "secret"})
	if err != nil {
		return err
	}
	return u.client.Sync(ctx)
}

// mayHave reports whether got is what was acknowledged, with or without the change that was under
// way.
func (u *changer) mayHave(got client.Properties) bool {
	if u.known.Serial == 0 || sameProperties(u.known, got) { // 0: the first time
		return true
	}
	return u.pending != nil && sameProperties(u.pending.on(u.known), got)
}

// sameProperties takes a list without entries for one that is not there.
func sameProperties(a, b client.Properties) bool {
	for _, l := range []string{"FL", "AL", "BL", "RL"} {
		if !slices.Equal(a.Lists[l], b.Lists[l]) {
			return false
		}
	}
	return a.Serial == b.Serial && a.GTC == b.GTC && a.BLP == b.BLP
}

// change makes a change, and reports whether it was acknowledged.
func (c *crash) change(u *changer) bool {
	e := next(u.client.Properties())
	u.pending = &e
	ctx := c.t.Context()
	var err error
	switch e.verb {
	case "GTC":
		err = u.client.SetGTC(ctx, e.value)
	case "BLP":
		err = u.client.SetBLP(ctx, e.value)
	case "ADD":
		err = u.client.AddContact(ctx, e.list, e.target, "Target")
	case "REM":
		err = u.client.RemoveContact(ctx, e.list, e.target)
	}
	if err == nil {
		u.pending = nil
	}
	return err == nil
}

// next returns a random change that the server must take.
func next(p client.Properties) edit {
	switch rand.IntN(10) {
	case 0:
		return edit{verb: "GTC", value: other(p.GTC, "A", "N")}
	case 1:
		return edit{verb: "BLP", value: other(p.BLP, "AL", "BL")}
	}
	target := fmt.Sprintf("target%d@hotmail.com", 1+rand.IntN(crashTargets))
	list := []string{"FL", "AL", "BL"}[rand.IntN(3)]
	if list != "FL" && contains(p, other(list, "AL", "BL"), target) {
		list = other(list, "AL", "BL")
	}
	if contains(p, list, target) {
		return edit{verb: "REM", list: list, target: target}
	}
	return edit{verb: "ADD", list: list, target: target}
}

func other(is, a, b string) string {
	if is == a {
		return b
	}
	return a
}

func contains(p client.Properties, list, handle string) bool {
	return slices.ContainsFunc(p.Lists[list], func(c client.Contact) bool { return c.Handle == handle })
}

// on returns the properties after the change.
func (e *edit) on(p client.Properties) client.Properties {
	lists := make(map[string][]client.Contact)
	for name, l := range p.Lists {
		lists[name] = slices.Clone(l)
	}
	p.Lists = lists
	p.Serial++
	switch e.verb {
	case "GTC":
		p.GTC = e.value
	case "BLP":
		p.BLP = e.value
	case "ADD":
		p.Lists[e.list] = append(p.Lists[e.list], client.Contact{Handle: e.target, Name: "Target"})
	case "REM":
		p.Lists[e.list] = slices.DeleteFunc(p.Lists[e.list],
			func(c client.Contact) bool { return c.Handle == e.target })
	}
	return p
}
