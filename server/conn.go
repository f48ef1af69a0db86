package server

import (
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net"
	"os"
	"runtime/debug"
	"sync"
	"sync/atomic"
	"syscall"
	"time"

	"github.com/msnscope/msnscope/decode"
	"github.com/msnscope/msnscope/decode/dialect"
)

const (
	// lingerTime is how long the server waits for the client to close after the server's last word. Closing at once could
	// destroy that word on its way while unread bytes of the client are here.
	lingerTime = 2 * time.Second
	// largeRead is the size of the buffers that connections share for what arrives. A socket needs none while it waits; what is no
	// socket waits with a buffer of smallRead, which a usual command fits into. When that is full there is more to come.
	smallRead = 512
	largeRead = 32 << 10
)

var (
	errEnded = errors.New("ended by the server")
	errLate  = errors.New("the client took too long")
	errCrash = errors.New("internal error")
	// Nothing that a client may send before its logon has a payload; of whom the server knows, it takes messages of up to
	// 1 MB, which is what a connection's buffer may come to.
	errGreedy = errors.New("a payload before the logon")
)

// conn is one client's connection, to one of the three roles.
type conn struct {
	s    *Server
	addr string // the server's address by which the client came
	nc   net.Conn
	raw  syscall.RawConn // nil for what is no socket
	out  queue
	// notified says that this is a connection to a notification server, for who has not the turn.
	notified atomic.Bool

	once   sync.Once
	cause  error         // why it was closed; set before closed is
	closed chan struct{} // closed when nc is

	// turn is held while the client's commands, or news for the user, are handled. It guards all that follows.
	turn    sync.Mutex
	in      *decode.Reader // nil while nothing of a command is there
	role    dialect.Role
	table   *dialect.Table // the dialect: MSNP2 until VER says otherwise
	state   dialect.State
	due     time.Time // until when the logon must be done
	user    user      // at a notification server
	seat    seat      // at a switchboard
	touched []*conn   // who got something with the commands of this read
	speech  *speech   // what the user said with the last commands of this read; nil where it is relayed
}

func newConn(s *Server, role dialect.Role, addr string, nc net.Conn) *conn {
	c := &conn{s: s, addr: addr, nc: nc, raw: rawOf(nc), closed: make(chan struct{}), role: role, table: dialect.MSNP2, state: dialect.Fresh}
	if role == dialect.SB {
		c.state = dialect.Waiting
	}
	c.notified.Store(role == dialect.NS)
	return c
}

// log returns a logger that names the connection.
func (c *conn) log() *slog.Logger {
	return c.s.o.Log.With("role", c.role.String(), "client", addrString(c.nc.RemoteAddr()))
}

// run serves the connection until it is closed, and returns when nothing of it is left.
func (c *conn) run() {
	c.due = time.Now().Add(c.s.o.LogonTimeout)
	err := c.readLoop()
	c.out.end()
	c.leave(errors.Is(err, errLate))
	c.flush()
	c.out.wait()
	c.linger(err)
	c.kill(err)
	<-c.closed
	c.logEnd()
}

// logEnd is not a part of run, so that run needs less of the stack that every idle connection has: with less than a quarter of
// 8 KB in use it becomes 4 KB.
func (c *conn) logEnd() {
	level := slog.LevelDebug
	if errors.Is(c.cause, errSlow) || errors.Is(c.cause, errWrite) {
		level = slog.LevelWarn
	}
	c.log().Log(c.s.ctx, level, "closed", "user", c.who(), "why", c.cause)
}

// leave takes a connection that ended out of everything. late says that it was idle for too long.
func (c *conn) leave(late bool) {
	c.turn.Lock()
	defer c.turn.Unlock()
	switch c.role {
	case dialect.NS:
		c.logoff()
	case dialect.SB:
		c.s.board.leave(c, late && c.s.set.ByeReason)
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

// readLoop serves the client's commands. The error says why it stopped, io.EOF when the client has nothing more to say.
func (c *conn) readLoop() error {
	var small []byte
	if c.raw == nil {
		small = make([]byte, smallRead)
	}
	var limit time.Time
	for full := false; ; {
		if until := c.until(); until != limit {
			_ = c.nc.SetReadDeadline(until) // fails only when closed, and then so does the read
			limit = until
		}
		if c.out.ending() { // looked at after the deadline was set: see finish
			return errEnded
		}
		n, err := c.read(small, full)
		c.pace()
		full = n == smallRead || n == largeRead
		if c.out.ending() {
			return errEnded
		}
		switch {
		case err == nil:
		case errors.Is(err, os.ErrDeadlineExceeded):
			return errLate
		default:
			return err
		}
	}
}

// pace keeps a member of a session from sending faster than the others read, for a moment at most: who does not read at all
// loses the connection, and nobody waits for it.
func (c *conn) pace() {
	if c.seat.session == nil {
		return
	}
	taken := c.seat.session.much(c)
	if taken == nil || c.seat.waited { // once is enough for one who does not read
		c.seat.waited = taken != nil
		return
	}
	enough := time.NewTimer(patience)
	defer enough.Stop()
	for ; taken != nil; taken = c.seat.session.much(c) {
		select {
		case <-taken:
		case <-enough.C:
			c.seat.waited = true
			return
		case <-c.closed:
			return
		}
	}
}

// read does one Read and serves what came.
func (c *conn) read(buf []byte, large bool) (int, error) {
	if c.raw != nil {
		return readRaw(c.raw, c.batch)
	}
	return c.readSmall(buf, large)
}

// readSmall is read for what is no socket.
func (c *conn) readSmall(buf []byte, large bool) (int, error) {
	if large {
		shared := largeReads.Get().(*[]byte)
		defer largeReads.Put(shared)
		buf = *shared
	}
	n, err := c.nc.Read(buf)
	if n > 0 {
		if crash := c.batch(buf[:n]); crash != nil {
			return n, crash
		}
	}
	return n, err
}

var largeReads = sync.Pool{New: func() any { b := make([]byte, largeRead); return &b }}

// batch serves the commands that came with one read. What they make the server send leaves after the last of them, to each
// connection in as few writes as possible.
func (c *conn) batch(b []byte) (err error) {
	c.begin()
	defer c.end()
	defer func() {
		if p := recover(); p != nil { // a mistake of the server's own ends the connection that met it, no other
			c.log().Error("internal error", "panic", p, "stack", string(debug.Stack()))
			c.send(errorLine(c.s.set.answers()[internalError].code, ""))
			err = errCrash
		}
	}()
	if c.in == nil {
		c.in = readers.Get().(*decode.Reader)
	}
	c.in.Borrow(b)
	w := works.Get().(*work)
	defer works.Put(w)
	defer c.relay()
	w.m.Why, w.table = decode.NotOpaque, nil
	for c.in.Grammar = c.table; !c.out.ending() && c.in.Next(&w.m); { // VER changes the grammar: see speak
		c.serve(w)
	}
	c.in.Return()
	switch pending := len(c.in.Pending()); {
	case c.stranger() && pending > decode.MaxLine && !c.out.ending():
		c.fail(&request{m: new(decode.Message)}, unframed)
		return errGreedy
	case pending == 0 && !w.m.Opaque(): // in step, and nothing is lost with it
		readers.Put(c.in)
		c.in = nil
	}
	return nil
}

// work is what serving a batch needs. It is lent.
type work struct {
	m decode.Message
	r request

	// Of the last command, for the next, which is often the same: a verb that the server knows in a dialect; a row and who handles it.
	verb  decode.Verb
	table *dialect.Table // nil where there is no verb
	row   *dialect.Row
	h     handler
}

var (
	works   = sync.Pool{New: func() any { return new(work) }}
	readers = sync.Pool{New: func() any { return decode.NewReader(decode.FromClient, dialect.MSNP2) }}
)

// begin takes the turn: what others have for the client waits until the answers are there.
func (c *conn) begin() {
	c.turn.Lock()
	c.out.hold()
}

// end gives the turn back and sends everything. It is for the connection's own goroutine, which waits for the client to take it.
func (c *conn) end() {
	c.yield()
	c.flush()
}

// yield gives the turn back. For who took it for somebody else's connection, whose client may not read: kick sends the rest.
func (c *conn) yield() {
	c.out.release()
	c.kickTouched()
	c.turn.Unlock()
}

func (c *conn) kickTouched() {
	for _, m := range c.touched {
		m.kick()
	}
	c.touched = nil
}

// stranger reports whether the logon is not done.
func (c *conn) stranger() bool { return c.state&(dialect.LoggedOn|dialect.Joined) == 0 }

// until returns when the next byte must have come, the zero time for no limit.
func (c *conn) until() time.Time {
	c.turn.Lock()
	defer c.turn.Unlock()
	switch idle := c.s.set.IdleTimeout; {
	case c.stranger(), c.user.referred:
		return c.due
	case c.in != nil && len(c.in.Pending()) > 0: // a command that was begun is to come to its end
		return time.Now().Add(c.s.o.LogonTimeout)
	case c.role == dialect.SB && idle > 0:
		return time.Now().Add(idle)
	}
	return time.Time{}
}

// linger closes the sending side, and waits for the client to close its own, for a moment.
func (c *conn) linger(err error) {
	half, ok := c.nc.(interface{ CloseWrite() error })
	if !ok || errors.Is(err, io.EOF) || half.CloseWrite() != nil {
		return
	}
	_ = c.nc.SetReadDeadline(time.Now().Add(lingerTime))
	_, _ = io.Copy(io.Discard, c.nc)
}

// kill closes the connection at once. It does not block and may be called with anything locked.
func (c *conn) kill(err error) {
	c.once.Do(func() {
		c.cause = err
		c.out.kill()
		go c.close()
	})
}

func (c *conn) close() {
	defer close(c.closed)
	_ = c.nc.Close() // the only Close; nobody could do anything about its error
}

// send queues l for the client and reports whether it will be sent. Lines with a mistake in them are not sent, and the
// connection is closed: the client would wait for them for ever. It is for who has the turn.
func (c *conn) send(l *lines) bool {
	c.relay()
	b, err := l.e.Bytes()
	if err != nil {
		c.kill(fmt.Errorf("%w: %w", errWrite, err))
		return false
	}
	ok, err := c.out.add(b)
	if err != nil {
		c.kill(err)
	}
	return ok
}

// tell queues commands from elsewhere for the client, to be sent with the next kick. It reports whether they will be, and
// whether they are the first to wait for one.
func (c *conn) tell(b []byte) (ok, first bool) {
	ok, first, err := c.out.tell(b)
	if err != nil {
		c.kill(err)
	}
	return ok, first
}

// finish makes what is queued the last that the client gets. It is for who has the turn; others use dismiss.
func (c *conn) finish() {
	c.relay()
	c.out.end()
}

// dismiss is finish for everybody else. It does not wait, and may be called with anything locked.
func (c *conn) dismiss() {
	c.out.end()
	c.s.conns.Go(func() {
		c.flush()
		c.wake()
	})
}

// wake has readLoop look whether this is the end, when what was queued is sent.
func (c *conn) wake() {
	c.out.wait()
	_ = c.nc.SetReadDeadline(time.Now())
}

func addrString(a net.Addr) string {
	if a == nil {
		return ""
	}
	return a.String()
}
