package proxy

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"net/netip"
	"os"
	"sync"
	"time"

	"github.com/msnscope/msnscope/decode"
	"github.com/msnscope/msnscope/decode/dialect"
	"github.com/msnscope/msnscope/decode/referral"
	"github.com/msnscope/msnscope/decode/session"
)

// conn is one client and the upstream that it is connected to.
type conn struct {
	p      *Proxy
	client net.Conn
	from   netip.AddrPort // the client's address
	local  netip.AddrPort // the address by which it came
	fixed  string         // the only upstream, when the port stands for one
	sess   *session.Conn  // guarded by p.mu

	// The client's pump owns these.
	in      *decode.Reader
	logon   bool   // the user's home is not settled: another upstream may have to be opened
	prelude []byte // what went upstream before the user was known, to be said again there

	mu    sync.Mutex // guards what follows; never held together with p.mu
	up    *upstream
	cause string // why the connection ended: the first reason
	timer *time.Timer
}

// upstream is one connection to a server, with its pump.
type upstream struct {
	net.Conn
	address string
	passed  int           // commands handed to the client; the pump's until done is closed
	skip    int           // answers that the client has already from another upstream
	retired chan struct{} // closed to end the pump without ending the connection
	done    chan struct{} // closed when the pump has ended
}

func newConn(p *Proxy, client net.Conn, fixed string) *conn {
	return &conn{
		p: p, client: client, fixed: fixed, from: addrPort(client.RemoteAddr()), local: addrPort(client.LocalAddr()),
		in: decode.NewReader(decode.FromClient, dialect.MSNP2),
	}
}

// addrPort returns the IP address and port of a, the zero AddrPort for an address of another kind.
func addrPort(a net.Addr) netip.AddrPort {
	ap, err := netip.ParseAddrPort(a.String())
	if err != nil {
		return netip.AddrPort{}
	}
	return netip.AddrPortFrom(ap.Addr().Unmap(), ap.Port())
}

// serve relays until both sides are done:
//
//  1. It MUST publish an open event first and a close event last, with the first cause.
//  2. It MUST NOT connect anywhere before the client has said something.
//  3. It MUST end soon after ctx does, whatever the peers do.
func (c *conn) serve(ctx context.Context) {
	c.p.mu.Lock()
	var e *session.Event
	c.sess, e = c.p.graph.Open(c.p.opts.Now(), c.from.String(), c.fixed)
	c.p.publishLocked(e)
	c.p.mu.Unlock()

	stop := context.AfterFunc(ctx, func() {
		c.end(context.Cause(ctx).Error())
		c.closeBoth()
	})
	c.clientPump(ctx)
	if up := c.upstream(); up != nil {
		<-up.done
	}
	stop()
	c.closeBoth()

	c.mu.Lock()
	cause := c.cause
	if c.timer != nil {
		c.timer.Stop()
	}
	c.mu.Unlock()
	c.p.mu.Lock()
	c.p.publishLocked(c.sess.Close(c.p.opts.Now(), cause))
	c.p.mu.Unlock()
}

// linger gives the other direction some time to end, after one has.
func (c *conn) linger() {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.timer == nil {
		c.timer = time.AfterFunc(lingerTime, c.closeBoth)
	}
}

// end notes why the connection ends; the first cause stays.
func (c *conn) end(cause string) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.cause == "" {
		c.cause = cause
	}
}

func (c *conn) upstream() *upstream {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.up
}

func (c *conn) closeBoth() {
	c.client.Close()
	if up := c.upstream(); up != nil {
		up.Close()
	}
}

// connect finds where the client goes and opens that upstream.
func (c *conn) connect(ctx context.Context, v verdict) error {
	now := c.p.opts.Now()
	t := target{address: c.fixed, role: c.p.opts.Role(c.fixed)}
	c.p.mu.Lock()
	if c.fixed == "" {
		t = c.p.choose(v, c.from.Addr(), now)
		c.logon = v.kind == logon && v.user == ""
	}
	c.sess.To(t.address, t.role)
	c.p.mu.Unlock()
	return c.dial(ctx, t.address, 0)
}

// dial opens an upstream and starts its pump, which swallows the first skip answers.
func (c *conn) dial(ctx context.Context, address string, skip int) error {
	ctx, cancel := context.WithTimeout(ctx, dialTime)
	defer cancel()
	if c.leadsHere(address) {
		return c.loop(address)
	}
	nc, err := c.p.opts.Dial(ctx, "tcp", address)
	if err == nil && c.leadsHere(nc.RemoteAddr().String()) { // the address was a name
		nc.Close()
		return c.loop(address)
	}
	if err != nil {
		c.p.log.Error("cannot reach the server", "server", address, "client", c.from, "err", err)
		return fmt.Errorf("cannot reach the server %s: %w", address, err)
	}
	up := &upstream{Conn: nc, address: address, skip: skip, retired: make(chan struct{}), done: make(chan struct{})}
	c.mu.Lock()
	c.up = up
	c.mu.Unlock()
	if ctx.Err() != nil { // the proxy stopped meanwhile, and closed the upstream that it knew
		nc.Close()
	}
	go c.serverPump(up)
	return nil
}

func (c *conn) leadsHere(address string) bool {
	c.p.mu.Lock()
	defer c.p.mu.Unlock()
	return c.p.leadsHere(address, c.local.Addr())
}

// loop is the error of an address that would make the proxy its own client, again and again.
func (c *conn) loop(address string) error {
	c.p.log.Error("the server address leads back to this proxy", "server", address, "client", c.from)
	return fmt.Errorf("the server address %s leads back to this proxy", address)
}

// rehome moves the connection to the upstream where the user belongs, if it is at another one: it says VER and INF there
// again, and keeps to itself as many answers as the client has seen already.
func (c *conn) rehome(ctx context.Context, user string) error {
	c.logon = false
	now := c.p.opts.Now()
	old := c.upstream()
	c.p.mu.Lock()
	t := c.p.home(user, c.from.Addr(), now)
	c.p.mu.Unlock()
	if t.address == old.address {
		return nil
	}
	close(old.retired)
	old.Close()
	<-old.done
	c.p.mu.Lock()
	c.sess.To(t.address, t.role)
	c.p.publishLocked(c.sess.Note(now, fmt.Sprintf("%s belongs to %s, not to %s: what was said so far is repeated there",
		user, t.address, old.address)))
	c.p.mu.Unlock()
	if err := c.dial(ctx, t.address, old.passed); err != nil {
		return err
	}
	if _, err := c.upstream().Write(c.prelude); err != nil {
		return fmt.Errorf("write to %s: %w", t.address, err)
	}
	return nil
}

// observe tracks one command and publishes its event, and returns the bytes to send on.
func (c *conn) observe(dir decode.Dir, m *decode.Message, now time.Time) []byte {
	c.p.mu.Lock()
	defer c.p.mu.Unlock()
	e := c.sess.Track(dir, m, now)
	switch {
	case dir == decode.FromServer:
		if r, ok := referral.Of(e.Row, m); ok && !c.p.leadsHere(r.Address, c.local.Addr()) {
			c.p.book.Note(r, c.sess.User(), c.from.Addr(), now)
		}
		e.Out = referral.Rewrite(e.Row, m, func(address string) (string, bool) { return c.p.advertise(c.local, address) })
	case c.fixed != "" && e.Row != nil && begins(e.Row) && e.Row.Find(m, dialect.Self) != nil:
		// The port told where the client goes, the referral is followed all the same.
		c.p.book.Notification(string(e.Row.Find(m, dialect.Self)), c.from.Addr(), now)
	}
	out := m.Raw
	if e.Out != nil {
		e.Flags |= session.Rewritten
		out = e.Out
	}
	c.p.publishLocked(e)
	return out
}

// grammar returns what frames the connection, as known now.
func (c *conn) grammar() decode.Grammar {
	c.p.mu.Lock()
	defer c.p.mu.Unlock()
	return c.sess.Framing()
}

// halfClose says that no more comes, where the connection can; else it closes.
func halfClose(nc net.Conn) {
	if half, ok := nc.(interface{ CloseWrite() error }); ok {
		_ = half.CloseWrite()
		return
	}
	nc.Close()
}

// isRetired reports whether the connection has gone on to another upstream.
func isRetired(up *upstream) bool {
	select {
	case <-up.retired:
		return true
	default:
		return false
	}
}

// isTimeout reports whether err is a passed deadline.
func isTimeout(err error) bool { return errors.Is(err, os.ErrDeadlineExceeded) }

// why says in words how a read ended.
func why(who string, err error) string {
	if errors.Is(err, io.EOF) {
		return "closed by the " + who
	}
	return fmt.Sprintf("read from the %s: %v", who, err)
}
