package script

import (
	"sync"
	"time"
)

// watch cancels a hook that takes longer than maxTime. A timer of its own for each call would cost
// more than most calls do: the watch looks twice in that time whether it still sees the same one,
// and stops looking when there are none.
type watch struct {
	cancel func() // of the thread

	mu        sync.Mutex
	calls     int // that have begun
	running   bool
	looking   bool
	seen      int // the call that was running at the last look, and ...
	looks     int // ... how often it was seen in a row
	cancelled bool
}

// begin says that a call begins.
func (w *watch) begin() {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.calls, w.running = w.calls+1, true
	if !w.looking {
		w.looking = true
		time.AfterFunc(maxTime/2, w.look)
	}
}

// end says that the call has ended, and reports whether it was cancelled. Then the thread, and this
// watch, must not be used any more.
func (w *watch) end() bool {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.running = false
	return w.cancelled
}

// look cancels the call that has run too long.
func (w *watch) look() {
	w.mu.Lock()
	defer w.mu.Unlock()
	if w.seen != w.calls {
		w.seen, w.looks = w.calls, 0
	} else if !w.running {
		w.looking = false // nothing has happened since the last look
		return
	}
	if w.looks++; w.running && w.looks > 2 {
		w.cancelled = true
		w.cancel()
		return
	}
	time.AfterFunc(maxTime/2, w.look)
}
