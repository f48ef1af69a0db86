package bus_test

import (
	"errors"
	"math/rand/v2"
	"os"
	"os/exec"
	"slices"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"go.uber.org/goleak"

	"github.com/msnscope/msnscope/internal/bus"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// event is a numbered event, or a gap if lost is not 0. Its size is 1 unless set.
type event struct {
	id, size          int
	first, last, lost int
}

func size(e event) int { return e.size }

func gap(first, last event, lost int) event {
	return event{first: first.id, last: last.id, lost: lost}
}

// collector keeps what a subscription was handed.
type collector struct {
	mu      sync.Mutex
	events  []event
	batches int
}

func (s *collector) handle(batch []event) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.events = append(s.events, batch...)
	s.batches++
}

func (s *collector) got() []event {
	s.mu.Lock()
	defer s.mu.Unlock()
	return slices.Clone(s.events)
}

// gated is a collector whose Handle waits for a permit before it returns.
type gated struct {
	collector
	permit chan struct{}
}

func newGated() *gated { return &gated{permit: make(chan struct{})} }

func (g *gated) handle(batch []event) {
	g.collector.handle(batch)
	<-g.permit
}

func (g *gated) options(maxBytes int) bus.Options[event] {
	return bus.Options[event]{Name: "gated", MaxBytes: maxBytes, Gap: gap, Handle: g.handle}
}

func publish(b *bus.Bus[event], from, to int) {
	for id := from; id <= to; id++ {
		b.Publish(event{id: id, size: 1})
	}
}

func numbers(from, to int) []event {
	var es []event
	for id := from; id <= to; id++ {
		es = append(es, event{id: id, size: 1})
	}
	return es
}

func wantEvents(t *testing.T, what string, got, want []event) {
	t.Helper()
	if !slices.Equal(got, want) {
		t.Fatalf("%s:\ngot  %v\nwant %v", what, got, want)
	}
}

func TestAllSubscribersSeeTheSameOrder(t *testing.T) {
	const publishers, each = 4, 2000
	b := bus.New(size)
	collectors := make([]collector, 3)
	for i := range collectors {
		b.Subscribe(bus.Options[event]{Gap: gap, Handle: collectors[i].handle})
	}
	var wg sync.WaitGroup
	for p := range publishers {
		wg.Go(func() { publish(b, p*each, p*each+each-1) })
	}
	wg.Wait()
	b.Close()

	first := collectors[0].got()
	for i := range collectors[1:] {
		if !slices.Equal(collectors[i+1].got(), first) {
			t.Errorf("subscriber %d saw another order than subscriber 0", i+1)
		}
	}
	if len(first) != publishers*each {
		t.Fatalf("got %d events, want %d", len(first), publishers*each)
	}
	next := [publishers]int{}
	for _, e := range first {
		p, n := e.id/each, e.id%each
		if n != next[p] {
			t.Fatalf("publisher %d: got its event %d, want %d", p, n, next[p])
		}
		next[p]++
	}
}

func TestSlowSubscriberDelaysNobody(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		b := bus.New(size)
		var fast collector
		slow := newGated()
		b.Subscribe(slow.options(10))
		b.Subscribe(bus.Options[event]{Gap: gap, Handle: fast.handle})
		publish(b, 0, 999) // would hang here if Publish waited
		synctest.Wait()
		wantEvents(t, "fast subscriber", fast.got(), numbers(0, 999))
		close(slow.permit)
		b.Close()
	})
}

func TestDelayMakesBatches(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		b := bus.New(size)
		var s collector
		sub := b.Subscribe(bus.Options[event]{Handle: s.handle, Gap: gap, Delay: 10 * time.Millisecond})
		time.Sleep(time.Hour)
		for id := 1; id <= 4; id++ {
			b.Publish(event{id: id, size: 1})
			time.Sleep(4 * time.Millisecond)
		}
		synctest.Wait()
		if n, batches := len(s.got()), s.batches; n != 3 || batches != 1 {
			t.Errorf("%d events in %d batches after 16 ms, want the 3 of the first 10 ms in one", n, batches)
		}
		before := time.Now()
		sub.Close()
		if n := len(s.got()); n != 4 || time.Since(before) != 0 {
			t.Errorf("%d events after Close, which took %v; want 4 at once", n, time.Since(before))
		}
	})
}

func TestLagging(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		b := bus.New(size)
		s := newGated()
		sub := b.Subscribe(bus.Options[event]{Handle: s.handle, Gap: gap, MaxBytes: 10})
		for _, step := range []struct {
			size int
			want bool
		}{{5, false}, {1, true}, {4, true}} {
			b.Publish(event{size: step.size})
			if got := sub.Lagging(); got != step.want {
				t.Errorf("Lagging is %v after %d bytes more, want %v", got, step.size, step.want)
			}
		}
		close(s.permit)
		synctest.Wait()
		if sub.Lagging() {
			t.Error("Lagging although all was handled")
		}
		sub.Close()
	})
}

func TestLossIsOneGapThenGoesOn(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		b := bus.New(size)
		g := newGated()
		s := b.Subscribe(g.options(10))
		var want []event
		step := func(what string, more ...event) {
			t.Helper()
			synctest.Wait()
			want = append(want, more...)
			wantEvents(t, what, g.got(), want)
		}
		publish(b, 0, 0)
		step("idle subscriber gets an event at once", numbers(0, 0)...)
		publish(b, 1, 14) // 0 is still held: 1 to 9 fit
		step("nothing while Handle runs")
		g.permit <- struct{}{}
		step("what fitted", numbers(1, 9)...)
		publish(b, 15, 15)
		if got := s.Lost(); got != 6 {
			t.Errorf("Lost() = %d, want 6", got)
		}
		g.permit <- struct{}{}
		step("one gap for 10 to 15", event{first: 10, last: 15, lost: 6})
		publish(b, 16, 25)
		g.permit <- struct{}{}
		step("all room again", numbers(16, 25)...)
		publish(b, 26, 26)
		g.permit <- struct{}{}
		step("the next run has a gap of its own", event{first: 26, last: 26, lost: 1})
		close(g.permit)
		b.Close()
		step("nothing is left")
		if got := s.Lost(); got != 7 {
			t.Errorf("Lost() after Close = %d, want 7", got)
		}
	})
}

func TestIdleSubscriberGetsAGapAtOnce(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		b := bus.New(size)
		var out collector
		s := b.Subscribe(bus.Options[event]{MaxBytes: 10, Gap: gap, Handle: out.handle})
		defer s.Close()
		synctest.Wait()                   // the subscription waits for events
		b.Publish(event{id: 7, size: 11}) // never fits
		synctest.Wait()
		wantEvents(t, "before Close", out.got(), []event{{first: 7, last: 7, lost: 1}})
	})
}

func TestMaxBytesCountsBytes(t *testing.T) {
	for name, c := range map[string]struct{ max, size, held int }{
		"several":         {max: 100, size: 30, held: 3},
		"exactly":         {max: 90, size: 30, held: 3},
		"larger than all": {max: 20, size: 30, held: 0},
		"none is 1":       {max: 5, size: -7, held: 5},
		"default 64 MB":   {max: 0, size: 32 << 20, held: 2},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				b := bus.New(size)
				g := newGated()
				s := b.Subscribe(g.options(c.max))
				for id := range 10 {
					b.Publish(event{id: id, size: c.size})
					synctest.Wait() // the first is in Handle, and counts there
				}
				if got, want := s.Lost(), uint64(10-c.held); got != want {
					t.Errorf("Lost() = %d, want %d", got, want)
				}
				close(g.permit)
				b.Close()
				assertComplete(t, g.got(), 10)
			})
		})
	}
}

// assertComplete checks that events and gaps together cover 0 to n-1 in order, each once.
func assertComplete(t *testing.T, events []event, n int) {
	t.Helper()
	next := 0
	for i, e := range events {
		first, last := e.id, e.id
		if e.lost > 0 {
			first, last = e.first, e.last
		}
		if first != next || last-first+1 != max(e.lost, 1) {
			t.Fatalf("event %d is %+v, want it to begin at %d and to count right", i, e, next)
		}
		next = last + 1
	}
	if next != n {
		t.Fatalf("told of %d events, want %d", next, n)
	}
}

func TestEveryEventIsSeenOrInAGap(t *testing.T) {
	for seed := range uint64(50) {
		synctest.Test(t, func(t *testing.T) {
			rnd := rand.New(rand.NewPCG(seed, 0))
			b := bus.New(size)
			var out collector
			s := b.Subscribe(bus.Options[event]{MaxBytes: 40, Gap: gap, Handle: func(batch []event) {
				out.handle(batch)
				time.Sleep(time.Duration(len(batch)) * time.Millisecond)
			}})
			const n = 500
			for id := range n {
				b.Publish(event{id: id, size: 1 + rnd.IntN(12)})
				time.Sleep(time.Duration(rnd.IntN(1000)) * time.Microsecond)
			}
			if rnd.IntN(2) == 0 {
				s.Close()
			} else {
				b.Close()
			}
			assertComplete(t, out.got(), n)
			if s.Lost() == 0 || s.Lost() == n {
				t.Errorf("seed %d: lost %d of %d, want some", seed, s.Lost(), n)
			}
		})
	}
}

func TestCloseDrainsAndReportsTheLastLoss(t *testing.T) {
	for name, closeOf := range map[string]func(*bus.Bus[event], *bus.Subscription){
		"subscription": func(_ *bus.Bus[event], s *bus.Subscription) { s.Close() },
		"bus":          func(b *bus.Bus[event], _ *bus.Subscription) { b.Close() },
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				b := bus.New(size)
				g := newGated()
				s := b.Subscribe(g.options(3))
				publish(b, 0, 0)
				synctest.Wait()
				publish(b, 1, 4)

				returned := make(chan string, 2)
				for range 2 { // the second call waits like the first
					go func() { closeOf(b, s); returned <- name }()
				}
				synctest.Wait()
				publish(b, 5, 5) // too late
				for range 3 {
					if len(returned) != 0 {
						t.Fatal("Close returned before Handle had everything")
					}
					g.permit <- struct{}{}
					synctest.Wait()
				}
				wantEvents(t, "after Close", g.got(),
					append(numbers(0, 2), event{first: 3, last: 4, lost: 2}))
				if len(returned) != 2 {
					t.Fatalf("%d of 2 calls of Close returned", len(returned))
				}
				b.Close()
			})
		})
	}
}

func TestOthersGoOnWhenOneCloses(t *testing.T) {
	b := bus.New(size)
	var stays, leaves collector
	b.Subscribe(bus.Options[event]{Gap: gap, Handle: stays.handle})
	s := b.Subscribe(bus.Options[event]{Name: "screens", Gap: gap, Handle: leaves.handle})
	publish(b, 0, 1)
	s.Close()
	publish(b, 2, 3)
	b.Close()
	wantEvents(t, "closed", leaves.got(), numbers(0, 1))
	wantEvents(t, "open", stays.got(), numbers(0, 3))
	if s.Name() != "screens" {
		t.Errorf("Name() = %q", s.Name())
	}
}

func TestClosedBus(t *testing.T) {
	b := bus.New(size)
	b.Close()
	var late collector
	s := b.Subscribe(bus.Options[event]{Gap: gap, Handle: late.handle})
	publish(b, 0, 0)
	s.Close() // returns
	b.Close()
	wantEvents(t, "subscriber of a closed bus", late.got(), nil)
}

func TestHandleMayPublishAndSubscribe(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		b := bus.New(size)
		var own, inner collector
		b.Subscribe(bus.Options[event]{Gap: gap, Handle: func(batch []event) {
			own.handle(batch)
			for _, e := range batch {
				if e.id == 0 {
					b.Subscribe(bus.Options[event]{Gap: gap, Handle: inner.handle})
				}
				if e.id < 5 {
					publish(b, e.id+1, e.id+1)
				}
			}
		}})
		publish(b, 0, 0)
		synctest.Wait()
		b.Close()
		wantEvents(t, "own subscription", own.got(), numbers(0, 5))
		wantEvents(t, "subscription made by Handle", inner.got(), numbers(1, 5))
	})
}

func TestSubscribeWithoutHandleOrGapPanics(t *testing.T) {
	for name, o := range map[string]bus.Options[event]{
		"handle": {Name: "half", Gap: gap},
		"gap":    {Name: "half", Handle: func([]event) {}},
	} {
		t.Run(name, func(t *testing.T) {
			defer func() {
				if p, _ := recover().(string); !strings.Contains(p, "half") {
					t.Errorf("panic %q does not name the subscription", p)
				}
			}()
			bus.New(size).Subscribe(o)
		})
	}
}

// TestPanicOfHandleEndsTheProgram runs itself in another process, which must die of the panic
// although it waits in Close to exit normally.
func TestPanicOfHandleEndsTheProgram(t *testing.T) {
	if os.Getenv("BUS_TEST_PANIC") != "" {
		b := bus.New(size)
		s := b.Subscribe(bus.Options[event]{Gap: gap, Handle: func([]event) { panic("disk on fire") }})
		publish(b, 0, 0)
		s.Close()
		os.Exit(0)
	}
	exe, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	cmd := exec.CommandContext(t.Context(), exe, "-test.run=^"+t.Name()+"$")
	cmd.Env = append(os.Environ(), "BUS_TEST_PANIC=1")
	out, err := cmd.CombinedOutput()
	if exit := (*exec.ExitError)(nil); !errors.As(err, &exit) || !strings.Contains(string(out), "disk on fire") {
		t.Errorf("got %v and output\n%s\nwant death by the panic", err, out)
	}
}
