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
	"sync/atomic"
	"syscall"
	"time"

	"github.com/msnscope/msnscope/decode"
	"github.com/msnscope/msnscope/decode/dialect"
	"github.com/msnscope/msnscope/decode/referral"
	"github.com/msnscope/msnscope/decode/session"
)

// Conn is one client and the upstream that it is connected to. Its methods are safe for concurrent use.
type Conn struct {
	p      *Proxy
	id     int
	client net.Conn
	from   netip.AddrPort // the client's address
	local  netip.AddrPort // the address by which it came
	fixed  string         // the only upstream, when the port stands for one
	ctx    context.Context
	cancel context.CancelFunc
	sinks  [2]sink // the server and the client: whom each side speaks to
	trids  atomic.Uint32
	asked  atomic.Bool   // an interceptor has a command of the client's
	said   chan struct{} // closed when all that the client said has gone to the server

	// What the proxy decides by: guarded by p.mu, and only told what matters for that, see flow.plain.
	sess    *session.Conn
	seen    int                     // commands that it was told of
	cookie  string                  // the last one that the server gave out
	framing atomic.Pointer[framing] // what frames the connection, as sess has it
	settled atomic.Bool             // what frames it will not change any more but by commands that sess is told of

	// The client's pump owns these.
	in      *decode.Reader
	logon   bool   // the user's home is not settled: another upstream may have to be opened
	prelude []byte // what went upstream before the user was known, to be said again there

	told *session.Conn // what its story is made with: guarded by p.story.turn
	// What the story holds of it, and what is missing, guarded by p.story.mu.
	held int
	lost [2]loss

	mu     sync.Mutex // guards what follows; never held together with p.mu
	up     *upstream
	cause  string // why the connection ended: the first reason
	timer  *time.Timer
	ending atomic.Bool // timer runs
}

// framing holds what frames a connection.
type framing struct{ decode.Grammar }

// upstream is one connection to a server, with its pump.
type upstream struct {
	net.Conn
	address string
	passed  int           // commands handed to the client; the pump's until done is closed
	skip    int           // answers that the client has already from another upstream
	retired chan struct{} // closed to end the pump without ending the connection
	done    chan struct{} // closed when the pump has ended
}

func newConn(p *Proxy, client net.Conn, fixed string) *Conn {
	c := &Conn{
		p: p, client: client, fixed: fixed, from: addrPort(client.RemoteAddr()), local: addrPort(client.LocalAddr()),
		in: decode.NewReader(decode.FromClient, dialect.MSNP2), said: make(chan struct{}),
	}
	c.ctx, c.cancel = context.WithCancel(p.ctx)
	c.sinks[side(decode.FromClient)] = sink{c: c, dir: decode.FromClient}
	c.sinks[side(decode.FromServer)] = sink{c: c, dir: decode.FromServer, to: client}
	c.framing.Store(&framing{dialect.MSNP2})
	return c
}

// ID returns the number of the connection, the one that its events have.
func (c *Conn) ID() int { return c.id }

// Client returns the client's address.
func (c *Conn) Client() string { return c.from.String() }

// Server returns the address of the upstream, "" before it is known where the client wants to go.
func (c *Conn) Server() string {
	if up := c.upstream(); up != nil {
		return up.address
	}
	return ""
}

// Kill ends the connection on both sides, for the reason given in words; with reset the peers find it broken rather than
// closed, and lose what they have not read.
func (c *Conn) Kill(reset bool, why string) {
	c.end(why)
	if reset {
		c.abort(c.client)
		if up := c.upstream(); up != nil {
			c.abort(up.Conn)
		}
	}
	c.closeBoth()
}

// sink returns the receiver of one direction.
func (c *Conn) sink(dir decode.Dir) *sink { return &c.sinks[side(dir)] }

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
func (c *Conn) serve() {
	p := c.p
	p.mu.Lock()
	now := p.opts.Now()
	c.sess, _ = p.graph.Open(now, c.from.String(), c.fixed)
	c.id = c.sess.ID()
	p.byID[c.id] = c
	p.story.open(c, now)
	p.mu.Unlock()
	p.story.help()
	p.opened(c)

	stop := context.AfterFunc(c.ctx, func() {
		c.end(context.Cause(c.ctx).Error())
		c.closeBoth()
	})
	c.clientPump()
	if up := c.upstream(); up != nil {
		<-up.done
	}
	stop()
	c.closeBoth()
	c.finish()
}

// finish says that the connection has ended.
func (c *Conn) finish() {
	c.cancel()
	c.mu.Lock()
	cause := c.cause
	if c.timer != nil {
		c.timer.Stop()
	}
	c.mu.Unlock()
	for i := range c.sinks {
		c.sinks[i].close()
	}
	c.p.closed(c)
	c.p.mu.Lock()
	delete(c.p.byID, c.id)
	c.p.mu.Unlock()
	c.p.story.end(c, c.p.opts.Now(), cause)
	c.p.story.help()
}

// linger gives the other direction some time to end, after one has: as long as it goes on, and lingerTime more.
func (c *Conn) linger() {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.timer == nil {
		c.timer = time.AfterFunc(lingerTime, c.closeBoth)
		c.ending.Store(true)
	}
}

// alive puts off the end of lingering.
func (c *Conn) alive() {
	if !c.ending.Load() {
		return
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.timer.Stop() {
		c.timer.Reset(lingerTime)
	}
}

// end notes why the connection ends; the first cause stays.
func (c *Conn) end(cause string) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.cause == "" {
		c.cause = cause
	}
}

func (c *Conn) upstream() *upstream {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.up
}

// closeBoth ends everything that waits on the connection, an interceptor included.
func (c *Conn) closeBoth() {
	c.cancel()
	c.client.Close()
	if up := c.upstream(); up != nil {
		up.Close()
	}
}

// abort closes one side so that its peer finds the connection broken, as it would be if the proxy were not between.
func (c *Conn) abort(side net.Conn) {
	if l, ok := side.(interface{ SetLinger(int) error }); ok {
		_ = l.SetLinger(0) // it is closed already, then
	}
	side.Close()
}

// connect finds where the client goes and opens that upstream.
func (c *Conn) connect(v verdict) error {
	now := c.p.opts.Now()
	t := target{address: c.fixed, role: c.p.opts.Role(c.fixed)}
	c.p.mu.Lock()
	if c.fixed == "" {
		t = c.p.choose(v, c.from.Addr(), now)
		c.logon = v.kind == logon && v.user == ""
	}
	c.aim(t)
	c.p.mu.Unlock()
	return c.dial(t.address, 0)
}

// aim says where the connection goes. p.mu is held.
func (c *Conn) aim(t target) {
	c.sess.To(t.address, t.role)
	c.framing.Store(&framing{c.sess.Framing()})
	c.p.story.to(c, t.address, t.role)
}

// dial opens an upstream and starts its pump, which swallows the first skip answers.
func (c *Conn) dial(address string, skip int) error {
	ctx, cancel := context.WithTimeout(c.ctx, dialTime)
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
	c.sink(decode.FromClient).aim(nc)
	if ctx.Err() != nil { // the proxy stopped meanwhile, and closed the upstream that it knew
		nc.Close()
	}
	go c.serverPump(up)
	return nil
}

func (c *Conn) leadsHere(address string) bool {
	c.p.mu.Lock()
	defer c.p.mu.Unlock()
	return c.p.leadsHere(address, c.local.Addr())
}

// loop is the error of an address that would make the proxy its own client, again and again.
func (c *Conn) loop(address string) error {
	c.p.log.Error("the server address leads back to this proxy", "server", address, "client", c.from)
	return fmt.Errorf("the server address %s leads back to this proxy", address)
}

// rehome moves the connection to the upstream where the user belongs, if it is at another one: it says VER and INF there
// again, and keeps to itself as many answers as the client has seen already.
func (c *Conn) rehome(user string) error {
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
	c.aim(t)
	c.p.mu.Unlock()
	c.p.story.note(c, now, fmt.Sprintf("%s belongs to %s, not to %s: what was said so far is repeated there",
		user, t.address, old.address))
	if err := c.dial(t.address, old.passed); err != nil {
		return err
	}
	if _, err := c.upstream().Write(c.prelude); err != nil {
		return fmt.Errorf("write to %s: %w", t.address, err)
	}
	return nil
}

// grammar returns what frames the connection, as known now.
func (c *Conn) grammar() decode.Grammar { return c.framing.Load().Grammar }

// maxUnsettled is after how many commands a connection counts as settled although no VER told its dialect, nor the referral that
// led to it: what can be concluded has been by then.
const maxUnsettled = 256

// learn takes a command into what the proxy decides by: e.In is the command, and the rest of e is set. p.mu is held.
func (c *Conn) learn(e *session.Event, dir decode.Dir, now time.Time) {
	c.sess.Annotate(e, dir, now)
	c.seen++
	if g := c.sess.Framing(); g != c.grammar() {
		c.framing.Store(&framing{g})
	}
	known := c.sess.Role() != 0 && c.sess.Dialect() != "" && !c.sess.Inferred()
	if (known || c.seen >= maxUnsettled) && !c.settled.Load() {
		c.settled.Store(true)
	}
}

// rewrite follows what the command says of where users go, and returns its bytes with other addresses, nil if it has none.
// p.mu is held.
func (c *Conn) rewrite(e *session.Event, now time.Time) []byte {
	m := &e.In
	if e.Dir == decode.FromServer {
		if r, ok := referral.Of(e.Row, m); ok && !c.p.leadsHere(r.Address, c.local.Addr()) {
			c.p.book.Note(r, c.sess.User(), c.from.Addr(), now)
			c.expect(e, r)
			if r.Cookie != "" {
				c.cookie = r.Cookie
			}
		}
		return referral.Rewrite(e.Row, m, func(address string) (string, bool) { return c.p.advertise(c.local, address) })
	}
	if e.Row == nil || e.Row.Find(m, dialect.Self) == nil {
		return nil
	}
	user, from := string(e.Row.Find(m, dialect.Self)), c.from.Addr()
	c.p.met(claimOf(user, string(e.Row.Find(m, dialect.Cookie)), from))
	if c.fixed != "" && begins(e.Row) {
		// The port told where the client goes, the referral is followed all the same.
		c.p.book.Notification(user, from, now)
	}
	return nil
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

// isReset reports whether the peer broke the connection off.
func isReset(err error) bool {
	return errors.Is(err, syscall.ECONNRESET) || errors.Is(err, syscall.EPIPE)
}
