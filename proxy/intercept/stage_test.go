package intercept

import (
	"context"
	"net"
	"slices"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/msnscope/msnscope/decode/dialect"
	"github.com/msnscope/msnscope/decode/session"
	"github.com/msnscope/msnscope/internal/memnet"
	"github.com/msnscope/msnscope/internal/msntest"
	"github.com/msnscope/msnscope/proxy"
)

const (
	proxyAddr = "127.0.0.1:1863"
	sbAddr    = "10.0.0.9:1863"
)

// patience is how long the ends of a connection wait, in the time of the bubble.
const patience = 10 * time.Minute

// stage is a proxy with controls, between one client and one switchboard. It runs in a bubble: time
// passes when all wait.
type stage struct {
	t        *testing.T
	proxy    *proxy.Proxy
	controls *Controls
	client   *msntest.Peer
	server   *msntest.Peer

	front   memnet.Network // where the clients find the proxy
	servers net.Listener   // where it goes to
	peers   []*msntest.Peer

	mu     sync.Mutex
	events []*session.Event
	writes []string // of the proxy to the server
}

// play runs a test in a bubble, on a stage where alice has come to her switchboard.
func play(t *testing.T, o ControlsOptions, test func(s *stage)) {
	playWith(t, func() ControlsOptions { return o }, test)
}

// playWith is play with options that are made in the bubble.
func playWith(t *testing.T, options func() ControlsOptions, test func(s *stage)) {
	synctest.Test(t, func(t *testing.T) {
		s := &stage{t: t}
		var back memnet.Network
		s.proxy = proxy.New(proxy.Options{
			Upstream: sbAddr,
			Role:     func(string) dialect.Role { return dialect.SB },
			Publish: func(e *session.Event) {
				s.mu.Lock()
				defer s.mu.Unlock()
				s.events = append(s.events, e)
			},
			Dial: func(ctx context.Context, network, addr string) (net.Conn, error) {
				c, err := back.DialContext(ctx, network, addr)
				if err != nil {
					return nil, err
				}
				return &recorded{c, s}, nil
			},
		})
		s.controls = NewControls(s.proxy, options())
		listener, err := s.front.Listen(proxyAddr)
		if err != nil {
			t.Fatal(err)
		}
		if s.servers, err = back.Listen(sbAddr); err != nil {
			t.Fatal(err)
		}
		served := make(chan error, 1)
		go func() { served <- s.proxy.Serve(listener) }()
		defer func() {
			s.proxy.Close()
			s.servers.Close()
			for _, p := range s.peers {
				p.Conn.Close()
			}
			if err := <-served; err != nil {
				t.Errorf("Serve: %v", err)
			}
		}()
		s.client, s.server = s.meet()
		test(s)
	})
}

// meet brings alice to a switchboard; it returns both ends.
func (s *stage) meet() (client, server *msntest.Peer) {
	s.t.Helper()
	c, err := s.front.DialContext(s.t.Context(), "tcp", proxyAddr)
	if err != nil {
		s.t.Fatal(err)
	}
	client = msntest.NewPeer(s.t, c)
	client.Patience = patience
	s.peers = append(s.peers, client)
	client.Send("USR 1 alice@hotmail.com 1.2.3\r\n")
	up, err := s.servers.Accept()
	if err != nil {
		s.t.Fatal(err)
	}
	server = msntest.NewPeer(s.t, up)
	server.Patience = patience
	s.peers = append(s.peers, server)
	server.Want("USR 1 alice@hotmail.com 1.2.3\r\n")
	server.Send("USR 1 OK alice@hotmail.com Alice\r\n")
	client.Want("USR 1 OK alice@hotmail.com Alice\r\n")
	return client, server
}

// recorded records each write to a server: the law is about writes too.
type recorded struct {
	net.Conn
	s *stage
}

func (r *recorded) Write(p []byte) (int, error) {
	r.s.mu.Lock()
	r.s.writes = append(r.s.writes, string(p))
	r.s.mu.Unlock()
	return r.Conn.Write(p)
}

func (s *stage) wrote() []string {
	s.mu.Lock()
	defer s.mu.Unlock()
	return slices.Clone(s.writes)
}

// find waits until the proxy rests and returns the last event whose command, as it came, begins so.
func (s *stage) find(line string) *session.Event {
	s.t.Helper()
	s.rest()
	s.mu.Lock()
	defer s.mu.Unlock()
	for _, e := range slices.Backward(s.events) {
		if strings.HasPrefix(string(e.In.Raw), line) {
			return e
		}
	}
	s.t.Fatalf("there is no event of %q", line)
	return nil
}

// rest lets everybody do what can be done without time passing, and what the proxy does within some
// milliseconds.
func (s *stage) rest() {
	time.Sleep(10 * time.Millisecond)
	synctest.Wait()
}

// held waits until so many commands are held, and returns them.
func (s *stage) held(n int) []uint64 {
	s.t.Helper()
	synctest.Wait()
	held := s.controls.Held()
	if len(held) != n {
		s.t.Fatalf("%d commands are held, want %d", len(held), n)
	}
	var ids []uint64
	for _, h := range held {
		ids = append(ids, h.ID)
	}
	return ids
}

// check fails the test on an error.
func (s *stage) check(err error) {
	s.t.Helper()
	if err != nil {
		s.t.Fatal(err)
	}
}
