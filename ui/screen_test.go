package ui

import (
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/gdamore/tcell/v2"
	"github.com/rivo/uniseg"
)

// glass is a simulated terminal that keeps what was shown last, safe to read while the inspector
// runs.
type glass struct {
	tcell.SimulationScreen
	w, h int

	mu     sync.Mutex
	cells  [][]rune // of the last Show, a row a line; a wide character's second cell is 0
	styles [][]tcell.Style
	shows  int
	finis  int
}

func newGlass(w, h int) *glass {
	return &glass{SimulationScreen: tcell.NewSimulationScreen("UTF-8"), w: w, h: h}
}

func (g *glass) Init() error {
	err := g.SimulationScreen.Init()
	g.SetSize(g.w, g.h)
	return err
}

func (g *glass) Fini() {
	g.mu.Lock()
	g.finis++
	g.mu.Unlock()
	g.SimulationScreen.Fini()
}

func (g *glass) Show() {
	g.SimulationScreen.Show()
	cells, w, h := g.GetContents()
	g.mu.Lock()
	defer g.mu.Unlock()
	g.shows++
	g.cells, g.styles = make([][]rune, h), make([][]tcell.Style, h)
	for y := range h {
		hidden := 0 // cells behind a wide character, which keep what they showed before
		for _, c := range cells[y*w : (y+1)*w] {
			r := append(c.Runes, ' ')[0]
			if hidden > 0 {
				hidden, r = hidden-1, 0
			} else {
				hidden = max(1, uniseg.StringWidth(string(r))) - 1
			}
			g.cells[y] = append(g.cells[y], r)
			g.styles[y] = append(g.styles[y], c.Style)
		}
	}
}

// counts returns how often the screen was drawn and finished.
func (g *glass) counts() (shows, finis int) {
	g.mu.Lock()
	defer g.mu.Unlock()
	return g.shows, g.finis
}

// text returns the screen as lines.
func (g *glass) text() string {
	g.mu.Lock()
	defer g.mu.Unlock()
	var b strings.Builder
	for _, row := range g.cells {
		b.WriteString(strings.TrimRight(strings.ReplaceAll(string(row), "\x00", ""), " ") + "\n")
	}
	return b.String()
}

// line returns the first line of the screen that contains the text, "" for none.
func (g *glass) line(text string) string {
	for l := range strings.Lines(g.text()) {
		if strings.Contains(l, text) {
			return strings.TrimSuffix(l, "\n")
		}
	}
	return ""
}

// style returns the style of the first cell of the text on the screen.
func (g *glass) style(t *testing.T, text string) tcell.Style {
	t.Helper()
	g.mu.Lock()
	defer g.mu.Unlock()
	for y, row := range g.cells {
		if i := strings.Index(string(row), text); i >= 0 {
			return g.styles[y][len([]rune(string(row)[:i]))]
		}
	}
	t.Fatalf("%q is not on the screen", text)
	return tcell.StyleDefault
}

// driven is an inspector that is driven by hand, without its loop.
type driven struct {
	*App
	t     testing.TB
	glass *glass
}

// open returns an inspector on a log as it looks after the first drawing.
func open(t testing.TB, w, h int, o Options) *driven {
	t.Helper()
	b := &driven{t: t, glass: newGlass(w, h)}
	o.Screen = b.glass
	if o.Getenv == nil {
		o.Getenv = func(string) string { return "" }
	}
	app, err := New(o)
	if err != nil {
		t.Fatalf("New: %v", err)
	}
	b.App = app
	if err := app.open(); err != nil {
		t.Fatalf("open: %v", err)
	}
	t.Cleanup(b.glass.Fini)
	b.settle()
	return b
}

// settle lets the model finish and draws.
func (b *driven) settle() {
	for b.model.Pending() {
		b.model.Step(time.Second)
	}
	b.dirty = true
	b.tick()
}

// press presses keys by the names of the key table; any other text is typed.
func (b *driven) press(names ...string) *driven {
	for _, name := range names {
		for _, e := range events(name) {
			b.handle(e)
			b.settle()
		}
	}
	return b
}

func events(name string) []*tcell.EventKey {
	for key, n := range tcell.KeyNames {
		if strings.ReplaceAll(n, "Ctrl+", "Ctrl-") == name && len(name) > 1 {
			return []*tcell.EventKey{tcell.NewEventKey(key, 0, tcell.ModNone)}
		}
	}
	if name == "Space" {
		name = " "
	}
	if name == "Shift-Tab" {
		return []*tcell.EventKey{tcell.NewEventKey(tcell.KeyBacktab, 0, tcell.ModNone)}
	}
	var typed []*tcell.EventKey
	for _, r := range name {
		typed = append(typed, tcell.NewEventKey(tcell.KeyRune, r, tcell.ModNone))
	}
	return typed
}

// shows fails the test unless each text is on the screen.
func (b *driven) shows(texts ...string) {
	b.t.Helper()
	for _, text := range texts {
		if !strings.Contains(b.glass.text(), text) {
			b.t.Errorf("the screen does not show %q:\n%s", text, b.glass.text())
		}
	}
}

// hides fails the test if one of the texts is on the screen.
func (b *driven) hides(texts ...string) {
	b.t.Helper()
	for _, text := range texts {
		if strings.Contains(b.glass.text(), text) {
			b.t.Errorf("the screen shows %q:\n%s", text, b.glass.text())
		}
	}
}

// resize gives the terminal another size.
func (b *driven) resize(w, h int) {
	b.glass.SetSize(w, h)
	b.handle(tcell.NewEventResize(w, h))
	b.settle()
}
