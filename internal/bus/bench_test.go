package bus

import (
	"fmt"
	"testing"
)

// wide is about as large as an event of the program: some words, a few pointers.
type wide struct {
	n int
	_ *string
	_ [6]uint64
}

func wideSize(wide) int                 { return 64 }
func wideGap(first, _ wide, _ int) wide { return first }

// round is how many events are published before the subscribers catch up. Without pauses the
// benchmark would measure the growth of queues, and losses.
const round = 1000

// paced returns a bus, and a function that publishes the i-th event (from 1) and
// at the end of a round waits until all subscribers have handled it.
func paced(subscribers int) (*Bus[wide], func(i int)) {
	bus, done := New(wideSize), make(chan bool)
	for range subscribers {
		seen := 0
		bus.Subscribe(Options[wide]{Gap: wideGap, Handle: func(batch []wide) {
			if seen += len(batch); seen == round {
				seen = 0
				done <- true
			}
		}})
	}
	return bus, func(i int) {
		bus.Publish(wide{n: i})
		if i%round == 0 {
			for range subscribers {
				<-done
			}
		}
	}
}

func BenchmarkPublish(b *testing.B) {
	for _, subscribers := range []int{1, 3} {
		b.Run(fmt.Sprintf("subscribers=%d", subscribers), func(b *testing.B) {
			bus, publish := paced(subscribers)
			b.ReportAllocs()
			i := 0
			for b.Loop() {
				i++
				publish(i)
			}
			bus.Close()
		})
	}
}

func TestPublishDoesNotAllocate(t *testing.T) {
	bus, publish := paced(3)
	defer bus.Close()
	all := func() {
		for i := range round {
			publish(i + 1)
		}
	}
	for range 20 {
		all() // lets the buffers grow to their final size
	}
	// A buffer may still grow when the scheduler makes a batch larger than any
	// before; an allocation an event, or a batch, would be far above this.
	if got := testing.AllocsPerRun(50, all); got > 2 {
		t.Errorf("%v allocations for %d events, want none", got, round)
	}
}

func TestBufferOfABurstIsGivenBack(t *testing.T) {
	s := newSubscriber(New(wideSize), Options[wide]{})
	const burst = 10 * keepCap
	for range burst {
		s.push(wide{}, 64)
	}
	big, _ := s.next(nil)
	if len(big) != burst {
		t.Fatalf("batch of %d, want %d", len(big), burst)
	}
	s.push(wide{}, 64)
	small, _ := s.next(big) // the big buffer is the queue's now
	s.push(wide{}, 64)
	last, _ := s.next(small)
	s.push(wide{}, 64)
	if _, _ = s.next(last); cap(s.queue) > keepCap {
		t.Errorf("queue keeps room for %d events, want at most %d", cap(s.queue), keepCap)
	}
}
