package accounts

import (
	"fmt"
	"strings"
	"testing"
)

const (
	alice = "alice@hotmail.com"
	bob   = "bob@hotmail.com"
	carol = "carol@hotmail.com"
	dave  = "dave@hotmail.com"
)

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
