package bus

import (
	"cmp"
	"sync"
	"time"
)

const (
	// defaultMaxBytes is some seconds of a busy server's traffic, for a disk
	// that stalls, and still small beside the memory of any machine.
	defaultMaxBytes = 64 << 20

	// keepCap is how many events' room a buffer keeps for good. A larger one,
	// grown in a burst, goes when a batch fills less than a quarter of it.
	keepCap = 4096
)

// subscriber is a Subscription with its queue. Two buffers take turns: one is
// appended to while Handle has the other, so that Publish need not allocate.
type subscriber[E any] struct {
	Subscription
	bus    *Bus[E]
	gap    func(first, last E, lost int) E
	handle func([]E)
	max    int
	wake   *sync.Cond // on bus.mu, which guards what follows
	queue  []E
	held   int // bytes of queue and of the batch that handle has; at most max
	taken  int // bytes of that batch alone
	loss   loss[E]
	ended  bool // no more publications come
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
	s.full = s.behind
	return s
}

// push queues e, of n bytes, or counts it as lost. bus.mu is held.
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
	if len(s.queue)+s.loss.n == 1 { // there was nothing: run may be waiting
		s.wake.Signal()
	}
}

func (s *subscriber[E]) behind() bool {
	s.bus.mu.Lock()
	defer s.bus.mu.Unlock()
	return s.held > s.max/2
}

// end lets run return once all is handled. bus.mu is held.
func (s *subscriber[E]) end() {
	if !s.ended {
		s.ended = true
		close(s.hurry)
	}
	s.wake.Signal()
}

// run is the subscription's goroutine.
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
		clear(batch) // let go of the events, keep the room
	}
}

// wait returns once there is something and its delay is over.
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

// finish tells Close that all is handled, but not after a panic: whoever waits
// in Close must not exit before the panic has ended the program. If Handle ended
// its goroutine, as t.FailNow does, its queue must not go on filling.
func (s *subscriber[E]) finish() {
	if p := recover(); p != nil {
		panic(p)
	}
	s.leave()
	close(s.done)
}

// next gives back the batch that was handled and waits for another: the queue,
// or, when that is empty, a loss, for which it returns an empty batch. Since
// nothing is queued while there is a loss, order is kept. It returns neither when
// the subscription has ended and everything was handled.
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
