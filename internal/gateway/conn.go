package gateway

import (
	"io"
	"net"
	"os"
	"sync"
	"syscall"
	"time"

	"github.com/msnscope/msnscope/decode"
	"github.com/msnscope/msnscope/decode/dialect"
)

const (
	// maxUnsent is how many bytes of commands a session keeps for its next message before Write
	// waits, four times as many as the longest body seen.
	maxUnsent = 256 << 10
	// cutTime is how long the beginning of a command waits for its rest: clients throw away the
	// rest of a command that does not end with a body.
	cutTime = 2 * time.Second
)

// Conn is one end of a session as a net.Conn: Read returns what the bodies of one direction
// brought, and what Write is given leaves in bodies of the other one, whole commands only. The
// methods of net.Conn are for the program that serves the session; Feed, Settle, Await, Take and
// Hang are for whoever moves the bodies. All are safe for concurrent use.
type Conn struct {
	local, remote net.Addr

	mu      sync.Mutex
	changed sync.Cond
	in      []byte // fed and not read yet
	inEnd   bool   // nothing more will be fed
	resting bool   // the reader has handled all that was fed
	out     []byte // whole commands that wait for a body
	frame   *decode.Reader
	grammar func() decode.Grammar
	part    time.Time // since when the rest of a command is missing, zero for none
	early   int       // bytes of that command which have left; its rest may show that it is several
	outEnd  bool      // nothing more will be written
	blocked bool      // a writer waits for room
	closed  bool
	reset   bool
	limit   [2]limit // of reads and writes
}

// limit is a deadline, with the timer that wakes up who waits for it.
type limit struct {
	at    time.Time
	timer *time.Timer
}

func (l *limit) passed() bool { return !l.at.IsZero() && !time.Now().Before(l.at) }

// NewConn returns a session between two addresses, as its server sees them. The commands that are
// written to it have the direction dir, and the draft's grammar until [Conn.Frame] is called.
func NewConn(local, remote net.Addr, dir decode.Dir) *Conn {
	c := &Conn{local: local, remote: remote, frame: decode.NewReader(dir, dialect.MSNP2)}
	c.changed.L = &c.mu
	c.Frame(func() decode.Grammar { return dialect.MSNP2 })
	return c
}

// Frame sets the grammar of what is written: the one that the function returns at the time. It must
// be called before the session is served.
func (c *Conn) Frame(grammar func() decode.Grammar) { c.grammar = grammar }

// Read implements net.Conn.
func (c *Conn) Read(p []byte) (int, error) {
	c.mu.Lock()
	defer c.mu.Unlock()
	for {
		switch {
		case c.closed:
			return 0, net.ErrClosed
		case c.limit[0].passed():
			return 0, os.ErrDeadlineExceeded
		case len(c.in) > 0:
			n := copy(p, c.in)
			if c.in = c.in[n:]; len(c.in) == 0 {
				c.in = nil
			}
			return n, nil
		case c.inEnd:
			return 0, io.EOF
		}
		c.changed.Wait()
	}
}

// Write implements net.Conn. It waits while much waits for a body.
func (c *Conn) Write(p []byte) (int, error) {
	c.mu.Lock()
	defer c.mu.Unlock()
	for {
		switch {
		case c.closed:
			return 0, net.ErrClosed
		case c.outEnd:
			return 0, syscall.EPIPE
		case c.limit[1].passed():
			return 0, os.ErrDeadlineExceeded
		case len(c.out) < maxUnsent:
			c.blocked = false
			c.write(p)
			c.changed.Broadcast()
			return len(p), nil
		}
		if !c.blocked {
			c.blocked = true
			c.changed.Broadcast()
		}
		c.changed.Wait()
	}
}

// write appends the commands that p completes to those that wait. c.mu is held.
func (c *Conn) write(p []byte) {
	c.frame.Feed(p)
	var m decode.Message
	for c.frame.Grammar = c.grammar(); c.frame.Next(&m); c.frame.Grammar = c.grammar() {
		n := min(c.early, len(m.Raw)) // the rest may show that what has left is several commands
		c.out = append(c.out, m.Raw[n:]...)
		c.early, c.part = c.early-n, time.Time{}
	}
	if len(c.frame.Pending()) > 0 && c.part.IsZero() {
		c.part = time.Now()
	}
}

// Close implements net.Conn. What was written before can still be taken.
func (c *Conn) Close() error {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.closed {
		return net.ErrClosed
	}
	c.closed, c.outEnd = true, true
	for i := range c.limit {
		if t := c.limit[i].timer; t != nil {
			t.Stop()
		}
	}
	c.changed.Broadcast()
	return nil
}

// CloseWrite ends what the session says.
func (c *Conn) CloseWrite() error {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.outEnd = true
	c.changed.Broadcast()
	return nil
}

// SetLinger makes Close a reset, as it does for TCP, if sec is 0.
func (c *Conn) SetLinger(sec int) error {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.reset = sec == 0
	return nil
}

// LocalAddr implements net.Conn.
func (c *Conn) LocalAddr() net.Addr { return c.local }

// RemoteAddr implements net.Conn.
func (c *Conn) RemoteAddr() net.Addr { return c.remote }

// SetDeadline implements net.Conn.
func (c *Conn) SetDeadline(t time.Time) error {
	_ = c.SetReadDeadline(t)
	return c.SetWriteDeadline(t)
}

// SetReadDeadline implements net.Conn.
func (c *Conn) SetReadDeadline(t time.Time) error { return c.setLimit(0, t) }

// SetWriteDeadline implements net.Conn.
func (c *Conn) SetWriteDeadline(t time.Time) error { return c.setLimit(1, t) }

func (c *Conn) setLimit(i int, t time.Time) error {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.closed {
		return net.ErrClosed
	}
	l := &c.limit[i]
	if l.timer != nil {
		l.timer.Stop()
	}
	*l = limit{at: t}
	if wait := time.Until(t); !t.IsZero() && wait > 0 {
		l.timer = time.AfterFunc(wait, c.wake)
	}
	c.changed.Broadcast()
	return nil
}

func (c *Conn) wake() {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.changed.Broadcast()
}

// Resting says that the reader of the session has handled all that it read, and is about to read
// again.
func (c *Conn) Resting() {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.resting = len(c.in) == 0; c.resting {
		c.changed.Broadcast()
	}
}

// Feed adds a body to what Read returns. It does not wait, and keeps a copy.
func (c *Conn) Feed(b []byte) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.in = append(c.in, b...)
	c.resting = c.resting && len(b) == 0
	c.changed.Broadcast()
}

// Hang ends the session in both directions, as a peer that is gone: Write fails from then on.
func (c *Conn) Hang() {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.inEnd, c.outEnd = true, true
	c.changed.Broadcast()
}

// Settle waits until the reader has handled all that was fed, or can go on only once something is
// taken, at most for d. It reports whether one of both is so.
func (c *Conn) Settle(d time.Duration) bool {
	return c.await(d, func() bool { return c.resting || c.blocked || c.closed })
}

// Await waits until there is something to take, or for d, or until stop reports true. To have stop
// asked again, call Wake.
func (c *Conn) Await(d time.Duration, stop func() bool) bool {
	return c.await(d, func() bool { return len(c.out) > 0 || c.outEnd || stop != nil && stop() })
}

// Wake has Await ask its stop again.
func (c *Conn) Wake() { c.wake() }

func (c *Conn) await(d time.Duration, ready func() bool) bool {
	timer := time.AfterFunc(d, c.wake)
	defer timer.Stop()
	until := time.Now().Add(d)
	c.mu.Lock()
	defer c.mu.Unlock()
	for !ready() {
		if !time.Now().Before(until) {
			return false
		}
		c.changed.Wait()
	}
	return true
}

// Take returns the commands that wait for a body, at most MaxBody bytes. The beginning of a command
// is among them only when its rest has been missing for long, or will not come.
func (c *Conn) Take() []byte {
	c.mu.Lock()
	defer c.mu.Unlock()
	out := c.out
	c.out = nil
	if rest := c.frame.Pending(); len(rest) > c.early && (c.outEnd || time.Since(c.part) >= cutTime) {
		out = append(out, rest[c.early:]...)
		c.early = len(rest)
	}
	c.blocked = false
	c.changed.Broadcast()
	return out
}

// Ended reports whether the session says nothing more than what Take returns, and whether it was
// broken off.
func (c *Conn) Ended() (ended, reset bool) {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.outEnd && len(c.out) == 0, c.closed && c.reset
}

// Turn lets one after the other do something that takes time: a lock that is waited for as for
// anything else that happens, which a sync.Mutex is not in a testing/synctest bubble.
type Turn chan struct{}

// NewTurn returns a Turn that nobody has.
func NewTurn() Turn { return make(Turn, 1) }

// Take waits for the turn.
func (t Turn) Take() { t <- struct{}{} }

// Leave ends the turn.
func (t Turn) Leave() { <-t }
