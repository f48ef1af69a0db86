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
	"github.com/msnscope/msnscope/decode/session"
)

// Conn is one client with the upstream that it is connected to. Its methods are safe for concurrent
// use.
type Conn struct {
	p         *Proxy
	id        int
	client    net.Conn
	from      netip.AddrPort // the client's address
	local     netip.AddrPort // the proxy's address to which it connected
	fixed     string         // the only upstream, when the port stands for one
	ctx       context.Context
	cancel    context.CancelFunc
	receivers [2]receiver // the server and the client: whom each side speaks to
	trids     atomic.Uint32
	http      *overHTTP             // nil for a TCP connection
	pace      *pace                 // of what goes to the server, nil for none
	turn      atomic.Pointer[turns] // nil once the server has said something
	asked     atomic.Bool           // an interceptor is deciding about a command of the client
	said      chan struct{}         // closed when everything that the client said has been sent to the server

	// What the proxy decides by, guarded by p.mu. It is given only the commands that matter for
	// that, see direction.plain.
	sess     *session.Conn
	seen     int                     // commands that sess was given
	bypassed string                  // the latest note that traffic goes past the proxy
	cookie   string                  // the last one that the server gave out
	at       string                  // the address of the upstream
	reached  string                  // the IP address and port to which that resolved
	framing  atomic.Pointer[framing] // what frames the connection, as sess has it
	settled  atomic.Bool             // only commands that are given to sess can still change the framing

	// The client's pump owns these.
	in       *decode.Reader
	greeted  bool        // the first read has been done, by peek
	greeting error       // its error
	logon    bool        // it is not known yet whether the user belongs to another upstream
	prelude  []byte      // what went upstream before the user was known, to be said again there
	joining  *invitation // the invitation that a receiver of a file seems to follow, until its USR says so

	cargo   *cargo        // what a file transfer carries, nil for other connections
	tracked *session.Conn // the session of its events, guarded by p.journal.turn
	// The bytes that the journal holds of the connection, and what it lost, guarded by
	// p.journal.mu.
	held int
	lost [2]loss

	mu     sync.Mutex // guards what follows; a leaf, see doc.go
	up     *upstream
	cause  string // why the connection ended: the first reason that has no event of its own
	half   bool   // one end says no more
	timer  *time.Timer
	silent time.Duration // how long the timer gives
	ending atomic.Bool   // timer runs
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
		pace: newPace(p.opts.OnePerWrite),
	}
	c.ctx, c.cancel = context.WithCancel(p.ctx)
	c.receivers[side(decode.FromClient)] = receiver{c: c, dir: decode.FromClient}
	c.receivers[side(decode.FromServer)] = receiver{c: c, dir: decode.FromServer, to: client}
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

// Kill closes the connection on both sides, and its close event gives why as the cause. With reset
// both peers see a TCP reset, and lose what they have not read.
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

// receiver returns where the direction dir goes.
func (c *Conn) receiver(dir decode.Dir) *receiver { return &c.receivers[side(dir)] }

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
//  1. It MUST publish an open event first and a close event last, with the first cause. The end of
//     one side that leaves the other one speaking MUST be a half-close event, at its own time; the
//     close event then tells how the other side ended.
//  2. It MUST NOT connect anywhere before the client has said something.
//  3. It MUST end soon after ctx does, whatever the peers do.
func (c *Conn) serve() {
	c.open()
	stop := context.AfterFunc(c.ctx, func() {
		c.end(context.Cause(c.ctx).Error())
		c.closeBoth()
	})
	c.clientPump()
	if up := c.upstream(); up != nil {
		<-up.done
	}
	stop()
	if !c.isHTTP() {
		c.closeBoth()
	}
	c.finish()
}

// open publishes the open event. It is a function of its own for the sake of its large frame: serve
// stays on the stack as long as the connection lives.
func (c *Conn) open() {
	p := c.p
	now := p.opts.Now()
	p.mu.Lock()
	c.sess, _ = p.graph.Open(now, c.from.String(), c.fixed)
	c.id = c.sess.ID()
	p.byID[c.id] = c
	p.journal.open(c, now)
	p.mu.Unlock()
	p.journal.help()
	p.opened(c)
	c.beginsHTTP(now)
}

// finish publishes the close event, and forgets the connection.
func (c *Conn) finish() {
	c.cancel()
	c.endTurn()
	c.mu.Lock()
	cause := c.cause
	if c.timer != nil {
		c.timer.Stop()
	}
	c.mu.Unlock()
	for i := range c.receivers {
		c.receivers[i].close()
	}
	if c.cargo != nil {
		c.cargo.tell(c.p.opts.Now())
	}
	c.p.closed(c)
	c.p.mu.Lock()
	delete(c.p.byID, c.id)
	c.p.mu.Unlock()
	c.p.journal.end(c, c.p.opts.Now(), cause)
	c.p.journal.help()
}

// linger lets the other direction go on after one has ended, and closes both once it has been
// silent for the given time.
func (c *Conn) linger(silent time.Duration) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.timer == nil {
		c.silent = silent
		c.timer = time.AfterFunc(silent, func() {
			c.end(fmt.Sprintf("half-closed, and silent for %v", silent))
			c.closeBoth()
		})
		c.ending.Store(true)
	}
}

// alive restarts the time of linger, if that runs.
func (c *Conn) alive() {
	if !c.ending.Load() {
		return
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.timer.Stop() {
		c.timer.Reset(c.silent)
	}
}

// end records why the connection ends. Only the first cause counts.
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

// closeBoth closes both sides, and ends everything that waits on the connection, an interceptor
// included.
func (c *Conn) closeBoth() {
	// What an interceptor holds must find the server gone, so that comes first; an upstream that is
	// being dialled meanwhile is found after the context has ended.
	c.closeEnds()
	c.cancel()
	c.closeEnds()
}

// closeEnds closes both sides, as far as they are there.
func (c *Conn) closeEnds() {
	c.client.Close()
	if up := c.upstream(); up != nil {
		up.Close()
	}
}

// abort closes one side with a reset, as its peer would see without the proxy between.
func (c *Conn) abort(side net.Conn) {
	if l, ok := side.(interface{ SetLinger(int) error }); ok {
		_ = l.SetLinger(0) // it is closed already, then
	}
	side.Close()
}

// grammar returns what frames the connection, as known now.
func (c *Conn) grammar() decode.Grammar { return c.framing.Load().Grammar }

// maxUnsettled is the number of commands after which a connection counts as settled although
// neither a VER nor a referral has shown its dialect: by then everything that can be concluded has
// been.
const maxUnsettled = 256

// learn updates what the proxy decides by with the command e.In, and sets the other fields of e.
// p.mu is held.
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

// follows records that the client follows a referral, if its command e says so. p.mu is held.
func (c *Conn) follows(e *session.Event, now time.Time) {
	m := &e.In
	if e.Row == nil || e.Row.Find(m, dialect.Self) == nil {
		return
	}
	user, from := string(e.Row.Find(m, dialect.Self)), c.from.Addr()
	c.p.followed(pendingReferralOf(user, string(e.Row.Find(m, dialect.Cookie)), from))
	if c.fixed != "" && begins(e.Row) {
		// The port decided where the client goes; the referral has been followed all the same.
		c.p.book.Notification(user, from, now)
	}
}

// halfClose closes the writing side of nc, or all of it where that cannot be done.
func halfClose(nc net.Conn) {
	if half, ok := nc.(interface{ CloseWrite() error }); ok {
		_ = half.CloseWrite()
		return
	}
	nc.Close()
}

// isRetired reports whether up has been given up because the connection went on to another
// upstream.
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

// why describes how reading from who ended.
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
