package ui

import (
	"testing"
	"time"

	"github.com/msnscope/msnscope/decode/session"
)

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
