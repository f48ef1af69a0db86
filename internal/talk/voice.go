package talk

import (
	"fmt"
	"io"
	"sync"
	"time"
)

const (
	// patience is how long Say waits for a line to be written, so that people see lines in the
	// order in which things happen. A stuck stream holds up traffic, which may log too, only once
	// and only this long.
	patience = 100 * time.Millisecond
	// maxUnsaid caps, in bytes, what waits for a stream that nobody reads: some hundred lines.
	maxUnsaid = 64 << 10
)

// Voice writes text to a stream, such as standard error, whose reader (a pager, a log collector)
// may be stuck. Say waits at most a tenth of a second, and not at all while the stream is known to
// be stuck; then up to 64 KB are kept, and further lines are dropped, which is said in their place.
// All methods are safe for concurrent use. A goroutine writes while there is something to write; it
// ends only with the process if a write never returns.
type Voice struct {
	w io.Writer

	mu     sync.Mutex
	unsaid []byte
	idle   chan struct{} // closed once all is written; nil while nothing is being written
	late   bool          // a caller waited for idle in vain
	lost   int           // texts dropped since the last write
	failed bool
}

// NewVoice returns a Voice that writes to w.
func NewVoice(w io.Writer) *Voice { return &Voice{w: w} }

// Say writes text, one or more whole lines.
func (v *Voice) Say(text string) {
	v.mu.Lock()
	if len(v.unsaid)+len(text) > maxUnsaid {
		v.lost, v.failed = v.lost+1, true
		v.mu.Unlock()
		return
	}
	v.unsaid = append(v.unsaid, text...)
	if v.idle == nil {
		v.idle = make(chan struct{})
		go v.write(v.idle)
	}
	idle, late := v.idle, v.late
	v.mu.Unlock()
	if !late {
		v.await(idle, patience)
	}
}

// Finish waits until all is written, for the given time at most, and reports whether everything
// ever said was written.
func (v *Voice) Finish(within time.Duration) bool {
	v.mu.Lock()
	idle := v.idle
	v.mu.Unlock()
	if idle != nil {
		v.await(idle, within)
	}
	v.mu.Lock()
	defer v.mu.Unlock()
	return v.idle == nil && !v.failed
}

// await waits until all is written, for the given time at most, and records whether it waited in
// vain.
func (v *Voice) await(idle <-chan struct{}, within time.Duration) {
	timer := time.NewTimer(within)
	defer timer.Stop()
	select {
	case <-idle:
	case <-timer.C:
		v.mu.Lock()
		defer v.mu.Unlock()
		v.late = v.idle == idle
	}
}

// write writes until nothing is left.
func (v *Voice) write(idle chan struct{}) {
	defer close(idle)
	for text := v.next(); text != nil; text = v.next() {
		if _, err := v.w.Write(text); err != nil {
			v.mu.Lock()
			v.failed = true
			v.mu.Unlock()
		}
	}
}

// next returns the text to write next, nil for none.
func (v *Voice) next() []byte {
	v.mu.Lock()
	defer v.mu.Unlock()
	text := v.unsaid
	if v.lost > 0 {
		text = fmt.Appendf(text, "msnscope: %d lines are missing here: nobody was reading\n", v.lost)
	}
	if v.unsaid, v.lost = nil, 0; text == nil {
		v.idle, v.late = nil, false
	}
	return text
}
