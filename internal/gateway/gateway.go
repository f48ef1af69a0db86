package gateway

import (
	"context"
	"crypto/rand"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net"
	"net/http"
	"net/netip"
	"strconv"
	"strings"
	"sync"
	"time"

	"github.com/msnscope/msnscope/decode"
	"github.com/msnscope/msnscope/decode/dialect"
)

const (
	// answerTime is how long a request that says something waits for what the server answers, and
	// moreTime how long the answer waits for what else the server says at once.
	answerTime = 300 * time.Millisecond
	moreTime   = 10 * time.Millisecond
	// maxSessions bounds the sessions of a gateway: as many as a process may have connections.
	maxSessions = 9500
	// contentType is that of the bodies.
	contentType = "application/x-msn-messenger"
)

// Open is what the request that begins a session asks for.
type Open struct {
	Role dialect.Role // of the server that is wanted: NS or SB, 0 if it is not said
	IP   string       // the address of that server, as the client knows it
}

// OpenOf returns what a request asks for that begins a session.
func OpenOf(q map[string][]string) Open {
	return Open{Role: dialect.ParseRole(first(q["Server"])), IP: first(q["IP"])}
}

// String returns what is asked for in words.
func (o Open) String() string {
	if o.Role == 0 {
		return overHTTP
	}
	return overHTTP + ": to " + o.Role.Name() + " at " + o.IP
}

const overHTTP = "over HTTP, by a gateway"

// Begins reports whether the text of a note is that of the beginning of a session, as [Open.String]
// has it.
func Begins(note string) bool { return note == overHTTP || strings.HasPrefix(note, overHTTP+": ") }

// Gateway is a gateway in front of a server that speaks plain TCP: an http.Handler that turns
// sessions into connections. It is safe for concurrent use once its fields are set. Close it to end
// all sessions.
type Gateway struct {
	// Accept serves a new session, and must return soon. It owns the connection.
	Accept func(*Conn, Open)
	// Host returns the host that clients are told to be the gateway's, given the address to which
	// the client came; nil is the IP address of that.
	Host func(local net.Addr) string

	mu       sync.Mutex
	sessions map[string]*served // by each of the two latest ids
	open     int
	closed   bool
}

// served is a session of a Gateway.
type served struct {
	g       *Gateway
	conn    *Conn
	root    string    // the first part of its ids
	ids     [2]string // the latest first, guarded by g.mu
	asking  int       // requests in progress, guarded by g.mu
	newest  int       // the number of the newest request, guarded by g.mu
	silence *time.Timer
	turn    Turn // of the request that is being answered
}

// Server returns an http.Server with the limits that a gateway needs.
func (g *Gateway) Server() *http.Server {
	return &http.Server{
		Handler: g, ReadHeaderTimeout: 10 * time.Second, ReadTimeout: 30 * time.Second, IdleTimeout: 2 * Silence,
		MaxHeaderBytes: MaxHead, ErrorLog: slog.NewLogLogger(slog.DiscardHandler, slog.LevelError),
	}
}

// Close ends all sessions, and refuses new ones.
func (g *Gateway) Close() {
	g.mu.Lock()
	g.closed = true
	all := g.sessions
	g.sessions = nil
	g.mu.Unlock()
	for _, s := range all {
		s.silence.Stop()
		s.conn.Hang()
	}
}

// ServeHTTP implements http.Handler.
func (g *Gateway) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	m := Message{Method: r.Method, Target: r.URL}
	switch {
	case r.Method == http.MethodConnect:
		refuse(w, http.StatusMethodNotAllowed, NoTunnel)
		return
	case !m.ForGateway():
		refuse(w, http.StatusNotFound, "this is a gateway for MSN Messenger: it answers POST /gateway/gateway.dll only")
		return
	}
	said, err := io.ReadAll(http.MaxBytesReader(w, r.Body, MaxBody))
	var long *http.MaxBytesError
	switch {
	case errors.As(err, &long):
		refuse(w, http.StatusRequestEntityTooLarge, fmt.Sprintf("a request may have %d bytes", MaxBody))
		return
	case err != nil:
		refuse(w, http.StatusBadRequest, "the request cannot be read")
		return
	}
	// Else the time for reading it would end a poll that waits for longer.
	_ = http.NewResponseController(w).SetReadDeadline(time.Time{})
	q := r.URL.Query()
	s, n, status, why := g.find(r, q)
	if s == nil {
		refuse(w, status, why)
		return
	}
	s.answer(w, r, n, said, first(q["Action"]) != "poll", lifespan(q))
}

// NoTunnel is the answer to a client that asks for a tunnel, as of an HTTP proxy.
const NoTunnel = "this is a gateway for MSN Messenger, and makes no tunnels: " +
	"let the client use it over HTTP, or as its server"

func refuse(w http.ResponseWriter, status int, why string) {
	if status == http.StatusMethodNotAllowed {
		w.Header().Set("Allow", http.MethodPost)
	}
	http.Error(w, why, status)
}

// lifespan returns how long a poll wants to be kept for news.
func lifespan(q map[string][]string) time.Duration {
	n, _ := strconv.Atoi(first(q["Lifespan"]))
	return min(time.Duration(max(n, 0))*time.Second, Silence)
}

// find returns the session of a request, and the number of the request in it; or the status with
// which the request is refused, and why.
func (g *Gateway) find(r *http.Request, q map[string][]string) (s *served, n, status int, why string) {
	g.mu.Lock()
	switch opens := first(q["Action"]) == "open"; {
	case !opens:
		s = g.sessions[first(q["SessionID"])]
		if s == nil {
			g.mu.Unlock()
			return nil, 0, http.StatusBadRequest, "there is no such session"
		}
	case g.closed || g.open >= maxSessions:
		g.mu.Unlock()
		return nil, 0, http.StatusServiceUnavailable, "there are too many sessions"
	default:
		s = g.begin(r, OpenOf(q))
		defer g.Accept(s.conn, OpenOf(q)) // with no lock held
	}
	s.asking++
	s.newest++
	n = s.newest
	s.silence.Stop()
	g.mu.Unlock()
	s.conn.Wake() // a request before that waits for news is answered at once
	return s, n, 0, ""
}

// begin makes a session. g.mu is held.
func (g *Gateway) begin(r *http.Request, o Open) *served {
	local, _ := r.Context().Value(http.LocalAddrContextKey).(net.Addr)
	s := &served{
		g: g, root: strconv.FormatUint(random(), 10), turn: NewTurn(),
		conn: NewConn(local, addrOf(r.RemoteAddr), decode.FromServer),
	}
	s.silence = time.AfterFunc(Silence, s.end)
	g.open++
	if g.sessions == nil {
		g.sessions = map[string]*served{}
	}
	return s
}

func addrOf(s string) net.Addr {
	at, _ := netip.ParseAddrPort(s)
	return net.TCPAddrFromAddrPort(at)
}

func random() uint64 {
	var b [8]byte
	_, _ = rand.Read(b[:]) // it never fails
	return binary.BigEndian.Uint64(b[:])
}

// end forgets the session: its ids are refused from now on.
func (s *served) end() {
	s.g.mu.Lock()
	if s.asking > 0 { // a request has come meanwhile
		s.g.mu.Unlock()
		return
	}
	s.forget()
	s.g.mu.Unlock()
	s.conn.Hang()
}

// forget is end for callers that hold g.mu, without the end of the connection.
func (s *served) forget() {
	s.silence.Stop()
	if s.root == "" {
		return
	}
	delete(s.g.sessions, s.ids[0])
	delete(s.g.sessions, s.ids[1])
	s.g.open--
	s.root = ""
}

// answer passes on what request n says, and answers it with what the server says then.
func (s *served) answer(w http.ResponseWriter, r *http.Request, n int, said []byte, writes bool, wait time.Duration) {
	s.turn.Take()
	defer s.turn.Leave()
	s.conn.Feed(said)
	overtaken := func() bool {
		s.g.mu.Lock()
		defer s.g.mu.Unlock()
		return s.newest != n || r.Context().Err() != nil
	}
	if writes && len(said) > 0 {
		wait = max(wait, answerTime)
	}
	if wait > 0 {
		stop := context.AfterFunc(r.Context(), s.conn.Wake)
		s.conn.Await(wait, overtaken)
		s.conn.await(moreTime, func() bool { return len(s.conn.out) == 0 || s.conn.outEnd })
		stop()
	}
	out := s.conn.Take()
	ended, reset := s.conn.Ended()
	if reset && len(out) == 0 {
		s.leave(true)
		refuse(w, http.StatusBadGateway, "the server broke the session off")
		return
	}
	of := Session{ID: s.leave(ended), GWIP: s.g.host(s.conn.local), Close: ended}
	if ended {
		s.conn.Hang()
	}
	h := w.Header()
	h.Set(Header, of.String())
	h.Set("Content-Type", contentType)
	h.Set("Content-Length", strconv.Itoa(len(out)))
	_, _ = w.Write(out) // a client that is gone asks again, or not
}

// leave ends a request, and returns the id for the next one. The id of the request stays valid too,
// since a request may be sent again. ended says that the session gets no more requests.
func (s *served) leave(ended bool) string {
	s.g.mu.Lock()
	defer s.g.mu.Unlock()
	s.asking--
	id := s.root + "." + strconv.FormatUint(random()>>32, 10)
	if ended || s.g.sessions == nil {
		s.forget()
		return id
	}
	if s.root != "" {
		delete(s.g.sessions, s.ids[1])
		s.ids = [2]string{id, s.ids[0]}
		s.g.sessions[id] = s
	}
	if s.asking == 0 {
		s.silence.Reset(Silence)
	}
	return id
}

// host returns the host that a client which came to local is told.
func (g *Gateway) host(local net.Addr) string {
	if g.Host != nil {
		if host := g.Host(local); host != "" {
			return host
		}
	}
	host, _, _ := net.SplitHostPort(local.String())
	return host
}

func first(values []string) string {
	if len(values) == 0 {
		return ""
	}
	return values[0]
}
