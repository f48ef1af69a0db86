package server

import (
	"context"
	"errors"
	"io"
	"log/slog"
	"net"
	"os"
	"time"

	"github.com/msnscope/msnscope/decode"
	"github.com/msnscope/msnscope/decode/dialect"
)

const (
	// lingerTime is how long the server waits for the client to close after the server's last word. Closing at once could
	// destroy that word on its way while unread bytes of the client are here.
	lingerTime = time.Second
	// retryTime is how long a refused client may try again: several never do, and never close either.
	retryTime = 20 * time.Second
	// maxTries is how many wrong passwords one connection may offer.
	maxTries = 5
)

var (
	errEnded = errors.New("ended by the server")
	errLate  = errors.New("the client took too long")
	// Nothing that a client may send before its logon has a payload; of whom the server knows, it takes messages of up to
	// 1 MB, which is what a connection's buffer may come to.
	errGreedy = errors.New("a payload before the logon")
)

// conn is one client's connection, to one of the three roles.
type conn struct {
	s    *Server
	role dialect.Role
	nc   net.Conn
	out  *outbox
	log  *slog.Logger

	ctx    context.Context
	cancel context.CancelCauseFunc // closes nc at once; never blocks
	closed chan struct{}           // closed when nc is

	// What only the goroutine of run uses.
	state     dialect.State
	deadline  time.Time // until when the logon must be done
	wants     string    // the handle that is logging on, and its challenge
	challenge string
	tries     int
	stateWord string // the state of §7.7 that was last set, "" before the first

	// The user: set once, with the hub locked, when the logon is done. This connection's own goroutine reads it as it
	// likes, others with the hub locked.
	handle, key string

	// Guarded by hub.mu.
	shown   string   // at a notification server: the state of §7.7
	name    string   // at a switchboard
	session *session // at a switchboard
	calls   int      // how many CAL in a row
	called  time.Time
}

func newConn(s *Server, role dialect.Role, nc net.Conn) *conn {
	c := &conn{s: s, role: role, nc: nc, out: newOutbox(), closed: make(chan struct{}), state: dialect.Fresh}
	if role == dialect.SB {
		c.state = dialect.Waiting
	}
	c.log = s.o.Log.With("role", role.String(), "client", addrString(nc.RemoteAddr()))
	c.ctx, c.cancel = context.WithCancelCause(s.ctx)
	context.AfterFunc(c.ctx, func() {
		defer close(c.closed)
		_ = nc.Close() // the only Close; nobody could do anything about its error
	})
	return c
}

// run serves the connection until it is closed, and returns when nothing of it is left.
func (c *conn) run() {
	c.log.Debug("connected")
	c.deadline = time.Now().Add(c.s.o.LogonTimeout)
	written := make(chan struct{})
	go func() {
		defer close(written)
		c.writeLoop()
	}()
	err := c.readLoop()
	c.out.end()
	c.s.hub.leave(c, errors.Is(err, errLate))
	c.announceLeft()
	<-written
	c.linger(err)
	c.cancel(err)
	<-c.closed
	level := slog.LevelDebug
	if cause := context.Cause(c.ctx); errors.Is(cause, errSlow) || errors.Is(cause, errWrite) {
		level = slog.LevelWarn
	}
	c.log.Log(context.WithoutCancel(c.ctx), level, "closed", "user", c.handle, "why", context.Cause(c.ctx))
}

// readLoop serves the client's commands. The error says why it stopped, io.EOF when the client has nothing more to say.
func (c *conn) readLoop() error {
	r := decode.NewReader(decode.FromClient, dialect.MSNP2)
	var m decode.Message
	for {
		_ = c.nc.SetReadDeadline(c.until()) // fails only when closed, and then so does the read
		if c.out.ending() {                 // looked at after the deadline was set: see writeLoop
			return errEnded
		}
		_, err := r.Fill(c.nc)
		for r.Next(&m) {
			c.serve(&m)
			if c.out.ending() {
				return errEnded
			}
		}
		switch {
		case c.stranger() && len(r.Pending()) > decode.MaxLine:
			c.fail(&request{}, unframed)
			return errGreedy
		case err == nil:
		case !errors.Is(err, os.ErrDeadlineExceeded):
			return err
		case c.ctx.Err() != nil:
			return context.Cause(c.ctx)
		case c.out.ending():
			return errEnded
		default:
			return errLate
		}
	}
}

// stranger reports whether the logon is not done.
func (c *conn) stranger() bool { return c.state&(dialect.LoggedOn|dialect.Joined) == 0 }

// until returns when the next byte must have come, the zero time for no limit.
func (c *conn) until() time.Time {
	switch {
	case c.stranger():
		return c.deadline
	case c.role == dialect.SB && c.s.o.SwitchboardIdle > 0:
		return time.Now().Add(c.s.o.SwitchboardIdle)
	}
	return time.Time{}
}

// writeLoop sends what is queued, a chunk a Write, until the end of it. Then it wakes readLoop.
func (c *conn) writeLoop() {
	defer func() { _ = c.nc.SetReadDeadline(time.Now()) }()
	for {
		chunks, last := c.out.take()
		for _, chunk := range chunks {
			_ = c.nc.SetWriteDeadline(time.Now().Add(c.s.o.WriteTimeout))
			if _, err := c.nc.Write(chunk); err != nil {
				c.cancel(err)
				return
			}
			c.out.sent(len(chunk))
		}
		if last {
			return
		}
		select {
		case <-c.out.wake:
		case <-c.ctx.Done():
			return
		}
	}
}

// linger closes the sending side, and waits for the client to close its own, for a moment.
func (c *conn) linger(err error) {
	half, ok := c.nc.(interface{ CloseWrite() error })
	if !ok || errors.Is(err, io.EOF) || c.ctx.Err() != nil || half.CloseWrite() != nil {
		return
	}
	_ = c.nc.SetReadDeadline(time.Now().Add(lingerTime))
	_, _ = io.Copy(io.Discard, c.nc)
}

// push queues a chunk for the client and reports whether it will be sent. A client that does not read is disconnected. It
// may be called with the hub locked.
func (c *conn) push(chunk []byte) bool {
	ok, err := c.out.push(chunk)
	if err != nil {
		c.cancel(err)
	}
	return ok
}

// finish makes what is queued the last that the client gets. It may be called with the hub locked.
func (c *conn) finish() { c.out.end() }

func addrString(a net.Addr) string {
	if a == nil {
		return ""
	}
	return a.String()
}
