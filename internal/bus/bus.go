package bus

import (
	"slices"
	"sync"
)

// Bus fans events of type E out to subscriptions. Make one with New; all
// methods are safe for concurrent use.
type Bus[E any] struct {
	size func(E) int

	// mu guards what follows and the queues of all subscriptions. One lock for
	// all is what makes the order the same for all.
	mu     sync.Mutex
	subs   []*subscriber[E]
	closed bool

	running sync.WaitGroup // subscribers' goroutines; Add only while !closed
}

// New returns a bus without subscribers. size says how many bytes an event
// counts for in queues, the value of type E itself and what it alone keeps
// alive; it may be called concurrently, and anything below 1 counts as 1.
func New[E any](size func(E) int) *Bus[E] {
	return &Bus[E]{size: size}
}

// Publish hands e to all subscriptions without waiting for any. Subscribers
// share e: neither they nor the publisher change what it points to. After Close
// it does nothing.
func (b *Bus[E]) Publish(e E) {
	n := max(b.size(e), 1)
	b.mu.Lock()
	for _, s := range b.subs {
		s.push(e, n)
	}
	b.mu.Unlock()
}

// Close closes all subscriptions as Subscription.Close does and returns when
// the last has handled what it held. A second Close waits likewise.
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

// Subscribe starts a goroutine that hands o.Handle what is published from now
// on, until Close of the subscription or of the bus. On a closed bus it returns
// a subscription that is closed. It panics when o has no Handle or no Gap.
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

// unsubscribe stops publications to s; what s holds it still handles.
func (b *Bus[E]) unsubscribe(s *subscriber[E]) {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.subs = slices.DeleteFunc(b.subs, func(o *subscriber[E]) bool { return o == s })
	s.end()
}
