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
	"sync/atomic"
	"syscall"
	"time"

	"github.com/msnscope/msnscope/decode/dialect"
	"github.com/msnscope/msnscope/internal/memnet"
	"github.com/msnscope/msnscope/server/accounts"
)

// ErrClosed is the error of Serve after Shutdown or Close.
var ErrClosed = errors.New("server closed")

var (
	errFull  = errors.New("too many connections")
	errCrowd = errors.New("too many connections from this address")
)

// Server is a dispatch server, a notification server and a switchboard in one. Use [New] to make
// one; its methods are safe for concurrent use.
type Server struct {
	o        Options
	set      Settings
	hub      Hub
	store    accounts.Store
	board    board
	byRow    []handler // see byRow
	guesses  guesses
	shares   shares
	refusals refusals
	counts   counts
	often    often // limits the logging of what commands cause
	lastID   atomic.Int64
	bad      accounts.Firsts // stored values that were left out and logged

	ctx    context.Context // ends when the shutdown waits no longer
	cancel context.CancelFunc
	news   context.Context // ends when the shutdown begins: no more news from the store
	unnews context.CancelFunc
	// counts connections, parked ones too, and goroutines: a connection's write, a listener's
	// Serve, watch, logRefusals
	conns sync.WaitGroup
	lot   lot
	rest  time.Duration // restTime, except in tests

	mu        sync.Mutex
	open      map[*conn]struct{}
	entering  map[*conn]string // redeeming a cookie, not seated yet: the accounts.Key of the user
	users     map[string]*conn // by accounts.Key: notification connections of users logged on here
	drained   map[string]string
	leaving   bool
	listeners map[net.Listener]struct{}
	closing   bool
	dialled   uint16
}

// New returns a running server without listeners or connections. Close it when it is no longer
// needed.
func New(o Options) *Server {
	o = o.withDefaults()
	s := &Server{
		o: o, set: *o.Settings, hub: o.Hub, store: o.Store, byRow: byRow(), rest: restTime,
		open: make(map[*conn]struct{}), users: make(map[string]*conn), entering: make(map[*conn]string),
		drained:   make(map[string]string),
		listeners: make(map[net.Listener]struct{}),
	}
	s.board.init(s)
	s.counts.init()
	s.guesses.user, s.guesses.address = s.set.Limits.UserFailures, s.set.Limits.AddressFailures
	s.shares.init(&s.set.Limits, o.MaxConns)
	s.ctx, s.cancel = context.WithCancel(context.Background())
	s.news, s.unnews = context.WithCancel(s.ctx)
	if w, ok := s.store.(accounts.Watcher); ok {
		s.conns.Go(func() { s.watch(w) })
	}
	return s
}

// Serve serves the connections that l accepts, all in one role, which must be DS, NS or SB. It
// returns when l fails, or with [ErrClosed] after Shutdown; it closes l in any case. Several
// listeners may have the same role; they share all users. Referrals name the addresses of the
// [Options], never the listener's own. For [Server.Drain], the port of a listener decides which of
// several notification servers it is.
func (s *Server) Serve(role dialect.Role, l net.Listener) error {
	if !role.Known() {
		_ = l.Close()
		return fmt.Errorf("serve: %q is not a server role: want DS, NS or SB", role)
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
		default: // errors that pass, such as too many open files
			wait = min(max(2*wait, 5*time.Millisecond), time.Second)
			s.o.Log.Warn("accept failed, trying again", "role", role.String(), "err", err, "wait", wait)
			select {
			case <-time.After(wait):
			case <-s.ctx.Done():
			}
		}
	}
}

// accept starts serving a connection, or turns it away with a server error (§7.11) when there are
// too many.
func (s *Server) accept(role dialect.Role, addr string, nc net.Conn) {
	err := s.start(role, addr, nc)
	if err == nil {
		return
	}
	if errors.Is(err, errFull) || errors.Is(err, errCrowd) {
		s.refused(role, nc.RemoteAddr(), err)
		turnAway(nc)
	}
	_ = nc.Close()
}

// turnAway sends a client the error 600: there is no room for it.
func turnAway(nc net.Conn) {
	_ = nc.SetWriteDeadline(time.Now().Add(time.Second))
	_, _ = nc.Write([]byte("600\r\n")) // five bytes into an empty buffer cannot block
}

// start begins serving nc in a goroutine of its own. Where it fails, with ErrClosed, errFull or
// errCrowd, the caller still owns nc.
func (s *Server) start(role dialect.Role, addr string, nc net.Conn) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	switch {
	case s.closing:
		return ErrClosed
	case len(s.open) >= s.o.MaxConns && !s.makeRoom():
		return errFull
	}
	c := newConn(s, role, addr, nc)
	if s.o.Scripts != nil {
		c.id = int(s.lastID.Add(1))
	}
	c.proxied = s.trusts(nc.RemoteAddr()) // then the header names the client
	if !c.proxied && !s.shares.enter(c) {
		return errCrowd
	}
	s.shares.begin(c)
	s.open[c] = struct{}{}
	s.counts.accepted[place(role)].Add(1)
	s.conns.Add(1)
	go c.run()
	return nil
}

// ended undoes start.
func (s *Server) ended(c *conn) {
	defer s.conns.Done()
	s.counts.left[place(c.role)].Add(1)
	s.shares.leave(c)
	s.mu.Lock()
	defer s.mu.Unlock()
	s.open, s.entering = without(s.open, c), without(s.entering, c)
}

// Dial connects to the server in memory, in the role that has the address addr in the server's
// referrals. Any other address is refused with syscall.ECONNREFUSED, as is every address when the
// server is closed or full. Limits by address count all these connections as those of 127.0.0.1. To
// connect on behalf of somebody else, use [Server.DialFrom].
func (s *Server) Dial(ctx context.Context, network, addr string) (net.Conn, error) {
	return s.dial(ctx, s.localAddr(), network, addr)
}

// DialFrom is [Server.Dial] on behalf of a client whose connection the caller forwards, such as a
// proxy in this process. The log names that client, and limits by address apply to it.
func (s *Server) DialFrom(ctx context.Context, client netip.AddrPort, network, addr string) (net.Conn, error) {
	return s.dial(ctx, net.TCPAddrFromAddrPort(client), network, addr)
}

func (s *Server) dial(ctx context.Context, client net.Addr, network, addr string) (net.Conn, error) {
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
	near, far := memnet.Pipe(client, remote)
	if s.start(role, withPort(addr), far) != nil {
		_ = near.Close()
		_ = far.Close()
		return fail(os.NewSyscallError("connect", syscall.ECONNREFUSED))
	}
	return near, nil
}

// roleOf returns the role that has the address in referrals, 0 for none.
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

// addrOf returns the address in referrals of the server that listens at l: among several
// notification servers the one with l's port, or the first if none has it.
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

// localAddr returns a made-up address of 127.0.0.1 for the near end of the next connection in
// memory. Its port tells such connections apart in logs.
func (s *Server) localAddr() net.Addr {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.dialled++
	return &net.TCPAddr{IP: net.IPv4(127, 0, 0, 1), Port: 1<<15 + int(s.dialled)&(1<<15-1)}
}

// namedAddr is a server's address that has a name in place of an IP address.
type namedAddr string

func (namedAddr) Network() string  { return "tcp" }
func (a namedAddr) String() string { return string(a) }

func tcpAddr(addr string) net.Addr {
	if ap, err := netip.ParseAddrPort(addr); err == nil {
		return net.TCPAddrFromAddrPort(ap)
	}
	return namedAddr(addr)
}
