package accounts

import (
	"sync"
	"time"
)

const (
	firstPause = time.Second
	maxPause   = 10 * time.Minute
)

// Repeats decides when to log something that may happen many times a second: at once, and then at
// intervals that double from a second to ten minutes. After an interval in which it did not happen,
// it starts anew. The zero value is ready to use. It is safe for concurrent use.
type Repeats struct {
	mu       sync.Mutex
	next     time.Time // nothing is logged before next
	pause    time.Duration
	unlogged int
}

// Due counts one occurrence, at the time now, and reports whether to log it. count is how many
// occurrences that log line stands for, including this one.
func (r *Repeats) Due(now time.Time) (count int, due bool) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.unlogged++
	if now.Before(r.next) {
		return 0, false
	}
	r.pause = min(2*r.pause, maxPause)
	if r.pause == 0 || now.Sub(r.next) > r.pause {
		r.pause = firstPause
	}
	count, r.unlogged = r.unlogged, 0
	r.next = now.Add(r.pause)
	return count, true
}
