package server

import (
	"errors"
	"sync"
	"sync/atomic"
	"time"
)

const (
	// maxQueued is how many bytes may wait for one client. Full lists (§7.5) are 350 KB, and the longest message is 1 MB; who
	// does not read as much as two of these loses the connection, so that a client that stopped reading costs the server no
	// more than that.
	maxQueued = 2 << 20
	// muchQueued is how much makes a fast sender wait for a reader that is merely slower, for patience at most: a burst that is
	// read all the same costs nobody the connection.
	muchQueued = 512 << 10
	patience   = time.Second
	// maxWrite is how much leaves in one write: a few writes saturate a loopback connection, and each gets a time of its own.
	maxWrite = 64 << 10
	// keptQueue is the largest buffer that is kept for the next use by any connection.
	keptQueue = 64 << 10
)

var errSlow = errors.New("the client does not read: 2 MB are waiting for it")

// queue is what one connection still has to be sent. Whole commands go in, by anybody; what is there when somebody writes
// leaves joined, in one write if it is not too much. A connection without anything to send has no buffer.
type queue struct {
	mu      sync.Mutex
	waiting []byte
	flying  int    // how many bytes are being written
	held    []byte // what came from elsewhere while the client's own commands were answered: sent after the answers
	holding bool
	muted   bool          // nothing from elsewhere goes in
	writing bool          // somebody is at it
	ended   atomic.Bool   // nothing more goes in; set with mu locked
	dead    bool          // nothing more comes out
	idle    chan struct{} // closed when writing ends, if not nil
	taken   chan struct{} // closed when something was written, if not nil

	// Guarded by mu so that a state and what is sent by it are one (§7.7).
	shown string
}

var buffers = sync.Pool{New: func() any { return new([]byte) }}

// add appends b, by the connection's own goroutine. It reports whether b will be sent, and errSlow when there is no room for
// it. An empty queue takes any amount.
func (q *queue) add(b []byte) (bool, error) {
	q.mu.Lock()
	defer q.mu.Unlock()
	return q.put(&q.waiting, b)
}

// put appends b to one of the buffers. The queue must be locked.
func (q *queue) put(to *[]byte, b []byte) (bool, error) {
	size := len(q.waiting) + len(q.held) + q.flying
	switch {
	case q.ended.Load(), q.dead:
		return false, nil
	case size > 0 && size+len(b) > maxQueued:
		return false, errSlow
	}
	if *to == nil {
		*to = *buffers.Get().(*[]byte)
	}
	*to = append(*to, b...)
	return true, nil
}

// tell is add for everybody else: while the client's commands are answered, b waits until the answers are there. first says
// that somebody must kick: nothing else was waiting.
func (q *queue) tell(b []byte) (ok, first bool, err error) {
	q.mu.Lock()
	defer q.mu.Unlock()
	return q.putHeld(b)
}

// putHeld appends b where it belongs. The queue must be locked.
func (q *queue) putHeld(b []byte) (ok, first bool, err error) {
	switch {
	case q.muted:
		return false, false, nil
	case q.holding:
		ok, err = q.put(&q.held, b)
		return ok, false, err
	}
	first = len(q.waiting) == 0 && !q.writing
	ok, err = q.put(&q.waiting, b)
	return ok, ok && first, err
}

// mute makes what others have for the client from now on nothing: it was referred elsewhere.
func (q *queue) mute() {
	q.mu.Lock()
	defer q.mu.Unlock()
	q.muted = true
}

func (q *queue) hold() {
	q.mu.Lock()
	defer q.mu.Unlock()
	q.holding = true
}

// release ends hold.
func (q *queue) release() {
	q.mu.Lock()
	defer q.mu.Unlock()
	q.holding = false
	if q.held != nil {
		q.waiting = append(q.waiting, q.held...)
		giveBack(q.held)
		q.held = nil
	}
}

func giveBack(b []byte) {
	if cap(b) <= keptQueue {
		b = b[:0]
		buffers.Put(&b)
	}
}

// end makes what is queued the last that is sent.
func (q *queue) end() {
	q.mu.Lock()
	defer q.mu.Unlock()
	q.ended.Store(true)
}

// ending reports whether end was called.
func (q *queue) ending() bool { return q.ended.Load() }

// begin reports whether the caller shall write: nobody else does, and there is something.
func (q *queue) begin() bool {
	q.mu.Lock()
	defer q.mu.Unlock()
	if q.writing || q.dead || len(q.waiting) == 0 {
		return false
	}
	q.writing = true
	return true
}

// next gives back what was written and returns what is to be written next; nil when there is nothing, and then the caller does
// not write any longer.
func (q *queue) next(written []byte) []byte {
	q.mu.Lock()
	defer q.mu.Unlock()
	if written != nil {
		giveBack(written)
	}
	q.tellTaken()
	b := q.waiting
	q.waiting, q.flying = nil, len(b)
	if b == nil || q.dead {
		q.writing = false
		if q.idle != nil {
			close(q.idle)
			q.idle = nil
		}
		return nil
	}
	return b
}

// kill drops what is queued. What is being written may still leave.
func (q *queue) kill() {
	q.mu.Lock()
	defer q.mu.Unlock()
	q.ended.Store(true)
	q.dead, q.waiting, q.held = true, nil, nil
	q.tellTaken()
}

func (q *queue) tellTaken() {
	if q.taken != nil {
		close(q.taken)
		q.taken = nil
	}
}

// much returns nil, or while much is queued a channel that is closed when some of it was written.
func (q *queue) much() <-chan struct{} {
	q.mu.Lock()
	defer q.mu.Unlock()
	if q.dead || len(q.waiting)+len(q.held)+q.flying < muchQueued {
		return nil
	}
	if q.taken == nil {
		q.taken = make(chan struct{})
	}
	return q.taken
}

// wait returns when nobody writes.
func (q *queue) wait() {
	q.mu.Lock()
	if !q.writing {
		q.mu.Unlock()
		return
	}
	if q.idle == nil {
		q.idle = make(chan struct{})
	}
	idle := q.idle
	q.mu.Unlock()
	<-idle
}

// flush writes what is queued, and waits for the client to take it. If somebody else writes, it leaves that to them.
func (c *conn) flush() {
	if c.out.begin() {
		c.write(c.out.next(nil), 0)
	}
}

// kick writes what can be written without waiting, and has another goroutine write the rest.
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

// kickLater has another goroutine write. It may be called with anything locked.
func (c *conn) kickLater() {
	if c.out.begin() {
		c.s.conns.Go(func() { c.write(c.out.next(nil), 0) })
	}
}

// write writes b, of which n bytes are off, and then until nothing is queued; c.out.begin has returned true.
func (c *conn) write(b []byte, n int) {
	for ; b != nil; b, n = c.out.next(b), 0 {
		if n == 0 {
			n = c.tryWrite(b)
		}
		for n < len(b) {
			_ = c.nc.SetWriteDeadline(time.Now().Add(c.s.o.WriteTimeout)) // fails only when closed, and then so does the write
			m, err := c.nc.Write(b[n:min(len(b), n+maxWrite)])
			if n += m; err != nil {
				c.kill(err)
				break
			}
			_ = c.nc.SetWriteDeadline(time.Time{}) // for tryWrite
		}
	}
}

// tryWrite writes as much of b as there is room for at once, and returns how much that was.
func (c *conn) tryWrite(b []byte) int {
	if c.raw == nil {
		return 0
	}
	n, err := writeRaw(c.raw, b)
	if err != nil {
		c.kill(err)
		return len(b)
	}
	return n
}
