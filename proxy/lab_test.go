package proxy

import (
	"bufio"
	"context"
	"io"
	"net"
	"net/netip"
	"slices"
	"strings"
	"sync"
	"testing"

	"github.com/msnscope/msnscope/decode/dialect"
	"github.com/msnscope/msnscope/decode/session"
	"github.com/msnscope/msnscope/internal/memnet"
	"github.com/msnscope/msnscope/internal/msntest"
)

// Addresses of the tests' network. The proxy's is 127.0.0.1:1863.
const (
	proxyAddr = "127.0.0.1:1863"
	dsAddr    = "10.0.0.1:1863"
	nsAddr    = "10.0.0.5:1863"
	ns2Addr   = "10.0.0.6:1863"
	sbAddr    = "10.0.0.9:1864"
)

// lab is a proxy between a network of clients and one of servers.
type lab struct {
	t       *testing.T
	proxy   *Proxy
	front   memnet.Network // where the clients find the proxy
	back    memnet.Network // where the servers are
	mu      sync.Mutex
	events  []*session.Event
	writes  map[string][]string // by server address: each write of the proxy
	dialled []netip.AddrPort    // for which clients the proxy connected to servers
	servers map[string]net.Listener
	peers   []*msntest.Peer
}

func newLab(t *testing.T, o Options) *lab {
	l := &lab{t: t, writes: map[string][]string{}, servers: map[string]net.Listener{}}
	o.Publish = func(e *session.Event) {
		l.mu.Lock()
		defer l.mu.Unlock()
		l.events = append(l.events, e)
	}
	o.Dial = func(ctx context.Context, network, addr string) (net.Conn, error) {
		c, err := l.back.DialContext(ctx, network, strings.Replace(addr, "proxy.example", "127.0.0.1", 1))
		if err != nil {
			return nil, err
		}
		from, _ := ClientOf(ctx)
		l.mu.Lock()
		defer l.mu.Unlock()
		l.dialled = append(l.dialled, from)
		return &recorded{Conn: c, lab: l, addr: addr}, nil
	}
	o.Listen = func(_, addr string) (net.Listener, error) { return l.front.Listen(addr) }
	if o.Upstream == "" {
		o.Upstream = dsAddr
	}
	l.proxy = New(o)
	front, err := l.front.Listen(proxyAddr)
	if err != nil {
		t.Fatal(err)
	}
	served := make(chan error, 1)
	go func() { served <- l.proxy.Serve(front) }()
	t.Cleanup(func() {
		l.proxy.Close()
		for _, p := range l.peers {
			p.Conn.Close()
		}
		for _, s := range l.servers {
			s.Close()
		}
		if err := <-served; err != nil {
			t.Errorf("Serve returned %v after Close, want nil", err)
		}
	})
	for _, addr := range []string{dsAddr, nsAddr, ns2Addr, sbAddr, proxyAddr} {
		if l.servers[addr], err = l.back.Listen(addr); err != nil {
			t.Fatal(err)
		}
	}
	return l
}

// recorded records each write to a server: the law is about writes too.
type recorded struct {
	net.Conn
	lab  *lab
	addr string
}

func (r *recorded) Write(p []byte) (int, error) {
	r.lab.mu.Lock()
	r.lab.writes[r.addr] = append(r.lab.writes[r.addr], string(p))
	r.lab.mu.Unlock()
	return r.Conn.Write(p)
}

func (r *recorded) CloseWrite() error { return r.Conn.(*memnet.Conn).CloseWrite() }

// all returns a copy of the events so far.
func (l *lab) all() []*session.Event {
	l.mu.Lock()
	defer l.mu.Unlock()
	return slices.Clone(l.events)
}

// wrote returns each write to the server.
func (l *lab) wrote(addr string) []string {
	l.mu.Lock()
	defer l.mu.Unlock()
	return slices.Clone(l.writes[addr])
}

// commands returns the command lines of the events so far, with role, and what was sent on where it
// differs.
func (l *lab) commands() []string {
	var lines []string
	for _, e := range l.all() {
		line := e.Kind.String() + " " + e.Text
		if e.Kind == session.Command {
			line = e.Role.String() + " " + e.Dir.String() + ": " + string(e.In.Line())
			if sent := e.Sent(); e.Out != nil {
				line += " => " + string(sent.Line())
			}
		}
		lines = append(lines, line)
	}
	return lines
}

// peer plays one end of a connection until the end of the test.
func (l *lab) peer(c net.Conn) *msntest.Peer {
	p := msntest.NewPeer(l.t, c)
	l.peers = append(l.peers, p)
	return p
}

// client connects to the proxy.
func (l *lab) client(addr string) *msntest.Peer {
	l.t.Helper()
	c, err := l.front.DialContext(l.t.Context(), "tcp", addr)
	if err != nil {
		l.t.Fatal(err)
	}
	return l.peer(c)
}

// server waits for the proxy at the address.
func (l *lab) server(addr string) *msntest.Peer {
	l.t.Helper()
	c, err := l.servers[addr].Accept()
	if err != nil {
		l.t.Fatal(err)
	}
	return l.peer(c)
}

// talk plays a dialogue: "C: line" is sent by the client and read by the server, "S: line" the
// other way, each with CRLF; "S: line => other" is what the client gets instead.
func talk(client, server *msntest.Peer, lines ...string) {
	client.T.Helper()
	for _, line := range lines {
		sent, got, changed := strings.Cut(line[3:], " => ")
		if !changed {
			got = sent
		}
		if line[0] == 'C' {
			client.Send(sent + "\r\n")
			server.Want(got + "\r\n")
		} else {
			server.Send(sent + "\r\n")
			client.Want(got + "\r\n")
		}
	}
}

// roleOf knows the servers of the tests as an embedded server's are known.
func roleOf(addr string) dialect.Role {
	if addr == dsAddr {
		return dialect.DS
	}
	return 0
}

// answerAll makes all servers answer a logon by themselves: the dispatch server refers each user
// home, the others challenge with their own address. It returns what tells all that a server heard.
func (l *lab) answerAll(home map[string]string) func(addr string) string {
	var mu sync.Mutex
	heard := map[string]string{}
	for addr, listener := range l.servers {
		go func() {
			for {
				c, err := listener.Accept()
				if err != nil {
					return
				}
				go func() {
					defer c.Close()
					lines := bufio.NewScanner(c)
					for lines.Scan() {
						mu.Lock()
						heard[addr] += lines.Text() + "\n"
						mu.Unlock()
						words := strings.Fields(lines.Text())
						switch {
						case words[0] == "INF":
							io.WriteString(c, "INF "+words[1]+" MD5\r\n")
						case words[0] == "VER":
							io.WriteString(c, lines.Text()+"\r\n")
						case addr == dsAddr:
							io.WriteString(c, "XFR "+words[1]+" NS "+home[words[4]]+"\r\n")
							return
						default:
							io.WriteString(c, "USR "+words[1]+" MD5 S 1."+addr+"\r\n")
						}
					}
				}()
			}
		}()
	}
	return func(addr string) string {
		mu.Lock()
		defer mu.Unlock()
		return heard[addr]
	}
}
