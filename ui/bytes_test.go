package ui

import (
	"bytes"
	"io"
	"os"
	"slices"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/creack/pty"
	"github.com/gdamore/tcell/v2"

	"github.com/msnscope/msnscope/captures/capturestest"
	"github.com/msnscope/msnscope/internal/edit"
)

// meter is a terminal that counts what is sent to it.
type meter struct {
	tcell.Tty
	sent bytes.Buffer
}

func (m *meter) Write(b []byte) (int, error) {
	m.sent.Write(b)
	return m.Tty.Write(b)
}

// take returns how many bytes were sent since the last call.
func (m *meter) take() int {
	defer m.sent.Reset()
	return m.sent.Len()
}

// metered returns an inspector on a pseudo-terminal.
func metered(t *testing.T, w, h uint16, o Options) (*App, *meter) {
	t.Helper()
	t.Setenv("TERM", "xterm-256color")
	far, near, err := pty.Open()
	if err != nil {
		t.Skipf("no pseudo-terminal: %v", err)
	}
	if err := pty.Setsize(near, &pty.Winsize{Cols: w, Rows: h}); err != nil {
		t.Fatal(err)
	}
	go func() { _, _ = io.Copy(io.Discard, far) }()
	tty, err := tcell.NewDevTtyFromDev(near.Name())
	if err != nil {
		t.Fatal(err)
	}
	m := &meter{Tty: tty}
	if o.Screen, err = newTerminal(m); err != nil {
		t.Fatal(err)
	}
	o.Getenv, o.Now = func(string) string { return "" }, func() time.Time { return time.Unix(0, 0) }
	a, err := New(o)
	if err != nil {
		t.Fatal(err)
	}
	if err := a.open(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		a.screen.Fini()
		near.Close()
		far.Close()
	})
	return a, m
}

// TestBytesOfAKey: a key sends the terminal what changes, not the whole screen.
func TestBytesOfAKey(t *testing.T) {
	const most = 1200 // the median; the whole screen has 6,000 cells
	a, m := metered(t, 140, 42, Options{Log: capturestest.Samples(t, "conference.pcapng")})
	for a.model.Pending() {
		a.model.Step(time.Second)
	}
	a.tick()
	whole := m.take()
	var keys []int
	for range 100 {
		a.handle(tcell.NewEventKey(tcell.KeyRune, 'j', tcell.ModNone))
		a.tick()
		keys = append(keys, m.take())
	}
	slices.Sort(keys)
	t.Logf("the first frame: %d bytes; a key: %d at the median, %d at most", whole, keys[50], keys[99])
	if keys[50] > most {
		t.Errorf("a key sends %d bytes at the median, want %d at most", keys[50], most)
	}
	a.dirty = true
	if a.tick(); m.take() != 0 {
		t.Error("a frame in which nothing has changed is sent")
	}
}

// TestBytesOfATalk: four times a second what came is drawn, and the clocks of what is held cost
// next to nothing.
func TestBytesOfATalk(t *testing.T) {
	const mostLive, mostHeld = 12_000, 1_000 // bytes a second
	t.Setenv("TERM", "xterm-256color")
	synctest.Test(t, func(t *testing.T) {
		tty := &silent{drained: make(chan struct{})}
		screen, err := newTerminal(tty)
		if err != nil {
			t.Fatal(err)
		}
		s, d := newScript(), &controls{}
		o := Options{Log: s.log, Live: true, Steering: d, Screen: screen, Getenv: os.Getenv}
		_, done := start(t, t.Context(), o)
		time.Sleep(time.Second)
		tty.sent.Store(0)
		all := newScript()
		all.talk()
		said := 0
		for _, n := range []int{28, 34, 6, 15, 4, 4, 4, 13, 28, 12} { // what --demo says in its first seconds
			for range n {
				s.log.Append(all.log.events[said%len(all.log.events)])
				said++
				time.Sleep(time.Second / time.Duration(n))
			}
		}
		if live := tty.sent.Swap(0) / 10; live > mostLive || live < 1000 {
			t.Errorf("a lively talk sends %d bytes a second, want %d at most", live, mostLive)
		} else {
			t.Logf("a lively talk sends %d bytes a second", live)
		}
		d.hold(edit.Held{ID: 1, Event: all.log.events[30], Since: time.Now()})
		time.Sleep(time.Second)
		tty.sent.Store(0)
		time.Sleep(10 * time.Second)
		if held := tty.sent.Load() / 10; held > mostHeld || held == 0 {
			t.Errorf("a held command sends %d bytes a second, want some, and %d at most", held, mostHeld)
		} else {
			t.Logf("a held command sends %d bytes a second", held)
		}
		if err := screen.PostEvent(tcell.NewEventKey(tcell.KeyCtrlC, 0, tcell.ModCtrl)); err != nil {
			t.Fatal(err)
		}
		<-done
	})
}

// silent is a terminal of 140 columns and 42 lines at which nobody types, and that counts what is
// sent to it.
type silent struct {
	sent    atomic.Int64
	drained chan struct{}
}

func (*silent) Start() error        { return nil }
func (*silent) Stop() error         { return nil }
func (*silent) Close() error        { return nil }
func (*silent) NotifyResize(func()) {}

func (*silent) WindowSize() (tcell.WindowSize, error) {
	return tcell.WindowSize{Width: 140, Height: 42}, nil
}

func (s *silent) Write(b []byte) (int, error) {
	s.sent.Add(int64(len(b)))
	return len(b), nil
}

func (s *silent) Read([]byte) (int, error) {
	<-s.drained
	return 0, io.EOF
}

func (s *silent) Drain() error {
	close(s.drained)
	return nil
}
