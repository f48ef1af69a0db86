package proxy

import (
	"bytes"
	"context"
	"net"
	"net/http"
	"net/netip"
	"sync"
	"time"

	"github.com/msnscope/msnscope/decode/dialect"
	"github.com/msnscope/msnscope/decode/referral"
	"github.com/msnscope/msnscope/internal/gateway"
)

// Clients behind a closed port 1863 speak HTTP, to a gateway. Each of their sessions is a Conn of
// the proxy, whatever TCP connections its requests come over:
//
//	TCP ─▶ meet ─┬─▶ Conn                                          MSN, and everything else
//	             ├─▶ net/http ─▶ gateway.Gateway ─▶ Conn ─▶ TCP     the proxy is the gateway
//	             └─▶ link ─▶ session ─▶ Conn ─▶ session ─▶ link     before another gateway
//
// The first bytes decide, on every port. Before another gateway the requests and answers stay what
// they are: the bodies go through the pumps of the Conn, and leave under the heads that they came
// with, in which only lines that have to differ are changed.
const (
	// greetTime is how long the open event of a connection waits for the client's first bytes: a
	// request over HTTP belongs to a session, and is no connection of its own. A connection that
	// turns out to be one later ends with a note.
	greetTime = 200 * time.Millisecond
	// webPort is where clients look for a gateway, whatever the port of a referral.
	webPort = 80
	// maxWarned bounds the clients that are remembered to have been warned about.
	maxWarned = 1024
)

// overHTTP is what distinguishes a Conn that is a session over HTTP.
type overHTTP struct {
	open   gateway.Open
	up     *gateway.Conn // its upstream before another gateway; nil: the upstream speaks plain TCP
	note   string        // what an event says about it at its beginning
	opened chan struct{} // closed when it has its open event
}

func newOverHTTP(o gateway.Open, up *gateway.Conn) *overHTTP {
	return &overHTTP{open: o, up: up, note: o.String(), opened: make(chan struct{})}
}

// beginsHTTP adds the first note of a session over HTTP, and does nothing for other connections.
func (c *Conn) beginsHTTP(now time.Time) {
	if c.http != nil {
		c.p.journal.note(c, now, c.http.note)
		close(c.http.opened)
	}
}

// gate is what the proxy needs as a gateway, or before one.
type gate struct {
	gateway  gateway.Gateway
	start    sync.Once
	incoming *gateway.Listener // connections for gateway, nil before the first
	sessions httpSessions      // before another gateway

	mu     sync.Mutex
	warned map[netip.Addr]bool // clients that do not find the way back
}

// peek reads the first bytes of the client, for greetTime at most, and reports whether they are a
// request to a gateway.
func (c *Conn) peek() bool {
	_ = c.client.SetReadDeadline(time.Now().Add(greetTime)) // an error shows when reading
	for {
		_, err := c.in.Fill(c.client)
		if judged := speaksHTTP(c.in.Pending()); judged != gateway.Unclear || err != nil {
			if isTimeout(err) {
				err = nil
			}
			c.greeted, c.greeting = len(c.in.Pending()) > 0 || err != nil, err
			_ = c.client.SetReadDeadline(time.Time{})
			return judged == gateway.Question
		}
	}
}

// greet is the first read of the client, which peek may have done.
func (c *Conn) greet() error {
	if c.greeted {
		c.greeted = false
		return c.greeting
	}
	_, err := c.in.Fill(c.client)
	return err
}

// speaksHTTP judges the first bytes of a client. A request for a tunnel is answered as by a
// gateway, which has none.
func speaksHTTP(first []byte) gateway.Kind {
	connect := []byte("CONNECT ")
	switch n := min(len(first), len(connect)); {
	case n == len(connect) && bytes.Equal(first[:n], connect):
		return gateway.Question
	case bytes.Equal(first[:n], connect[:n]):
		return gateway.Unclear
	}
	return gateway.Judge(first)
}

// isHTTP reports whether what was read of the connection, and passed on nowhere, is a request over
// HTTP.
func (c *Conn) isHTTP() bool {
	return c.http == nil && c.upstream() == nil && speaksHTTP(c.in.Pending()) == gateway.Question
}

// mayBeHTTP reports whether what was read of the connection may become a request over HTTP.
func (c *Conn) mayBeHTTP() bool {
	return c.http == nil && speaksHTTP(c.in.Pending()) == gateway.Unclear
}

// meet serves a client, once its first bytes show what it speaks.
func (p *Proxy) meet(client net.Conn, fixed string) {
	c := newConn(p, client, fixed)
	if !c.peek() {
		c.serve()
	}
	if c.isHTTP() {
		c.cancel()
		p.serveHTTP(&begun{Conn: client, first: bytes.Clone(c.in.Pending()), done: make(chan struct{})})
	}
}

// begun is a connection whose first bytes have been read already.
type begun struct {
	net.Conn
	first []byte
	once  sync.Once
	done  chan struct{} // closed with the connection
}

func (b *begun) Read(p []byte) (int, error) {
	if len(b.first) > 0 {
		n := copy(p, b.first)
		b.first = b.first[n:]
		return n, nil
	}
	return b.Conn.Read(p)
}

func (b *begun) Close() error {
	b.once.Do(func() { close(b.done) })
	return b.Conn.Close()
}

// CloseWrite and SetLinger are those of the connection, as far as it has them.
func (b *begun) CloseWrite() error {
	halfClose(b.Conn)
	return nil
}

func (b *begun) SetLinger(sec int) error {
	if l, ok := b.Conn.(interface{ SetLinger(int) error }); ok {
		return l.SetLinger(sec)
	}
	return nil
}

// serveHTTP serves a connection over which requests to a gateway come, until it ends.
func (p *Proxy) serveHTTP(client *begun) {
	if p.opts.Gateway != "" && !bytes.HasPrefix(client.first, []byte(http.MethodConnect)) {
		p.relay(client)
		return
	}
	g := &p.gate
	g.start.Do(func() {
		g.gateway.Accept, g.gateway.Host = p.acceptSession, p.gatewayHost
		g.incoming = gateway.NewListener(client.LocalAddr())
		web := g.gateway.Server()
		p.conns.Go(func() { _ = web.Serve(g.incoming) })
		context.AfterFunc(p.ctx, func() {
			g.gateway.Close()
			_ = web.Close()
		})
	})
	g.incoming.Give(client)
	<-client.done
}

// acceptSession serves a session of which the proxy is the gateway.
func (p *Proxy) acceptSession(client *gateway.Conn, o gateway.Open) {
	c := newConn(p, client, "")
	c.http = newOverHTTP(o, nil)
	client.Frame(c.grammar)
	p.admit(client, c.serve)
}

// gatewayHost returns the host that clients which came to local are told to be the gateway's.
func (p *Proxy) gatewayHost(local net.Addr) string {
	if a := p.opts.Advertise; a != "" {
		if host, _, err := net.SplitHostPort(a); err == nil {
			return host
		}
		return a
	}
	return addrPort(local).Addr().String()
}

// entry returns the address to which clients go that no referral brought.
func (c *Conn) entry() string {
	if c.http != nil && c.http.open.Role == dialect.NS && c.p.opts.Notification != "" {
		return c.p.opts.Notification
	}
	return c.p.opts.Upstream
}

// reach connects to the upstream at the address.
func (c *Conn) reach(ctx context.Context, address string) (net.Conn, error) {
	if c.http != nil && c.http.up != nil {
		return c.http.up, nil
	}
	return c.p.opts.Dial(context.WithValue(ctx, clientKey{}, c.from), "tcp", address)
}

// advertise returns the address that replaces target, an upstream's, for this client: see
// [Proxy.advertise]. Over HTTP the port is 80, if the proxy listens there: clients take no other.
func (c *Conn) advertise(target string, now time.Time) (string, bool) {
	address, ok := c.p.advertise(c.local, target)
	if !ok || c.http == nil {
		return address, ok
	}
	host, port, err := net.SplitHostPort(address)
	if err != nil || port == "80" {
		return address, ok
	}
	if !c.p.listensOn(webPort, c.local.Addr()) {
		c.warnOfPort(host, now)
		return address, true
	}
	address = net.JoinHostPort(host, "80")
	c.p.mu.Lock()
	c.p.own[referral.Canonical(address)] = true
	c.p.mu.Unlock()
	return address, true
}

// listensOn reports whether clients that reach the proxy at local reach it on that port too.
func (p *Proxy) listensOn(port uint16, local netip.Addr) bool {
	p.mu.Lock()
	defer p.mu.Unlock()
	for _, at := range p.at {
		if at.Port() == port && (p.opts.Advertise != "" || reaches(local, at.Addr(), local)) {
			return true
		}
	}
	return false
}

// warnOfPort says, once for each client, that it will not find the way back.
func (c *Conn) warnOfPort(host string, now time.Time) {
	g := &c.p.gate
	g.mu.Lock()
	known := g.warned[c.from.Addr()]
	if g.warned == nil || len(g.warned) >= maxWarned {
		g.warned = map[netip.Addr]bool{}
	}
	g.warned[c.from.Addr()] = true
	g.mu.Unlock()
	if !known {
		c.note(now, "a client over HTTP connects to port %d only, and this proxy does not listen there: "+
			"it may go around. Add --listen %s", webPort, net.JoinHostPort(host, "80"))
	}
}

// resting returns how a pump that reads from nc says that it has handled all that it read, nil
// where nobody wants to know.
func resting(nc net.Conn) func() {
	if r, ok := nc.(*gateway.Conn); ok {
		return r.Resting
	}
	return nil
}
