package cluster

import (
	"log/slog"
	"testing"
	"time"

	"github.com/msnscope/msnscope/server"
)

// FuzzMessage: whatever another node sends, nothing breaks, and what is not understood changes
// nothing. A damaged message must not make up more users than it has bytes.
func FuzzMessage(f *testing.F) {
	add := func(events ...[]byte) {
		head := header{node: "n2", incarnation: "1", number: 1}
		var p packer
		head.pack(&p)
		for _, e := range events {
			p = append(p, e...)
		}
		f.Add([]byte(p))
	}
	alice := listed{server.Presence{Handle: "alice@hotmail.com", Name: "A\xe4", State: "NLN"}, 3, 1}
	add(event(evEnter, func(p *packer) { p.num(1); alice.pack(p) }), event(evUpdate, alice.pack))
	add(event(evRoster, func(p *packer) { p.bool(true); p.bool(true); p.num(1); alice.pack(p) }))
	add(event(evAnnounce, func(p *packer) { p.str("alice@hotmail.com"); p.strs([]string{"bob@hotmail.com"}) }))
	add(event(evElsewhere, func(p *packer) { p.str("alice@hotmail.com"); p.num(9); p.str("n3") }), event(evAsk, nil))
	add(event(evAnswer, func(p *packer) { p.num(1); p.bool(true); p.str(""); p.presence(alice.Presence) }))
	add(event(evIssue, func(p *packer) { p.num(1); p.ticket(server.Ticket{Cookie: "1"}); p.num(5) }))
	add(event(evBeat, func(p *packer) { p.num(1); p.num(0); p.num(0); p.num(0); (&places{}).pack(p) }))
	add(event(99, func(p *packer) { p.str("of a later version") }), event(evBye, nil))
	f.Fuzz(func(t *testing.T, b []byte) {
		h := placesOf(1)
		h.o.Log, h.tickets, h.ctx = slog.New(slog.DiscardHandler), server.NewHub(), t.Context()
		h.users, h.calls, h.refused = map[string]*entry{}, map[uint64]*call{}, map[string]bool{}
		h.entering, h.wake, h.grief = map[string]chan struct{}{}, make(chan struct{}, 1), make(chan struct{}, 1)
		h.peers = map[string]*member{}
		own := &entry{Presence: alice.Presence, on: h.self, epoch: 2, version: 1, to: &silent{}}
		h.put("alice@hotmail.com", own)
		h.accept(b)
		if len(h.users) > len(b)+1 {
			t.Errorf("%d bytes made %d users", len(b), len(h.users))
		}
		count := map[*member]int{}
		for _, e := range h.users {
			count[e.on]++
		}
		for m, n := range count {
			if m.count != n {
				t.Errorf("%s has %d users, not %d", m.name, n, m.count)
			}
		}
	})
}

// TestLaterVersions: a message with fields and events of a later release is understood as far as
// this one goes; one of another version is refused.
func TestLaterVersions(t *testing.T) {
	h := placesOf(1)
	h.o.Log, h.refused = slog.New(slog.DiscardHandler), map[string]bool{}
	h.users, h.wake, h.grief = map[string]*entry{}, make(chan struct{}, 1), make(chan struct{}, 1)
	h.peers, h.calls = map[string]*member{}, map[uint64]*call{}
	head := header{node: "n2", incarnation: "1", number: 1}
	var p packer
	head.pack(&p)
	alice := listed{server.Presence{Handle: "alice@hotmail.com", Name: "A", State: "NLN"}, 3, 1}
	p = append(p, event(200, func(p *packer) { p.str("news") })...)
	p = append(p, event(evUpdate, func(p *packer) { alice.pack(p); p.str("a new field"); p.num(uint64(time.Hour)) })...)
	other := append([]byte{wireVersion + 1}, p[1:]...)
	h.accept(other)
	if len(h.users) != 0 || !h.refused["2"] {
		t.Errorf("a message of version 2 was not refused: %v", h.refused)
	}
	h.accept(p)
	if e := h.users["alice@hotmail.com"]; e == nil || e.Presence != alice.Presence {
		t.Errorf("alice is %+v", e)
	}
}
