package conformance

import (
	"bufio"
	"context"
	"fmt"
	"net"
	"net/http"
	"slices"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/msnscope/msnscope/decode"
	"github.com/msnscope/msnscope/decode/dialect"
	"github.com/msnscope/msnscope/decode/session"
	"github.com/msnscope/msnscope/internal/client"
	"github.com/msnscope/msnscope/internal/gateway"
	"github.com/msnscope/msnscope/internal/gateway/gatewaytest"
	"github.com/msnscope/msnscope/internal/memnet"
	"github.com/msnscope/msnscope/proxy"
	"github.com/msnscope/msnscope/proxy/fault"
	"github.com/msnscope/msnscope/proxy/intercept"
)

// Addresses of the proxy, where clients over HTTP look for it, and of the gateway behind it.
const webAddr, gatewayAddr = "127.0.0.1:80", "127.0.0.8:80"

// web is a proxy for clients over HTTP, before the embedded server.
type web struct {
	t        *testing.T
	proxy    *proxy.Proxy
	controls *intercept.Controls
	front    memnet.Network
	standIn  *gatewaytest.StandIn // nil where there is none

	mu       sync.Mutex
	events   []*session.Event
	clients  []*gatewaytest.Client
	stumbles []string
}

// webUpstreams are what may stand behind the proxy.
var webUpstreams = []string{"the server", "the server's gateway", "another gateway"}

// newWeb returns a proxy with that behind it, and what ends it all. It must be called in a bubble.
func newWeb(t *testing.T, behind string) (*web, func()) {
	t.Helper()
	s := embedded(t, "lenient", nil)
	w := &web{t: t}
	roles := map[string]dialect.Role{dsAddr: dialect.DS, nsAddr: dialect.NS, sbAddr: dialect.SB}
	var back memnet.Network
	o := proxy.Options{
		Upstream: dsAddr, Notification: nsAddr, Role: func(a string) dialect.Role { return roles[a] },
		Dial: func(ctx context.Context, network, addr string) (net.Conn, error) {
			if addr == gatewayAddr {
				return back.DialContext(ctx, network, addr)
			}
			return s.Dial(ctx, network, addr)
		},
		Publish: func(e *session.Event) {
			w.mu.Lock()
			defer w.mu.Unlock()
			w.events = append(w.events, e)
		},
	}
	stop := func() {}
	if behind != webUpstreams[0] {
		o.Gateway = gatewayAddr
		stop = w.behind(behind, s, &back)
	}
	w.proxy = proxy.New(o)
	w.controls = intercept.NewControls(w.proxy, intercept.ControlsOptions{Seed: 1})
	on, err := w.front.Listen(webAddr)
	if err != nil {
		t.Fatal(err)
	}
	go func() { _ = w.proxy.Serve(on) }()
	synctest.Wait()
	return w, func() {
		w.proxy.Close()
		stop()
		s.Close()
	}
}

// behind starts a gateway in front of s.
func (w *web) behind(which string, s *backend, back *memnet.Network) func() {
	w.t.Helper()
	on, err := back.Listen(gatewayAddr)
	if err != nil {
		w.t.Fatal(err)
	}
	if which == webUpstreams[2] {
		w.standIn = &gatewaytest.StandIn{Connect: func(ctx context.Context, role, _ string) (net.Conn, error) {
			return s.Dial(ctx, "tcp", map[string]string{"NS": nsAddr, "SB": sbAddr}[role])
		}}
		server := &http.Server{Handler: w.standIn}
		go func() { _ = server.Serve(on) }()
		return func() {
			server.Close()
			w.standIn.Close()
		}
	}
	ns, sb := gateway.NewListener(on.Addr()), gateway.NewListener(on.Addr())
	g := &gateway.Gateway{Accept: func(c *gateway.Conn, o gateway.Open) {
		if o.Role == dialect.SB {
			sb.Give(c)
		} else {
			ns.Give(c)
		}
	}}
	server := g.Server()
	go func() { _ = server.Serve(on) }()
	go func() { _ = s.Serve(dialect.NS, ns) }()
	go func() { _ = s.Serve(dialect.SB, sb) }()
	return func() {
		g.Close()
		server.Close()
	}
}

// login signs a user in over HTTP, with the habits of one client or another.
func (w *web) login(ctx context.Context, name string, habit int, o client.Options) (*client.Client, error) {
	c := []*gatewaytest.Client{
		gatewaytest.Libpurple(), {Gateway: webAddr, Poll: 5 * time.Second}, {Gateway: webAddr, Redial: true},
	}[habit%3]
	c.Net = w.front.DialContext
	c.Fault = func(format string, args ...any) {
		w.mu.Lock()
		defer w.mu.Unlock()
		w.stumbles = append(w.stumbles, fmt.Sprintf(format, args...))
	}
	w.mu.Lock()
	w.clients = append(w.clients, c)
	w.mu.Unlock()
	o.Server, o.Dial, o.Handle, o.Password = webAddr, c.Dial, name+"@hotmail.com", name+"pw"
	return client.Login(ctx, o)
}

// chat lets alice and bob sign in and talk for a minute, and reports how many messages were
// delivered. It gives up what a fault prevents.
func (w *web) chat(ctx context.Context, habit int) (delivered int) {
	ctx, cancel := context.WithTimeout(ctx, 3*time.Minute)
	defer cancel()
	var mu sync.Mutex
	heard := 0
	hears := client.Options{OnEvent: func(e client.Event) {
		if _, is := e.(client.Message); is {
			mu.Lock()
			heard++
			mu.Unlock()
		}
	}}
	bob, err := w.login(ctx, "bob", habit, hears)
	if err != nil {
		return 0
	}
	defer bob.Close()
	_ = bob.SetState(ctx, "NLN")
	alice, err := w.login(ctx, "alice", habit+1, hears)
	if err != nil {
		return 0
	}
	defer alice.Close()
	_ = alice.SetState(ctx, "NLN")
	talk, err := alice.Call(ctx, "bob@hotmail.com")
	if err != nil {
		return 0
	}
	_ = talk.Await(ctx, "bob@hotmail.com")
	for i := range 12 {
		if talk.Send(ctx, fmt.Sprintf("message %d", i)) != nil {
			break
		}
		time.Sleep(5 * time.Second)
	}
	_ = talk.Leave(ctx)
	_ = alice.Logout(ctx)
	_ = bob.Logout(ctx)
	mu.Lock()
	defer mu.Unlock()
	return heard
}

// TestGatewayChat: two users sign in over HTTP and talk for a minute, whatever stands behind the
// proxy. Four sessions are four connections, nothing among the events is HTTP, and what the other
// gateway reads is what the clients wrote.
func TestGatewayChat(t *testing.T) {
	for _, behind := range webUpstreams {
		for habit := range 3 {
			t.Run(fmt.Sprintf("%s, %d", behind, habit), func(t *testing.T) {
				synctest.Test(t, func(t *testing.T) {
					w, stop := newWeb(t, behind)
					defer stop()
					if n := w.chat(t.Context(), habit); n != 12 {
						t.Errorf("%d messages were delivered, want 12", n)
					}
					time.Sleep(3 * gateway.Silence)
					synctest.Wait()
					w.check(4)
					w.checkOctets()
				})
			})
		}
	}
}

// check checks that there were so many connections, all ended, with known roles and commands.
func (w *web) check(conns int) {
	w.t.Helper()
	w.mu.Lock()
	defer w.mu.Unlock()
	opens, closes := 0, 0
	for _, e := range w.events {
		switch e.Kind {
		case session.Open:
			opens++
		case session.Close:
			closes++
		case session.Command:
			if e.In.Opaque() || e.Row == nil || !e.Role.Known() {
				w.t.Errorf("not understood, role %q: %q", e.Role, e.In.Raw)
			}
		}
	}
	if opens != conns || closes != conns || len(w.proxy.Conns()) > 0 {
		w.t.Errorf("%d connections began and %d ended, want %d; %d are open", opens, closes, conns,
			len(w.proxy.Conns()))
	}
	for _, s := range w.stumbles {
		w.t.Errorf("a client stumbled: %s", s)
	}
}

// checkOctets compares both ends: the bodies that the clients sent with those that arrived.
func (w *web) checkOctets() {
	w.t.Helper()
	if w.standIn == nil {
		return
	}
	var sent []string
	for _, c := range w.clients {
		requests, answers := c.Traffic()
		for _, r := range requests {
			if _, body, _ := strings.Cut(r, "\r\n\r\n"); body != "" {
				sent = append(sent, body)
			}
		}
		if len(answers) != len(requests) {
			w.t.Errorf("%d answers to %d requests", len(answers), len(requests))
		}
	}
	came := w.standIn.Bodies()
	slices.Sort(sent)
	slices.Sort(came)
	if !slices.Equal(sent, came) {
		w.t.Errorf("the gateway read %q, want %q", came, sent)
	}
	hosts := w.standIn.Hosts()
	if len(hosts) != 4 || slices.Contains(hosts[1:], "SB 127.0.0.1") || !slices.Contains(hosts, "SB 127.0.0.4") {
		w.t.Errorf("the gateway was asked for %q, want the servers' own addresses", hosts)
	}
}

// TestGatewayFaults: each fault disturbs a conversation over HTTP as it does over TCP, and none
// leaves a session behind, or a command cut in two between bodies.
func TestGatewayFaults(t *testing.T) {
	// Those after which no message can arrive, or fewer.
	harm := []string{
		"timeout", "reset_peer", "limit_data", "down", "drop", "error", "stale_cookie", "out", "nak", "wrong_length",
		"garbage",
	}
	// Those that cut commands on purpose.
	cuts := []string{"limit_data", "wrong_length", "garbage"}
	for _, behind := range webUpstreams {
		for i, kind := range fault.Kinds() {
			t.Run(behind+", "+kind.Name, func(t *testing.T) {
				synctest.Test(t, func(t *testing.T) {
					w, stop := newWeb(t, behind)
					defer stop()
					if err := w.controls.AddFault(kind.Example); err != nil {
						t.Fatal(err)
					}
					n := w.chat(t.Context(), i)
					if n < 12 && !slices.Contains(harm, kind.Name) {
						t.Errorf("%d messages were delivered, want 12 or more", n)
					}
					time.Sleep(5 * time.Minute)
					synctest.Wait()
					if left := w.proxy.Conns(); len(left) > 0 {
						t.Errorf("%d connections are left", len(left))
					}
					if !slices.Contains(cuts, kind.Name) {
						for _, s := range w.stumbles {
							t.Errorf("a client stumbled: %s", s)
						}
					}
				})
			})
		}
	}
}

// TestGatewayControl: a command is held, a field mapped, a command injected, a connection ended.
func TestGatewayControl(t *testing.T) {
	for _, behind := range webUpstreams {
		t.Run(behind, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				w, stop := newWeb(t, behind)
				defer stop()
				mapping, err := intercept.ParseMapping(`cmd == "CHG" && dir == "C" -> State=BSY`)
				if err != nil {
					t.Fatal(err)
				}
				w.controls.Map([]*intercept.Mapping{mapping})
				alice, err := w.login(t.Context(), "alice", 0, client.Options{})
				if err != nil {
					t.Fatal(err)
				}
				defer alice.Close()
				if err := w.controls.Intercept(`cmd == "CHG"`); err != nil {
					t.Fatal(err)
				}
				changed := make(chan error, 1)
				go func() { changed <- alice.SetState(t.Context(), "NLN") }()
				time.Sleep(20 * time.Second) // the client goes on polling
				synctest.Wait()
				select {
				case err := <-changed:
					t.Fatalf("CHG was not held: %v", err)
				default:
				}
				if w.controls.ReleaseAll(); len(w.proxy.Conns()) != 1 {
					t.Fatalf("%d connections, want 1", len(w.proxy.Conns()))
				}
				time.Sleep(20 * time.Second)
				synctest.Wait()
				_ = w.controls.Intercept("")
				w.controls.ReleaseAll()
				select {
				case <-changed:
				case <-time.After(time.Minute):
					t.Error("CHG got no answer after it was released")
				}
				conn := w.proxy.Conns()[0]
				if err := conn.Inject(decode.FromServer, []byte("OUT SSD\r\n"), "by a test"); err != nil {
					t.Fatal(err)
				}
				conn.Kill(false, "by a test")
				select {
				case <-alice.Done():
				case <-time.After(time.Minute):
					t.Error("the client does not notice that its session was ended")
				}
			})
		})
	}
}

// TestGatewayMany: 200 sessions at once.
func TestGatewayMany(t *testing.T) {
	for _, behind := range webUpstreams {
		t.Run(behind, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				w, stop := newWeb(t, behind)
				defer stop()
				var all sync.WaitGroup
				for i := range 200 {
					all.Go(func() {
						c := []*gatewaytest.Client{gatewaytest.Libpurple(), {Gateway: webAddr, Redial: true}}[i%2]
						c.Net, c.Fault = w.front.DialContext, t.Errorf
						s, err := c.Dial(t.Context(), "tcp", webAddr)
						if err != nil {
							t.Error(err)
							return
						}
						defer s.Close()
						in := bufio.NewReader(s)
						for n := range 20 {
							want := fmt.Sprintf("USR %d MD5 S ", n)
							_, _ = fmt.Fprintf(s, "USR %d MD5 I alice@hotmail.com\r\n", n)
							if got, err := in.ReadString('\n'); err != nil || !strings.HasPrefix(got, want) {
								t.Errorf("%q, %v, want %q", got, err, want)
								return
							}
						}
					})
				}
				all.Wait()
				time.Sleep(3 * gateway.Silence)
				synctest.Wait()
				w.check(200)
			})
		})
	}
}
