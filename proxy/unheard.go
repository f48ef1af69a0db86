package proxy

import (
	"context"
	"fmt"
	"net/netip"
	"sync"
	"time"
)

// Two proxies of which each is the other's server make an endless chain of connections out of one:
// neither can see that, since a connection of the other is a client like any. But nobody answers in
// such a chain, so it ends where too many clients wait for a first word.
const (
	// maxUnheard is how many connections of one address may have asked servers something before
	// the first word comes back; further ones wait for their turn. No crowd of clients is stopped
	// by it, since servers answer in milliseconds, and it takes one client many connections to stop
	// the others behind its address; but a chain of two proxies has to fit into their descriptors.
	maxUnheard = 2048
	// turnTime is how long a connection waits for its turn.
	turnTime = 20 * time.Second
)

// unheard counts the connections that wait for a first word, by the address of their clients.
type unheard struct {
	mu sync.Mutex
	by map[netip.Addr]*turns
}

// turns are those of one address.
type turns struct {
	taken chan struct{} // holds a token for each that is taken
	users int           // connections that have one or wait for it, guarded by unheard.mu
}

// waitTurn waits until the connection may ask a server something, for turnTime at most.
func (c *Conn) waitTurn() (err error) {
	u, from := &c.p.unheard, c.from.Addr()
	t := u.join(from)
	late := time.NewTimer(turnTime)
	defer late.Stop()
	select {
	case t.taken <- struct{}{}:
		c.turn.Store(t)
		return nil
	case <-late.C:
		err = fmt.Errorf("%d connections of %s wait for a server's first word: does it lead back to this proxy?",
			maxUnheard, from)
		c.p.log.Error("a client is refused", "client", c.from, "err", err)
	case <-c.ctx.Done():
		err = context.Cause(c.ctx)
	}
	u.leave(from, t)
	return err
}

// endTurn lets the next connection have the turn: the server has said something, or never will.
func (c *Conn) endTurn() {
	if c.turn.Load() == nil {
		return
	}
	if t := c.turn.Swap(nil); t != nil {
		<-t.taken
		c.p.unheard.leave(c.from.Addr(), t)
	}
}

// join returns the turns of an address, for one more connection.
func (u *unheard) join(from netip.Addr) *turns {
	u.mu.Lock()
	defer u.mu.Unlock()
	if u.by == nil {
		u.by = map[netip.Addr]*turns{}
	}
	t := u.by[from]
	if t == nil {
		t = &turns{taken: make(chan struct{}, maxUnheard)}
		u.by[from] = t
	}
	t.users++
	return t
}

// leave gives up what join returned.
func (u *unheard) leave(from netip.Addr, t *turns) {
	u.mu.Lock()
	defer u.mu.Unlock()
	if t.users--; t.users == 0 {
		delete(u.by, from)
	}
}
