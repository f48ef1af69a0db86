package bus

import (
	"sync/atomic"
	"time"
)

// Options says what a subscription wants. Handle and Gap are required.
type Options[E any] struct {
	// Name is what status lines call the subscription.
	Name string

	// MaxBytes bounds what the subscription holds, as counted by the bus's
	// size function; 0 means 64 MB.
	MaxBytes int

	// Delay is how long a batch waits for more once it has an event: a handler that
	// is called for each single event costs more than all of its work. Close does
	// not wait. 0 is not at all.
	Delay time.Duration

	// Gap makes the event that stands for lost ones: the first, the last and
	// how many they were, at least 1; with 1, first and last are the same.
	Gap func(first, last E, lost int) E

	// Handle gets the events in order, at least one at a time. The slice is
	// valid during the call only; the events may be kept.
	Handle func(batch []E)
}

// Subscription is what a subscriber steers its subscription with. All methods
// are safe for concurrent use.
type Subscription struct {
	name  string
	lost  atomic.Uint64
	leave func()        // stops publications; may be called again
	full  func() bool   // more than half of what may be held is
	done  chan struct{} // closed when the last Handle has returned
}

// Name returns the name given in Options.
func (s *Subscription) Name() string { return s.name }

// Lost returns how many events this subscription has lost so far, those that no
// Gap has told yet included. Close leaves it as it is.
func (s *Subscription) Lost() uint64 { return s.lost.Load() }

// Behind reports whether the subscription holds more than half of what it may: who
// can publish later should, if this one must lose nothing.
func (s *Subscription) Behind() bool { return s.full() }

// Close stops publications to the subscription and returns when Handle has had
// all that was held, a Gap that was due included. It must not be called from
// the subscription's own Handle or Gap. A second Close waits likewise.
func (s *Subscription) Close() {
	s.leave()
	<-s.done
}
