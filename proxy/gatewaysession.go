package proxy

import (
	"bytes"
	"cmp"
	"net"
	"net/netip"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/msnscope/msnscope/decode"
	"github.com/msnscope/msnscope/decode/dialect"
	"github.com/msnscope/msnscope/internal/gateway"
)

// settleTime is how long a body waits for what becomes of its commands. One that is held or delayed
// for longer leaves in a later body of its direction, so that the client goes on polling meanwhile
// and the gateway does not give it up.
const settleTime = 300 * time.Millisecond

// httpSessions are those before another gateway, by SessionID.
type httpSessions struct {
	mu   sync.Mutex // guards the fields of this and of its sessions; a leaf
	byID map[string]*httpSession
	gone int // how many of them have ended and are still known
}

// httpSession is a session of a client at another gateway. Its Conn is between two ends, to which
// the links bring the bodies of requests and answers.
type httpSession struct {
	p      *Proxy
	client *gateway.Conn // what the Conn takes for its client
	server *gateway.Conn // and for its server
	conn   *Conn

	asks, answers gateway.Turn // of the request and the answer that go through the pumps

	// Guarded by httpSessions.mu.
	ids     [2]string // the latest first
	real    string    // the host that the gateway has for this session, "" if it has not said
	waiting int       // requests without an answer
	links   map[*link]bool
	ended   bool
	broken  bool // by the proxy's side: the gateway may know the session still
	silence *time.Timer
}

// beginSession begins a session whose requests come over l. middle says that the proxy has not seen
// its beginning. It returns nil if too many connections are open.
func (p *Proxy) beginSession(l *link, o gateway.Open, middle bool) *httpSession {
	s := &httpSession{
		p: p, links: map[*link]bool{}, asks: gateway.NewTurn(), answers: gateway.NewTurn(),
		client: gateway.NewConn(l.client.LocalAddr(), l.client.RemoteAddr(), decode.FromServer),
		server: gateway.NewConn(l.up.LocalAddr(), l.up.RemoteAddr(), decode.FromClient),
	}
	s.conn = newConn(p, s.client, p.opts.Gateway)
	s.client.Frame(s.conn.grammar)
	s.server.Frame(s.conn.grammar)
	s.conn.http = newOverHTTP(o, s.server)
	if middle {
		s.conn.http.note = "over HTTP, by a gateway: this session began before the proxy"
	}
	s.silence = time.AfterFunc(gateway.Silence, s.silent)
	ok := p.admit(s.client, func() {
		s.conn.serve()
		s.over()
	})
	if !ok {
		s.silence.Stop()
		return nil
	}
	<-s.conn.http.opened
	return s
}

// session returns the session of a request, nil for none: one that nobody knows and that says
// nothing is left to the gateway.
func (l *link) session(m *gateway.Message) *httpSession {
	all := &l.p.gate.sessions
	id := m.Query.Get("SessionID")
	opens := strings.EqualFold(m.Query.Get("Action"), "open")
	all.mu.Lock()
	s := all.byID[id]
	all.mu.Unlock()
	if s == nil && (opens || len(m.Body) > 0) {
		if s = l.p.beginSession(l, gateway.OpenOf(m.Query), !opens); s != nil {
			s.name(id)
		}
	}
	return s
}

// name makes id the session's for its next request. The one before stays valid, because a request
// may be sent again.
func (s *httpSession) name(id string) {
	all := &s.p.gate.sessions
	all.mu.Lock()
	defer all.mu.Unlock()
	was := all.byID[id]
	if id == "" || slices.Contains(s.ids[:], id) || was != nil && !was.ended {
		return
	}
	if all.byID == nil {
		all.byID = map[string]*httpSession{}
	}
	delete(all.byID, s.ids[1])
	s.ids = [2]string{id, s.ids[0]}
	all.byID[id] = s
}

// ask records that a request begins, over l. It reports whether the session is alive, and whether
// the proxy's side broke it.
func (s *httpSession) ask(l *link) (alive, broken bool) {
	all := &s.p.gate.sessions
	all.mu.Lock()
	defer all.mu.Unlock()
	s.waiting++
	s.silence.Stop()
	if !s.ended {
		if !s.links[l] {
			s.links[l], l.used = true, append(l.used, s)
		}
	}
	return !s.ended, s.broken
}

// answered records that a request has its answer, or gets none, and returns how many have not.
func (s *httpSession) answered() int {
	all := &s.p.gate.sessions
	all.mu.Lock()
	defer all.mu.Unlock()
	s.waiting--
	if s.waiting == 0 && !s.ended {
		s.silence.Reset(gateway.Silence)
	}
	return s.waiting
}

// say passes a request's commands through the pump, and returns those for the gateway: more or
// fewer than came where some are held, added or dropped.
func (s *httpSession) say(body []byte) []byte { return pass(s.asks, s.client, s.server, body) }

// hear is say for the commands of an answer.
func (s *httpSession) hear(body []byte) []byte { return pass(s.answers, s.server, s.client, body) }

func pass(turn gateway.Turn, from, to *gateway.Conn, body []byte) []byte {
	turn.Take()
	defer turn.Leave()
	if len(body) > 0 {
		from.Feed(body)
		from.Settle(settleTime)
	}
	return to.Take()
}

// end ends the session, for a reason that its requests or answers show.
func (s *httpSession) end(why string) {
	if s.forget(false) {
		s.conn.end(why)
		s.conn.closeBoth()
	}
}

// silent ends a session without requests, unless one has come meanwhile.
func (s *httpSession) silent() {
	all := &s.p.gate.sessions
	all.mu.Lock()
	asking := s.waiting > 0
	all.mu.Unlock()
	if !asking {
		s.end("no request for " + gateway.Silence.String())
	}
}

// over follows the end of the Conn. If nothing at the gateway was the reason, the client must learn
// of it: its connections end, and its requests are refused from now on.
func (s *httpSession) over() {
	if !s.forget(true) {
		return
	}
	_, reset := s.client.Ended()
	all := &s.p.gate.sessions
	all.mu.Lock()
	links := s.links
	s.links = nil
	all.mu.Unlock()
	for l := range links {
		l.breakOff(reset)
	}
}

// maxGone bounds the sessions that have ended and whose ids are still known.
const maxGone = maxConns

// forget marks the session as ended, and keeps its ids for as long as late polls may come. It
// reports whether the session was alive.
func (s *httpSession) forget(broken bool) bool {
	all := &s.p.gate.sessions
	all.mu.Lock()
	defer all.mu.Unlock()
	if s.ended {
		return false
	}
	s.ended, s.broken = true, broken
	s.silence.Stop()
	if all.gone >= maxGone {
		s.unnameLocked()
		return true
	}
	all.gone++
	s.silence = time.AfterFunc(gateway.Silence, func() {
		all.mu.Lock()
		defer all.mu.Unlock()
		all.gone--
		s.unnameLocked()
	})
	return true
}

func (s *httpSession) unnameLocked() {
	for _, id := range s.ids {
		if all := &s.p.gate.sessions; all.byID[id] == s {
			delete(all.byID, id)
		}
	}
}

// host returns the gateway's host for the session; s may be nil.
func (l *link) host(s *httpSession) string {
	host, port, err := net.SplitHostPort(l.p.opts.Gateway)
	if err != nil || port != "80" {
		host = l.p.opts.Gateway
	}
	if s == nil {
		return host
	}
	all := &l.p.gate.sessions
	all.mu.Lock()
	defer all.mu.Unlock()
	return cmp.Or(s.real, host)
}

// isOurs reports whether a host, with or without a port, is one that the client was told to be the
// proxy's.
func (l *link) isOurs(host string) bool {
	if h, _, err := net.SplitHostPort(host); err == nil {
		host = h
	}
	at, err := netip.ParseAddr(strings.Trim(host, "[]"))
	return err == nil && at.Unmap() == l.local.Addr() || strings.EqualFold(host, l.ours)
}

// meant returns the host of the server that the open request m means, given that the client was
// told the proxy's in its place: that of its referral.
func (l *link) meant(m *gateway.Message) string {
	now, from, book := l.p.opts.Now(), l.from.Addr(), &l.p.book
	var address string
	l.p.mu.Lock()
	if gateway.OpenOf(m.Query).Role == dialect.SB {
		if v := read(m.Body); v.cookie != "" {
			address, _ = book.Switchboard(v.cookie, v.user, from, now)
		} else {
			address, _ = book.NextSwitchboard(from, now) // some clients say nothing yet
		}
	} else {
		address, _ = book.Guess(from, now)
	}
	l.p.mu.Unlock()
	if host, _, err := net.SplitHostPort(address); err == nil {
		return host
	}
	host, _, _ := net.SplitHostPort(l.p.opts.Gateway)
	return host
}

// restored returns the head of a request with the gateway's hosts where the proxy's stand.
func (l *link) restored(m *gateway.Message, s *httpSession) gateway.Head {
	head, target := m.Head, m.Head.Target()
	if host := gateway.HostOf(target); host != "" && l.isOurs(host) {
		target = gateway.WithHost(target, l.host(s))
	}
	if ip := m.Query.Get("IP"); ip != "" && l.isOurs(ip) {
		target = gateway.WithQuery(target, "IP", l.meant(m))
	}
	head = head.WithTarget(target)
	if host := head.Value("Host"); l.isOurs(host) {
		head = head.With("Host", l.host(s))
	}
	return head
}

// carrying returns a request with other commands than it came with.
func carrying(head gateway.Head, came, out []byte) gateway.Head {
	target := head.Target()
	switch {
	case len(out) == 0 && len(came) > 0:
		target = gateway.AsPoll(target)
	case len(out) > 0 && len(came) == 0:
		target = gateway.AsWrite(target)
	}
	return head.WithTarget(target).WithLength(len(out))
}

// whole returns the bytes of a message with the head, and with out for its commands.
func whole(m *gateway.Message, raw []byte, head gateway.Head, out []byte) []byte {
	if bytes.Equal(out, m.Body) {
		return slices.Concat(head, raw[len(m.Head):m.Size])
	}
	return slices.Concat(head, out)
}
