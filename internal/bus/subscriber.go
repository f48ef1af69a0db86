package bus

import (
	"cmp"
	"sync"
	"time"
)

const (
	// defaultMaxBytes holds some seconds of a busy server's traffic while a disk stalls, and is
	// still small beside the memory of any machine.
	defaultMaxBytes = 64 << 20

	// keepCap is the capacity, in events, up to which a buffer is always kept. A larger one, grown
	// in a burst, is dropped when a batch fills less than a quarter of it.
	keepCap = 4096
)

// subscriber is a Subscription with its queue. It has two buffers: Publish appends to one while
// Handle reads the other, so that Publish need not allocate.
type subscriber[E any] struct {
	Subscription
	bus    *Bus[E]
	gap    func(first, last E, lost int) E
	handle func([]E)
	max    int
	wake   *sync.Cond // on bus.mu, which guards the fields below
	queue  []E
	held   int // bytes in queue and in the batch that handle has; at most max
	taken  int // bytes in that batch alone
	loss   loss[E]
	ended  bool // no more publications will come
	delay  time.Duration
	hurry  chan struct{} // closed with ended
}

// loss is a run of events that did not fit; n is 0 when there is none.
type loss[E any] struct {
	first, last E
	n           int
}

func newSubscriber[E any](b *Bus[E], o Options[E]) *subscriber[E] {
	s := &subscriber[E]{
		bus: b, gap: o.Gap, handle: o.Handle,
		max:   cmp.Or(o.MaxBytes, defaultMaxBytes),
		wake:  sync.NewCond(&b.mu),
		delay: o.Delay, hurry: make(chan struct{}),
	}
	s.name, s.done = o.Name, make(chan struct{})
	s.leave = func() { b.unsubscribe(s) }
	s.full, s.bytes = s.lagging, s.holds
	return s
}

// push queues e, which takes n bytes, or counts it as lost. bus.mu must be locked.
func (s *subscriber[E]) push(e E, n int) {
	if s.loss.n == 0 && n <= s.max-s.held {
		s.queue = append(s.queue, e)
		s.held += n
	} else {
		if s.loss.n == 0 {
			s.loss.first = e
		}
		s.loss.last = e
		s.loss.n++
		s.lost.Add(1)
	}
	if len(s.queue)+s.loss.n == 1 { // the queue was empty: run may be waiting
		s.wake.Signal()
	}
}

// lagging implements [Subscription.Lagging].
func (s *subscriber[E]) lagging() bool { return s.holds() > s.max/2 }

// holds implements [Subscription.Held].
func (s *subscriber[E]) holds() int {
	s.bus.mu.Lock()
	defer s.bus.mu.Unlock()
	return s.held
}

// end lets run return once everything queued is handled. bus.mu must be locked.
func (s *subscriber[E]) end() {
	if !s.ended {
		s.ended = true
		close(s.hurry)
	}
	s.wake.Signal()
}

// run is the subscription's goroutine: it handles batches until the subscription has ended.
func (s *subscriber[E]) run() {
	defer s.finish()
	var batch []E
	for {
		s.wait()
		var lost loss[E]
		if batch, lost = s.next(batch); lost.n > 0 {
			batch = append(batch, s.gap(lost.first, lost.last, lost.n))
		} else if len(batch) == 0 {
			return
		}
		s.handle(batch)
		clear(batch) // release the events, keep the buffer
	}
}

// wait returns once something is queued and the delay has passed, or the subscription has ended.
// Without a delay it returns at once.
func (s *subscriber[E]) wait() {
	if s.delay <= 0 {
		return
	}
	s.bus.mu.Lock()
	for len(s.queue) == 0 && s.loss.n == 0 && !s.ended {
		s.wake.Wait()
	}
	s.bus.mu.Unlock()
	select {
	case <-time.After(s.delay):
	case <-s.hurry:
	}
}

// finish lets Close return, but not after a panic: a caller that waits in Close must not exit
// before the panic has ended the program. It also leaves the bus, in case Handle ended its
// goroutine as t.FailNow does, so that the queue does not go on filling.
func (s *subscriber[E]) finish() {
	if p := recover(); p != nil {
		panic(p)
	}
	s.leave()
	close(s.done)
}

// next takes back the buffer of the handled batch and waits for the next batch. It returns the
// queue or, when that is empty, a loss with an empty batch. Since nothing is queued during a loss,
// the order is kept. It returns neither once the subscription has ended and everything was handled.
func (s *subscriber[E]) next(spent []E) ([]E, loss[E]) {
	if cap(spent) > keepCap && len(spent) < cap(spent)/4 {
		spent = nil
	}
	spent = spent[:0]
	s.bus.mu.Lock()
	defer s.bus.mu.Unlock()
	s.held -= s.taken
	s.taken = 0
	for len(s.queue) == 0 && s.loss.n == 0 && !s.ended {
		s.wake.Wait()
	}
	if len(s.queue) == 0 {
		lost := s.loss
		s.loss = loss[E]{}
		return spent, lost
	}
	batch := s.queue
	s.queue, s.taken = spent, s.held
	return batch, loss[E]{}
}
