package server

import (
	"context"
	"errors"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/msnscope/msnscope/server/accounts"
)

// changingStore is a store that reports as news what a test does to it past the server.
type changingStore struct {
	*accounts.Memory
	news    chan accounts.News
	reached chan bool
}

func (s *changingStore) Watch(ctx context.Context, f func(accounts.News) bool) error {
	for {
		select {
		case <-ctx.Done():
			return ctx.Err()
		case n := <-s.news:
			if n.Handle == "" {
				return errors.New("lost")
			}
			s.reached <- f(n)
		}
	}
}

// TestNews: changes made elsewhere reach the user and those who watch it at once (§7.7, §7.8,
// §8.8).
func TestNews(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		store := &changingStore{accounts.Defaults(), make(chan accounts.News), make(chan bool)}
		p := newScript(t, New(Options{Store: store}))
		defer p.close()
		tell := func(n accounts.News, want bool) {
			t.Helper()
			store.news <- n
			if got := <-store.reached; got != want {
				t.Errorf("%+v reached its user: %v", n, got)
			}
		}
		change := func(c accounts.Change, err error) int {
			t.Helper()
			if err != nil {
				t.Fatal(err)
			}
			return c.After.Serial
		}
		const alice, bob, carol = "alice@hotmail.com", "bob@hotmail.com", "carol@hotmail.com"
		ctx := t.Context()
		entry := accounts.Entry{Handle: bob, Name: "B"}
		p.run("alice.ns -- online\nbob.ns -- online")

		n := change(store.Add(ctx, alice, accounts.Forward, entry, 9))
		tell(accounts.News{What: accounts.Added, Handle: alice, Serial: n, List: accounts.Forward, Entry: entry}, true)
		tell(accounts.News{
			What: accounts.Added, Handle: bob, Serial: 2, List: accounts.Reverse,
			Entry: accounts.Entry{Handle: alice, Name: "alice"},
		}, true)
		p.run(`
			alice.ns S: ADD 0 FL 2 bob@hotmail.com B
			alice.ns S: NLN NLN bob@hotmail.com bob
			bob.ns S: ADD 0 RL 2 alice@hotmail.com alice`)

		n = change(store.Add(ctx, bob, accounts.Block, accounts.Entry{Handle: alice, Name: "A"}, 9))
		tell(accounts.News{
			What: accounts.Added, Handle: bob, Serial: n, List: accounts.Block,
			Entry: accounts.Entry{Handle: alice, Name: "A"},
		}, true)
		p.run(`
			bob.ns S: ADD 0 BL 3 alice@hotmail.com A
			alice.ns S: FLN bob@hotmail.com`)
		n = change(store.Remove(ctx, bob, accounts.Block, alice))
		tell(accounts.News{
			What: accounts.Removed, Handle: bob, Serial: n, List: accounts.Block,
			Entry: accounts.Entry{Handle: alice},
		}, true)
		p.run(`
			bob.ns S: REM 0 BL 4 alice@hotmail.com
			alice.ns S: NLN NLN bob@hotmail.com bob`)
		n = change(store.Set(ctx, bob, accounts.BLP, "BL"))
		tell(accounts.News{What: accounts.Changed, Handle: bob, Serial: n, Setting: accounts.BLP, Value: "BL"}, true)
		p.run("bob.ns S: (nothing)\nalice.ns S: FLN bob@hotmail.com")
		n = change(store.Set(ctx, bob, accounts.BLP, "AL"))
		tell(accounts.News{What: accounts.Changed, Handle: bob, Serial: n, Setting: accounts.BLP, Value: "AL"}, true)
		p.run("alice.ns S: NLN NLN bob@hotmail.com bob")
		n = change(store.Set(ctx, bob, accounts.Name, "Robert"))
		tell(accounts.News{What: accounts.Changed, Handle: bob, Serial: n, Setting: accounts.Name, Value: "Robert"},
			true)
		p.run("alice.ns S: NLN NLN bob@hotmail.com Robert")

		tell(accounts.News{What: accounts.State, Handle: bob, Value: "PHN"}, true)
		tell(accounts.News{What: accounts.State, Handle: bob, Value: "XXX"}, false)
		tell(accounts.News{What: accounts.State, Handle: carol, Value: "PHN"}, false)
		p.run(`
			bob.ns S: CHG 0 PHN
			alice.ns S: NLN PHN bob@hotmail.com Robert`)
		tell(accounts.News{What: accounts.State, Handle: alice, Value: "FLN"}, true)
		tell(accounts.News{What: accounts.State, Handle: alice, Value: "HDN"}, true)
		p.run(`
			alice.ns S: CHG 0 FLN
			alice.ns S: CHG 0 HDN
			alice.ns S: ILN 0 PHN bob@hotmail.com Robert
			alice.ns C: XFR 5 SB
			alice.ns S: 913 5`)
		tell(accounts.News{What: accounts.Text, Handle: alice, Value: "Back at 5"}, true)
		p.run(`
			alice.ns S: MSG Hotmail Hotmail 71
			| MIME-Version: 1.0
			| Content-Type: text/plain; charset=UTF-8
			|
			| Back at 5`)

		store.news <- accounts.News{} // the watch ends; the server starts it again
		tell(accounts.News{What: accounts.Deleted, Handle: bob}, true)
		p.run(`
			bob.ns S: OUT
			bob.ns S: (closed)
			alice.ns S: FLN bob@hotmail.com`)
		p.quiet()
	})
}

// TestNewsDoesNotWaitForSlowReaders: one client that does not read delays neither the news of
// others nor a drain.
func TestNewsDoesNotWaitForSlowReaders(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		store := &changingStore{accounts.Defaults(), make(chan accounts.News), make(chan bool)}
		s := New(Options{Store: store, Notification: []string{"127.0.0.3", "127.0.0.5"}})
		defer s.Close()
		slow, err := logon(t, s, "bob@hotmail.com", "bobpw")
		if err != nil {
			t.Fatal(err)
		}
		defer slow.Close()
		start := time.Now()
		for range 100 { // 64 KB fit into the connection
			store.news <- accounts.News{
				What: accounts.Text, Handle: "bob@hotmail.com",
				Value: strings.Repeat("x", 1000),
			}
			if !<-store.reached {
				t.Fatal("bob is not logged on any more")
			}
		}
		if n, err := s.Drain("127.0.0.3", "127.0.0.5"); n != 1 || err != nil {
			t.Errorf("Drain = %d, %v", n, err)
		}
		if waited := time.Since(start); waited > 0 {
			t.Errorf("others waited %v for one that does not read", waited)
		}
	})
}
