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
	"github.com/msnscope/msnscope/ui/model"
)

// Options configure an inspector. Only Log is required.
type Options struct {
	// Log is the capture that is shown, live or loaded.
	Log model.Log
	// Live makes the list follow the end from the start: more events are to come.
	Live bool
	// Filter is the filter expression at the start, "" for none.
	Filter string
	// Lint is the preset of rules at the start; "" for that of the settings.
	Lint string
	// Compile compiles a filter expression; nil means filter.Compile.
	Compile func(expr string) (model.Filter, error)
	// Title returns in a few words what is shown, such as ":1863→embedded". It is called at every
	// drawing.
	Title func() string
	// Status returns what is being recorded, such as "REC a.pcapng", "" for nothing. It is called
	// at every drawing.
	Status func() string
	// Loading returns how far the reading of a file has come, such as "reading 40 %", and whether
	// it is still going on. Once it is over, the text is the error that ended it, "" for none.
	// Loading is nil where no file is read, and is called at every drawing.
	Loading func() (text string, busy bool)
	// Question returns the question to ask before q quits, and whether there is one.
	Question func() (text string, ask bool)
	// Greeting is shown in the footer until the first key, "" for nothing.
	Greeting string
	// Logs returns the program's own log lines, the oldest first. It is nil where none are kept.
	Logs func() []string
	// Steering holds, changes and sends live traffic. It is nil where there is none, as for
	// captures.
	Steering model.Steering
	// Save writes a part of the log to a file and returns how many events it wrote. It runs on a
	// goroutine of its own. It is nil where nothing can be saved.
	Save func(Saving) (int, error)
	// Replay starts a replay of the log. It is nil where nothing can be replayed.
	Replay func(ReplayOptions) (Replay, error)
	// Note adds a note to a live recording. It is nil where there is none.
	Note func(text string)
	// Stop stops the process as the shell's Ctrl-Z does, and returns when it goes on; nil means
	// just that.
	Stop func() error
	// Edit lets the user edit a file, while the inspector has given the terminal away; nil means
	// with the program that VISUAL or EDITOR names.
	Edit func(path string) error
	// Settings is the file of the settings, History that of what was typed; "" keeps none.
	Settings, History string
	// Teaching is the lesson to play beside the log, nil for none.
	Teaching *Teaching
	// Screen is what the inspector draws on; nil means the terminal of the process. Run initializes
	// and finishes it.
	Screen tcell.Screen
	// Getenv looks up the environment variables NO_COLOR and MSNSCOPE_ASCII; nil means os.Getenv.
	Getenv func(string) string
	// Now is the clock; nil means time.Now.
	Now func() time.Time
}

// frame is the time between two looks at the log, and between two drawings while keys are pressed:
// 25 a second. What comes by itself in a live session is drawn every beat frames only, 4 times a
// second: nobody reads faster, and the line to the terminal may be slow. slice is how much of a
// frame may go into reading and filtering, so that half a core stays idle beside live traffic or
// while a file is being read. A capture that is complete is learned without such breaks, and a key
// press then waits for pause at most.
const (
	frame = 40 * time.Millisecond
	beat  = 6
	slice = 15 * time.Millisecond
	pause = 5 * time.Millisecond
)

// App is the inspector. New makes one; it runs once, and only the goroutine that calls Run may use
// it.
type App struct {
	o      Options
	model  *model.Model
	theme  theme
	screen tcell.Screen

	focus  pane
	layout layout
	wish   wish
	list   *list
	ladder *ladder
	face   face // which of list, ladder and conversation shows the rows
	before face // what was shown before the conversation

	conversation *conversation

	tree   *treeView
	detail pager
	bytes  pager
	shown  shown

	tab      tab           // what the detail pane shows
	tabFrom  pane          // which pane had the keys before
	compared [2]uint64     // the numbers of the commands that Diff shows, 0 for those of the selection
	fields   map[int]field // the fields that lines of the detail pane show
	marked   span          // the bytes of the field under the cursor
	field    int           // the line of the detail pane under the cursor, -1 for none

	overlay *overlay     // what covers the panes, nil for nothing
	prompt  *prompt      // the line that is being typed, nil for none
	pasting *pasting     // the text that is being pasted, nil for none
	editor  *editor      // the editor of a held command, nil while none is edited
	form    *form        // the form that is being filled in, nil for none
	figures *statistics  // the screen with figures, nil while it is not shown
	replays *replayPanel // the latest replay, nil before the first
	picker  *picker      // a list from which something is picked, nil for none

	intercept    string // the last expression for holding
	composing    int    // the connection on which a command that is being composed will be sent
	composingFor uint64 // the number of an event on its connection

	filter    string   // the active filter expression
	previewed string   // the expression by which the list is filtered while a filter is typed
	history   []string // of filters, the latest at the end
	commands  []string // lines that were typed after ':'
	sent      []string // commands that were composed
	comments  []string
	needle    string // the text that n and N search

	course            *course   // the lesson that is played, nil for none
	replaying         bool      // whether the panel of the replay is shown
	playing           *playback // playback of a file, nil for none
	ascii, colourless bool      // as the settings say
	sorted            string    // the column by which the list is sorted, "" for none
	backwards         bool
	saving            chan saved // gets how saving ended; nil while nothing is saved
	commented         uint64     // the number of the event whose comment is being typed

	keys     map[string]*key
	pending  func(name string) // handles the next key, nil for none
	message  seg               // shown in the footer until the next key
	asking   bool
	waited   bool // whether a command was held at the last tick
	mouse    bool
	clicked  click
	dirty    bool
	due      bool // whether there is something new to draw
	frames   int  // since the last drawing
	quit     bool
	mem      string
	measured time.Time
	length   int // of the log when it was last drawn
	loading  bool
}

// shown identifies what the detail and bytes panes show, so that they are made anew only when that
// changes.
type shown struct {
	event *session.Event
	width int // of the detail pane, in columns
	bytes int // the width of the bytes pane, in columns
	known known
	held  uint64 // the ID of a held command, which has no number

	tab      tab
	compared [2]uint64
	lesson   int // the revision of the lesson's page
}

// New returns an inspector. It fails if Options.Filter is not a valid expression.
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
	if o.Stop == nil {
		o.Stop = stopProcess
	}
	if o.Compile == nil {
		o.Compile = func(expr string) (model.Filter, error) { return filter.Compile(expr) }
	}
	a := &App{o: o, keys: bindings(), focus: listPane, mouse: true, dirty: true}
	if o.Edit == nil {
		a.o.Edit = a.runEditor
	}
	a.theme = newTheme(o.Getenv, "UTF-8", 256)
	a.look(o.Log, o.Live)
	a.loadHistory()
	if o.Filter != "" {
		if err := a.setFilter(o.Filter); err != nil {
			return nil, fmt.Errorf("filter: %w", err)
		}
	}
	a.teach()
	if o.Greeting != "" {
		a.say("%s", o.Greeting)
	}
	return a, nil
}

// look shows a log from its beginning, in place of the one that was shown.
func (a *App) look(log model.Log, live bool) {
	if a.model != nil {
		a.model.Close()
	}
	a.o.Log, a.o.Live, a.length, a.shown = log, live, 0, shown{}
	a.model = model.New(log, modelOptions(&a.o))
	a.list, a.tree = newList(a.model, &a.theme, a.o.Now), newTreeView(a.model, &a.theme)
	a.ladder = &ladder{model: a.model, theme: &a.theme, now: a.o.Now, by: autoLanes}
	a.conversation = &conversation{model: a.model, theme: &a.theme, now: a.o.Now}
}

// Run shows the inspector until its user quits or ctx ends, neither of which is an error. It leaves
// the terminal as it found it, also when it panics, and every goroutine that it started has ended
// when it returns.
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
		a.stopReplay()
		a.model.Close()
		a.endPractice()
		_ = a.keepHistory() // losing the history is not worth a message at the end
		a.screen.Fini()
		<-polled
	}()
	a.loop(ctx, events)
	calm(events)
	return nil
}

// Before the terminal is given back, its input must have been silent for quiet; patience bounds the
// wait for that silence.
const (
	quiet    = 20 * time.Millisecond
	patience = time.Second
)

// calm discards keys that are still being typed when the inspector ends. The screen's goroutines
// would otherwise block on events that nobody reads, and the shell would get the rest of the keys.
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

// open initializes the screen.
func (a *App) open() error {
	screen := a.o.Screen
	if screen == nil {
		var err error
		if screen, err = newTerminal(nil); err != nil {
			return fmt.Errorf("open the terminal: %w", err)
		}
	}
	a.screen = newCanvas(screen)
	if err := a.screen.Init(); err != nil {
		return fmt.Errorf("open the terminal: %w", err)
	}
	a.report(a.loadSettings())
	if a.o.Lint != "" {
		a.report(a.setLint(a.o.Lint))
	}
	a.useSettings()
	a.screen.EnablePaste()
	return nil
}

// poll forwards the terminal's events until the screen is finished.
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

// loop is the inspector's only event loop: it handles events as they come, and draws at most once a
// frame.
func (a *App) loop(ctx context.Context, events <-chan tcell.Event) {
	ticker := time.NewTicker(frame)
	defer ticker.Stop()
	stops := make(chan os.Signal, 1)
	if a.o.Screen == nil {
		defer stopSignals(stops)()
	}
	a.tick()
	always := make(chan struct{})
	close(always)
	for waits := false; !a.quit; {
		work := always
		if a.o.Live || a.loading || waits || !a.model.Busy() {
			work = nil
		}
		select {
		case <-ctx.Done():
			return
		case e := <-events:
			a.handle(e)
		case <-stops:
			a.suspend()
		case <-ticker.C:
			a.tick()
			waits = false
		case <-work:
			changed := a.model.Step(pause)
			a.dirty, waits = changed || a.dirty, !changed // wait for the search in the background
		}
	}
}

// tick lets the model work for a slice, and draws if anything has changed.
func (a *App) tick() {
	changed, aged := a.model.Step(slice), a.measure()
	if a.model.NotFound() {
		a.say("nothing says %q", a.needle)
		changed = true
	}
	n := a.o.Log.Len()
	changed = a.watchLoading() || changed
	changed = a.watchPractice() || changed
	changed = a.watchReplay() || changed
	changed = a.advance() || changed || a.playing != nil && !a.playing.paused && a.frames >= beat
	a.dirty = a.watchSaving() || a.dirty
	if a.o.Steering != nil && (len(a.o.Steering.Held()) > 0 || a.waited) {
		a.waited, changed = len(a.o.Steering.Held()) > 0, true // the clocks of held commands go on
	}
	a.due = a.due || changed || aged || n != a.length || a.dirty
	a.frames++
	if a.dirty || a.due && (!a.o.Live || a.frames >= beat) {
		a.length, a.dirty, a.due, a.frames = n, false, false, 0
		a.draw()
		a.screen.Show()
	}
}

// watchLoading checks whether a file is still being read, and reports whether it was at the last
// check. When reading ends, all filters are applied once more, because the whole file shows more
// about each connection than its beginning did.
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

// handle handles one event of the terminal.
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
