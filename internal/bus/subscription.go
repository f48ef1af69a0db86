package bus

import (
	"sync/atomic"
	"time"
)

// Options configure a subscription. Handle and Gap are required.
type Options[E any] struct {
	// Name is the name of the subscription in status lines.
	Name string

	// MaxBytes caps what the subscription holds, as counted by the bus's size function; 0 means 64
	// MB.
	MaxBytes int

	// Delay is how long a batch waits for more events after its first: calling a handler for each
	// single event would cost more than its work. Close cuts the delay short. 0 means no delay.
	Delay time.Duration

	// Gap returns the event that stands for a run of lost events: the first, the last and their
	// number, at least 1. If that is 1, first and last are the same event.
	Gap func(first, last E, lost int) E

	// Handle receives the events in order, at least one at a time. The slice is valid only during
	// the call; the events may be kept.
	Handle func(batch []E)
}

// Subscription controls one subscription to a Bus. All methods are safe for concurrent use.
type Subscription struct {
	name  string
	lost  atomic.Uint64
	leave func()        // stops publications; may be called repeatedly
	full  func() bool   // implements Lagging
	bytes func() int    // implements Held
	done  chan struct{} // closed when the last Handle has returned
}

// Name returns the name given in Options.
func (s *Subscription) Name() string { return s.name }

// Lost returns how many events this subscription has lost so far, including those that no Gap has
// reported yet. Close does not reset it.
func (s *Subscription) Lost() uint64 { return s.lost.Load() }

// Lagging reports whether the subscription holds more than half of MaxBytes. A publisher that can
// wait should do so if this subscription must lose nothing.
func (s *Subscription) Lagging() bool { return s.full() }

// Held returns how many bytes the subscription holds, as the bus's size function counts them: in
// its queue and in the batch that Handle has.
func (s *Subscription) Held() int { return s.bytes() }

// Close stops publications to the subscription, and returns when Handle has received all that was
// held, including a Gap that is due. It must not be called from the subscription's own Handle or
// Gap. A second Close waits likewise.
func (s *Subscription) Close() {
	s.leave()
	<-s.done
}
