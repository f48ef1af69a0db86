package cluster

import (
	"context"
	"log/slog"
	"testing"
	"time"

	"github.com/msnscope/msnscope/server/accounts"
	"github.com/msnscope/msnscope/server/hubtest"
)

// hubOptions returns the options of a node, with addresses after its name.
func hubOptions(n *Node, store accounts.Store) HubOptions {
	l := n.Link()
	return HubOptions{
		Link: l, Store: store,
		Dispatch: "ds." + l.Node + ":1863", Notification: []string{"ns." + l.Node + ":1863"},
		Switchboard: "sb." + l.Node + ":1863",
	}
}

// openHub opens a hub for the time of the test.
func openHub(t testing.TB, o HubOptions) *Hub {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
	defer cancel()
	if testing.Verbose() {
		o.Log = slog.New(slog.NewTextHandler(t.Output(), nil)).With("node", o.Link.Node)
	}
	h, err := OpenHub(ctx, o)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { h.Close() })
	return h
}

// ready waits until all hubs know each other.
func ready(t testing.TB, all ...*Hub) {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
	defer cancel()
	for _, h := range all {
		for {
			if err := h.Ready(ctx); err != nil {
				t.Fatal(err)
			}
			if h.reached() == len(all)-1 {
				break
			}
			if !pause(ctx, time.Millisecond) {
				t.Fatalf("node %s reaches %d others", h.self.name, h.reached())
			}
		}
	}
}

// openHubs starts n nodes and opens a hub on each.
func openHubs(t testing.TB, n int, store accounts.Store) []*Hub {
	t.Helper()
	var all []*Hub
	for _, node := range startNodes(t, n) {
		all = append(all, openHub(t, hubOptions(node, store)))
	}
	ready(t, all...)
	return all
}

// TestHub: the hub keeps the promises of one in memory, on one node and on three.
func TestHub(t *testing.T) {
	hubtest.Run(t, func(t *testing.T, n int) []hubtest.Server {
		var all []hubtest.Server
		for _, h := range openHubs(t, n, accounts.Defaults()) {
			all = append(all, hubtest.Server{Hub: h, Switchboard: h.self.places.Switchboard})
		}
		return all
	})
}

// TestTwoNodesOfOneName: the second one is refused, and the first goes on.
func TestTwoNodesOfOneName(t *testing.T) {
	t.Parallel()
	nodes := startNodes(t, 1)
	o := hubOptions(nodes[0], accounts.Defaults())
	h := openHub(t, o)
	ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
	defer cancel()
	_, err := OpenHub(ctx, o)
	wantError(t, err, "node n1: a node with this name runs already")
	newPerson(t, "alice").enter(h)
	if err := h.Check(); err != nil {
		t.Error(err)
	}
	h.Leave()
	wantError(t, h.Check(), "is leaving")
	h.Close()
	openHub(t, o)
}
