package hubtest

import (
	"errors"
	"fmt"
	"strings"
	"sync"

	"github.com/msnscope/msnscope/server"
)

func secondLogon(h *hubs) {
	old, again := h.online("alice", 0), h.client("alice")
	again.p.Handle = strings.ToUpper(again.p.Handle)
	before, err := h.at(1).Enter(h.Context(), again.p, again, false)
	if err != nil || before != old.p {
		h.Fatalf("Enter = %+v, %v, want %+v", before, err, old.p)
	}
	if n := old.next(); n.Kind != server.Ousted {
		h.Errorf("the first connection got %+v", n)
	}
	if _, err := h.at(0).Update(h.Context(), old.p, old); !errors.Is(err, server.ErrReplaced) {
		h.Errorf("the first connection changes the state: %v", err)
	}
	if _, err := h.at(0).Update(h.Context(), server.Presence{Handle: old.p.Handle}, old); !errors.Is(
		err, server.ErrReplaced) {
		h.Errorf("the first connection logs the user off: %v", err)
	}
	for i := range h.all {
		h.found(i, []string{old.p.Handle}, again.p)
		again.told(i, fmt.Sprint("from ", i))
	}
	again.set(1, "AWY")
	if len(old.notices) > 0 {
		h.Errorf("the first connection got %+v too", old.next())
	}
}

func firstOnly(h *hubs) {
	there, late := h.online("alice", 0), h.client("alice")
	for i := range h.all {
		if _, err := h.at(i).Enter(h.Context(), late.p, late, true); !errors.Is(err, server.ErrThere) {
			h.Fatalf("Enter at server %d = %v, want ErrThere", i, err)
		}
	}
	there.set(0, "BSY")
	there.told(1, "still there")
	there.set(0, "")
	before, err := h.at(1).Enter(h.Context(), late.p, late, true)
	if err != nil || before != (server.Presence{}) {
		h.Errorf("Enter = %+v, %v, want success", before, err)
	}
	late.told(0, "welcome")
}

func manyLogons(h *hubs) {
	const each = 5
	all := make([]*client, each*len(h.all))
	var wait sync.WaitGroup
	for i := range all {
		all[i] = h.client("alice")
		all[i].p.Name = fmt.Sprint(i)
		wait.Go(func() {
			if _, err := h.at(i).Enter(h.Context(), all[i].p, all[i], false); err != nil {
				h.Errorf("logon %d: %v", i, err)
			}
		})
	}
	wait.Wait()
	left := 0
	for i, c := range all {
		switch _, err := h.at(i).Update(h.Context(), c.p, c); {
		case err == nil:
			left++
			c.told(i+1, "you are it")
			for k := range h.all {
				h.found(k, []string{c.p.Handle}, c.p)
			}
		case !errors.Is(err, server.ErrReplaced):
			h.Errorf("connection %d: %v", i, err)
		default:
			if n := c.next(); n.Kind != server.Ousted || len(c.notices) > 0 {
				h.Errorf("connection %d got %+v and %d more", i, n, len(c.notices))
			}
		}
	}
	if left != 1 {
		h.Errorf("%d of %d connections are left, want 1", left, len(all))
	}
}

func find(h *hubs) {
	a, b, c := h.client("a"), h.client("b"), h.client("c")
	for i, o := range []*client{a, b, c} {
		// bytes that are no UTF-8 are sent as they came
		o.p.Name = "n\xe4me%20" + fmt.Sprint(i)
		if _, err := h.at(i).Enter(h.Context(), o.p, o, false); err != nil {
			h.Fatal(err)
		}
	}
	who := []string{strings.ToUpper(c.p.Handle), h.user("nobody"), a.p.Handle, b.p.Handle}
	for i := range h.all {
		h.found(i, who, c.p, a.p, b.p)
		h.found(i, nil)
	}
}

func update(h *hubs) {
	a, watcher := h.client("a"), h.online("watcher", 1)
	if _, err := h.at(0).Update(h.Context(), a.p, a); !errors.Is(err, server.ErrReplaced) {
		h.Errorf("somebody who is not logged on changes the state: %v", err)
	}
	if _, err := h.at(0).Enter(h.Context(), a.p, a, false); err != nil {
		h.Fatal(err)
	}
	first := a.p
	a.p.State, a.p.Name = "LUN", "other"
	if before, err := h.at(0).Update(h.Context(), a.p, a); before != first || err != nil {
		h.Errorf("Update = %+v, %v, want %+v", before, err, first)
	}
	a.announce(0, watcher)
	watcher.moved(a.p)
	h.found(1, []string{a.p.Handle}, a.p) // who was told finds the same
	gone := server.Presence{Handle: a.p.Handle}
	if before, err := h.at(0).Update(h.Context(), gone, a); before != a.p || err != nil {
		h.Errorf("logging off = %+v, %v, want %+v", before, err, a.p)
	}
	a.announce(0, watcher)
	watcher.moved(gone)
	h.found(1, []string{a.p.Handle})
	if h.deliver(1, a.p.Handle, server.Notice{Kind: server.Said}) {
		h.Error("a notice reached somebody who has left")
	}
	if len(a.notices) > 0 {
		h.Errorf("a got %+v", a.next())
	}
}
