package server

import (
	"container/list"
	"errors"
	"io"
	"log/slog"
	"net"
	"net/netip"
	"sync"
	"sync/atomic"
	"syscall"
	"time"

	"github.com/msnscope/msnscope/decode"
	"github.com/msnscope/msnscope/decode/dialect"
)

// lingerTime is how long the server waits, after its last byte, for the client to close.
// Closing at once while unread bytes of the client are queued would make TCP reset the
// connection, which can destroy that last output on its way.
const lingerTime = 2 * time.Second

var errEnded = errors.New("ended by the server")

// conn is one client's connection to one of the three roles. A goroutine of its own runs it, unless
// it is parked.
type conn struct {
	s    *Server
	id   int    // for scripts, 0 without them
	addr string // the server's address to which the client connected
	nc   net.Conn
	// client is the client's address. proxied says that nc comes from a trusted proxy, whose header
	// names that address first.
	client  net.Addr
	proxied bool
	raw     syscall.RawConn // nil if nc is not a socket
	out     queue
	// notified reports whether role is NS, for goroutines that do not hold turn.
	notified atomic.Bool

	once   sync.Once
	cause  error         // why the connection was closed; set before closed is
	closed chan struct{} // closed once nc is closed
	parked atomic.Bool   // no goroutine runs the connection: see park
	fd     int           // by which the lot knows it, 0 while it was never parked

	// turn is held while the client's commands, or notices for its user, are handled. It guards all
	// fields below.
	turn     sync.Mutex
	in       *decode.Reader // nil while no part of a command is buffered
	role     dialect.Role
	table    *dialect.Table // of the dialect: MSNP2 until VER chooses another
	state    dialect.State
	due      time.Time // deadline of the logon
	user     user      // at a notification server
	seat     seat      // at a switchboard
	at       netip.Addr
	there    *share // the share of the address at; nil where there is none
	own      *share // the share of the user with the key, nil before the logon
	key      string
	seated   bool          // whether own counts a session for this connection
	newcomer *list.Element // element of newcomers, guarded by shares.mu; nil once logged on
	// since when the server has waited for the rest of a command, zero while it does not
	begged  time.Time
	waited  time.Duration // how long it waited for that command before begged
	told    bool          // whether the log says that it is unfinished
	large   bool          // whether that command counts in the budgets
	touched []*conn       // connections that the commands of this read sent something to
	sent    bool          // whether anything was sent to this client since breathe last looked
	// messages of the last commands of this read that are still to be relayed; nil for none
	speech *speech
}

func newConn(s *Server, role dialect.Role, addr string, nc net.Conn) *conn {
	c := &conn{
		s: s, addr: addr, nc: nc, client: nc.RemoteAddr(), raw: rawOf(nc),
		closed: make(chan struct{}), role: role, table: dialect.MSNP2, state: dialect.Fresh,
	}
	if role == dialect.SB {
		c.state = dialect.Waiting
	}
	c.notified.Store(role == dialect.NS)
	return c
}

// log returns a logger that adds the connection's role and client.
func (c *conn) log() *slog.Logger {
	return c.s.o.Log.With("role", c.role.String(), "client", addrString(c.client))
}

// run serves the connection until it is closed or parked. Then resume goes on.
func (c *conn) run() {
	c.due = time.Now().Add(c.s.o.LogonTimeout)
	if err := c.greet(); err != nil {
		c.stop(err)
		return
	}
	c.resume()
}

// resume is run for a connection that was greeted.
func (c *conn) resume() {
	if err := c.readLoop(); !errors.Is(err, errParked) {
		c.stop(err)
	}
}

// stop ends the connection because of err, and returns when all of its goroutines have ended.
func (c *conn) stop(err error) {
	c.out.end()
	c.leave(errors.Is(err, errLate))
	c.flush()
	c.out.wait()
	c.linger(err)
	c.kill(err)
	<-c.closed
	c.logEnd()
	c.s.lot.forget(c)
	c.s.ended(c)
}

// logEnd logs why the connection was closed. It is separate from run to keep run's stack frame
// small, since every idle connection has one: a stack of 8 KB of which less than a quarter is in
// use shrinks to 4 KB.
func (c *conn) logEnd() {
	if errors.Is(c.cause, errHeader) {
		c.s.refused(c.role, c.client, c.cause)
	}
	level := slog.LevelDebug
	for _, of := range []error{errSlow, errWrite, errHoard} {
		if errors.Is(c.cause, of) {
			level = slog.LevelWarn
		}
	}
	if c.s.o.Log.Enabled(c.s.ctx, level) { // to name the client takes longer than to forget it
		c.log().Log(c.s.ctx, level, "closed", "user", c.who(), "why", c.cause)
	}
}

// leave removes a connection that has ended from the hub, the board and the shares. late says that
// it was ended for being idle too long.
func (c *conn) leave(late bool) {
	c.turn.Lock()
	defer c.turn.Unlock()
	switch c.role {
	case dialect.NS:
		c.logoff()
	case dialect.SB:
		c.s.board.leave(c, late && c.s.set.ByeReason)
		c.s.shares.unseat(c)
		c.kickTouched()
	}
}

// who returns the handle of the connection's user, "" before the logon.
func (c *conn) who() string {
	if c.role == dialect.SB {
		return c.seat.handle
	}
	return c.user.Handle
}

// stranger reports whether the client has not logged on yet.
func (c *conn) stranger() bool { return c.state&(dialect.LoggedOn|dialect.Joined) == 0 }

// linger closes the sending side and waits for the client to close its own, for lingerTime at most.
func (c *conn) linger(err error) {
	half, ok := c.nc.(interface{ CloseWrite() error })
	if !ok || errors.Is(err, io.EOF) || half.CloseWrite() != nil {
		return
	}
	_ = c.nc.SetReadDeadline(time.Now().Add(lingerTime))
	_, _ = io.Copy(io.Discard, c.nc)
}

// kill closes the connection at once, with err as the cause unless it is being closed already. It
// does not block and may be called with any lock held.
func (c *conn) kill(err error) {
	c.once.Do(func() {
		c.cause = err
		c.out.kill()
		go c.close()
	})
}

func (c *conn) close() {
	defer close(c.closed)
	_ = c.nc.Close() // the only Close; there is nothing to be done about its error
	c.rouse()
}

func addrString(a net.Addr) string {
	if a == nil {
		return ""
	}
	return a.String()
}
