package memnet

import (
	"context"
	"net"
	"net/netip"
	"os"
	"sync"
	"syscall"
)

const (
	// firstPort is the first ephemeral port. There are 32768 of them, as in Linux by default: more
	// than the connections for which one process has memory.
	firstPort = 1 << 15
	ports     = 1<<16 - firstPort
)

// dialIP is the IP address of every dialer.
var dialIP = netip.AddrFrom4([4]byte{127, 0, 0, 1})

// Network is a set of listeners that can be dialled. The zero value is an empty network. It is safe
// for concurrent use and must not be copied.
type Network struct {
	mu        sync.Mutex
	listeners map[netip.AddrPort]*listener
	used      map[uint16]bool // ephemeral ports of dialers that are not closed
	next      uint16          // offset from firstPort at which the search goes on
}

// Listen listens on addr, an IP address and a port such as "127.0.0.3:1863"; port 0 means a free
// one. It fails with syscall.EADDRINUSE when addr has a listener.
func (n *Network) Listen(addr string) (net.Listener, error) {
	at, err := parse(addr)
	if err != nil {
		return nil, &net.OpError{Op: "listen", Net: "tcp", Err: err}
	}
	n.mu.Lock()
	defer n.mu.Unlock()
	if at.Port() == 0 {
		var port uint16
		if port, err = n.freePort(at.Addr()); err == nil {
			at = netip.AddrPortFrom(at.Addr(), port)
		}
	} else if n.listeners[at] != nil {
		err = os.NewSyscallError("bind", syscall.EADDRINUSE)
	}
	if err != nil {
		return nil, &net.OpError{Op: "listen", Net: "tcp", Addr: net.TCPAddrFromAddrPort(at), Err: err}
	}
	l := newListener(n, at)
	if n.listeners == nil {
		n.listeners = make(map[netip.AddrPort]*listener)
	}
	n.listeners[at] = l
	return l, nil
}

// DialContext connects to the listener on addr, an IP address and a port; network must be tcp, tcp4
// or tcp6. Like TCP it does not wait for Accept, but for room in the listener's backlog until ctx
// ends. It fails with syscall.ECONNREFUSED when nothing listens on addr, or the listener is closed
// meanwhile. The connection is a *Conn; its local address is a port of 127.0.0.1 that no other open
// dialer has.
func (n *Network) DialContext(ctx context.Context, network, addr string) (net.Conn, error) {
	remote, err := parse(addr)
	if err != nil {
		return nil, &net.OpError{Op: "dial", Net: network, Err: err}
	}
	conn, err := n.dial(ctx, network, remote)
	if err != nil {
		return nil, &net.OpError{Op: "dial", Net: network, Addr: net.TCPAddrFromAddrPort(remote), Err: err}
	}
	return conn, nil
}

func (n *Network) dial(ctx context.Context, network string, remote netip.AddrPort) (*Conn, error) {
	switch network {
	case "tcp", "tcp4", "tcp6":
	default:
		return nil, net.UnknownNetworkError(network)
	}
	if err := ctx.Err(); err != nil {
		return nil, err
	}
	l, port, err := n.reserve(remote)
	if err != nil {
		return nil, err
	}
	local := netip.AddrPortFrom(dialIP, port)
	near, far := Pipe(net.TCPAddrFromAddrPort(local), net.TCPAddrFromAddrPort(remote))
	near.onClose = func() { n.release(port) }
	if err := l.enqueue(ctx, far); err != nil {
		_ = near.Close() // frees the port; err says more than an error of Close could
		return nil, err
	}
	return near, nil
}

// reserve finds the listener on remote and reserves a port for a dialer.
func (n *Network) reserve(remote netip.AddrPort) (*listener, uint16, error) {
	n.mu.Lock()
	defer n.mu.Unlock()
	l := n.listeners[remote]
	if l == nil {
		return nil, 0, errRefused()
	}
	port, err := n.freePort(dialIP)
	if err != nil {
		return nil, 0, err
	}
	if n.used == nil {
		n.used = make(map[uint16]bool)
	}
	n.used[port] = true
	return l, port, nil
}

// freePort finds a port that neither a dialer nor a listener on ip has. It searches in a circle, so
// that a port is reused as late as possible. n.mu must be locked.
func (n *Network) freePort(ip netip.Addr) (uint16, error) {
	for range ports {
		port := firstPort + n.next
		n.next = (n.next + 1) % ports
		if !n.used[port] && n.listeners[netip.AddrPortFrom(ip, port)] == nil {
			return port, nil
		}
	}
	return 0, os.NewSyscallError("bind", syscall.EADDRNOTAVAIL)
}

// release frees a dialer's port.
func (n *Network) release(port uint16) {
	n.mu.Lock()
	defer n.mu.Unlock()
	delete(n.used, port)
}

// forget frees a listener's address.
func (n *Network) forget(l *listener) {
	n.mu.Lock()
	defer n.mu.Unlock()
	delete(n.listeners, l.at)
}

// parse parses an IP address and a port. An IPv4 address inside IPv6 counts as the IPv4 address.
func parse(addr string) (netip.AddrPort, error) {
	ap, err := netip.ParseAddrPort(addr)
	if err != nil {
		return ap, &net.AddrError{Err: "want an IP address and a port", Addr: addr}
	}
	return netip.AddrPortFrom(ap.Addr().Unmap(), ap.Port()), nil
}

func errRefused() error { return os.NewSyscallError("connect", syscall.ECONNREFUSED) }
