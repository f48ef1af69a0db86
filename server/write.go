package server

import (
	"errors"
	"fmt"
	"log/slog"
	"time"
)

// send queues l for the client and reports whether it will be sent. If l cannot be encoded, which
// is a bug of the server, the connection is closed instead. The caller must hold the turn.
func (c *conn) send(l *lines) bool {
	c.relay()
	if l.left != nil {
		c.logOften(slog.LevelError, "left out a line that cannot be sent", "user", c.who(), "err", l.left)
	}
	b, err := l.e.Bytes()
	if err != nil {
		c.kill(fmt.Errorf("%w: %w", errWrite, err))
		return false
	}
	return c.queue(b)
}

// queue queues the bytes of whole commands for the client, as send does.
func (c *conn) queue(b []byte) bool {
	c.sent = true
	ok, err := c.out.add(b)
	for errors.Is(err, errHoard) && c.s.reap(c, len(b)) {
		ok, err = c.out.add(b)
	}
	if err != nil {
		c.kill(err)
	}
	return ok
}

// tell queues commands from another connection for the client; the next kick sends them. ok reports
// whether they will be sent, first whether they are the first to wait for a kick.
func (c *conn) tell(b []byte) (ok, first bool) {
	ok, first, err := c.out.tell(b)
	for errors.Is(err, errHoard) && c.s.reap(c, len(b)) {
		ok, first, err = c.out.tell(b)
	}
	if err != nil {
		c.kill(err)
	}
	return ok, first
}

// finish ends the connection after what is queued has been sent. The caller must hold the turn;
// others call dismiss.
func (c *conn) finish() {
	c.relay()
	c.out.finish()
}

// dismiss is finish for callers that do not hold the turn. It does not block and may be called with
// any lock held.
func (c *conn) dismiss() {
	c.out.end()
	c.s.conns.Go(func() {
		c.flush()
		c.wake()
	})
}

// wake waits until what is queued has been sent, and then makes readLoop notice that the connection
// is to end.
func (c *conn) wake() {
	c.out.wait()
	_ = c.nc.SetReadDeadline(time.Now())
	c.rouse()
}

// flush writes what is queued and blocks until the client has taken it. If another goroutine is
// writing already, it leaves that to it.
func (c *conn) flush() {
	if c.out.begin() {
		c.write(c.out.next(nil), 0)
	}
}

// kick writes what can be written without blocking, and starts a goroutine for the rest.
func (c *conn) kick() {
	if !c.out.begin() {
		return
	}
	for b := c.out.next(nil); b != nil; b = c.out.next(b) {
		if n := c.tryWrite(b); n < len(b) {
			c.s.conns.Go(func() { c.write(b, n) })
			return
		}
	}
}

// kickLater starts a goroutine that writes. It may be called with any lock held.
func (c *conn) kickLater() {
	if c.out.begin() {
		c.s.conns.Go(func() { c.write(c.out.next(nil), 0) })
	}
}

// write writes b, whose first n bytes have been written already, and then all that is queued. The
// caller's c.out.begin must have returned true.
func (c *conn) write(b []byte, n int) {
	for ; b != nil; b, n = c.out.next(b), 0 {
		if n == 0 {
			n = c.tryWrite(b)
		}
		for n < len(b) {
			// fails only on a closed connection, and then the write fails too
			_ = c.nc.SetWriteDeadline(time.Now().Add(c.s.o.WriteTimeout))
			m, err := c.nc.Write(b[n:min(len(b), n+maxWrite)])
			c.s.counts.sent.Add(uint64(m))
			if n += m; err != nil {
				c.kill(err)
				break
			}
			_ = c.nc.SetWriteDeadline(time.Time{}) // tryWrite needs no deadline
		}
	}
}

// tryWrite writes as much of b as fits without blocking, and returns how many bytes that was.
func (c *conn) tryWrite(b []byte) int {
	if c.raw == nil {
		return 0
	}
	n, err := writeRaw(c.raw, b)
	c.s.counts.sent.Add(uint64(n))
	if err != nil {
		c.kill(err)
		return len(b)
	}
	return n
}
