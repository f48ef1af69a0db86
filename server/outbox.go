package server

import (
	"errors"
	"sync"
)

// maxQueued is how many bytes may wait for one client. Full lists (§7.5) are 350 KB, and the longest message is 1 MB; who
// does not read as much as two of these loses the connection, so that a client that stopped reading costs the server no
// more than that.
const maxQueued = 2 << 20

var errSlow = errors.New("the client does not read: 2 MB are waiting for it")

// outbox is what one connection still has to be sent, in chunks: each leaves in one Write. Safe for concurrent use.
type outbox struct {
	mu    sync.Mutex
	queue [][]byte
	size  int
	ended bool
	wake  chan struct{} // holds one token when there may be something new
}

func newOutbox() *outbox { return &outbox{wake: make(chan struct{}, 1)} }

// push appends a chunk, which must not be changed afterwards. It reports whether the chunk will be sent, and errSlow when
// there is no room for it. An empty queue takes a chunk of any size.
func (o *outbox) push(chunk []byte) (bool, error) {
	o.mu.Lock()
	defer o.mu.Unlock()
	switch {
	case o.ended:
		return false, nil
	case o.size > 0 && o.size+len(chunk) > maxQueued:
		return false, errSlow
	}
	o.queue = append(o.queue, chunk)
	o.size += len(chunk)
	o.signal()
	return true, nil
}

// end makes what is queued the last that is sent.
func (o *outbox) end() {
	o.mu.Lock()
	defer o.mu.Unlock()
	o.ended = true
	o.signal()
}

func (o *outbox) signal() {
	select {
	case o.wake <- struct{}{}:
	default:
	}
}

// ending reports whether end was called.
func (o *outbox) ending() bool {
	o.mu.Lock()
	defer o.mu.Unlock()
	return o.ended
}

// take returns all that is queued, and whether that is the last.
func (o *outbox) take() (chunks [][]byte, last bool) {
	o.mu.Lock()
	defer o.mu.Unlock()
	chunks, o.queue = o.queue, nil
	return chunks, o.ended
}

// sent says that n bytes of what take returned are off.
func (o *outbox) sent(n int) {
	o.mu.Lock()
	defer o.mu.Unlock()
	o.size -= n
}
