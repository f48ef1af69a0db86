package cluster

import (
	"context"
	"time"

	"github.com/msnscope/msnscope/server"
	"github.com/msnscope/msnscope/server/accounts"
)

// Enter implements [server.Presences]. When it returns, a majority has the user's record, the
// session before has been ended if its node lives, and every node that answers in time knows of the
// new one.
func (h *Hub) Enter(ctx context.Context, p server.Presence, r server.Receiver, first bool) (server.Presence, error) {
	key := accounts.Key(p.Handle)
	if err := h.begin(ctx, key); err != nil {
		return server.Presence{}, err
	}
	defer h.finish(key)
	mine, last, err := h.claim(ctx, key, h.epochOf(key), func(last *record) error {
		if first && h.isThere(ctx, key, p.Handle, last) {
			return server.ErrThere
		}
		return nil
	})
	if err != nil {
		return server.Presence{}, err
	}
	e := &entry{Presence: p, on: h.self, epoch: mine.epoch, version: 1, to: r}
	h.mu.Lock()
	old := h.users[key]
	var before server.Presence
	if old != nil {
		before = old.Presence
	}
	if old != nil && !e.newer(old) { // somebody has logged on after this, and was faster
		r.Notify(server.Notice{Kind: server.Ousted})
		h.mu.Unlock()
		return before, nil
	}
	h.put(key, e)
	if old != nil && old.to != nil {
		old.to.Notify(server.Notice{Kind: server.Ousted})
	}
	owner := h.peers[last.node]
	if owner != nil && owner.incarnation != last.incarnation {
		owner = nil
	}
	fresh := h.fresh()
	c := h.call(evEnter, nil, fresh, func(q *packer) { (&listed{p, e.epoch, e.version}).pack(q) })
	h.mu.Unlock()
	defer h.hangUp(c)
	if a, ok := h.awaitAll(ctx, c, owner); ok {
		before = a.before
	}
	return before, nil
}

// begin waits until no other logon of the user is under way here, and begins one.
func (h *Hub) begin(ctx context.Context, key string) error {
	for {
		h.mu.Lock()
		busy := h.entering[key]
		if busy == nil {
			h.entering[key] = make(chan struct{})
			h.mu.Unlock()
			return nil
		}
		h.mu.Unlock()
		select {
		case <-busy:
		case <-ctx.Done():
			return ctx.Err()
		}
	}
}

// finish ends what begin began.
func (h *Hub) finish(key string) {
	h.mu.Lock()
	defer h.mu.Unlock()
	close(h.entering[key])
	delete(h.entering, key)
}

// epochOf returns the epoch of the user's session that this node knows of, 0 for none.
func (h *Hub) epochOf(key string) uint64 {
	h.mu.Lock()
	defer h.mu.Unlock()
	if e := h.users[key]; e != nil {
		return e.epoch
	}
	return 0
}

// isThere reports whether a user is logged on, or is just logging on to another node. last is the
// user's record: the node that it names knows best.
func (h *Hub) isThere(ctx context.Context, key, handle string, last *record) bool {
	h.mu.Lock()
	m, e := h.peers[last.node], h.users[key]
	if here := e != nil && e.to != nil; here || m == nil || m.incarnation != last.incarnation {
		h.mu.Unlock()
		return here
	}
	c := h.call(evThere, m, []*member{m}, func(p *packer) { p.str(handle) })
	h.mu.Unlock()
	defer h.hangUp(c)
	a, _ := h.await(ctx, c)
	return a.ok
}

func (h *Hub) hearThere(m *member, u *unpacker) {
	id, key := u.num(), accounts.Key(u.str())
	e := h.users[key]
	h.answer(m, id, answer{ok: e != nil && e.to != nil || h.entering[key] != nil})
}

// hearEnter takes the news that a user has logged on to another node, and answers with the
// presence in the session that this has ended here.
func (h *Hub) hearEnter(m *member, u *unpacker) {
	id := u.num()
	var l listed
	if l.unpack(u); u.bad {
		return
	}
	key, a := accounts.Key(l.Handle), answer{}
	if old := h.users[key]; old != nil {
		a.before = old.Presence
	}
	h.learn(key, l.entryOn(m))
	h.answer(m, id, a)
}

// Update implements [server.Presences]. Logging off is possible on any node; everything else fails
// with [ErrMinority] where others may have declared this node dead.
func (h *Hub) Update(_ context.Context, p server.Presence, r server.Receiver) (server.Presence, error) {
	h.mu.Lock()
	defer h.mu.Unlock()
	key := accounts.Key(p.Handle)
	e := h.users[key]
	switch {
	case e == nil || e.to != r:
		return server.Presence{}, server.ErrReplaced
	case p.State == "":
		h.drop(key, e)
		return e.Presence, nil
	case !h.inTouchLocked():
		return server.Presence{}, ErrMinority
	}
	now := &entry{Presence: p, on: h.self, epoch: e.epoch, version: e.version + 1, to: r}
	h.put(key, now)
	h.post(nil, event(evUpdate, func(q *packer) { (&listed{p, now.epoch, now.version}).pack(q) }))
	return e.Presence, nil
}

// hearUpdate takes the new presence of a user of another node.
func (h *Hub) hearUpdate(m *member, u *unpacker) {
	var l listed
	if l.unpack(u); u.bad {
		return
	}
	key := accounts.Key(l.Handle)
	if l.State != "" {
		h.learn(key, l.entryOn(m))
	} else if e := h.users[key]; e != nil && e.on == m && e.epoch <= l.epoch {
		h.remove(key)
	}
}

// Find implements [server.Presences].
func (h *Hub) Find(_ context.Context, handles []string) ([]server.Presence, error) {
	h.mu.Lock()
	defer h.mu.Unlock()
	var found []server.Presence
	for _, handle := range handles {
		if e := h.users[accounts.Key(handle)]; e != nil {
			found = append(found, e.Presence)
		}
	}
	return found, nil
}

// fresh returns the nodes that were heard lately. The caller holds mu.
func (h *Hub) fresh() (all []*member) {
	for _, m := range h.peers {
		if time.Since(m.heard) < 3*h.o.t.beat {
			all = append(all, m)
		}
	}
	return all
}
