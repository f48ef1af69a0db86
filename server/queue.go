package server

import (
	"errors"
	"sync"
	"sync/atomic"
	"time"
)

const (
	// maxQueued is how many bytes that it did not request may wait for one client. The longest
	// message is 1 MB; a client that leaves two of them unread loses the connection, so that a
	// client that has stopped reading costs the server no more than this and its own answers.
	maxQueued = 2 << 20
	// muchAnswered is how many bytes of answers a client may leave unread before its next command
	// is served: those of one write. So answers are made only as fast as they are read, however
	// many commands come at once.
	muchAnswered = maxWrite
	// partAnswered is how many bytes of one answer are queued before the client has to read: an
	// answer that may be longer, such as a reverse list (§7.5), is made in parts of this size.
	partAnswered = 32 << 10
	// muchQueued is how many queued bytes make a sender wait for a reader that is merely slower,
	// for patience at most, so that a burst which is read in the end costs nobody the connection.
	muchQueued = 512 << 10
	patience   = time.Second
	// maxWrite is how many bytes one write takes: a few writes saturate a loopback connection, and
	// each has a deadline of its own.
	maxWrite = 64 << 10
	// keptQueue is the size of the largest buffer that goes back to the pool.
	keptQueue = 64 << 10
)

var errSlow = errors.New("the client does not read: 2 MB are waiting for it")

// queue holds what is still to be sent to one client. Any goroutine may append whole commands;
// whoever writes next sends all that is queued in one write, if it is not too large. A connection
// with nothing to send has no buffer.
type queue struct {
	mu      sync.Mutex
	waiting []byte
	flying  int    // bytes that are being written
	answers int    // bytes of waiting that answer the client's own commands
	flown   int    // bytes of flying that do
	held    []byte // what came from elsewhere during holding: sent after the answers
	holding bool
	// lent says that others have the turn in the middle of an answer. What they send is held until
	// the answer is complete.
	lent    bool
	muted   bool          // nothing from elsewhere is accepted
	writing bool          // a goroutine is writing
	ended   atomic.Bool   // nothing more is accepted; set with mu locked
	dead    bool          // nothing more is written
	idle    chan struct{} // if not nil, closed when writing ends
	taken   chan struct{} // if not nil, closed when something was written

	budgets         budgets
	keptIn, keptOut int // reserved in budgets, for an unfinished command and for what is queued

	// shown is the user's state. It is guarded by mu so that the state and what is sent because of
	// it change together (§7.7).
	shown string
}

var buffers = sync.Pool{New: func() any { return new([]byte) }}

// add appends b, an answer, and reports whether b will be sent. It fails with errHoard only:
// breathe sees to it that there is room in the queue. The caller must hold the connection's turn.
func (q *queue) add(b []byte) (bool, error) {
	q.mu.Lock()
	defer q.mu.Unlock()
	if q.lent { // the caller was lent the turn in the middle of an answer
		ok, _, err := q.putHeld(b)
		return ok, err
	}
	ok, err := q.put(&q.waiting, b)
	if ok {
		q.answers += len(b)
	}
	return ok, err
}

// put appends b to one of the buffers and reports whether it will be sent. It fails with errHoard
// where a budget has no room for b. q.mu must be locked.
func (q *queue) put(to *[]byte, b []byte) (bool, error) {
	if q.ended.Load() || q.dead {
		return false, nil
	}
	if !q.settle(&q.keptOut, q.size()+len(b)) {
		return false, errHoard
	}
	if *to == nil {
		*to = *buffers.Get().(*[]byte)
	}
	*to = append(*to, b...)
	return true, nil
}

// size returns how many bytes the client has not taken yet. q.mu must be locked.
func (q *queue) size() int { return len(q.waiting) + len(q.held) + q.flying }

// unread returns how many of these bytes are answers. q.mu must be locked.
func (q *queue) unread() int { return q.answers + q.flown }

// tell appends b, which comes from another connection: while the client's own commands are being
// answered, b waits for those answers. ok reports whether b will be sent; first says that the
// caller must kick, since nothing else was waiting. It fails with errSlow when there is no room.
// Where nothing but answers waits, there is room for any amount.
func (q *queue) tell(b []byte) (ok, first bool, err error) {
	q.mu.Lock()
	defer q.mu.Unlock()
	return q.putHeld(b)
}

// putHeld is tell with q.mu locked.
func (q *queue) putHeld(b []byte) (ok, first bool, err error) {
	switch theirs := q.size() - q.unread(); {
	case q.muted, q.ended.Load(), q.dead:
		return false, false, nil
	case theirs > 0 && theirs+len(b) > maxQueued:
		return false, false, errSlow
	case q.holding:
		ok, err = q.put(&q.held, b)
		return ok, false, err
	}
	first = len(q.waiting) == 0 && !q.writing
	ok, err = q.put(&q.waiting, b)
	return ok, ok && first, err
}

// mute drops what others have sent to the client that is held, and whatever they send from now on:
// the client was referred elsewhere.
func (q *queue) mute() {
	q.mu.Lock()
	defer q.mu.Unlock()
	q.drop()
	q.muted = true
}

// hold makes commands from elsewhere wait until release.
func (q *queue) hold() {
	q.mu.Lock()
	defer q.mu.Unlock()
	q.holding = true
}

// release ends hold and queues what was held, unless the turn is lent in the middle of an answer.
func (q *queue) release() {
	q.mu.Lock()
	defer q.mu.Unlock()
	if !q.lent {
		q.holding = false
		q.letGo()
	}
}

// lend sets q.lent.
func (q *queue) lend(lent bool) {
	q.mu.Lock()
	defer q.mu.Unlock()
	q.lent = lent
}

// letGo queues what is held. q.mu must be locked.
func (q *queue) letGo() {
	if q.held != nil {
		q.waiting = append(q.waiting, q.held...)
		giveBack(q.held)
		q.held = nil
	}
}

// drop drops what is held. In the middle of an answer it drops nothing, since the client's last
// command is then held too, behind the rest. q.mu must be locked.
func (q *queue) drop() {
	if q.held != nil && !q.lent {
		giveBack(q.held)
		q.held = nil
		q.settle(&q.keptOut, q.size())
	}
}

// giveBack puts a buffer back into the pool, unless it is too large to keep.
func giveBack(b []byte) {
	if cap(b) <= keptQueue {
		b = b[:0]
		buffers.Put(&b)
	}
}

// end makes the queue accept nothing more; what is in it is still sent.
func (q *queue) end() {
	q.mu.Lock()
	defer q.mu.Unlock()
	q.ended.Store(true)
}

// finish is end for a caller that holds the turn and has queued the last command: it drops what
// others have sent and is held, which must not follow.
func (q *queue) finish() {
	q.mu.Lock()
	defer q.mu.Unlock()
	q.drop()
	q.ended.Store(true)
}

// ending reports whether end was called.
func (q *queue) ending() bool { return q.ended.Load() }

// begin reports whether the caller is to write: something is queued and no other goroutine writes.
// Then the caller must call next until it returns nil.
func (q *queue) begin() bool {
	q.mu.Lock()
	defer q.mu.Unlock()
	if q.writing || q.dead || len(q.waiting) == 0 {
		return false
	}
	q.writing = true
	return true
}

// next takes back the buffer that was written and returns the next one to write. It returns nil
// when there is none, or the queue is dead; the caller then must not write any more.
func (q *queue) next(written []byte) []byte {
	q.mu.Lock()
	defer q.mu.Unlock()
	if written != nil {
		giveBack(written)
	}
	q.tellTaken()
	b := q.waiting
	q.waiting, q.flying = nil, len(b)
	q.answers, q.flown = 0, q.answers
	q.settle(&q.keptOut, len(b)+len(q.held))
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
	q.dead, q.waiting, q.held, q.answers = true, nil, nil, 0
	q.settle(&q.keptOut, 0)
	q.settle(&q.keptIn, 0) // the reader is released as soon as the connection's goroutine ends
	q.tellTaken()
}

// tellTaken wakes those who wait for something to be written. q.mu must be locked.
func (q *queue) tellTaken() {
	if q.taken != nil {
		close(q.taken)
		q.taken = nil
	}
}

// much returns a channel that is closed once some of the queue was written, or nil while less than
// muchQueued bytes are queued.
func (q *queue) much() <-chan struct{} {
	q.mu.Lock()
	defer q.mu.Unlock()
	return q.whenTaken(q.size() >= muchQueued)
}

// muchToRead is much for answers alone, with muchAnswered as the limit.
func (q *queue) muchToRead() <-chan struct{} {
	q.mu.Lock()
	defer q.mu.Unlock()
	return q.whenTaken(q.unread() >= muchAnswered)
}

// whenTaken returns a channel that is closed when something was written, nil if worth is false or
// the queue is dead. q.mu must be locked.
func (q *queue) whenTaken(worth bool) <-chan struct{} {
	if q.dead || !worth {
		return nil
	}
	if q.taken == nil {
		q.taken = make(chan struct{})
	}
	return q.taken
}

// slow reports whether the client has too many unread answers to be sent one that it did not ask
// for.
func (q *queue) slow() bool {
	q.mu.Lock()
	defer q.mu.Unlock()
	return q.unread() >= maxQueued
}

// wait blocks until no goroutine writes.
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
