package cluster

import (
	"context"
	"os"
	"sync"
	"testing"
	"time"

	"github.com/msnscope/msnscope/server/accounts"
)

// changer is a user whose name one goroutine changes without a pause, as a client would.
type changer struct {
	handle         string
	done, unknown  int           // changes that were acknowledged, and those that failed
	why            error         // of the last that failed
	last           string        // the name that was acknowledged last
	longest        time.Duration // without an acknowledgement
	acknowledgedAt time.Time
}

// run changes the user's name until ctx ends.
func (c *changer) run(ctx context.Context, s *Store) {
	c.acknowledgedAt = time.Now()
	for i := 0; ctx.Err() == nil; i++ {
		name := c.handle + "/" + time.Duration(i).String()
		ch, err := s.Set(context.Background(), c.handle, accounts.Name, name)
		if err != nil {
			c.unknown++
			c.why = err
			continue
		}
		c.done++
		c.last = ch.After.FriendlyName
		c.longest = max(c.longest, time.Since(c.acknowledgedAt))
		c.acknowledgedAt = time.Now()
	}
}

// change has four users on each of the stores change their names while f runs, and checks that what
// was acknowledged is there, once.
func change(t *testing.T, all anyNode, f func()) (users []*changer) {
	t.Helper()
	ctx, stop := context.WithCancel(t.Context())
	var running sync.WaitGroup
	for i, s := range all.stores {
		for k := range 4 {
			u := &changer{handle: string(rune('a'+i)) + string(rune('a'+k)) + "@x.com"}
			must(t, s.Create(u.handle, "x", "x"))
			users = append(users, u)
			running.Go(func() { u.run(ctx, s) })
		}
	}
	f()
	stop()
	running.Wait()
	for _, u := range users {
		for i, s := range all.stores {
			got := lookup(t, s, u.handle)
			if got.Serial < 1+u.done || got.Serial > 1+u.done+u.unknown {
				t.Errorf("node %d: %s has serial %d after %d acknowledged changes and %d others", i, u.handle,
					got.Serial, u.done, u.unknown)
			}
			if u.unknown == 0 && got.FriendlyName != u.last {
				t.Errorf("node %d: %s is called %s, and not %s", i, u.handle, got.FriendlyName, u.last)
			}
		}
		t.Logf("%s: %d acknowledged, %d others, longest pause %v; %v", u.handle, u.done, u.unknown,
			u.longest, u.why)
	}
	return users
}

// leaderOf returns the number of the node that leads the stream of accounts.
func leaderOf(t *testing.T, nodes []*Node, s *Store) int {
	t.Helper()
	info, err := s.stream.s.Info(t.Context())
	must(t, err)
	for i, n := range nodes {
		if n.o.Node == info.Cluster.Leader {
			return i
		}
	}
	t.Fatalf("the leader %q is no node", info.Cluster.Leader)
	return 0
}

// TestLeaderIsCutOff cuts the node off that leads the stream, while all nodes write. It
// acknowledges nothing meanwhile, the others go on, and in the end all agree.
func TestLeaderIsCutOff(t *testing.T) {
	if os.Getenv("MSNSCOPE_LONG") == "" {
		t.Skip("takes a minute; MSNSCOPE_LONG=1 runs it")
	}
	o := options(t, 3)
	c := wire(t, o)
	var nodes []*Node
	for _, o := range o {
		nodes = append(nodes, startNode(t, o))
	}
	for _, n := range nodes {
		must(t, n.Ready(t.Context()))
	}
	all := openStores(t, nodes)
	leader := 0
	users := change(t, all, func() {
		rest(t, time.Second)
		leader = leaderOf(t, nodes, all.stores[0])
		t.Logf("node %d is cut off", leader)
		c.cutOff(leader, len(nodes))
		rest(t, 25*time.Second)
		c.set(nil)
		rest(t, 10*time.Second)
	})
	for i, u := range users {
		if i/4 != leader && (u.unknown > 0 || u.longest > 20*time.Second) {
			t.Errorf("%s: %d changes failed, and there was none for %v", u.handle, u.unknown, u.longest)
		}
	}
}

// TestLeaderStops stops the node that leads the stream as an operator does: nobody waits for long.
func TestLeaderStops(t *testing.T) {
	nodes := startNodes(t, 3)
	all := openStores(t, nodes)
	leader := leaderOf(t, nodes, all.stores[0])
	rest3 := anyNode{next: all.next}
	for i, s := range all.stores {
		if i != leader {
			rest3.stores = append(rest3.stores, s)
		}
	}
	for _, u := range change(t, rest3, func() {
		must(t, all.stores[leader].Close())
		nodes[leader].Close()
		rest(t, 3*time.Second)
	}) {
		if u.unknown > 0 {
			t.Errorf("%s: %d changes failed", u.handle, u.unknown)
		}
	}
}

// rest lets time pass.
func rest(t *testing.T, d time.Duration) {
	t.Helper()
	select {
	case <-time.After(d):
	case <-t.Context().Done():
	}
}
