package ui

import (
	"context"
	"errors"
	"fmt"
	"os"
	"time"

	"github.com/gdamore/tcell/v2"
	"github.com/msnscope/msnscope/decode/session"
	"github.com/msnscope/msnscope/internal/filter"
	"github.com/msnscope/msnscope/internal/steer"
	"github.com/msnscope/msnscope/ui/model"
)

// Options are what the inspector is told. Only Log must be there.
type Options struct {
	// Log is the capture, live or loaded.
	Log model.Log
	// Live says that events keep coming: the list follows the end.
	Live bool
	// Filter is the expression that holds at the start.
	Filter string
	// Compile makes a filter of an expression; nil is filter.Compile.
	Compile func(expr string) (model.Filter, error)
	// Title says in a few words what is looked at, such as ":1863→embedded". It is asked at every drawing.
	Title func() string
	// Status says what is being recorded, such as "REC a.pcapng", "" for nothing. It is asked at every drawing.
	Status func() string
	// Loading says how far the reading of a file is, such as "reading 40 %", and whether it goes on. When it does no longer, what it
	// says is what went wrong, "" for nothing. nil where nothing is read. It is asked at every drawing.
	Loading func() (text string, busy bool)
	// Question returns what must be asked before q quits, and whether anything must.
	Question func() (text string, ask bool)
	// Logs returns the program's log lines, the oldest first; nil where none are kept.
	Logs func() []string
	// Steering is what holds, changes and sends live traffic; nil where there is none, as for captures.
	Steering model.Steering
	// Screen is where to draw; nil is the terminal of the process. Run initializes and finishes it.
	Screen tcell.Screen
	// Getenv tells NO_COLOR and MSNSCOPE_ASCII; nil is os.Getenv.
	Getenv func(string) string
	// Now is the clock; nil is the real one.
	Now func() time.Time
}

// frame is the time between two drawings and between two looks at the log: 25 a second. slice is how much of it may go into
// reading and filtering, so that half a core stays idle beside live traffic, or while a file is read. Of a capture that is there,
// what is to be learned is learned without a pause, and who presses a key waits for pause at most.
const (
	frame = 40 * time.Millisecond
	slice = 15 * time.Millisecond
	pause = 5 * time.Millisecond
)

// App is the inspector. It is made by New, runs once, and belongs to the goroutine of Run.
type App struct {
	o      Options
	model  *model.Model
	theme  theme
	screen tcell.Screen

	focus   pane
	layout  layout
	list    *list
	tree    *treeView
	detail  pager
	bytes   pager
	shown   shown
	overlay *overlay // covers all else while not nil
	prompt  *prompt  // the line that is being typed, nil for none
	pasting *pasting // what is being pasted, nil for nothing
	editor  *editor  // the held command that is being changed, nil for none

	intercept string          // what was held last
	composing steer.Injection // what is being made up

	filter  string   // the expression that holds
	history []string // of filters, the latest last
	needle  string   // what n and N look for

	keys     map[string]*key
	message  seg // in the footer until the next key
	asking   bool
	waited   bool // something was held at the last look
	mouse    bool
	clicked  click
	dirty    bool
	quit     bool
	mem      string
	measured time.Time
	length   int // of the log at the last drawing
	loading  bool
}

// shown says what detail and bytes show, so that they are made anew only when that changes.
type shown struct {
	event *session.Event
	width int // of the detail
	bytes int // the width of the bytes
	known known
}

// New returns an inspector. It fails where the filter that shall hold at the start is wrong.
func New(o Options) (*App, error) {
	if o.Log == nil {
		return nil, errors.New("ui: no log to look at")
	}
	if o.Getenv == nil {
		o.Getenv = os.Getenv
	}
	if o.Now == nil {
		o.Now = time.Now
	}
	if o.Compile == nil {
		o.Compile = func(expr string) (model.Filter, error) { return filter.Compile(expr) }
	}
	a := &App{
		o: o, model: model.New(o.Log, model.Options{Live: o.Live, Now: o.Now}), keys: bindings(), focus: listPane, mouse: true, dirty: true,
	}
	a.theme = newTheme(o.Getenv, "UTF-8")
	a.list, a.tree = newList(a.model, &a.theme), newTreeView(a.model, &a.theme)
	if o.Filter != "" {
		if err := a.setFilter(o.Filter); err != nil {
			return nil, fmt.Errorf("filter: %w", err)
		}
	}
	return a, nil
}

// Run shows the inspector until its user quits or ctx ends; both are no error. It leaves the terminal as it found it, also when
// it panics, and ends every goroutine that it started.
func (a *App) Run(ctx context.Context) error {
	if ctx.Err() != nil {
		return nil
	}
	if err := a.open(); err != nil {
		return err
	}
	events, done, polled := make(chan tcell.Event), make(chan struct{}), make(chan struct{})
	go poll(a.screen, events, done, polled)
	defer func() {
		close(done)
		a.model.Close()
		a.screen.Fini()
		<-polled
	}()
	a.loop(ctx, events)
	calm(events)
	return nil
}

// quiet is how long nothing may come from the terminal before it is left, patience how long that is waited for.
const (
	quiet    = 20 * time.Millisecond
	patience = time.Second
)

// calm takes what is typed still: the screen is never finished while its goroutines wait to be rid of that. It is not for the shell either.
func calm(events <-chan tcell.Event) {
	for late := time.After(patience); ; {
		select {
		case <-events:
		case <-time.After(quiet):
			return
		case <-late:
			return
		}
	}
}

// open prepares the screen.
func (a *App) open() error {
	a.screen = a.o.Screen
	if a.screen == nil {
		screen, err := tcell.NewScreen()
		if err != nil {
			return fmt.Errorf("open the terminal: %w", err)
		}
		a.screen = screen
	}
	if err := a.screen.Init(); err != nil {
		return fmt.Errorf("open the terminal: %w", err)
	}
	a.theme = newTheme(a.o.Getenv, a.screen.CharacterSet())
	a.setMouse(a.mouse)
	a.screen.EnablePaste()
	return nil
}

// poll hands on the terminal's events until the screen is finished.
func poll(screen tcell.Screen, events chan<- tcell.Event, done <-chan struct{}, polled chan<- struct{}) {
	defer close(polled)
	for e := screen.PollEvent(); e != nil; e = screen.PollEvent() {
		select {
		case events <- e:
		case <-done:
			return
		}
	}
}

// loop is the one pump: it takes events as they come, and draws at most once a frame.
func (a *App) loop(ctx context.Context, events <-chan tcell.Event) {
	ticker := time.NewTicker(frame)
	defer ticker.Stop()
	a.tick()
	always := make(chan struct{})
	close(always)
	for waits := false; !a.quit; {
		work := always
		if a.o.Live || a.loading || waits || !a.model.Pending() {
			work = nil
		}
		select {
		case <-ctx.Done():
			return
		case e := <-events:
			a.handle(e)
		case <-ticker.C:
			a.tick()
			waits = false
		case <-work:
			changed := a.model.Step(pause)
			a.dirty, waits = changed || a.dirty, !changed // on what is searched for beside it
		}
	}
}

// tick lets the model work and draws if there is anything new.
func (a *App) tick() {
	changed, aged := a.model.Step(slice), a.measure()
	if a.model.NotFound() {
		a.say("nothing says %q", a.needle)
		changed = true
	}
	n := a.o.Log.Len()
	changed = a.watchLoading() || changed
	if a.o.Steering != nil && (len(a.o.Steering.Held()) > 0 || a.waited) {
		a.waited, changed = len(a.o.Steering.Held()) > 0, true // its clock runs
	}
	if changed || aged || n != a.length || a.dirty {
		a.length, a.dirty = n, false
		a.draw()
		a.screen.Show()
	}
}

// watchLoading looks whether a file is read still, and reports whether it was at the last look. What was judged while it was read is
// judged once more at its end: the whole file tells more of each connection.
func (a *App) watchLoading() bool {
	if a.o.Loading == nil {
		return false
	}
	was := a.loading
	if _, a.loading = a.o.Loading(); was && !a.loading {
		a.model.Refresh()
	}
	return was || a.loading
}

// handle takes an event of the terminal.
func (a *App) handle(e tcell.Event) {
	a.dirty = true
	switch e := e.(type) {
	case *tcell.EventKey:
		if a.pasting != nil && a.pasting.take(e, a.o.Now()) {
			return
		}
		a.pasting = nil
		a.press(e)
	case *tcell.EventPaste:
		a.paste(e)
	case *tcell.EventMouse:
		a.point(e)
	case *tcell.EventResize:
		a.screen.Sync()
	case *tcell.EventError:
		a.quit = true // the terminal is gone
	}
}
