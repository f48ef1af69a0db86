package cluster

import (
	"context"
	"errors"
	"time"

	"github.com/msnscope/msnscope/server"
	"github.com/msnscope/msnscope/server/accounts"
)

// Each beat has a digest of the sessions that its sender has. A node that believes something else,
// or that has missed a message, asks for the whole list, the roster. So nobody stays a ghost and
// nobody stays invisible for longer than that takes, whatever was lost.

const (
	rosterPart = 500 // users in one event
	// askAgain is how long a roster may take. The question or the answer may have been lost.
	askAgain = 2 * time.Second
	// grieveAgain is how long mourn waits after the store has failed.
	grieveAgain = 200 * time.Millisecond
)

// listed is a user on a roster.
type listed struct {
	server.Presence
	epoch, version uint64
}

func (l *listed) pack(p *packer) {
	p.presence(l.Presence)
	p.num(l.epoch)
	p.num(l.version)
}

func (l *listed) unpack(u *unpacker) {
	l.Presence, l.epoch, l.version = u.presence(), u.num(), u.num()
}

// entryOn returns the entry of the user, who is on node m.
func (l *listed) entryOn(m *member) *entry {
	return &entry{Presence: l.Presence, on: m, epoch: l.epoch, version: l.version}
}

// ask asks a node for its roster. The caller holds mu.
func (h *Hub) ask(m *member) {
	if now := time.Now(); now.Sub(m.asked) > askAgain {
		m.asked = now
		h.post(m, event(evAsk, nil))
	}
}

// hearAsk sends the roster, all of it as it is at this moment.
func (h *Hub) hearAsk(m *member, _ *unpacker) {
	var all []listed
	for _, e := range h.users {
		if e.on == h.self {
			all = append(all, listed{e.Presence, e.epoch, e.version})
		}
	}
	for first := true; first || len(all) > 0; first = false {
		part := all[:min(rosterPart, len(all))]
		all = all[len(part):]
		h.post(m, event(evRoster, func(p *packer) {
			p.bool(first)
			p.bool(len(all) == 0)
			p.num(uint64(len(part)))
			for i := range part {
				part[i].pack(p)
			}
		}))
	}
}

// hearRoster takes a part of a roster. With the last one, it makes what this node believes equal to
// it. Watchers are told of each user for whom that differs, or of all where a message was missed.
func (h *Hub) hearRoster(m *member, u *unpacker) {
	if first := u.bool(); first {
		m.roster = nil
	}
	last := u.bool()
	for range u.num() {
		var l listed
		if l.unpack(u); u.bad {
			return
		}
		m.roster = append(m.roster, l)
	}
	if !last {
		return
	}
	there := make(map[string]bool, len(m.roster))
	for i := range m.roster {
		l := &m.roster[i]
		key := accounts.Key(l.Handle)
		there[key] = true
		old := h.users[key]
		same := old != nil && old.on == m && old.epoch == l.epoch && old.version == l.version
		if same || h.learn(key, l.entryOn(m)) {
			if m.again && l.Seen() || !same {
				h.lament(l.Handle)
			}
		}
	}
	for key, e := range h.users {
		if e.on == m && !there[key] {
			h.remove(key)
			h.lament(e.Handle)
		}
	}
	m.roster, m.behind, m.again, m.asked = nil, false, false, time.Time{}
}

// lament has the watchers who are here told how a user is. The caller holds mu.
func (h *Hub) lament(handle string) {
	h.mourned = append(h.mourned, handle)
	select {
	case h.grief <- struct{}{}:
	default:
	}
}

// mourn tells watchers who are here of users of lost nodes, and of what was learnt from a roster,
// until the hub is closed. Where the store fails, it tries again.
func (h *Hub) mourn() {
	for {
		select {
		case <-h.grief:
		case <-h.ctx.Done():
			return
		}
		h.mu.Lock()
		handles := h.mourned
		h.mourned = nil
		h.mu.Unlock()
		for len(handles) > 0 {
			if !h.tellWatchers(handles[0]) && pause(h.ctx, grieveAgain) {
				continue
			}
			handles = handles[1:]
		}
	}
}

// tellWatchers tells those who are here and may see the user how it is now. It reports false where
// the store failed.
func (h *Hub) tellWatchers(handle string) bool {
	ctx, cancel := context.WithTimeout(h.ctx, h.o.t.answer)
	defer cancel()
	u, err := h.o.Store.Lookup(ctx, handle)
	if err != nil {
		return errors.Is(err, accounts.ErrNoUser)
	}
	var to []string
	for _, e := range u.Lists[accounts.Reverse] {
		if u.Permits(e.Handle) {
			to = append(to, e.Handle)
		}
	}
	h.mu.Lock()
	defer h.mu.Unlock()
	h.tell(handle, to)
	return true
}
