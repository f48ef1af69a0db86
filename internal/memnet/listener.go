package memnet

import (
	"context"
	"net"
	"net/netip"
	"sync"
)

// backlogCap is how many connections may wait for Accept before a dial has to wait: the traditional
// length of a kernel's listen queue.
const backlogCap = 128

// listener is an address of a Network at which connections are queued. Its lock and the network's
// are never held together.
type listener struct {
	network *Network
	at      netip.AddrPort

	mu      sync.Mutex
	changed *sync.Cond // broadcast when backlog or closed changes, or a dial's context ends
	backlog []*Conn    // at most backlogCap
	closed  bool
}

func newListener(n *Network, at netip.AddrPort) *listener {
	l := &listener{network: n, at: at}
	l.changed = sync.NewCond(&l.mu)
	return l
}

// Accept removes and returns the oldest connection of the backlog, a *Conn, waiting for one if
// there is none. After Close it fails with net.ErrClosed.
func (l *listener) Accept() (net.Conn, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	for len(l.backlog) == 0 && !l.closed {
		l.changed.Wait()
	}
	if l.closed {
		return nil, l.closedError("accept")
	}
	c := l.backlog[0]
	l.backlog[0] = nil
	l.backlog = l.backlog[1:]
	l.changed.Broadcast()
	return c, nil
}

// enqueue appends the far end of a dialled connection to the backlog, waiting for room until ctx
// ends.
func (l *listener) enqueue(ctx context.Context, far *Conn) error {
	stop := context.AfterFunc(ctx, func() {
		l.mu.Lock()
		defer l.mu.Unlock()
		l.changed.Broadcast()
	})
	defer stop()
	l.mu.Lock()
	defer l.mu.Unlock()
	for len(l.backlog) >= backlogCap && !l.closed && ctx.Err() == nil {
		l.changed.Wait()
	}
	if l.closed {
		return errRefused()
	}
	if err := ctx.Err(); err != nil {
		return err
	}
	l.backlog = append(l.backlog, far)
	l.changed.Broadcast()
	return nil
}

// Close frees the address. Blocked Accepts fail with net.ErrClosed, dials that wait for room are
// refused, and connections that were not accepted are reset. Accepted connections go on.
func (l *listener) Close() error {
	l.mu.Lock()
	if l.closed {
		l.mu.Unlock()
		return l.closedError("close")
	}
	left := l.backlog
	l.closed, l.backlog = true, nil
	l.changed.Broadcast()
	l.mu.Unlock()

	l.network.forget(l)
	for _, c := range left {
		c.abort()
	}
	return nil
}

// Addr returns the address of the listener, a *net.TCPAddr.
func (l *listener) Addr() net.Addr { return net.TCPAddrFromAddrPort(l.at) }

func (l *listener) closedError(op string) error {
	return &net.OpError{Op: op, Net: "tcp", Addr: l.Addr(), Err: net.ErrClosed}
}
