package proxy

import (
	"testing"
	"testing/synctest"
	"time"

	"github.com/msnscope/msnscope/decode/session"
	"github.com/msnscope/msnscope/internal/memnet"
)

// TestCircle: two proxies of which each is the other's server make a bounded chain out of one
// connection, and soon end it. (Before, it took all descriptors of both.)
func TestCircle(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		const one, two = "10.0.1.1:1863", "10.0.1.2:1863"
		var network memnet.Network
		var all []*Proxy
		for at, server := range map[string]string{one: two, two: one} {
			p := New(Options{Upstream: server, Publish: func(*session.Event) {}, Dial: network.DialContext})
			defer p.Close()
			l, err := network.Listen(at)
			if err != nil {
				t.Fatal(err)
			}
			go func() { _ = p.Serve(l) }()
			all = append(all, p)
		}
		c, err := network.DialContext(t.Context(), "tcp", one)
		if err != nil {
			t.Fatal(err)
		}
		defer c.Close()
		if _, err := c.Write([]byte("VER 1 MSNP2\r\n")); err != nil {
			t.Fatal(err)
		}
		time.Sleep(turnTime / 2)
		synctest.Wait()
		for _, p := range all {
			if n := len(p.Conns()); n < maxUnheard/2 || n > maxUnheard+2 {
				t.Errorf("%d connections are open, want about %d", n, maxUnheard)
			}
		}
		time.Sleep(turnTime + halfOpenTime) // the network in memory knows no reset, which is faster
		synctest.Wait()
		for _, p := range all {
			if n, left := len(p.Conns()), len(p.unheard.by); n+left > 0 {
				t.Errorf("%d connections are open at the end, %d addresses are remembered", n, left)
			}
		}
		if n, err := c.Read(make([]byte, 1)); err == nil {
			t.Errorf("the client got %d bytes, want the end", n)
		}
	})
}

// TestCrowd: a crowd at one address waits for its turn while its server is slow, and nobody is
// refused.
func TestCrowd(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		l := newLab(t, Options{})
		const crowd = maxUnheard + 100
		for range crowd {
			l.client(proxyAddr).Send("VER 1 MSNP2\r\n")
		}
		synctest.Wait()
		if n := len(l.proxy.unheard.by[l.proxy.Conns()[0].from.Addr()].taken); n != maxUnheard {
			t.Errorf("%d connections have asked, want %d", n, maxUnheard)
		}
		for range crowd {
			s := l.server(dsAddr)
			s.Want("VER 1 MSNP2\r\n")
			s.Send("VER 1 MSNP2\r\n")
		}
		synctest.Wait()
		if n := len(l.proxy.Conns()); n != crowd {
			t.Errorf("%d of %d are there", n, crowd)
		}
		if n := len(l.proxy.unheard.by); n != 0 {
			t.Errorf("%d addresses are remembered when all have been answered", n)
		}
	})
}
