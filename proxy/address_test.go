package proxy

import (
	"bytes"
	"errors"
	"log/slog"
	"net"
	"net/netip"
	"strings"
	"syscall"
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/msnscope/msnscope/decode/session"
	"github.com/msnscope/msnscope/internal/memnet"
)

func TestNeverItsOwnClient(t *testing.T) {
	for _, upstream := range []string{
		proxyAddr, "127.0.0.1", "[::ffff:127.0.0.1]:1863", "LocalHost:1863", "0.0.0.0:1863", "[::]:1863",
		"proxy.example:1863",
		"msn.example:1863",
	} {
		t.Run(upstream, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				l := newLab(t, Options{Upstream: upstream, Advertise: "MSN.example"})
				c := l.client(proxyAddr)
				c.Send("VER 1 MSNP2\r\n")
				c.WantEnd()
				synctest.Wait()
				lines := l.commands()
				want := "close the server address " + upstream + " leads back to this proxy"
				if got := lines[len(lines)-1]; got != want {
					t.Errorf("last event %q, want %q", got, want)
				}
			})
		})
	}
}

func TestReferralToTheProxyIsNotFollowed(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		l := newLab(t, Options{})
		for range 2 {
			c := l.client(proxyAddr)
			c.Send("USR 1 MD5 I alice@hotmail.com\r\n")
			ds := l.server(dsAddr)
			ds.Want("USR 1 MD5 I alice@hotmail.com\r\n")
			talk(c, ds, "S: XFR 1 NS [::ffff:127.0.0.1]:1863")
		}
	})
}

func TestLeadsHere(t *testing.T) {
	for _, tc := range []struct {
		listener, local, address string
		want                     bool
	}{
		{"0.0.0.0:1863", "192.0.2.7", "192.0.2.7:1863", true},
		{"0.0.0.0:1863", "192.0.2.7", "127.0.0.1:1863", true},
		{"[::]:1863", "2001:db8::1", "[2001:DB8::1]", true},
		{"[::]:1863", "192.0.2.7", "[::1]:1863", true},
		{"[::]:1863", "192.0.2.7", "0.0.0.0", true},
		{"[::]:1863", "192.0.2.7", "127.0.0.1:1864", false},
		{"[::]:1863", "192.0.2.7", "192.0.2.8:1863", false},
		{"192.0.2.7:1863", "192.0.2.7", "192.0.2.7", true},
		{"192.0.2.7:1863", "192.0.2.7", "127.0.0.1:1863", false}, // a server beside the proxy
		{"127.0.0.1:1863", "127.0.0.1", "127.0.0.2:1863", false},
	} {
		p := New(Options{})
		var n memnet.Network
		l, err := n.Listen(tc.listener)
		if err != nil {
			t.Fatal(err)
		}
		p.ownLocked(l)
		if got := p.leadsHere(tc.address, netip.MustParseAddr(tc.local)); got != tc.want {
			t.Errorf("on %s, reached by %s: leadsHere(%s) = %v, want %v", tc.listener, tc.local, tc.address, got,
				tc.want)
		}
	}
}

// flaky is a listener that fails for a while.
type flaky struct {
	net.Listener
	fails []error
}

func (f *flaky) Accept() (net.Conn, error) {
	if len(f.fails) > 0 {
		err := f.fails[0]
		f.fails = f.fails[1:]
		return nil, err
	}
	return f.Listener.Accept()
}

func TestFailingAcceptsPass(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var n memnet.Network
		l, err := n.Listen(proxyAddr)
		if err != nil {
			t.Fatal(err)
		}
		var log bytes.Buffer
		opened := 0
		p := New(Options{Publish: func(*session.Event) { opened++ }, Log: slog.New(slog.NewTextHandler(&log, nil))})
		defer p.Close()
		f := &flaky{l, []error{
			syscall.EMFILE, syscall.ENFILE, syscall.ECONNABORTED, syscall.EMFILE, syscall.EMFILE, syscall.EMFILE,
		}}
		served := make(chan error, 1)
		go func() { served <- p.Serve(f) }()
		c, err := n.DialContext(t.Context(), "tcp", proxyAddr)
		if err != nil {
			t.Fatal(err)
		}
		defer c.Close()
		time.Sleep(time.Second)
		synctest.Wait()
		if opened != 1 {
			t.Errorf("%d connections open after the errors passed, want 1", opened)
		}
		if got := strings.Count(log.String(), "accepting failed"); got != 1 {
			t.Errorf("said %d times in a second that accepting fails, want 1", got)
		}
		l.Close()
		if err := <-served; !errors.Is(err, net.ErrClosed) {
			t.Errorf("Serve returned %v after its listener was closed", err)
		}
	})
}

// TestReferralPortsAreWhereTheListenerIs: each upstream's port is open on all hosts of the
// listener, and ports that others use are skipped.
func TestReferralPortsAreWhereTheListenerIs(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var n memnet.Network
		listen := func(addr string) net.Listener {
			t.Helper()
			l, err := n.Listen(addr)
			if err != nil {
				t.Fatal(err)
			}
			return l
		}
		listen("0.0.0.0:2000")
		listen("0.0.0.0:2002")
		p := New(Options{
			ReferralPorts: 2000,
			Listen:        func(_, addr string) (net.Listener, error) { return n.Listen(addr) },
		})
		p.ownLocked(listen("0.0.0.0:1863"))
		var got []string
		for _, target := range []string{nsAddr, ns2Addr, nsAddr} {
			address, _ := p.advertise(netip.MustParseAddrPort("192.0.2.7:1863"), target)
			got = append(got, address)
		}
		if diff := cmp.Diff([]string{"192.0.2.7:2001", "192.0.2.7:2003", "192.0.2.7:2001"}, got); diff != "" {
			t.Errorf("told (-want +got):\n%s", diff)
		}
		if _, err := n.Listen("0.0.0.0:2001"); err == nil {
			t.Error("no listener at all addresses, as the main one has")
		}
		if !p.leadsHere("127.0.0.1:2003", netip.Addr{}) {
			t.Error("a referral port is not known as the proxy's own")
		}
		p.Close()
	})
}

func TestReferralPortIsFollowedOnce(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		l := newLab(t, Options{ReferralPorts: 2000})
		c := l.client(proxyAddr)
		c.Send("USR 1 MD5 I alice@hotmail.com\r\n")
		ds := l.server(dsAddr)
		ds.Want("USR 1 MD5 I alice@hotmail.com\r\n")
		talk(c, ds, "S: XFR 1 NS 10.0.0.5:1863 => XFR 1 NS 127.0.0.1:2000")
		c = l.client("127.0.0.1:2000")
		c.Send("VER 1 MSNP2\r\nUSR 2 MD5 I Alice@hotmail.com\r\n")
		l.server(nsAddr).Want("VER 1 MSNP2\r\nUSR 2 MD5 I Alice@hotmail.com\r\n")
		synctest.Wait()

		// She signs in once more, and begins where one begins.
		for _, first := range []string{"VER 1 MSNP2\r\n", "USR 2 MD5 I alice@hotmail.com\r\n"} {
			c = l.client(proxyAddr)
			c.Send(first)
			synctest.Wait()
			if got := l.wrote(dsAddr); got[len(got)-1] != first {
				t.Errorf("the dispatch server heard %q last, want %q", got[len(got)-1], first)
			}
		}
	})
}
