package ui

import (
	"flag"
	"testing"
	"time"

	"github.com/msnscope/msnscope/decode/session"
)

// commands is how long the log of the benchmarks of frames is; 10000000 is what the budget of 50 ms
// a frame is for.
var commands = flag.Int("commands", 100_000, "events in the log of the benchmarks of frames")

// endless is a log of many events that takes no memory: a scripted session again and again, with
// numbers of its own.
type endless struct {
	events []*session.Event
	n      int
}

func (l endless) Len() int { return l.n }

func (l endless) At(i int) *session.Event {
	e := *l.events[i%len(l.events)]
	e.N = uint64(i + 1)
	return &e
}

func million() endless {
	s := newScript()
	s.talk()
	return endless{s.log.events, 1_000_000}
}

// BenchmarkFrame measures a frame of each face after a move to the end of the log, to its beginning
// or into its middle.
func BenchmarkFrame(b *testing.B) {
	a := open(b, 140, 42, Options{Log: endless{chat().Log.(*memLog).events, *commands}})
	for _, f := range []struct {
		name string
		keys []string
	}{{"list", nil}, {"ladder", []string{"F5"}}, {"conversation", []string{":goto 40", "Enter", "V"}}} {
		a.press(f.keys...)
		b.Run(f.name, func(b *testing.B) {
			for i := 0; b.Loop(); i++ {
				n := a.model.Rows()
				a.model.Select([]int{0, n - 1, n / 2}[i%3])
				a.draw()
				a.screen.Show()
			}
		})
	}
}

func BenchmarkDrawMillion(b *testing.B) {
	a := open(b, 140, 42, Options{Log: million()})
	a.model.Select(500_000)
	for b.Loop() {
		a.draw()
		a.screen.Show()
	}
}

// TestScreenStaysQuickOverAMillionEvents sees that a frame leaves a big log unfinished when its
// time is over, and that the screen can be drawn and moved meanwhile. Its clock goes on by a
// millisecond whenever it is read.
func TestScreenStaysQuickOverAMillionEvents(t *testing.T) {
	now := time.Unix(0, 0)
	clock := func() time.Time {
		now = now.Add(time.Millisecond)
		return now
	}
	b := &driven{t: t, glass: newGlass(140, 42)}
	app, err := New(Options{Log: million(), Filter: "MSG", Screen: b.glass, Now: clock})
	if err != nil {
		t.Fatal(err)
	}
	b.App = app
	if err := app.open(); err != nil {
		t.Fatal(err)
	}
	defer b.glass.Fini()
	b.tick()
	first, _ := b.model.Progress()
	if first == 0 || first > 10_000 {
		t.Fatalf("the first frame filtered %d events, want some and at most 10,000", first)
	}
	b.shows("[0%]", "Hello, dear Bob!", "1/")
	b.handle(events("j")[0])
	b.tick()
	b.shows(" 2/")
	if second, _ := b.model.Progress(); second <= first {
		t.Errorf("the second frame filtered nothing: %d events, after %d", second, first)
	}
}
