package bus

import (
	"slices"
	"sync"
)

// Bus fans events of type E out to subscriptions. Make one with New; all
// methods are safe for concurrent use.
type Bus[E any] struct {
	size func(E) int

	// mu guards the fields below and the queues of all subscriptions. They share one lock so that
	// all of them see the same order.
	mu     sync.Mutex
	subs   []*subscriber[E]
	closed bool

	running sync.WaitGroup // subscribers' goroutines; Add only while !closed
}

// New returns a bus without subscribers. size returns how many bytes an event takes in a queue: the
// value of type E itself plus what it alone keeps alive. It may be called concurrently, and a
// result below 1 counts as 1.
func New[E any](size func(E) int) *Bus[E] {
	return &Bus[E]{size: size}
}

// Publish queues e for all subscriptions and waits for none of them. Subscribers share e: neither
// they nor the publisher may change what it points to. After Close, Publish does nothing.
func (b *Bus[E]) Publish(e E) {
	n := max(b.size(e), 1)
	b.mu.Lock()
	for _, s := range b.subs {
		s.push(e, n)
	}
	b.mu.Unlock()
}

// Close closes all subscriptions as Subscription.Close does, and returns when the last of them has
// handled all that it held. A second Close waits likewise.
func (b *Bus[E]) Close() {
	b.mu.Lock()
	b.closed = true
	for _, s := range b.subs {
		s.end()
	}
	b.subs = nil
	b.mu.Unlock()
	b.running.Wait()
}

// Subscribe starts a goroutine that passes all events published from now on to o.Handle, until the
// subscription or the bus is closed. On a closed bus it returns a closed subscription. It panics if
// o has no Handle or no Gap.
func (b *Bus[E]) Subscribe(o Options[E]) *Subscription {
	if o.Handle == nil || o.Gap == nil {
		panic("bus: subscription " + o.Name + " needs Handle and Gap")
	}
	s := newSubscriber(b, o)
	b.mu.Lock()
	defer b.mu.Unlock()
	if b.closed {
		close(s.done)
	} else {
		b.subs = append(b.subs, s)
		b.running.Go(s.run)
	}
	return &s.Subscription
}

// unsubscribe stops publications to s, which still handles what it holds.
func (b *Bus[E]) unsubscribe(s *subscriber[E]) {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.subs = slices.DeleteFunc(b.subs, func(o *subscriber[E]) bool { return o == s })
	s.end()
}
