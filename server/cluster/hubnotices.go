package cluster

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"time"

	"github.com/msnscope/msnscope/server"
	"github.com/msnscope/msnscope/server/accounts"
)

// announcePart is how many watchers one event names: with the longest handles they fit into a
// message.
const announcePart = 1000

// errNoAnswer means that another node did not answer in time.
var errNoAnswer = errors.New("another node did not answer")

// Announce implements [server.Router]. There is one message for all nodes, and each tells the
// watchers who are there.
func (h *Hub) Announce(_ context.Context, handle string, to []string) error {
	h.mu.Lock()
	defer h.mu.Unlock()
	for part := range slices.Chunk(to, announcePart) {
		h.post(nil, event(evAnnounce, func(p *packer) {
			p.str(handle)
			p.strs(part)
		}))
	}
	h.tell(handle, to)
	return nil
}

// hearAnnounce tells the watchers who are here. The presence is the one that this node knows: what
// the announcing node knew was sent before, and if there is a later one, that is to prevail.
func (h *Hub) hearAnnounce(_ *member, u *unpacker) {
	handle, to := u.str(), u.strs()
	if !u.bad {
		h.tell(handle, to)
	}
}

// tell gives those of to who are here the notice [server.Moved] about a user. The caller holds mu.
func (h *Hub) tell(handle string, to []string) {
	n := server.Notice{Kind: server.Moved, Presence: server.Presence{Handle: handle}}
	if e := h.users[accounts.Key(handle)]; e != nil {
		n.Presence = e.Presence
	}
	for _, watcher := range to {
		if e := h.users[accounts.Key(watcher)]; e != nil && e.to != nil {
			e.to.Notify(n)
		}
	}
}

// Deliver implements [server.Router].
func (h *Hub) Deliver(ctx context.Context, handle string, n server.Notice) (bool, error) {
	h.mu.Lock()
	e := h.users[accounts.Key(handle)]
	if e == nil || e.to != nil {
		defer h.mu.Unlock()
		return e != nil && e.to.Notify(n), nil
	}
	c := h.call(evDeliver, e.on, []*member{e.on}, func(p *packer) {
		p.str(handle)
		p.num(uint64(n.Kind))
		p.presence(n.Presence)
		p.str(string(n.Lines))
		p.num(uint64(n.Since))
	})
	h.mu.Unlock()
	defer h.hangUp(c)
	a, err := h.await(ctx, c)
	return a.ok, err
}

func (h *Hub) hearDeliver(m *member, u *unpacker) {
	id, handle := u.num(), u.str()
	n := server.Notice{
		Kind: server.NoticeKind(u.num()), Presence: u.presence(), Lines: slices.Clone(u.bytes()), Since: int(u.num()),
	}
	if u.bad {
		return
	}
	e := h.users[accounts.Key(handle)]
	h.answer(m, id, answer{ok: e != nil && e.to != nil && e.to.Notify(n)})
}

// answer is what a node answers to an event.
type answer struct {
	ok     bool
	failed string          // why the node could not do it
	before server.Presence // of evEnter
	lost   bool            // the node has died; not on the wire
}

// call waits for the answers of some nodes.
type call struct {
	id      uint64
	waiting map[*member]bool
	all     map[*member]answer
	changed chan struct{} // gets one value for each answer
}

// call posts an event to a node, or to all, whose fields begin with the number of the call, and
// returns what waits for the answers of some. The caller holds mu, and calls hangUp in the end.
func (h *Hub) call(kind eventKind, to *member, of []*member, f func(*packer)) *call {
	h.lastCall++
	c := &call{
		id: h.lastCall, waiting: make(map[*member]bool, len(of)), all: make(map[*member]answer, len(of)),
		changed: make(chan struct{}, len(of)),
	}
	for _, m := range of {
		c.waiting[m] = true
	}
	h.calls[c.id] = c
	h.post(to, event(kind, func(p *packer) {
		p.num(c.id)
		f(p)
	}))
	return c
}

func (h *Hub) hangUp(c *call) {
	h.mu.Lock()
	defer h.mu.Unlock()
	delete(h.calls, c.id)
}

// end records a node's answer. The caller holds mu.
func (c *call) end(m *member, a answer) {
	if c.waiting[m] {
		delete(c.waiting, m)
		c.all[m] = a
		c.changed <- struct{}{}
	}
}

// answer answers an event of another node. The caller holds mu.
func (h *Hub) answer(m *member, id uint64, a answer) {
	h.post(m, event(evAnswer, func(p *packer) {
		p.num(id)
		p.bool(a.ok)
		p.str(a.failed)
		p.presence(a.before)
	}))
}

func (h *Hub) hearAnswer(m *member, u *unpacker) {
	c := h.calls[u.num()]
	a := answer{ok: u.bool(), failed: u.str(), before: u.presence()}
	if c != nil && !u.bad {
		c.end(m, a)
	}
}

// await waits for the answers to a call, and returns the last of them. A node that has died
// meanwhile answers no. The error is what a node could not do, or that one did not answer.
func (h *Hub) await(ctx context.Context, c *call) (last answer, err error) {
	late := time.NewTimer(h.o.t.answer)
	defer late.Stop()
	for range cap(c.changed) {
		select {
		case <-c.changed:
		case <-late.C:
			return answer{}, errNoAnswer
		case <-ctx.Done():
			return answer{}, fmt.Errorf("%w: %w", errNoAnswer, ctx.Err())
		}
	}
	h.mu.Lock()
	defer h.mu.Unlock()
	for m, a := range c.all {
		if last = a; a.failed != "" {
			return a, fmt.Errorf("node %s: %s", m.name, a.failed)
		}
	}
	return last, nil
}

// awaitAll waits for all answers to a call for a short time, and for the one of owner, if there is
// one, until it has answered or died. It returns the answer of owner, and whether it gave one.
func (h *Hub) awaitAll(ctx context.Context, c *call, owner *member) (answer, bool) {
	soon, late := time.NewTimer(h.o.t.know), time.NewTimer(h.o.t.answer)
	defer soon.Stop()
	defer late.Stop()
	over := false
	for {
		h.mu.Lock()
		a, answered := c.all[owner]
		left, waits := len(c.waiting), c.waiting[owner]
		h.mu.Unlock()
		if left == 0 || over && !waits {
			return a, answered && !a.lost
		}
		select {
		case <-c.changed:
		case <-soon.C:
			over = true
		case <-late.C:
			return a, false
		case <-ctx.Done():
			return a, false
		}
	}
}
