package proxy

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/netip"
	"sync"
	"time"

	"github.com/msnscope/msnscope/decode"
	"github.com/msnscope/msnscope/internal/gateway"
)

const (
	// requestTime is how long a request may take from its first byte to its last.
	requestTime = 30 * time.Second
	// maxUnanswered is how many requests of a connection may wait for their answers: clients send
	// one at a time.
	maxUnanswered = 64
)

// link is a client's TCP connection over which requests come, with one to the gateway. Two
// goroutines move messages: requests and answers.
type link struct {
	p           *Proxy
	client, up  net.Conn
	from, local netip.AddrPort
	ours        string // the host that the client is told to be the gateway's
	leaving     *httpSession

	mu      sync.Mutex // guards what follows, and writes to the client
	pending []asked    // the requests that wait for their answers, the oldest first
	dead    bool

	used []*httpSession // that came over it, guarded by httpSessions.mu
}

// asked is a request that waits for its answer.
type asked struct {
	s    *httpSession // nil if it belongs to none
	live bool         // the session was alive
	told bool         // the client was told to continue
}

// relay connects a client to the gateway and passes on requests and answers until both are done.
func (p *Proxy) relay(client *begun) {
	defer client.Close()
	l := &link{
		p: p, client: client, from: addrPort(client.RemoteAddr()), local: addrPort(client.LocalAddr()),
		ours: p.gatewayHost(client.LocalAddr()),
	}
	if err := l.connect(); err != nil {
		p.log.Error("cannot reach the gateway", "gateway", p.opts.Gateway, "client", l.from, "err", err)
		p.Note(fmt.Sprintf("%s speaks HTTP, and the gateway %s cannot be reached: %v", l.from, p.opts.Gateway, err))
		l.refuse(http.StatusBadGateway, "the gateway "+p.opts.Gateway+" cannot be reached")
		return
	}
	defer l.up.Close()
	stop := context.AfterFunc(p.ctx, func() {
		client.Close()
		l.up.Close()
	})
	defer stop()
	done := make(chan struct{})
	go func() {
		defer close(done)
		l.toClient()
	}()
	l.toGateway()
	<-done
	l.finish()
}

func (l *link) connect() error {
	address := l.p.opts.Gateway
	if l.p.leadsHere(address, l.local.Addr()) {
		return errors.New("the address leads back to this proxy")
	}
	ctx, cancel := context.WithTimeout(context.WithValue(l.p.ctx, clientKey{}, l.from), dialTime)
	defer cancel()
	var err error
	l.up, err = l.p.opts.Dial(ctx, "tcp", address)
	return err
}

// finish ends what depends on the link: requests that get no answer, and a session that said
// farewell over it.
func (l *link) finish() {
	l.mu.Lock()
	pending := l.pending
	l.pending, l.dead = nil, true
	l.mu.Unlock()
	for _, a := range pending {
		if a.s != nil {
			a.s.answered()
		}
	}
	if l.leaving != nil {
		l.leaving.end(why("client", io.EOF))
	}
	all := &l.p.gate.sessions
	all.mu.Lock()
	defer all.mu.Unlock()
	for _, s := range l.used {
		delete(s.links, l)
	}
}

// breakOff ends the link because a session that used it has been ended here.
func (l *link) breakOff(reset bool) {
	for _, nc := range []net.Conn{l.client, l.up} {
		if linger, ok := nc.(interface{ SetLinger(int) error }); ok && reset {
			_ = linger.SetLinger(0)
		}
		nc.Close()
	}
}

// refuse answers a request in the gateway's place, if no other answer is due, and ends the link.
func (l *link) refuse(status int, why string) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if len(l.pending) == 0 {
		fmt.Fprintf(l.client, "HTTP/1.1 %d %s\r\nContent-Type: text/plain; charset=utf-8\r\nContent-Length: %d\r\n"+
			"Connection: close\r\n\r\n%s\n", status, http.StatusText(status), len(why)+1, why)
	}
	l.dead = true
	halfClose(l.client)
}

// toGateway passes on requests until the client says no more.
func (l *link) toGateway() {
	r := messages{from: decode.FromClient, src: l.client}
	var m gateway.Message
	for {
		told := false
		raw, err := r.next(&m, func() {
			told = true
			l.write([]byte("HTTP/1.1 100 Continue\r\n\r\n"))
		})
		_ = l.client.SetReadDeadline(time.Time{})
		switch {
		case errors.Is(err, gateway.ErrNoHTTP): // the gateway will say what it thinks of it
			l.copy(l.up, r.buf, l.client)
			return
		case errors.Is(err, gateway.ErrTooLong):
			l.refuse(http.StatusRequestEntityTooLarge, fmt.Sprintf("a request may have %d bytes", gateway.MaxBody))
			_ = l.up.Close()
			return
		case errors.Is(err, io.EOF):
			if len(r.buf) > 0 {
				_, _ = l.up.Write(r.buf)
			}
			halfClose(l.up)
			_ = l.up.SetReadDeadline(time.Now().Add(gateway.Silence + lingerTime))
			return
		case err != nil:
			if isReset(err) {
				l.breakOff(true)
			}
			_ = l.up.Close()
			return
		}
		if !l.request(&m, raw, told) {
			return
		}
	}
}

// request passes on one request, and reports whether another one may follow.
func (l *link) request(m *gateway.Message, raw []byte, told bool) bool {
	a := asked{told: told}
	if !m.ForGateway() {
		return l.send(a, raw)
	}
	if a.s = l.session(m); a.s == nil {
		return l.send(a, whole(m, raw, l.restored(m, nil), m.Body))
	}
	var broken bool
	if a.live, broken = a.s.ask(l); broken {
		a.s.answered()
		l.refuse(http.StatusBadRequest, "this session was ended by the proxy")
		_ = l.up.Close()
		return false
	}
	head := l.restored(m, a.s)
	if !a.live {
		return l.send(a, whole(m, raw, head, m.Body))
	}
	l.leaving = nil
	if gateway.Farewell(m.Body) {
		l.leaving = a.s
	}
	out := a.s.say(m.Body)
	if len(out) != len(m.Body) || string(out) != string(m.Body) {
		head = carrying(head, m.Body, out)
	}
	return l.send(a, whole(m, raw, head, out))
}

// send writes a request to the gateway.
func (l *link) send(a asked, b []byte) bool {
	l.mu.Lock()
	full := len(l.pending) >= maxUnanswered || l.dead
	if !full {
		l.pending = append(l.pending, a)
	}
	l.mu.Unlock()
	if full {
		if a.s != nil {
			a.s.answered()
		}
		l.breakOff(false)
		return false
	}
	_, err := l.up.Write(b)
	return err == nil
}

// toClient passes on answers until the gateway says no more.
func (l *link) toClient() {
	r := messages{from: decode.FromServer, src: l.up}
	var m gateway.Message
	for {
		raw, err := r.next(&m, nil)
		switch {
		case errors.Is(err, gateway.ErrNoHTTP), errors.Is(err, gateway.ErrTooLong):
			l.p.log.Warn("an answer of the gateway passed unread", "gateway", l.p.opts.Gateway, "client", l.from,
				"why", err)
			l.copy(l.client, r.buf, l.up)
			return
		case err != nil:
			l.write(r.buf)
			if isReset(err) {
				l.breakOff(true)
			}
			halfClose(l.client)
			_ = l.client.SetReadDeadline(time.Now().Add(lingerTime))
			return
		}
		l.answer(&m, raw)
	}
}

// copy passes on what is no message of a gateway.
func (l *link) copy(to net.Conn, begun []byte, from net.Conn) {
	if _, err := to.Write(begun); err == nil {
		_, _ = io.Copy(to, from)
	}
	halfClose(to)
}

// answer passes on one answer.
func (l *link) answer(m *gateway.Message, raw []byte) {
	a := l.asked(m.Interim())
	if m.Interim() {
		if m.Code != http.StatusContinue || !a.told {
			l.write(raw)
		}
		return
	}
	of, head, out := gateway.SessionOf(m.Header), m.Head, m.Body
	if a.s == nil && of.ID != "" && len(m.Body) > 0 { // it began before the proxy
		if a.s = l.p.beginSession(l, gateway.Open{}, true); a.s != nil {
			a.live, _ = a.s.ask(l)
		}
	}
	if of.ID != "" {
		head = head.WithParam(gateway.Header, "GW-IP", l.ours).With(gateway.HostHeader, l.ours)
	}
	if a.s == nil {
		l.write(whole(m, raw, head, out))
		return
	}
	others := a.s.answered()
	if of.ID != "" {
		a.s.hears(of)
	}
	if a.live && of.ID != "" {
		if out = a.s.hear(m.Body); string(out) != string(m.Body) {
			head = head.WithLength(len(out))
		}
	}
	l.write(whole(m, raw, head, out))
	switch {
	case !a.live:
	case of.Close:
		a.s.end("closed by the gateway")
	case of.ID == "" && m.Code >= 400 && m.Code < 500 && others == 0:
		a.s.end("refused by the gateway: " + m.Status)
	case of.ID == "":
		l.p.journal.note(a.s.conn, l.p.opts.Now(), "over HTTP, no answer of the gateway: "+m.Status)
	}
}

// hears records what an answer says about the session.
func (s *httpSession) hears(of gateway.Session) {
	s.name(of.ID)
	all := &s.p.gate.sessions
	all.mu.Lock()
	if of.GWIP != "" {
		s.real = of.GWIP
	}
	all.mu.Unlock()
}

// asked returns the request to which an answer belongs, the zero asked for none. stays says that
// another answer follows.
func (l *link) asked(stays bool) (a asked) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if len(l.pending) == 0 {
		return a
	}
	if a = l.pending[0]; !stays {
		l.pending = l.pending[1:]
	}
	return a
}

func (l *link) write(b []byte) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if !l.dead && len(b) > 0 {
		_, _ = l.client.Write(b) // the other goroutine finds out that the client is gone
	}
}
