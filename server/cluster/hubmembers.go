package cluster

import (
	"context"
	"errors"
	"fmt"
	"hash/fnv"
	"slices"
	"time"

	"github.com/msnscope/msnscope/server"
	"github.com/msnscope/msnscope/server/accounts"
)

// member is a node as another node knows it. An incarnation is one life of a node.
type member struct {
	name, incarnation string
	places
	heard  time.Time // when its last message came
	beat   uint64    // the number of its last beat
	number uint64    // of its last message for all
	behind bool      // whether a message of it is missing
	asked  time.Time // when it was asked for its roster
	again  bool      // whether the watchers of all its users are to be told how they are
	roster []listed  // the parts that have come
	acked  time.Time // when the last beat was sent that it has heard
	// digest and count sum up the sessions that this node believes that one has.
	digest uint64
	count  int
}

// entry is a user who is logged on.
type entry struct {
	server.Presence
	on      *member
	epoch   uint64          // of the session
	version uint64          // of the presence in that session
	to      server.Receiver // of a session here, else nil
}

// newer reports whether e is from a later session than o, or later in the same one.
func (e *entry) newer(o *entry) bool {
	switch {
	case e.epoch != o.epoch:
		return e.epoch > o.epoch
	case e.on.name != o.on.name: // only where the stream was lost: somebody has to give in
		return e.on.name > o.on.name
	}
	return e.version > o.version
}

// sum returns a number for an entry, which the digest of a node adds up.
func sum(key string, e *entry) uint64 {
	f := fnv.New64a()
	var p packer
	p.str(key)
	p.num(e.epoch)
	p.num(e.version)
	_, _ = f.Write(p) // writing to a hash never fails
	return f.Sum64()
}

// put makes e the entry of a user. The caller holds mu.
func (h *Hub) put(key string, e *entry) {
	h.remove(key)
	h.users[key] = e
	e.on.digest ^= sum(key, e)
	e.on.count++
}

// remove ends the entry of a user, if there is one. The caller holds mu.
func (h *Hub) remove(key string) {
	if old := h.users[key]; old != nil {
		old.on.digest ^= sum(key, old)
		old.on.count--
		delete(h.users, key)
	}
}

// learn makes e the entry of a user unless the present one is newer, and reports whether it did. A
// session here that another has replaced gets [server.Ousted]. A node that believes in a session
// which was replaced is told. The caller holds mu.
func (h *Hub) learn(key string, e *entry) bool {
	old := h.users[key]
	if old != nil && !e.newer(old) {
		if old.on != e.on {
			h.post(e.on, event(evElsewhere, func(p *packer) {
				p.str(e.Handle)
				p.num(old.epoch)
				p.str(old.on.name)
			}))
		}
		return false
	}
	h.put(key, e)
	if old != nil && old.to != nil && e.to == nil {
		old.to.Notify(server.Notice{Kind: server.Ousted})
	}
	return true
}

// hearElsewhere gives up a session here that was replaced while this node could not hear of it.
func (h *Hub) hearElsewhere(_ *member, u *unpacker) {
	key := accounts.Key(u.str())
	epoch, node := u.num(), u.str()
	e := h.users[key]
	if e == nil || e.to == nil || u.bad || epoch < e.epoch || epoch == e.epoch && node < h.self.name {
		return
	}
	h.drop(key, e)
	e.to.Notify(server.Notice{Kind: server.Ousted})
	h.lament(e.Handle) // the new session may be known already, or its watchers see who is gone
}

// drop ends a session here, and tells the other nodes. The caller holds mu.
func (h *Hub) drop(key string, e *entry) {
	h.remove(key)
	h.post(nil, event(evUpdate, func(p *packer) {
		p.presence(server.Presence{Handle: e.Handle})
		p.num(e.epoch)
		p.num(e.version + 1)
	}))
}

// hear returns the node that sent a message, nil for a life of it that has ended. The caller holds
// mu.
func (h *Hub) hear(head *header) *member {
	m := h.peers[head.node]
	if m != nil && m.incarnation != head.incarnation {
		if head.incarnation < m.incarnation {
			return nil
		}
		h.bury(m, "it was started again")
		m = nil
	}
	if m == nil {
		m = &member{name: head.node, incarnation: head.incarnation, again: true}
		h.peers[m.name] = m
		h.o.Log.Info("a node has joined", "node", m.name)
		// it is to know this one at once
		h.postBeat()
	}
	m.heard = time.Now()
	if head.number != 0 {
		if head.number != m.number+1 {
			m.behind = true
			m.again = true
		}
		m.number = head.number
	}
	return m
}

// bury ends all sessions of a node, whose watchers are to be told. The caller holds mu.
func (h *Hub) bury(m *member, why string) {
	h.o.Log.Warn("a node is lost: its users are logged off", "node", m.name, "users", m.count, "why", why)
	h.forget(m)
}

// forget removes a node and the sessions it has. The caller holds mu.
func (h *Hub) forget(m *member) {
	delete(h.peers, m.name)
	for key, e := range h.users {
		if e.on == m {
			h.remove(key)
			if e.Seen() {
				h.lament(e.Handle)
			}
		}
	}
	for _, c := range h.calls {
		c.end(m, answer{lost: true})
	}
}

// hearBye forgets a node that has left. Its users are logged off already, or now.
func (h *Hub) hearBye(m *member, _ *unpacker) {
	h.o.Log.Info("a node has left", "node", m.name)
	h.forget(m)
}

// postBeat sends a sign of life: which beats of the others were heard, what this node is, and the
// digest of the sessions that it has. The caller holds mu.
func (h *Hub) postBeat() {
	h.beats++
	h.sent[h.beats%uint64(len(h.sent))] = time.Now()
	h.self.Users = h.self.count
	h.post(nil, event(evBeat, func(p *packer) {
		p.num(h.beats)
		p.num(uint64(len(h.peers)))
		for name, m := range h.peers {
			p.str(name)
			p.str(m.incarnation)
			p.num(m.beat)
		}
		p.num(h.self.digest)
		p.num(uint64(h.self.count))
		h.self.places.pack(p)
	}))
}

// hearBeat takes a sign of life.
func (h *Hub) hearBeat(m *member, u *unpacker) {
	m.beat = u.num()
	for range u.num() {
		name, incarnation, beat := u.str(), u.str(), u.num()
		if u.bad {
			return
		}
		if name == h.self.name && incarnation == h.incarnation && beat > 0 && h.beats-beat < uint64(len(h.sent)) {
			m.acked = h.sent[beat%uint64(len(h.sent))]
		}
	}
	digest, count := u.num(), int(u.num())
	m.places.unpack(u)
	if m.behind || m.again || m.digest != digest || m.count != count {
		h.ask(m)
	}
}

// majority returns when a majority of the nodes last heard from this one, as far as it knows: the
// time when the beat was sent that they have answered. Where NATS runs outside, it is a majority of
// its servers. The caller holds mu.
func (h *Hub) majority() time.Time {
	if h.o.Link.Size == 0 {
		return h.vouched
	}
	need := h.o.Link.Size / 2 // others
	if need == 0 {
		return time.Now()
	}
	var acked []time.Time
	for _, m := range h.peers {
		acked = append(acked, m.acked)
	}
	if len(acked) < need {
		return time.Time{}
	}
	slices.SortFunc(acked, func(a, b time.Time) int { return b.Compare(a) })
	return acked[need-1]
}

// inTouchLocked reports whether this node may change anything: no other can have declared it dead,
// since they take longer for that. The caller holds mu.
func (h *Hub) inTouchLocked() bool { return time.Since(h.majority()) < h.o.t.lease }

func (h *Hub) inTouch() bool {
	h.mu.Lock()
	defer h.mu.Unlock()
	return h.inTouchLocked()
}

// tick sends beats, and finds out which nodes are dead, until the hub is closed.
func (h *Hub) tick() {
	step := h.o.t.beat / 5
	t := time.NewTicker(step)
	defer t.Stop()
	began, last := time.Now(), time.Now()
	for n := 0; ; n++ {
		sessions := h.countSessions() // which takes locks of the server
		h.mu.Lock()
		h.self.Sessions = sessions
		now := time.Now()
		if late := now.Sub(last) - step; late > h.o.t.beat {
			// This node was stopped. What the others sent meanwhile is still to be read, and until
			// they have answered, nothing is known of them.
			for _, m := range h.peers {
				m.heard = m.heard.Add(late)
			}
			began = now
		}
		last = now
		if n%5 == 0 {
			h.postBeat()
		}
		h.watch(now, began)
		h.mu.Unlock()
		select {
		case <-t.C:
		case <-h.ctx.Done():
			return
		}
	}
}

func (h *Hub) countSessions() int {
	h.mu.Lock()
	count := h.sessions
	h.mu.Unlock()
	if count == nil {
		return 0
	}
	return count()
}

// watch buries the nodes that have not been heard, while this one is in touch, and sends the
// clients away when it has been out of touch for too long. This node has run since began. The
// caller holds mu.
func (h *Hub) watch(now, began time.Time) {
	since := h.majority()
	if since.Before(began) {
		since = began
	}
	if now.Sub(since) < h.o.t.lease {
		for _, m := range h.peers {
			if now.Sub(m.heard) > h.o.t.death {
				h.bury(m, "it has not been heard")
			}
		}
	}
	limit := h.o.t.severe
	if h.o.Link.Size == 0 {
		limit += h.o.t.leader // it cannot be told from a leader that is missing
	}
	if now.Sub(since) < limit {
		h.severed = false
		return
	}
	if !h.severed {
		h.severed = true
		h.o.Log.Error("out of touch with the majority of the cluster: the clients are sent away",
			"for", now.Sub(since).Round(time.Second), "nodes", len(h.fresh()))
	}
	for key, e := range h.users {
		if e.to != nil {
			h.drop(key, e)
			e.to.Notify(server.Notice{Kind: server.Severed})
		}
	}
}

// Check returns why nobody should be sent to this node, nil if it does its work.
func (h *Hub) Check() error {
	h.mu.Lock()
	defer h.mu.Unlock()
	switch {
	case !h.inTouchLocked():
		return ErrMinority
	case h.self.Leaving:
		return errors.New("this node is leaving the cluster")
	}
	return nil
}

// Ready waits until this node is in touch with a majority, has learnt who is logged on to the nodes
// that it can reach, and has all that it is to keep of the streams. Before that, the cluster could
// not do without another node: what has been started again counts for a leader's choice only then.
func (h *Hub) Ready(ctx context.Context) error {
	for {
		h.mu.Lock()
		ready := h.inTouchLocked()
		for _, m := range h.peers {
			ready = ready && !m.again && !m.behind
		}
		h.mu.Unlock()
		if ready && caughtUp(ctx, h.js, h.self.name) {
			return nil
		}
		if !pause(ctx, h.o.t.beat/10) {
			return fmt.Errorf("%w: it hears %d others", ErrMinority, h.reached())
		}
	}
}

// reached returns how many other nodes were heard lately.
func (h *Hub) reached() int {
	h.mu.Lock()
	defer h.mu.Unlock()
	return len(h.fresh())
}
