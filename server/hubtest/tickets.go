package hubtest

import (
	"fmt"
	"strings"
	"time"

	"github.com/msnscope/msnscope/server"
)

// issue has server i issue a ticket of a user to the switchboard of server k.
func (h *hubs) issue(i, k int, cookie, user, session, caller string, validity time.Duration) server.Ticket {
	h.Helper()
	t := server.Ticket{
		Cookie: h.name + cookie, Handle: h.user(user), Switchboard: h.at(k).Switchboard, Session: session,
	}
	if caller != "" {
		t.Caller = h.user(caller)
	}
	if err := h.at(i).Issue(h.Context(), t, validity); err != nil {
		h.Fatal(err)
	}
	return t
}

// redeems fails the test unless server i finds the ticket valid, or not.
func (h *hubs) redeems(i int, t server.Ticket, want bool) {
	h.Helper()
	if ok, err := h.at(i).Redeem(h.Context(), t); ok != want || err != nil {
		h.Errorf("server %d redeems %+v: %v, %v; want %v", i, t, ok, err, want)
	}
}

func ticket(h *hubs) {
	for i := range h.all {
		for k := range h.all {
			t := h.issue(i, k, fmt.Sprint("c", i, k), "bob", "17", "alice", time.Minute)
			for _, change := range []func(*server.Ticket){
				func(t *server.Ticket) { t.Cookie += "x" },
				func(t *server.Ticket) { t.Handle = h.user("carol") },
				func(t *server.Ticket) { t.Session = "18" },
				func(t *server.Ticket) { t.Switchboard = "10.9.9.9:1863" },
			} {
				other := t
				change(&other)
				h.redeems(k, other, false)
			}
			t.Caller, t.Handle = "", strings.ToUpper(t.Handle)
			h.redeems(k, t, true)
			h.redeems(k, t, false)
		}
	}
	// a switchboard may ask another server about its own tickets
	t := h.issue(0, 1, "far", "bob", "", "", time.Minute)
	h.redeems(2, t, true)
	h.redeems(1, t, false)
}

func expiry(h *hubs) {
	for k := range h.all {
		h.redeems(k, h.issue(0, k, fmt.Sprint("late", k), "bob", "", "", 0), false)
	}
}

func revoke(h *hubs) {
	for i := range h.all {
		var ended, kept []server.Ticket
		for k := range h.all {
			name := fmt.Sprint("r", i, k)
			ended = append(ended,
				h.issue(k, k, name+"own", "bob", "", "", time.Minute),
				h.issue(k, k, name+"to", "bob", "1", "alice", time.Minute),
				h.issue(k, k, name+"from", "carol", "1", "bob", time.Minute))
			kept = append(kept, h.issue(k, k, name+"other", "carol", "1", "alice", time.Minute))
		}
		if err := h.at(i).Revoke(h.Context(), strings.ToUpper(h.user("bob"))); err != nil {
			h.Fatal(err)
		}
		for n, t := range ended {
			h.redeems(n/3, t, false)
		}
		for k, t := range kept {
			h.redeems(k, t, true)
		}
	}
}
