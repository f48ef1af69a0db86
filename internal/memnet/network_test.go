package memnet_test

import (
	"context"
	"errors"
	"io"
	"net"
	"net/netip"
	"sync"
	"syscall"
	"testing"
	"testing/synctest"
	"time"

	"github.com/msnscope/msnscope/internal/memnet"
)

const (
	serverAddr = "127.0.0.3:1863"
	backlogCap = 128
)

func listen(t *testing.T, n *memnet.Network, addr string) net.Listener {
	t.Helper()
	l, err := n.Listen(addr)
	if err != nil {
		t.Fatal(err)
	}
	return l
}

func dial(t *testing.T, n *memnet.Network, addr string) net.Conn {
	t.Helper()
	c, err := n.DialContext(t.Context(), "tcp", addr)
	if err != nil {
		t.Fatal(err)
	}
	return c
}

func accept(t *testing.T, l net.Listener) net.Conn {
	t.Helper()
	c, err := l.Accept()
	if err != nil {
		t.Fatal(err)
	}
	return c
}

// addrPort parses the address as the program does.
func addrPort(t *testing.T, a net.Addr) netip.AddrPort {
	t.Helper()
	tcp, ok := a.(*net.TCPAddr)
	if !ok {
		t.Fatalf("address %v is a %T, want a *net.TCPAddr", a, a)
	}
	return tcp.AddrPort()
}

func TestDialReachesTheListener(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var n memnet.Network
		other := listen(t, &n, "127.0.0.2:1863")
		defer other.Close()
		l := listen(t, &n, serverAddr)
		defer l.Close()
		near := dial(t, &n, serverAddr) // does not wait for Accept
		defer near.Close()
		write(t, near, "VER 0 MSNP2\r\n")
		far := accept(t, l)
		defer far.Close()
		wantRead(t, far, "VER 0 MSNP2\r\n")
		write(t, far, "VER 0 MSNP2\r\n")
		wantRead(t, near, "VER 0 MSNP2\r\n")

		server := netip.MustParseAddrPort(serverAddr)
		for name, got := range map[string]net.Addr{
			"Addr": l.Addr(), "dialer's RemoteAddr": near.RemoteAddr(), "server's LocalAddr": far.LocalAddr(),
		} {
			if addrPort(t, got) != server {
				t.Errorf("%s = %v, want %v", name, got, server)
			}
		}
		client := addrPort(t, near.LocalAddr())
		if client.Addr() != netip.MustParseAddr("127.0.0.1") || client.Port() == 0 {
			t.Errorf("dialer's LocalAddr = %v, want a port of 127.0.0.1", client)
		}
		if got := addrPort(t, far.RemoteAddr()); got != client {
			t.Errorf("server's RemoteAddr = %v, want %v", got, client)
		}
	})
}

// TestPortsAreUnique dials more often than there are ports while one connection stays open, and has
// more connections open at a time than would be unique by chance.
func TestPortsAreUnique(t *testing.T) {
	var n memnet.Network
	l := listen(t, &n, serverAddr)
	defer l.Close()
	open := map[netip.AddrPort]net.Conn{}
	keep := func() {
		near := dial(t, &n, serverAddr)
		accept(t, l).Close()
		at := addrPort(t, near.LocalAddr())
		if open[at] != nil {
			t.Fatalf("%v given twice", at)
		}
		open[at] = near
	}
	for range 100 {
		keep()
	}
	for range 1 << 15 {
		near := dial(t, &n, serverAddr)
		if at := addrPort(t, near.LocalAddr()); open[at] != nil {
			t.Fatalf("%v given twice", at)
		}
		near.Close()
		accept(t, l).Close()
	}
	for len(open) < 1<<15 {
		keep()
	}
	if _, err := n.DialContext(t.Context(), "tcp", serverAddr); !errors.Is(err, syscall.EADDRNOTAVAIL) {
		t.Errorf("no port is left: got %v, want EADDRNOTAVAIL", err)
	}
	for _, c := range open {
		c.Close()
	}
	open = map[netip.AddrPort]net.Conn{}
	keep()
	for _, c := range open {
		c.Close()
	}
}

func TestDialErrors(t *testing.T) {
	ended, cancel := context.WithCancel(t.Context())
	cancel()
	for name, c := range map[string]struct {
		ctx           context.Context
		network, addr string
		want          string
		is            error
	}{
		"nobody there": {
			network: "tcp", addr: "127.0.0.9:1863", is: syscall.ECONNREFUSED,
			want: "dial tcp 127.0.0.9:1863: connect: connection refused",
		},
		"another port": {
			network: "tcp4", addr: "127.0.0.3:1864", is: syscall.ECONNREFUSED,
			want: "dial tcp4 127.0.0.3:1864: connect: connection refused",
		},
		"context ended": {
			ctx: ended, network: "tcp", addr: serverAddr, is: context.Canceled,
			want: "dial tcp 127.0.0.3:1863: context canceled",
		},
		"a name": {
			network: "tcp", addr: "messenger.example:1863",
			want: "dial tcp: address messenger.example:1863: want an IP address and a port",
		},
		"not TCP": {
			network: "udp", addr: serverAddr,
			want: "dial udp 127.0.0.3:1863: unknown network udp",
		},
	} {
		t.Run(name, func(t *testing.T) {
			var n memnet.Network
			l := listen(t, &n, serverAddr)
			defer l.Close()
			ctx := c.ctx
			if ctx == nil {
				ctx = t.Context()
			}
			conn, err := n.DialContext(ctx, c.network, c.addr)
			if conn != nil || err == nil || err.Error() != c.want {
				t.Errorf("got  %v, %v\nwant %s", conn, err, c.want)
			}
			if c.is != nil && !errors.Is(err, c.is) {
				t.Errorf("%v is not %v", err, c.is)
			}
		})
	}
}

func TestListenErrors(t *testing.T) {
	var n memnet.Network
	l := listen(t, &n, serverAddr)
	for _, addr := range []string{serverAddr, "[::ffff:127.0.0.3]:1863"} {
		if _, err := n.Listen(addr); !errors.Is(err, syscall.EADDRINUSE) {
			t.Errorf("Listen(%s) again = %v, want EADDRINUSE", addr, err)
		}
	}
	for _, addr := range []string{":1863", "localhost:1863", "127.0.0.1"} {
		if _, err := n.Listen(addr); err == nil {
			t.Errorf("Listen(%s) succeeded", addr)
		}
	}
	l.Close()
	listen(t, &n, serverAddr).Close() // free again
}

func TestListenOnPort0TakesAFreeOne(t *testing.T) {
	var n memnet.Network
	taken := listen(t, &n, "127.0.0.1:32770")
	defer taken.Close()
	seen := map[netip.AddrPort]bool{addrPort(t, taken.Addr()): true}
	for range 10 {
		l := listen(t, &n, "127.0.0.1:0")
		defer l.Close()
		near := dial(t, &n, l.Addr().String())
		defer near.Close()
		for _, a := range []net.Addr{l.Addr(), near.LocalAddr()} {
			if at := addrPort(t, a); at.Port() == 0 || seen[at] {
				t.Errorf("%v is no port, or was given before", at)
			} else {
				seen[at] = true
			}
		}
		defer accept(t, l).Close()
	}
}

func TestCloseOfListener(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var n memnet.Network
		l := listen(t, &n, serverAddr)
		near := dial(t, &n, serverAddr)
		defer near.Close()
		far := accept(t, l)
		defer far.Close()

		var wg sync.WaitGroup
		for range 2 {
			wg.Go(func() {
				if c, err := l.Accept(); c != nil || !errors.Is(err, net.ErrClosed) {
					t.Errorf("waiting Accept = %v, %v, want net.ErrClosed", c, err)
				}
			})
		}
		synctest.Wait()
		if err := l.Close(); err != nil {
			t.Fatal(err)
		}
		wg.Wait()
		if _, err := l.Accept(); !errors.Is(err, net.ErrClosed) {
			t.Errorf("Accept after Close = %v, want net.ErrClosed", err)
		}
		if err := l.Close(); !errors.Is(err, net.ErrClosed) {
			t.Errorf("second Close = %v, want net.ErrClosed", err)
		}
		if _, err := n.DialContext(t.Context(), "tcp", serverAddr); !errors.Is(err, syscall.ECONNREFUSED) {
			t.Errorf("dial after Close = %v, want ECONNREFUSED", err)
		}
		write(t, near, "accepted connections go on")
		wantRead(t, far, "accepted connections go on")
	})
}

func TestCloseOfListenerRefusesWhatIsQueued(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var n memnet.Network
		l := listen(t, &n, serverAddr)
		var queued []net.Conn
		for range backlogCap {
			queued = append(queued, dial(t, &n, serverAddr))
		}
		var wg sync.WaitGroup
		wg.Go(func() { wantErr(t, queued[0], "read", syscall.ECONNRESET) })
		for range 3 {
			wg.Go(func() {
				if _, err := n.DialContext(t.Context(), "tcp", serverAddr); !errors.Is(err, syscall.ECONNREFUSED) {
					t.Errorf("dial waiting for room = %v, want ECONNREFUSED", err)
				}
			})
		}
		synctest.Wait()
		l.Close()
		wg.Wait()
		for _, c := range queued {
			wantErr(t, c, "read", syscall.ECONNRESET)
			wantErr(t, c, "write", syscall.EPIPE)
			c.Close()
		}
	})
}

func TestDialWaitsForRoomInTheBacklog(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var n memnet.Network
		l := listen(t, &n, serverAddr)
		for i := range backlogCap {
			c := dial(t, &n, serverAddr)
			defer c.Close()
			write(t, c, string(rune('0'+i%10)))
		}
		start := time.Now()
		ctx, cancel := context.WithTimeout(t.Context(), 20*time.Second)
		defer cancel()
		_, err := n.DialContext(ctx, "tcp", serverAddr)
		if !errors.Is(err, context.DeadlineExceeded) || time.Since(start) != 20*time.Second {
			t.Fatalf("dial with a full backlog = %v after %v", err, time.Since(start))
		}
		var timeout net.Error
		if !errors.As(err, &timeout) || !timeout.Timeout() {
			t.Errorf("%v is no timeout", err)
		}

		var wg sync.WaitGroup
		wg.Go(func() {
			c := dial(t, &n, serverAddr)
			write(t, c, "last")
			c.Close()
		})
		synctest.Wait()
		for i := range backlogCap + 1 { // the oldest first, without the one that gave up
			c := accept(t, l)
			want := string(rune('0' + i%10))
			if i == backlogCap {
				want = "last"
			}
			wantRead(t, c, want)
			c.Close()
			synctest.Wait()
		}
		wg.Wait()
		l.Close()
	})
}

// TestManyAtOnce has clients and listeners come and go at the same time, to find races.
func TestManyAtOnce(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var n memnet.Network
		l := listen(t, &n, serverAddr)
		var servers, clients sync.WaitGroup
		servers.Go(func() {
			for {
				c, err := l.Accept()
				if err != nil {
					return
				}
				servers.Go(func() {
					_, _ = io.Copy(c, c)
					_ = c.Close()
				})
			}
		})
		for range 300 {
			clients.Go(func() {
				c := dial(t, &n, serverAddr)
				defer c.Close()
				me := c.LocalAddr().String()
				write(t, c, me)
				_ = c.(*memnet.Conn).CloseWrite()
				if got, err := io.ReadAll(c); string(got) != me || err != nil {
					t.Errorf("echo of %s: %q, %v", me, got, err)
				}
			})
			clients.Go(func() {
				if other, err := n.Listen("127.0.0.4:0"); err != nil {
					t.Error(err)
				} else {
					_ = other.Close()
				}
			})
		}
		clients.Wait()
		l.Close()
		servers.Wait()
	})
}
