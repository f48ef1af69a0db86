package server

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"strings"
	"sync"
	"syscall"
	"testing"
	"testing/synctest"
	"time"

	"github.com/msnscope/msnscope/decode/dialect"
	"github.com/msnscope/msnscope/internal/memnet"
)

func TestShutdown(t *testing.T) {
	synctestScript(t, Options{}, func(p *script) {
		p.run(`
			alice.ns -- online
			bob.ns -- online
			bob.ns C: ADD 1 FL alice@hotmail.com A
			bob.ns S: ADD 1 FL 2 alice@hotmail.com A
			bob.ns S: ILN 1 NLN alice@hotmail.com alice
			alice.ns S: ADD 0 RL 2 bob@hotmail.com bob
			alice.sb -- chat
			x.ns C: INF 1
			x.ns S: 715 1
			x.ds C: VER 1 MSNP2
			x.ds S: VER 1 MSNP2`)
		start := time.Now()
		if err := p.s.Shutdown(p.t.Context()); err != nil {
			t.Error(err)
		}
		if took := time.Since(start); took > lingerTime {
			t.Errorf("took %v", took)
		}
		p.run(`
			alice.ns S: OUT SSD
			alice.ns S: (closed)
			bob.ns S: OUT SSD
			bob.ns S: (closed)
			x.ns S: OUT SSD
			x.ns S: (closed)
			alice.sb S: (closed)
			x.ds S: (closed)`)
		if _, err := p.s.Dial(p.t.Context(), "tcp", "127.0.0.3:1863"); !errors.Is(err, syscall.ECONNREFUSED) {
			t.Errorf("Dial after Shutdown: %v", err)
		}
		l, err := new(memnet.Network).Listen("127.0.0.3:1863")
		if err != nil {
			t.Fatal(err)
		}
		if err := p.s.Serve(dialect.NS, l); !errors.Is(err, ErrClosed) {
			t.Errorf("Serve after Shutdown: %v", err)
		}
	})
}

// TestShutdownCutsOff: a client that neither reads nor closes cannot delay a shutdown beyond its
// deadline.
func TestShutdownCutsOff(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := New(Options{})
		nc, err := s.Dial(t.Context(), "tcp", "127.0.0.3:1863")
		if err != nil {
			t.Fatal(err)
		}
		defer nc.Close()
		for range 20_000 { // answers of 100 KB, of which 64 KB fit into the connection
			_, _ = io.WriteString(nc, "PNG\r\n")
		}
		synctest.Wait()
		ctx, cancel := context.WithTimeout(t.Context(), 3*time.Second)
		defer cancel()
		start := time.Now()
		if err := s.Shutdown(ctx); !errors.Is(err, context.DeadlineExceeded) {
			t.Errorf("Shutdown: %v", err)
		}
		if took := time.Since(start); took != 3*time.Second {
			t.Errorf("took %v", took)
		}
	})
}

func TestDial(t *testing.T) {
	o := Options{
		Dispatch: "Messenger.Hotmail.com", Notification: []string{"10.0.0.1:1864", "10.0.0.2"},
		Switchboard: "[::1]:1863",
	}
	direct := o
	direct.NoDispatch = true
	for name, tc := range map[string]struct {
		o             Options
		network, addr string
		want          error
	}{
		"dispatch by name":      {o, "tcp", "messenger.hotmail.com:1863", nil},
		"without port":          {o, "tcp4", "messenger.hotmail.com", nil},
		"first notification":    {o, "tcp", "10.0.0.1:1864", nil},
		"second notification":   {o, "tcp", "10.0.0.2:1863", nil},
		"switchboard":           {o, "tcp", "[::1]:1863", nil},
		"another port":          {o, "tcp", "10.0.0.1:1863", syscall.ECONNREFUSED},
		"another host":          {o, "tcp", "10.0.0.3:1863", syscall.ECONNREFUSED},
		"the default":           {o, "tcp", "127.0.0.3:1863", syscall.ECONNREFUSED},
		"no dispatch server":    {direct, "tcp", "messenger.hotmail.com:1863", syscall.ECONNREFUSED},
		"but a notification":    {direct, "tcp", "10.0.0.1:1864", nil},
		"another network":       {o, "udp", "10.0.0.1:1864", net.UnknownNetworkError("udp")},
		"dispatch's default":    {Options{}, "tcp", "127.0.0.2:1863", nil},
		"switchboard's default": {Options{}, "tcp", "127.0.0.4:1863", nil},
	} {
		t.Run(name, func(t *testing.T) {
			s := New(tc.o)
			defer s.Close()
			nc, err := s.Dial(t.Context(), tc.network, tc.addr)
			if !errors.Is(err, tc.want) {
				t.Fatalf("got %v, want %v", err, tc.want)
			}
			if err == nil {
				if got := nc.RemoteAddr().String(); !strings.EqualFold(got, withPort(tc.addr)) {
					t.Errorf("remote address is %s", got)
				}
				nc.Close()
			}
		})
	}
	t.Run("ended context", func(t *testing.T) {
		s := New(o)
		defer s.Close()
		ctx, cancel := context.WithCancel(t.Context())
		cancel()
		if _, err := s.Dial(ctx, "tcp", "10.0.0.1:1864"); !errors.Is(err, context.Canceled) {
			t.Errorf("got %v", err)
		}
	})
}

// TestReferrals: referrals have a port, are always the same for a user, and reach every server for
// some user.
func TestReferrals(t *testing.T) {
	s := New(Options{Notification: []string{"10.0.0.1", "10.0.0.2:99"}})
	defer s.Close()
	got := make(map[string]int)
	for i := range 100 {
		h := fmt.Sprintf("user%d@hotmail.com", i)
		got[s.notificationOf(h)]++
		if s.notificationOf(h) != s.notificationOf(strings.ToUpper(h)) {
			t.Errorf("%s is sent to two servers", h)
		}
	}
	if len(got) != 2 || got["10.0.0.1:1863"] < 20 || got["10.0.0.2:99"] < 20 {
		t.Errorf("users were sent to %v", got)
	}
}

// TestListeners serves sockets: several notification listeners share the users, and one connection
// too many is turned away.
func TestListeners(t *testing.T) {
	s := New(Options{MaxConns: 2, Settings: with(Lenient, "address-connections=0", "address-logons=0")})
	defer s.Close()
	var served sync.WaitGroup
	var addrs []string
	for range 2 {
		l, err := net.Listen("tcp", "127.0.0.1:0")
		if err != nil {
			t.Fatal(err)
		}
		addrs = append(addrs, l.Addr().String())
		served.Go(func() {
			if err := s.Serve(dialect.NS, l); !errors.Is(err, ErrClosed) {
				t.Errorf("Serve: %v", err)
			}
		})
	}
	var conns []net.Conn
	for i, want := range []string{"VER 0 MSNP2\r\n", "VER 0 MSNP2\r\n", "600\r\n"} {
		nc, err := net.Dial("tcp", addrs[i%2])
		if err != nil {
			t.Fatal(err)
		}
		defer nc.Close()
		conns = append(conns, nc)
		if want != "600\r\n" {
			_, _ = io.WriteString(nc, "VER 0 MSNP2\r\n")
		}
		buf := make([]byte, len(want))
		if _, err := io.ReadFull(nc, buf); err != nil || string(buf) != want {
			t.Errorf("connection %d: got %q, %v, want %q", i, buf, err, want)
		}
	}
	go s.Close()
	if rest, err := io.ReadAll(conns[0]); string(rest) != "OUT SSD\r\n" || err != nil {
		t.Errorf("got %q, %v", rest, err)
	}
	conns[0].Close()
	conns[1].Close()
	served.Wait()
	if err := s.Serve(dialect.Any, new(net.TCPListener)); err == nil {
		t.Error("a listener of all roles was served")
	}
}
