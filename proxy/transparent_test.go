package proxy

import (
	"errors"
	"io"
	"net"
	"strings"
	"syscall"
	"testing"
	"testing/synctest"
	"time"

	"github.com/msnscope/msnscope/decode/session"
)

// onTCP connects a client with a server through a proxy over TCP, and has each end say a line.
func onTCP(t *testing.T, publish func(*session.Event)) (client, server *net.TCPConn) {
	t.Helper()
	listen := func() net.Listener {
		l, err := net.Listen("tcp", "127.0.0.1:0")
		if err != nil {
			t.Fatal(err)
		}
		t.Cleanup(func() { l.Close() })
		return l
	}
	up, front := listen(), listen()
	p := New(Options{Upstream: up.Addr().String(), Publish: publish})
	t.Cleanup(p.Close)
	go p.Serve(front)
	c, err := net.Dial("tcp", front.Addr().String())
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { c.Close() })
	io.WriteString(c, "VER 1 MSNP2\r\n")
	s, err := up.Accept()
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { s.Close() })
	for _, end := range []net.Conn{c, s} {
		end.SetDeadline(time.Now().Add(20 * time.Second))
	}
	wants(t, s, "VER 1 MSNP2\r\n")
	io.WriteString(s, "VER 1 MSNP2\r\n")
	wants(t, c, "VER 1 MSNP2\r\n")
	return c.(*net.TCPConn), s.(*net.TCPConn)
}

// TestEndsAreCarriedOver: an end arrives as an end, a reset as a reset, half an end as half an end,
// each after what was said before.
func TestEndsAreCarriedOver(t *testing.T) {
	reset := func(c *net.TCPConn) {
		c.SetLinger(0)
		c.Close()
	}
	for _, tc := range []struct {
		name string
		end  func(client, server *net.TCPConn) (sees *net.TCPConn)
		want error
	}{
		{"the client closes", func(c, s *net.TCPConn) *net.TCPConn { c.Close(); return s }, io.EOF},
		{"the server closes", func(c, s *net.TCPConn) *net.TCPConn { s.Close(); return c }, io.EOF},
		{"the client resets", func(c, s *net.TCPConn) *net.TCPConn { reset(c); return s }, syscall.ECONNRESET},
		{"the server resets", func(c, s *net.TCPConn) *net.TCPConn { reset(s); return c }, syscall.ECONNRESET},
		{"the client says no more", func(c, s *net.TCPConn) *net.TCPConn { c.CloseWrite(); return s }, io.EOF},
		{"the server says no more", func(c, s *net.TCPConn) *net.TCPConn { s.CloseWrite(); return c }, io.EOF},
	} {
		t.Run(tc.name, func(t *testing.T) {
			client, server := onTCP(t, func(*session.Event) {})
			sees := tc.end(client, server)
			if n, err := sees.Read(make([]byte, 10)); n != 0 || !errors.Is(err, tc.want) {
				t.Errorf("the other end reads %d, %v; want %v", n, err, tc.want)
			}
		})
	}
	t.Run("what was said comes before the end", func(t *testing.T) {
		client, server := onTCP(t, func(*session.Event) {})
		last := strings.Repeat("NLN NLN a@b.c A\r\n", 20000) + "OUT OTH\r\npart"
		go func() {
			io.WriteString(server, last)
			server.Close()
		}()
		if got, err := io.ReadAll(client); err != nil || string(got) != last {
			t.Errorf("%d bytes came, %v; want %d", len(got), err, len(last))
		}
	})
	t.Run("half an end leaves the other half", func(t *testing.T) {
		client, server := onTCP(t, func(*session.Event) {})
		client.CloseWrite()
		if _, err := server.Read(make([]byte, 1)); err != io.EOF {
			t.Fatalf("the server reads %v, want the end", err)
		}
		io.WriteString(server, "BYE a@b.c\r\n")
		wants(t, client, "BYE a@b.c\r\n")
		server.Close()
		if _, err := client.Read(make([]byte, 1)); err != io.EOF {
			t.Errorf("the client reads %v, want the end", err)
		}
	})
	t.Run("who talks to one that is gone is told", func(t *testing.T) {
		client, server := onTCP(t, func(*session.Event) {})
		client.Close()
		for {
			if _, err := io.WriteString(server, "NLN NLN a@b.c A\r\n"); err != nil {
				break // reset, or broken pipe
			}
		}
	})
}

func wants(t *testing.T, c net.Conn, want string) {
	t.Helper()
	got := make([]byte, len(want))
	if _, err := io.ReadFull(c, got); err != nil || string(got) != want {
		t.Fatalf("read %q, %v; want %q", got, err, want)
	}
}

// TestBackPressure: a receiver that does not read stops its sender, and the proxy holds no more
// than its buffers.
func TestBackPressure(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		l := newLab(t, Options{})
		c := l.client(proxyAddr)
		c.Send("VER 1 MSNP2\r\n")
		s := l.server(dsAddr)
		s.Want("VER 1 MSNP2\r\n")
		const all = 10 << 20
		line := strings.Repeat("CHG 1 NLN \r\n", 1000)
		done := 0
		finished := make(chan struct{})
		go func() {
			defer close(finished)
			for done < all {
				n, err := io.WriteString(c.Conn, line)
				if err != nil {
					t.Error(err)
					return
				}
				done += n
			}
		}()
		time.Sleep(time.Minute)
		synctest.Wait()
		if done > 512<<10 { // two buffers of the network, one of the proxy
			t.Errorf("%d bytes were taken from the client although the server does not read", done)
		}
		if n, err := io.CopyN(io.Discard, s.R, all); err != nil {
			t.Fatalf("%d bytes came: %v", n, err)
		}
		<-finished
	})
}

// TestSilentConnections: connections on which nothing is said cost no upstream, and there is room
// for 9,000.
func TestSilentConnections(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		n := 9000
		if raceDetector {
			n = 3000 // it knows no more than 8,128 goroutines
		}
		l := newLab(t, Options{})
		for range n {
			l.client(proxyAddr)
		}
		c := l.client(proxyAddr)
		c.Send("VER 1 MSNP2\r\n")
		l.server(dsAddr).Want("VER 1 MSNP2\r\n")
		time.Sleep(greetTime)
		synctest.Wait()
		if got := len(l.proxy.Conns()); got != n+1 {
			t.Errorf("%d connections, want %d", got, n+1)
		}
		if got := len(l.wrote(dsAddr)); got != 1 {
			t.Errorf("%d writes to the server, want 1", got)
		}
	})
}
