package hubtest

import (
	"fmt"
	"sync"

	"github.com/msnscope/msnscope/server"
)

func announce(h *hubs) {
	a := h.online("a", 0)
	var watchers []*client
	for i := range 6 {
		watchers = append(watchers, h.online(fmt.Sprint("w", i), i))
	}
	other, absent := h.online("other", 1), h.client("absent")
	for _, state := range []string{"AWY", "HDN", "NLN"} {
		a.set(0, state)
		a.announce(0, append(watchers, absent)...)
		for _, w := range watchers {
			w.moved(a.p)
		}
	}
	other.told(0, "nothing else")
	// whoever announces somebody who is not logged on says so
	absent.announce(2, watchers...)
	for _, w := range watchers {
		w.moved(server.Presence{Handle: absent.p.Handle})
	}
}

func crossing(h *hubs) {
	a := h.online("a", 0)
	var watchers []*client
	for i := range h.all {
		watchers = append(watchers, h.online(fmt.Sprint("w", i), i))
	}
	var wait sync.WaitGroup
	for i := range 4 {
		wait.Go(func() {
			for k := range 50 {
				p := a.p
				p.Name = fmt.Sprint(i, "-", k)
				if _, err := h.at(0).Update(h.Context(), p, a); err != nil {
					h.Error(err)
				}
				a.announce(0, watchers...)
			}
		})
	}
	wait.Wait()
	now, err := h.at(0).Find(h.Context(), []string{a.p.Handle})
	if err != nil {
		h.Fatal(err)
	}
	for i, w := range watchers {
		var last server.Notice
		for range 200 {
			last = w.next()
		}
		if last.Presence != now[0] {
			h.Errorf("watcher %d last heard of %+v, but it is %+v", i, last.Presence, now[0])
		}
		h.found(i, []string{a.p.Handle}, now...)
	}
}

func order(h *hubs) {
	const many = 300
	b := h.online("b", 1)
	callers := []*client{h.online("c0", 0), h.online("c1", 1), h.online("c2", 2)}
	var wait sync.WaitGroup
	for i, c := range callers {
		wait.Go(func() {
			for k := range many {
				if k%3 == 0 {
					c.p.Name = fmt.Sprint(k)
					c.set(i, "NLN")
					c.announce(i, b)
				} else {
					b.tell(i, fmt.Sprint(c.p.Handle, " ", k))
				}
			}
		})
	}
	wait.Wait()
	next := map[string]int{}
	for range many * len(callers) {
		n := b.next()
		who, k := n.Presence.Handle, 0
		format := n.Presence.Name
		if n.Kind == server.Said {
			format = string(n.Lines)
			_, _ = fmt.Sscanf(format, "%s %d", &who, &k)
		} else {
			_, _ = fmt.Sscanf(format, "%d", &k)
		}
		if k != next[who] {
			h.Fatalf("notice %d of %s comes where %d is due", k, who, next[who])
		}
		next[who]++
	}
}

func refused(h *hubs) {
	b := h.client("b")
	b.refuses = true
	if _, err := h.at(0).Enter(h.Context(), b.p, b, false); err != nil {
		h.Fatal(err)
	}
	for i := range h.all {
		if h.deliver(i, b.p.Handle, server.Notice{Kind: server.Rung, Lines: []byte("RNG")}) {
			h.Errorf("from server %d a notice was accepted that the connection refused", i)
		}
		if h.deliver(i, h.user("nobody"), server.Notice{Kind: server.Said}) {
			h.Errorf("from server %d a notice reached nobody", i)
		}
		b.told(i, "still there")
	}
	n := server.Notice{Kind: server.Said, Lines: []byte("x"), Since: 7}
	if h.deliver(1, b.p.Handle, n); b.next().Since != n.Since {
		h.Error("Since was lost on the way")
	}
}
