package accounts

import (
	"context"
	"errors"
	"path/filepath"
	"slices"
	"testing"
	"testing/synctest"

	"github.com/google/go-cmp/cmp"
)

// beside opens the database a second time, as the verbs do beside a running server.
func beside(t *testing.T, path string) *SQLite {
	t.Helper()
	s, err := Open(path, OpenOptions{Existing: true, Announce: true})
	must(t, err)
	t.Cleanup(func() { must(t, s.Close()) })
	return s
}

// watch collects a store's news, and answers that only alice is logged on.
func watch(t *testing.T, s *SQLite) <-chan News {
	t.Helper()
	news, ended := make(chan News, 100), make(chan error)
	ctx, stop := context.WithCancel(context.Background())
	go func() {
		ended <- s.Watch(ctx, func(n News) bool {
			news <- n
			return n.Handle == alice
		})
	}()
	t.Cleanup(func() {
		stop()
		if err := <-ended; !errors.Is(err, context.Canceled) {
			t.Errorf("Watch: %v", err)
		}
	})
	return news
}

func TestNewsOfAnotherProgram(t *testing.T) {
	path := filepath.Join(t.TempDir(), "a.db")
	server := openTest(t, path)
	lookup(t, server, alice) // puts alice into the cache
	verbs := beside(t, path)
	_, err := verbs.Add(t.Context(), bob, Block, Entry{carol, "before"}, 150)
	must(t, err)
	news := watch(t, server)

	_, err = verbs.Add(t.Context(), alice, Forward, Entry{"BOB@hotmail.com", "B"}, 150)
	must(t, err)
	_, err = verbs.Set(t.Context(), alice, GTC, "N")
	must(t, err)
	_, err = server.Set(t.Context(), alice, BLP, "BL") // no news: this store made the change
	must(t, err)
	must(t, verbs.SetPassword(t.Context(), alice, "other"))
	must(t, verbs.SetPassword(t.Context(), alice, "other")) // no news: the password is the same
	must(t, verbs.Delete(t.Context(), bob))
	must(t, server.Delete(t.Context(), carol)) // news: clients cannot do this
	want := []News{
		{What: Added, Handle: bob, Serial: 2, List: Block, Entry: Entry{carol, "before"}}, // after Open, before Watch
		{What: Added, Handle: alice, Serial: 2, List: Forward, Entry: Entry{bob, "B"}},
		{What: Added, Handle: bob, Serial: 3, List: Reverse, Entry: Entry{alice, "alice"}},
		{What: Changed, Handle: alice, Serial: 3, Setting: GTC, Value: "N"},
		{What: Ended, Handle: alice, Serial: 4, Value: "another password"},
		{What: Removed, Handle: alice, Serial: 5, List: Forward, Entry: Entry{bob, "B"}},
		{What: Deleted, Handle: bob, Serial: 3},
		{What: Deleted, Handle: carol, Serial: 1},
	}
	for i := range want {
		if d := cmp.Diff(want[i], <-news); d != "" {
			t.Errorf("news %d, - want, + got:\n%s", i, d)
		}
	}
	if u := lookup(t, server, alice); u.Serial != 5 || u.Password != "other" || u.BLP != "BL" {
		t.Errorf("the server still has %+v", u)
	}
}

func TestTell(t *testing.T) { synctest.Test(t, testTell) }

func testTell(t *testing.T) {
	path := filepath.Join(t.TempDir(), "a.db")
	server := openTest(t, path)
	verbs := beside(t, path)
	if err := verbs.Tell(t.Context(), News{What: Text, Handle: alice, Value: "x"}); !errors.Is(err, ErrNoServer) {
		t.Errorf("nobody watches: %v", err)
	}
	news := watch(t, server)
	<-news // delivered too late, and nobody waits for the answer
	must(t, verbs.Tell(t.Context(), News{What: State, Handle: "Alice@hotmail.com", Value: "BSY"}))
	if got, want := <-news, (News{What: State, Handle: alice, Value: "BSY"}); got != want {
		t.Errorf("got %+v, want %+v", got, want)
	}
	if err := verbs.Tell(t.Context(), News{What: Text, Handle: bob, Value: "x"}); !errors.Is(err, ErrNotLoggedOn) {
		t.Errorf("bob is not there: %v", err)
	}
	err := verbs.Tell(t.Context(), News{What: Text, Handle: "erin@hotmail.com", Value: "x"})
	if !errors.Is(err, ErrNoUser) {
		t.Errorf("erin does not exist: %v", err)
	}
}

// TestBothWrite has two programs change the same account at once: each sees the other's changes
// before it writes.
func TestBothWrite(t *testing.T) {
	path := filepath.Join(t.TempDir(), "a.db")
	stores := []*SQLite{openTest(t, path), beside(t, path)}
	done := make(chan error)
	for i, s := range stores {
		go func() {
			var errs []error
			for range 50 {
				_, err := s.Set(t.Context(), alice, Name, []string{"one", "two"}[i])
				errs = append(errs, err)
			}
			done <- errors.Join(errs...)
		}()
	}
	must(t, <-done)
	must(t, <-done)
	last := slices.MaxFunc([]User{lookup(t, stores[0], alice), lookup(t, stores[1], alice)},
		func(a, b User) int { return a.Serial - b.Serial })
	if last.Serial != 101 {
		t.Errorf("after 100 changes the serial is %d, want 101", last.Serial)
	}
}
