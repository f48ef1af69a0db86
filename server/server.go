package server

import (
	"context"
	"errors"
	"fmt"
	"net"
	"net/netip"
	"os"
	"slices"
	"strings"
	"sync"
	"syscall"
	"time"

	"github.com/msnscope/msnscope/decode/dialect"
	"github.com/msnscope/msnscope/internal/memnet"
	"github.com/msnscope/msnscope/server/accounts"
)

// ErrClosed is what Serve returns after Shutdown or Close.
var ErrClosed = errors.New("server closed")

var errFull = errors.New("too many connections")

// Server is a dispatch server, a notification server and a switchboard in one. Make one with [New]; its methods are safe for
// concurrent use.
type Server struct {
	o        Options
	set      Settings
	hub      Hub
	store    accounts.Store
	board    board
	failures failed

	ctx    context.Context // ends when nothing is waited for any longer
	cancel context.CancelFunc
	news   context.Context // ends when nobody wants news from the store any longer
	unnews context.CancelFunc
	conns  sync.WaitGroup // of goroutines: a connection's run and write, a listener's Serve, watch

	mu        sync.Mutex
	open      map[*conn]struct{}
	users     map[string]*conn // by accounts.Key: who is logged on here
	drained   map[string]string
	listeners map[net.Listener]struct{}
	closing   bool
	dialled   uint16
}

// New returns a server that nobody is connected to yet. Close it when it is no longer needed.
func New(o Options) *Server {
	o = o.withDefaults()
	s := &Server{
		o: o, set: *o.Settings, hub: o.Hub, store: o.Store,
		open: make(map[*conn]struct{}), users: make(map[string]*conn), drained: make(map[string]string),
		listeners: make(map[net.Listener]struct{}),
	}
	s.board.init(s)
	s.failures.limit = o.FailureLimit
	s.ctx, s.cancel = context.WithCancel(context.Background())
	s.news, s.unnews = context.WithCancel(s.ctx)
	if w, ok := s.store.(accounts.Watcher); ok {
		s.conns.Go(func() { s.watch(w) })
	}
	return s
}

// Serve serves the connections that l accepts, all in one role, which must be DS, NS or SB. It returns when l fails, or with
// [ErrClosed] after Shutdown; l is closed in any case. There may be several listeners of a role: they share all users. What
// is given out in referrals are the addresses of the [Options], never the listener's own; which of several notification
// servers a listener is, for [Server.Drain], is told by its port.
func (s *Server) Serve(role dialect.Role, l net.Listener) error {
	if !role.Known() {
		_ = l.Close()
		return fmt.Errorf("serve: %q is no role of a server", role)
	}
	if !s.track(l) {
		_ = l.Close()
		return ErrClosed
	}
	defer s.conns.Done()
	defer s.untrack(l)
	addr := s.addrOf(role, l.Addr())
	for wait := time.Duration(0); ; {
		nc, err := l.Accept()
		switch {
		case err == nil:
			wait = 0
			s.accept(role, addr, nc)
		case s.isClosing():
			return ErrClosed
		case errors.Is(err, net.ErrClosed):
			return fmt.Errorf("serve %s: %w", role, err)
		default: // too many open files and the like: these pass
			wait = min(max(2*wait, 5*time.Millisecond), time.Second)
			s.o.Log.Warn("accepting failed, trying again", "role", role.String(), "err", err, "wait", wait)
			select {
			case <-time.After(wait):
			case <-s.ctx.Done():
			}
		}
	}
}

// accept starts a connection, or turns it away with a server's own error (§7.11) when there are too many.
func (s *Server) accept(role dialect.Role, addr string, nc net.Conn) {
	err := s.start(role, addr, nc)
	if err == nil {
		return
	}
	if errors.Is(err, errFull) {
		s.o.Log.Warn("connection refused", "role", role.String(), "client", addrString(nc.RemoteAddr()), "err", err)
		_ = nc.SetWriteDeadline(time.Now().Add(time.Second))
		_, _ = nc.Write([]byte("600\r\n")) // five bytes into an empty buffer: cannot block
	}
	_ = nc.Close()
}

// start begins serving nc in a goroutine of its own.
func (s *Server) start(role dialect.Role, addr string, nc net.Conn) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	switch {
	case s.closing:
		return ErrClosed
	case len(s.open) >= s.o.MaxConns:
		return errFull
	}
	c := newConn(s, role, addr, nc)
	s.open[c] = struct{}{}
	s.conns.Go(func() {
		c.run()
		s.mu.Lock()
		defer s.mu.Unlock()
		s.open = without(s.open, c)
	})
	return nil
}

// Dial connects to the server in memory: to the role that has the address addr in the server's own referrals. Any other
// address is refused with syscall.ECONNREFUSED, as is everything when the server is closed or full.
func (s *Server) Dial(ctx context.Context, network, addr string) (net.Conn, error) {
	remote := tcpAddr(withPort(addr))
	fail := func(err error) (net.Conn, error) {
		return nil, &net.OpError{Op: "dial", Net: network, Addr: remote, Err: err}
	}
	if err := ctx.Err(); err != nil {
		return fail(err)
	}
	if !strings.HasPrefix(network, "tcp") {
		return fail(net.UnknownNetworkError(network))
	}
	role := s.roleOf(withPort(addr))
	if !role.Known() {
		return fail(os.NewSyscallError("connect", syscall.ECONNREFUSED))
	}
	near, far := memnet.Pipe(s.localAddr(), remote)
	if s.start(role, withPort(addr), far) != nil {
		_ = near.Close()
		_ = far.Close()
		return fail(os.NewSyscallError("connect", syscall.ECONNREFUSED))
	}
	return near, nil
}

// roleOf returns the role that an address is given out for, 0 for none.
func (s *Server) roleOf(addr string) dialect.Role {
	same := func(a string) bool { return strings.EqualFold(a, addr) }
	switch {
	case same(s.o.Dispatch) && !s.o.NoDispatch:
		return dialect.DS
	case slices.ContainsFunc(s.o.Notification, same):
		return dialect.NS
	case same(s.o.Switchboard):
		return dialect.SB
	}
	return 0
}

// addrOf returns the address in referrals of the server that listens at l: among several notification servers the one with l's
// port, the first one if none has.
func (s *Server) addrOf(role dialect.Role, l net.Addr) string {
	switch role {
	case dialect.DS:
		return s.o.Dispatch
	case dialect.SB:
		return s.o.Switchboard
	}
	_, port, _ := net.SplitHostPort(addrString(l))
	for _, a := range s.o.Notification {
		if _, p, _ := net.SplitHostPort(a); p == port {
			return a
		}
	}
	return s.o.Notification[0]
}

// localAddr returns an address for the near end of the next connection in memory; it only tells them apart in logs.
func (s *Server) localAddr() net.Addr {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.dialled++
	return &net.TCPAddr{IP: net.IPv4(127, 0, 0, 1), Port: 1<<15 + int(s.dialled)&(1<<15-1)}
}

// namedAddr is the address of a server that is given out by name.
type namedAddr string

func (namedAddr) Network() string  { return "tcp" }
func (a namedAddr) String() string { return string(a) }

func tcpAddr(addr string) net.Addr {
	if ap, err := netip.ParseAddrPort(addr); err == nil {
		return net.TCPAddrFromAddrPort(ap)
	}
	return namedAddr(addr)
}
