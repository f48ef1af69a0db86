package accounts

import (
	"context"
	"errors"
	"fmt"
	"path/filepath"
	"strings"
	"sync"
	"testing"
)

const (
	alice = "alice@hotmail.com"
	bob   = "bob@hotmail.com"
	carol = "carol@hotmail.com"
	dave  = "dave@hotmail.com"
)

// eachStore runs a test on a store of each kind, with the four accounts of Defaults.
func eachStore(t *testing.T, f func(t *testing.T, s Admin)) {
	t.Run("memory", func(t *testing.T) { f(t, Defaults()) })
	t.Run("sqlite", func(t *testing.T) { f(t, openTest(t, filepath.Join(t.TempDir(), "accounts.db"))) })
}

// openTest opens a database for the time of the test, and fills a new one.
func openTest(t testing.TB, path string) *SQLite {
	t.Helper()
	s, err := Open(path, OpenOptions{})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := s.Close(); err != nil {
			t.Error(err)
		}
	})
	if all, err := s.Handles(t.Context()); err != nil || len(all) > 0 {
		return s
	}
	for _, h := range []string{alice, bob, carol, dave} {
		name, _, _ := strings.Cut(h, "@")
		if err := s.Create(h, name+"pw", name); err != nil {
			t.Fatal(err)
		}
	}
	return s
}

func lookup(t *testing.T, s Store, handle string) User {
	t.Helper()
	u, err := s.Lookup(t.Context(), handle)
	if err != nil {
		t.Fatalf("Lookup(%s): %v", handle, err)
	}
	return u
}

// show formats the serial and a list for comparison: "2: bob@hotmail.com=Bob".
func show(u User, l List) string {
	var words []string
	for _, e := range u.Lists[l] {
		words = append(words, e.Handle+"="+e.Name)
	}
	return strings.TrimSpace(fmt.Sprintf("%d: %s", u.Serial, strings.Join(words, " ")))
}

func wantList(t *testing.T, u User, l List, want string) {
	t.Helper()
	if got := show(u, l); got != want {
		t.Errorf("%s of %s is %q, want %q", l, u.Handle, got, want)
	}
}

func TestDefaults(t *testing.T) { eachStore(t, testDefaults) }

func testDefaults(t *testing.T, s Admin) {
	for _, name := range []string{"alice", "bob", "carol", "dave"} {
		u := lookup(t, s, strings.ToUpper(name)+"@Hotmail.COM") // §5.4: case makes no difference
		if u.Handle != name+"@hotmail.com" || u.Password != name+"pw" || u.FriendlyName != name ||
			u.GTC != "A" || u.BLP != "AL" || u.Serial != 1 {
			t.Errorf("account is %+v", u)
		}
		for l := range lists {
			wantList(t, u, l, "1:")
		}
	}
	if _, err := s.Lookup(t.Context(), "erin@hotmail.com"); !errors.Is(err, ErrNoUser) {
		t.Errorf("Lookup of nobody: %v", err)
	}
	if err := s.Create("ALICE@hotmail.com", "x", "x"); !errors.Is(err, ErrExists) {
		t.Errorf("Create of a second alice: %v", err)
	}
}

func TestForwardListChangesReverseListOfTheOther(t *testing.T) {
	eachStore(t, testForwardListChangesTheOthersReverseList)
}

func testForwardListChangesTheOthersReverseList(t *testing.T, s Admin) {
	c, err := s.Add(t.Context(), "Alice@hotmail.com", Forward, Entry{"BOB@hotmail.com", "My%20Bob"}, 150)
	if err != nil {
		t.Fatal(err)
	}
	wantList(t, c.Before, Forward, "1:")
	wantList(t, c.After, Forward, "2: bob@hotmail.com=My%20Bob")
	wantList(t, *c.Other, Reverse, "2: alice@hotmail.com=alice")
	wantList(t, lookup(t, s, bob), Reverse, "2: alice@hotmail.com=alice")

	c, err = s.Remove(t.Context(), alice, Forward, "bob@HOTMAIL.com")
	if err != nil {
		t.Fatal(err)
	}
	wantList(t, c.Before, Forward, "2: bob@hotmail.com=My%20Bob") // a snapshot stays as it was
	wantList(t, c.After, Forward, "3:")
	wantList(t, *c.Other, Reverse, "3:")
}

func TestAddingOneselfIsTwoChanges(t *testing.T) { eachStore(t, testAddingOneselfIsTwoChanges) }

func testAddingOneselfIsTwoChanges(t *testing.T, s Admin) {
	c, err := s.Add(t.Context(), alice, Forward, Entry{alice, "me"}, 150)
	if err != nil {
		t.Fatal(err)
	}
	wantList(t, c.After, Forward, "2: alice@hotmail.com=me")
	wantList(t, *c.Other, Reverse, "3: alice@hotmail.com=alice")
	if c, err = s.Remove(t.Context(), alice, Forward, alice); err != nil {
		t.Fatal(err)
	}
	wantList(t, c.After, Forward, "4:")
	wantList(t, *c.Other, Reverse, "5:")
}

func TestOrderIsThatOfAdding(t *testing.T) { eachStore(t, testOrderIsThatOfAdding) }

func testOrderIsThatOfAdding(t *testing.T, s Admin) {
	for _, h := range []string{dave, bob, carol} {
		if _, err := s.Add(t.Context(), alice, Allow, Entry{h, "x"}, 150); err != nil {
			t.Fatal(err)
		}
	}
	if _, err := s.Remove(t.Context(), alice, Allow, bob); err != nil {
		t.Fatal(err)
	}
	if _, err := s.Rename(t.Context(), alice, carol, "y"); err != nil {
		t.Fatal(err)
	}
	wantList(t, lookup(t, s, alice), Allow, "6: dave@hotmail.com=x carol@hotmail.com=y")
}

func TestRefusals(t *testing.T) {
	add := func(l List, handle string) func(context.Context, Store) error {
		return func(ctx context.Context, s Store) error {
			_, err := s.Add(ctx, alice, l, Entry{handle, "x"}, 2)
			return err
		}
	}
	remove := func(l List, handle string) func(context.Context, Store) error {
		return func(ctx context.Context, s Store) error {
			_, err := s.Remove(ctx, alice, l, handle)
			return err
		}
	}
	set := func(s Setting, value string) func(context.Context, Store) error {
		return func(ctx context.Context, st Store) error {
			_, err := st.Set(ctx, alice, s, value)
			return err
		}
	}
	for name, tc := range map[string]struct {
		do   func(context.Context, Store) error
		want error
	}{
		"add nobody":             {add(Forward, "erin@hotmail.com"), ErrNoUser},
		"add twice":              {add(Allow, "BOB@hotmail.com"), ErrExists},
		"allow the blocked":      {add(Allow, carol), ErrOpposite},
		"block the allowed":      {add(Block, bob), ErrOpposite},
		"full":                   {add(Allow, alice), ErrFull},
		"remove nobody":          {remove(Forward, "erin@hotmail.com"), ErrNoUser},
		"remove who is not":      {remove(Forward, bob), ErrAbsent},
		"the present GTC":        {set(GTC, "A"), ErrSame},
		"the present BLP":        {set(BLP, "AL"), ErrSame},
		"the present name is no": {set(Name, "alice"), nil},
		"rename who is on no list": {func(ctx context.Context, s Store) error {
			_, err := s.Rename(ctx, alice, "erin@hotmail.com", "x")
			return err
		}, ErrAbsent},
	} {
		t.Run(name, func(t *testing.T) {
			eachStore(t, func(t *testing.T, s Admin) {
				for _, l := range []struct {
					List
					handle string
				}{{Allow, bob}, {Allow, dave}, {Block, carol}} {
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
		})
	}
}

func TestPermits(t *testing.T) {
	for _, tc := range []struct {
		blp            string
		allow, blocked bool
		want           bool
	}{
		{"AL", false, false, true},
		{"AL", true, false, true},
		{"AL", false, true, false},
		{"BL", false, false, false},
		{"BL", true, false, true},
		{"BL", false, true, false},
		{"BL", true, true, false}, // impossible, but a block would win
	} {
		u := User{BLP: tc.blp}
		if tc.allow {
			u.Lists[Allow] = []Entry{{Handle: bob}}
		}
		if tc.blocked {
			u.Lists[Block] = []Entry{{Handle: bob}}
		}
		if got := u.Permits("Bob@hotmail.com"); got != tc.want {
			t.Errorf("%+v: got %v", tc, got)
		}
	}
}

// TestConcurrent has all users add and remove each other; in the end forward and reverse lists must
// agree, and every serial must have counted each change.
func TestConcurrent(t *testing.T) { eachStore(t, testConcurrent) }

func testConcurrent(t *testing.T, s Admin) {
	all := []string{alice, bob, carol, dave}
	var wg sync.WaitGroup
	for _, owner := range all {
		wg.Go(func() {
			for range 50 {
				for _, h := range all {
					if _, err := s.Add(t.Context(), owner, Forward, Entry{h, "x"}, 150); err != nil {
						t.Error(err)
					}
				}
				for _, h := range all[1:] {
					if _, err := s.Remove(t.Context(), owner, Forward, h); err != nil {
						t.Error(err)
					}
				}
				if _, err := s.Remove(t.Context(), owner, Forward, alice); err != nil {
					t.Error(err)
				}
			}
		})
	}
	wg.Wait()
	for _, h := range all {
		const want = 1 + 50*(4+4) + 50*(4+4) // own changes, and those of others to the reverse list
		u := lookup(t, s, h)
		wantList(t, u, Forward, fmt.Sprintf("%d:", want))
		wantList(t, u, Reverse, fmt.Sprintf("%d:", want))
	}
}

func TestParseList(t *testing.T) {
	for l := range lists {
		if got, ok := ParseList(l.String()); got != l || !ok {
			t.Errorf("ParseList(%s) = %v, %v", l, got, ok)
		}
	}
	if _, ok := ParseList("fl"); ok || List(9).String() != "" {
		t.Error("what is no list was taken for one")
	}
}
