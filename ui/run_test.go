package ui

import (
	"bytes"
	"context"
	"errors"
	"io"
	"strings"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/gdamore/tcell/v2"
	"go.uber.org/goleak"

	"github.com/msnscope/msnscope/captures"
	"github.com/msnscope/msnscope/internal/eventlog"
	"github.com/msnscope/msnscope/internal/filter"
	"github.com/msnscope/msnscope/internal/msntest"
)

// start runs an inspector on a simulated terminal, or on that of o if it has one; done gets what
// Run returned.
func start(t *testing.T, ctx context.Context, o Options) (*glass, <-chan error) {
	t.Helper()
	g, _ := o.Screen.(*glass)
	if o.Screen == nil {
		g = newGlass(80, 24)
		o.Screen = g
	}
	app, err := New(o)
	if err != nil {
		t.Fatal(err)
	}
	done := make(chan error, 1)
	go func() { done <- app.Run(ctx) }()
	return g, done
}

func TestRunFollowsTheLogAndQuits(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := newScript()
		s.talk()
		g, done := start(t, t.Context(), Options{Log: s.log, Live: true})
		time.Sleep((beat + 1) * frame)
		if !strings.Contains(g.text(), "37/37") {
			t.Errorf("the first screen:\n%s", g.text())
		}
		s.talk()
		time.Sleep((beat + 1) * frame)
		if !strings.Contains(g.text(), "74/74") {
			t.Errorf("after new events:\n%s", g.text())
		}
		g.SetSize(140, 42)
		g.InjectKey(tcell.KeyRune, 'g', tcell.ModNone)
		time.Sleep((beat + 1) * frame)
		if !strings.Contains(g.text(), "4 Bytes") || !strings.Contains(g.text(), " 1/74") {
			t.Errorf("after a resize and g:\n%s", g.text())
		}
		g.InjectKey(tcell.KeyRune, 'q', tcell.ModNone)
		if err := <-done; err != nil {
			t.Errorf("Run = %v after q", err)
		}
		if _, finis := g.counts(); finis != 1 {
			t.Errorf("the screen was finished %d times, want 1", finis)
		}
	})
}

func TestRunDrawsOnlyWhatIsNew(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := newScript()
		s.talk()
		g, done := start(t, t.Context(), Options{Log: s.log, Live: true})
		time.Sleep(time.Second)
		before, _ := g.counts()
		for range 1000 {
			s.talk() // 37,000 events within a second
			time.Sleep(time.Millisecond)
		}
		if now, _ := g.counts(); now-before > 5 {
			t.Errorf("%d drawings in a second of traffic, want at most 5", now-before)
		}
		time.Sleep(time.Second)
		before, _ = g.counts()
		time.Sleep(10 * time.Second)
		if now, _ := g.counts(); now-before > 10 {
			t.Errorf("%d drawings in ten seconds of silence, want at most 10", now-before)
		}
		before, _ = g.counts()
		for range 3 { // a key does not wait for the traffic's turn
			g.InjectKey(tcell.KeyRune, 'k', tcell.ModNone)
			time.Sleep(frame + time.Millisecond)
		}
		if now, _ := g.counts(); now-before < 3 {
			t.Errorf("%d drawings for three keys, want 3", now-before)
		}
		g.InjectKey(tcell.KeyCtrlC, 0, tcell.ModCtrl)
		<-done
	})
}

func TestRunEndsWithItsContext(t *testing.T) {
	defer goleak.VerifyNone(t)
	ctx, cancel := context.WithCancel(t.Context())
	g, done := start(t, ctx, talk())
	cancel()
	select {
	case err := <-done:
		if err != nil {
			t.Errorf("Run = %v, want nil", err)
		}
	case <-time.After(10 * time.Second):
		t.Fatal("Run did not return")
	}
	if _, finis := g.counts(); finis > 1 {
		t.Errorf("the screen was finished %d times", finis)
	}
}

func TestRunWithEndedContext(t *testing.T) {
	defer goleak.VerifyNone(t)
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	g, done := start(t, ctx, talk())
	if err := <-done; err != nil {
		t.Errorf("Run = %v, want nil", err)
	}
	if shows, _ := g.counts(); shows != 0 {
		t.Error("the terminal was touched")
	}
}

// broken panics when it is read, as a bug would.
type broken struct{ memLog }

func (*broken) Len() int { panic("broken log") }

func TestRunLeavesTheTerminalOnPanic(t *testing.T) {
	defer goleak.VerifyNone(t)
	g := newGlass(80, 24)
	app, err := New(Options{Log: &broken{}, Screen: g})
	if err != nil {
		t.Fatal(err)
	}
	func() {
		defer func() {
			if p := recover(); p != "broken log" {
				t.Errorf("the panic was %v", p)
			}
		}()
		app.Run(t.Context())
	}()
	if _, finis := g.counts(); finis != 1 {
		t.Errorf("the screen was finished %d times, want 1", finis)
	}
}

// dead is a terminal that cannot be opened.
type dead struct{ *glass }

var errDead = errors.New("no terminal")

func (dead) Init() error { return errDead }

func TestRunWithoutTerminal(t *testing.T) {
	o := talk()
	o.Screen = dead{newGlass(80, 24)}
	app, err := New(o)
	if err != nil {
		t.Fatal(err)
	}
	if err := app.Run(t.Context()); !errors.Is(err, errDead) {
		t.Errorf("Run = %v, want %v", err, errDead)
	}
}

// TestRunLearnsWithoutPause: what a capture tells is learned before the second frame, however long
// it takes; and a key that is pressed meanwhile is heard. The model's clock goes on by a
// millisecond whenever it is read, the frames' clock only when all is done.
func TestRunLearnsWithoutPause(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		g := newGlass(80, 24)
		now := time.Unix(0, 0)
		clock := func() time.Time {
			if now = now.Add(time.Millisecond); now.Equal(time.Unix(2, 0)) {
				g.InjectKey(tcell.KeyRune, 'j', tcell.ModNone)
			}
			return now
		}
		began := time.Now()
		_, done := start(t, t.Context(), Options{Log: million(), Filter: "MSG", Now: clock, Screen: g})
		synctest.Wait()
		if time.Since(began) != 0 {
			t.Fatalf("%v went by", time.Since(began))
		}
		time.Sleep(frame)
		synctest.Wait()
		if !strings.Contains(g.text(), " 2/54,054") || strings.Contains(g.text(), "%]") {
			t.Errorf("after one frame:\n%s", g.text())
		}
		g.InjectKey(tcell.KeyCtrlC, 0, tcell.ModCtrl)
		<-done
	})
}

// typist is a terminal whose user types, and at some time hangs up.
type typist struct {
	keys    int // that are left
	hangUp  func()
	drained chan struct{}
}

func (*typist) Start() error                { return nil }
func (*typist) Stop() error                 { return nil }
func (*typist) Close() error                { return nil }
func (*typist) NotifyResize(func())         {}
func (*typist) Write(b []byte) (int, error) { return len(b), nil }

func (*typist) WindowSize() (tcell.WindowSize, error) {
	return tcell.WindowSize{Width: 80, Height: 24}, nil
}

func (tty *typist) Drain() error {
	close(tty.drained)
	return nil
}

func (tty *typist) Read(b []byte) (int, error) {
	switch tty.keys--; tty.keys {
	case 0:
		<-tty.drained
		return 0, io.EOF
	case 1000:
		tty.hangUp()
	}
	return copy(b, "j"), nil
}

// TestRunEndsWhileKeysCome: what is typed still does not keep the inspector.
func TestRunEndsWhileKeysCome(t *testing.T) {
	t.Setenv("TERM", "xterm-256color")
	synctest.Test(t, func(t *testing.T) {
		ctx, hangUp := context.WithCancel(t.Context())
		screen, err := tcell.NewTerminfoScreenFromTty(&typist{2000, hangUp, make(chan struct{})})
		if err != nil {
			t.Fatal(err)
		}
		o := talk()
		o.Screen = screen
		app, err := New(o)
		if err != nil {
			t.Fatal(err)
		}
		if err := app.Run(ctx); err != nil {
			t.Errorf("Run = %v", err)
		}
	})
}

// slow is a log whose filters take until they are released.
type slow struct {
	*eventlog.Log
	release chan struct{}
}

func (s slow) Select(ctx context.Context, f *filter.Filter, from, to int, found func([]uint32, int) bool) {
	<-s.release
	s.Log.Select(ctx, f, from, to, found)
}

// TestRunRestsWhileOthersSearch: the inspector leaves the cores to a filter that goes over a big
// log in the background, and looks what it found once a frame.
func TestRunRestsWhileOthersSearch(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		log := slow{eventlog.New(eventlog.Options{}), make(chan struct{})}
		defer log.Close()
		var file bytes.Buffer
		if _, err := (msntest.Traffic{Size: 4 << 20}).WriteTo(&file); err != nil {
			t.Fatal(err)
		}
		if err := captures.NewLoader(log.Log).LoadReader(t.Context(), &file, "traffic", nil); err != nil {
			t.Fatal(err)
		}
		var looks atomic.Int64
		clock := func() time.Time {
			if looks.Add(1) == 5000 { // some for what is learned meanwhile, some for a frame
				close(log.release)
			}
			return time.Now()
		}
		g, done := start(t, t.Context(), Options{Log: log, Filter: `user != "nobody"`, Now: clock})
		time.Sleep(25 * frame)
		if n := looks.Load(); n >= 5000 {
			t.Errorf("it looked %d times in 25 frames", n)
		} else {
			close(log.release)
		}
		time.Sleep(2 * frame)
		if strings.Contains(g.text(), "%]") {
			t.Errorf("the filter came to no end:\n%s", g.text())
		}
		g.InjectKey(tcell.KeyCtrlC, 0, tcell.ModCtrl)
		<-done
	})
}
