// Package accountstest has the tests that every store of accounts must pass.
package accountstest

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"sync"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/msnscope/msnscope/server/accounts"
)

const (
	alice = "alice@hotmail.com"
	bob   = "bob@hotmail.com"
	carol = "carol@hotmail.com"
	dave  = "dave@hotmail.com"
)

var all = []accounts.List{accounts.Forward, accounts.Reverse, accounts.Allow, accounts.Block}

// Run runs all tests. open returns a store that has the accounts of Defaults and nothing else, and
// that ends with the test.
func Run(t *testing.T, open func(*testing.T) accounts.Admin) {
	for name, f := range map[string]func(*testing.T, accounts.Admin){
		"defaults":                    testDefaults,
		"forward and reverse list":    testForwardListChangesTheOthersReverseList,
		"adding oneself":              testAddingOneselfIsTwoChanges,
		"the order is that of adding": testOrderIsThatOfAdding,
		"concurrent":                  testConcurrent,
		"delete":                      testDeleteTakesTheAccountOffEveryList,
		"passwords":                   testSetPassword,
		"handles":                     testHandles,
	} {
		t.Run(name, func(t *testing.T) { f(t, open(t)) })
	}
	t.Run("import", func(t *testing.T) {
		if s, ok := open(t).(importer); ok { // a store in memory has Put instead
			testImport(t, s)
		}
	})
	t.Run("refusals", func(t *testing.T) { testRefusals(t, open) })
}

// Fill gives a store without accounts those of Defaults.
func Fill(t testing.TB, s accounts.Admin) {
	t.Helper()
	for _, h := range []string{alice, bob, carol, dave} {
		name, _, _ := strings.Cut(h, "@")
		if err := s.Create(h, name+"pw", name); err != nil {
			t.Fatal(err)
		}
	}
}

func entry(handle, name string) accounts.Entry { return accounts.Entry{Handle: handle, Name: name} }

func lookup(t *testing.T, s accounts.Store, handle string) accounts.User {
	t.Helper()
	u, err := s.Lookup(t.Context(), handle)
	if err != nil {
		t.Fatalf("Lookup(%s): %v", handle, err)
	}
	return u
}

// show formats the serial and a list for comparison: "2: bob@hotmail.com=Bob".
func show(u accounts.User, l accounts.List) string {
	var words []string
	for _, e := range u.Lists[l] {
		words = append(words, e.Handle+"="+e.Name)
	}
	return strings.TrimSpace(fmt.Sprintf("%d: %s", u.Serial, strings.Join(words, " ")))
}

func wantList(t *testing.T, u accounts.User, l accounts.List, want string) {
	t.Helper()
	if got := show(u, l); got != want {
		t.Errorf("%s of %s is %q, want %q", l, u.Handle, got, want)
	}
}

func testDefaults(t *testing.T, s accounts.Admin) {
	for _, name := range []string{"alice", "bob", "carol", "dave"} {
		u := lookup(t, s, strings.ToUpper(name)+"@Hotmail.COM") // §5.4: case makes no difference
		if u.Handle != name+"@hotmail.com" || u.Password != name+"pw" || u.FriendlyName != name ||
			u.GTC != "A" || u.BLP != "AL" || u.Serial != 1 {
			t.Errorf("account is %+v", u)
		}
		for _, l := range all {
			wantList(t, u, l, "1:")
		}
	}
	if _, err := s.Lookup(t.Context(), "erin@hotmail.com"); !errors.Is(err, accounts.ErrNoUser) {
		t.Errorf("Lookup of nobody: %v", err)
	}
	if err := s.Create("ALICE@hotmail.com", "x", "x"); !errors.Is(err, accounts.ErrExists) {
		t.Errorf("Create of a second alice: %v", err)
	}
}

func testForwardListChangesTheOthersReverseList(t *testing.T, s accounts.Admin) {
	c, err := s.Add(t.Context(), "Alice@hotmail.com", accounts.Forward, entry("BOB@hotmail.com", "My%20Bob"), 150)
	if err != nil {
		t.Fatal(err)
	}
	wantList(t, c.Before, accounts.Forward, "1:")
	wantList(t, c.After, accounts.Forward, "2: bob@hotmail.com=My%20Bob")
	wantList(t, *c.Other, accounts.Reverse, "2: alice@hotmail.com=alice")
	wantList(t, lookup(t, s, bob), accounts.Reverse, "2: alice@hotmail.com=alice")

	c, err = s.Remove(t.Context(), alice, accounts.Forward, "bob@HOTMAIL.com")
	if err != nil {
		t.Fatal(err)
	}
	wantList(t, c.Before, accounts.Forward, "2: bob@hotmail.com=My%20Bob") // a snapshot stays as it was
	wantList(t, c.After, accounts.Forward, "3:")
	wantList(t, *c.Other, accounts.Reverse, "3:")
}

func testAddingOneselfIsTwoChanges(t *testing.T, s accounts.Admin) {
	c, err := s.Add(t.Context(), alice, accounts.Forward, entry(alice, "me"), 150)
	if err != nil {
		t.Fatal(err)
	}
	wantList(t, c.After, accounts.Forward, "2: alice@hotmail.com=me")
	wantList(t, *c.Other, accounts.Reverse, "3: alice@hotmail.com=alice")
	if c, err = s.Remove(t.Context(), alice, accounts.Forward, alice); err != nil {
		t.Fatal(err)
	}
	wantList(t, c.After, accounts.Forward, "4:")
	wantList(t, *c.Other, accounts.Reverse, "5:")
}

func testOrderIsThatOfAdding(t *testing.T, s accounts.Admin) {
	for _, h := range []string{dave, bob, carol} {
		if _, err := s.Add(t.Context(), alice, accounts.Allow, entry(h, "x"), 150); err != nil {
			t.Fatal(err)
		}
	}
	if _, err := s.Remove(t.Context(), alice, accounts.Allow, bob); err != nil {
		t.Fatal(err)
	}
	if _, err := s.Rename(t.Context(), alice, carol, "y"); err != nil {
		t.Fatal(err)
	}
	wantList(t, lookup(t, s, alice), accounts.Allow, "6: dave@hotmail.com=x carol@hotmail.com=y")
}

// testConcurrent has all users add and remove each other; in the end forward and reverse lists must
// agree, and every serial must have counted each change.
func testConcurrent(t *testing.T, s accounts.Admin) {
	all := []string{alice, bob, carol, dave}
	var wg sync.WaitGroup
	for _, owner := range all {
		wg.Go(func() {
			for range 50 {
				for _, h := range all {
					if _, err := s.Add(t.Context(), owner, accounts.Forward, entry(h, "x"), 150); err != nil {
						t.Error(err)
					}
				}
				for _, h := range all[1:] {
					if _, err := s.Remove(t.Context(), owner, accounts.Forward, h); err != nil {
						t.Error(err)
					}
				}
				if _, err := s.Remove(t.Context(), owner, accounts.Forward, alice); err != nil {
					t.Error(err)
				}
			}
		})
	}
	wg.Wait()
	for _, h := range all {
		const want = 1 + 50*(4+4) + 50*(4+4) // own changes, and those of others to the reverse list
		u := lookup(t, s, h)
		wantList(t, u, accounts.Forward, fmt.Sprintf("%d:", want))
		wantList(t, u, accounts.Reverse, fmt.Sprintf("%d:", want))
	}
}

func testDeleteTakesTheAccountOffEveryList(t *testing.T, s accounts.Admin) {
	for _, e := range []struct {
		owner string
		list  accounts.List
		other string
	}{
		{alice, accounts.Forward, bob},
		{bob, accounts.Forward, alice},
		{bob, accounts.Forward, bob},
		{carol, accounts.Allow, bob},
		{dave, accounts.Block, bob},
	} {
		if _, err := s.Add(t.Context(), e.owner, e.list, entry(e.other, "x"), 150); err != nil {
			t.Fatal(err)
		}
	}
	if err := s.Delete(t.Context(), "BOB@hotmail.com"); err != nil {
		t.Fatal(err)
	}
	if _, err := s.Lookup(t.Context(), bob); !errors.Is(err, accounts.ErrNoUser) {
		t.Errorf("Lookup of the deleted: %v", err)
	}
	wantList(t, lookup(t, s, alice), accounts.Forward, "5:") // added bob, was added, and bob left both lists
	wantList(t, lookup(t, s, alice), accounts.Reverse, "5:")
	wantList(t, lookup(t, s, carol), accounts.Allow, "3:")
	wantList(t, lookup(t, s, dave), accounts.Block, "3:")
	if err := s.Delete(t.Context(), bob); !errors.Is(err, accounts.ErrNoUser) {
		t.Errorf("a second Delete: %v", err)
	}
	if err := s.Create(bob, "new", "Bob"); err != nil {
		t.Fatal(err)
	}
	wantList(t, lookup(t, s, bob), accounts.Forward, "1:")
}

func testSetPassword(t *testing.T, s accounts.Admin) {
	if err := s.SetPassword(t.Context(), alice, "other"); err != nil {
		t.Fatal(err)
	}
	if u := lookup(t, s, alice); u.Password != "other" || u.Serial != 1 {
		t.Errorf("account is %+v", u)
	}
	if err := s.SetPassword(t.Context(), "erin@hotmail.com", "x"); !errors.Is(err, accounts.ErrNoUser) {
		t.Errorf("password of nobody: %v", err)
	}
}

func testHandles(t *testing.T, s accounts.Admin) {
	if err := s.Create("Bert@hotmail.com", "x", "x"); err != nil {
		t.Fatal(err)
	}
	got, err := s.Handles(t.Context())
	if want := []string{alice, "Bert@hotmail.com", bob, carol, dave}; err != nil || !slices.Equal(got, want) {
		t.Errorf("got %v, %v", got, err)
	}
}

func testRefusals(t *testing.T, open func(*testing.T) accounts.Admin) {
	add := func(l accounts.List, handle string) func(context.Context, accounts.Store) error {
		return func(ctx context.Context, s accounts.Store) error {
			_, err := s.Add(ctx, alice, l, entry(handle, "x"), 2)
			return err
		}
	}
	remove := func(l accounts.List, handle string) func(context.Context, accounts.Store) error {
		return func(ctx context.Context, s accounts.Store) error {
			_, err := s.Remove(ctx, alice, l, handle)
			return err
		}
	}
	set := func(s accounts.Setting, value string) func(context.Context, accounts.Store) error {
		return func(ctx context.Context, st accounts.Store) error {
			_, err := st.Set(ctx, alice, s, value)
			return err
		}
	}
	for name, tc := range map[string]struct {
		do   func(context.Context, accounts.Store) error
		want error
	}{
		"add nobody":             {add(accounts.Forward, "erin@hotmail.com"), accounts.ErrNoUser},
		"add twice":              {add(accounts.Allow, "BOB@hotmail.com"), accounts.ErrExists},
		"allow the blocked":      {add(accounts.Allow, carol), accounts.ErrOpposite},
		"block the allowed":      {add(accounts.Block, bob), accounts.ErrOpposite},
		"full":                   {add(accounts.Allow, alice), accounts.ErrFull},
		"remove nobody":          {remove(accounts.Forward, "erin@hotmail.com"), accounts.ErrNoUser},
		"remove who is not":      {remove(accounts.Forward, bob), accounts.ErrAbsent},
		"the present GTC":        {set(accounts.GTC, "A"), accounts.ErrSame},
		"the present BLP":        {set(accounts.BLP, "AL"), accounts.ErrSame},
		"the present name is no": {set(accounts.Name, "alice"), nil},
		"rename who is on no list": {func(ctx context.Context, s accounts.Store) error {
			_, err := s.Rename(ctx, alice, "erin@hotmail.com", "x")
			return err
		}, accounts.ErrAbsent},
	} {
		t.Run(name, func(t *testing.T) {
			s := open(t)
			for _, l := range []struct {
				accounts.List
				handle string
			}{{accounts.Allow, bob}, {accounts.Allow, dave}, {accounts.Block, carol}} {
				if err := add(l.List, l.handle)(t.Context(), s); err != nil {
					t.Fatal(err)
				}
			}
			if err := tc.do(t.Context(), s); !errors.Is(err, tc.want) {
				t.Errorf("got %v, want %v", err, tc.want)
			}
			want := 4 // three entries were added
			if tc.want == nil {
				want++
			}
			if got := lookup(t, s, alice).Serial; got != want {
				t.Errorf("serial is %d, want %d", got, want)
			}
		})
	}
}

// importer is a store that takes whole accounts.
type importer interface {
	accounts.Admin
	Import(ctx context.Context, u accounts.User) error
}

func testImport(t *testing.T, s importer) {
	want := accounts.User{
		Handle: "Erin@hotmail.com", Password: "secret", FriendlyName: "\xffErin", GTC: "N", BLP: "BL", More: "x\ny",
		Serial: 77,
	}
	for _, l := range all {
		want.Lists[l] = []accounts.Entry{entry(dave, "D"), entry("nobody"+l.String()+"@x.com", ""), entry(alice, "")}
	}
	want.Lists[accounts.Block] = []accounts.Entry{entry(bob, "")}
	if err := s.Import(t.Context(), want); err != nil {
		t.Fatal(err)
	}
	if d := cmp.Diff(want, lookup(t, s, "erin@hotmail.com")); d != "" {
		t.Errorf("the account differs, - want, + got:\n%s", d)
	}
	wantList(t, lookup(t, s, alice), accounts.Reverse, "1:")
	list := func(l accounts.List, entries ...accounts.Entry) func(*accounts.User) {
		return func(u *accounts.User) { u.Lists[l] = entries }
	}
	for name, tc := range map[string]struct {
		change func(*accounts.User)
		want   error
	}{
		"there already":       {func(u *accounts.User) { u.Handle = "ERIN@hotmail.com" }, accounts.ErrExists},
		"no domain":           {func(u *accounts.User) { u.Handle = "f" }, accounts.ErrValue},
		"no such GTC":         {func(u *accounts.User) { u.GTC = "X" }, accounts.ErrValue},
		"no serial":           {func(u *accounts.User) { u.Serial = 0 }, accounts.ErrValue},
		"a blank":             {list(accounts.Forward, entry(bob, "a b")), accounts.ErrValue},
		"twice":               {list(accounts.Forward, entry(bob, ""), entry(bob, "")), accounts.ErrValue},
		"allowed and blocked": {list(accounts.Block, entry(alice, "")), accounts.ErrValue},
	} {
		u := want
		u.Handle = "frank@hotmail.com"
		tc.change(&u)
		if err := s.Import(t.Context(), u); !errors.Is(err, tc.want) {
			t.Errorf("%s: got %v, want %v", name, err, tc.want)
		}
	}
}
