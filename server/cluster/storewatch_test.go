package cluster

import (
	"context"
	"errors"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/msnscope/msnscope/server/accounts"
	"github.com/msnscope/msnscope/server/accounts/accountstest"
)

// watch collects a store's news, and answers that the users of here are logged on.
func watch(t *testing.T, s *Store, here string) <-chan accounts.News {
	t.Helper()
	news, ended := make(chan accounts.News, 100), make(chan error)
	ctx, stop := context.WithCancel(context.Background())
	go func() {
		ended <- s.Watch(ctx, func(n accounts.News) bool {
			news <- n
			return n.Handle == here
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

func TestNews(t *testing.T) {
	nodes := startNodes(t, 3)
	all := openStores(t, nodes)
	accountstest.Fill(t, all.stores[0])
	verbs := openStore(t, nodes[1].Link(), StoreOptions{Announce: true, Existing: true})
	_, err := verbs.Add(t.Context(), alice, accounts.Forward, accounts.Entry{Handle: bob, Name: "B"}, 150)
	must(t, err)
	_, err = all.stores[0].Set(t.Context(), alice, accounts.BLP, "BL") // no news: a server made the change
	must(t, err)
	must(t, verbs.SetPassword(t.Context(), alice, "other"))
	must(t, verbs.Delete(t.Context(), bob))
	entry := func(handle, name string) accounts.Entry { return accounts.Entry{Handle: handle, Name: name} }
	want := []accounts.News{
		{What: accounts.Added, Handle: alice, Serial: 2, List: accounts.Forward, Entry: entry(bob, "B")},
		{What: accounts.Added, Handle: bob, Serial: 2, List: accounts.Reverse, Entry: entry(alice, "alice")},
		{What: accounts.Ended, Handle: alice, Serial: 3, Value: "another password"},
		{What: accounts.Removed, Handle: alice, Serial: 4, List: accounts.Forward, Entry: entry(bob, "B")},
		{What: accounts.Deleted, Handle: bob, Serial: 2},
	}
	for i, s := range all.stores {
		news := watch(t, s, "")
		for j := range want {
			if d := cmp.Diff(want[j], <-news); d != "" {
				t.Errorf("node %d, news %d, - want, + got:\n%s", i, j, d)
			}
		}
	}
}

func TestTell(t *testing.T) {
	nodes := startNodes(t, 3)
	all := openStores(t, nodes)
	accountstest.Fill(t, all.stores[0])
	verbs := openStore(t, nodes[0].Link(), StoreOptions{Announce: true})
	text := accounts.News{What: accounts.Text, Handle: alice, Value: "x"}
	if err := verbs.Tell(t.Context(), text); !errors.Is(err, accounts.ErrNoServer) {
		t.Errorf("nobody watches: %v", err)
	}
	news := watch(t, all.stores[2], alice)
	<-news // delivered too late, and nobody waits for the answer
	watch(t, all.stores[1], "")
	must(t, verbs.Tell(t.Context(), accounts.News{What: accounts.State, Handle: "Alice@hotmail.com", Value: "BSY"}))
	if got, want := <-news, (accounts.News{What: accounts.State, Handle: alice, Value: "BSY"}); got != want {
		t.Errorf("got %+v, want %+v", got, want)
	}
	for handle, want := range map[string]error{bob: accounts.ErrNotLoggedOn, "erin@hotmail.com": accounts.ErrNoUser} {
		text.Handle = handle
		if err := verbs.Tell(t.Context(), text); !errors.Is(err, want) {
			t.Errorf("%s: %v, want %v", handle, err, want)
		}
	}
}
