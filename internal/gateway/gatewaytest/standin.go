package gatewaytest

import (
	"context"
	"crypto/rand"
	"io"
	"net"
	"net/http"
	"sync"
	"time"
)

// StandIn is a gateway on net/http in front of plain servers, with the habits of a server of today:
// a SessionID that stays, GW-IP as the client gave it, and 400 for sessions that it does not know.
// It shares nothing with package gateway.
type StandIn struct {
	// Connect connects to the server of a role ("NS", "SB") that has the given host.
	Connect func(ctx context.Context, role, host string) (net.Conn, error)

	mu       sync.Mutex
	sessions map[string]*standing
	bodies   []string // of requests, empty ones left out
	hosts    []string // that opens asked for
}

type standing struct {
	net.Conn
	host string

	mu   sync.Mutex
	out  []byte
	over bool
	news chan struct{}
}

// ServeHTTP implements http.Handler.
func (g *StandIn) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	q := r.URL.Query()
	body, err := io.ReadAll(r.Body)
	if err != nil || r.Method != http.MethodPost {
		http.Error(w, "bad request", http.StatusBadRequest)
		return
	}
	id, s := g.session(r.Context(), q.Get("SessionID"), q.Get("Action") == "open", q.Get("Server"), q.Get("IP"))
	if s == nil {
		http.Error(w, "no such session", http.StatusBadRequest)
		return
	}
	if len(body) > 0 {
		g.mu.Lock()
		g.bodies = append(g.bodies, string(body))
		g.mu.Unlock()
		_, _ = s.Write(body)
		select {
		case <-s.news:
			time.Sleep(10 * time.Millisecond)
		case <-time.After(300 * time.Millisecond):
		}
	}
	s.mu.Lock()
	out, over := s.out, s.over
	s.out = nil
	s.mu.Unlock()
	value := "SessionID=" + id + "; GW-IP=" + s.host
	if over {
		value += "; Session=close"
		g.mu.Lock()
		delete(g.sessions, id)
		g.mu.Unlock()
	}
	w.Header()["X-MSN-Messenger"] = []string{value}
	w.Header()["X-MSN-Host"] = []string{s.host}
	w.Header().Set("Content-Type", "application/x-msn-messenger")
	_, _ = w.Write(out)
}

func (g *StandIn) session(ctx context.Context, id string, opens bool, role, host string) (string, *standing) {
	g.mu.Lock()
	defer g.mu.Unlock()
	if !opens {
		return id, g.sessions[id]
	}
	conn, err := g.Connect(ctx, role, host)
	if err != nil {
		return "", nil
	}
	g.hosts = append(g.hosts, role+" "+host)
	s := &standing{Conn: conn, host: host, news: make(chan struct{}, 1)}
	go s.read()
	if g.sessions == nil {
		g.sessions = map[string]*standing{}
	}
	id = rand.Text()[:13] + "." + rand.Text()
	g.sessions[id] = s
	return id, s
}

func (s *standing) read() {
	b := make([]byte, 64<<10)
	for {
		n, err := s.Read(b)
		s.mu.Lock()
		s.out = append(s.out, b[:n]...)
		s.over = err != nil
		s.mu.Unlock()
		select {
		case s.news <- struct{}{}:
		default:
		}
		if err != nil {
			return
		}
	}
}

// Bodies returns the bodies of the requests so far, and Hosts the servers that were asked for.
func (g *StandIn) Bodies() []string {
	g.mu.Lock()
	defer g.mu.Unlock()
	return append([]string(nil), g.bodies...)
}

// Hosts returns the servers that were asked for, as "NS host".
func (g *StandIn) Hosts() []string {
	g.mu.Lock()
	defer g.mu.Unlock()
	return append([]string(nil), g.hosts...)
}

// Close ends all sessions.
func (g *StandIn) Close() {
	g.mu.Lock()
	defer g.mu.Unlock()
	for _, s := range g.sessions {
		s.Close()
	}
}
