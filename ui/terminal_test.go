package ui

import (
	"slices"
	"testing"

	"github.com/gdamore/tcell/v2"
)

// tube is a terminal with so many colours, that keeps in which order it was given away and taken
// back.
type tube struct {
	*glass
	colours int
	did     []string
}

func (t *tube) Colors() int { return t.colours }

func (t *tube) Suspend() error {
	t.did = append(t.did, "suspend")
	return nil
}

func (t *tube) Resume() error {
	t.did = append(t.did, "resume")
	return nil
}

func (t *tube) Sync() {
	t.did = append(t.did, "sync")
	t.glass.Sync()
}

// tubed returns an inspector on a tube.
func tubed(t *testing.T, colours int) (*App, *tube) {
	o := talk()
	tu := &tube{glass: newGlass(100, 30), colours: colours}
	o.Screen = tu
	o.Getenv = func(string) string { return "" }
	o.Stop = func() error {
		tu.did = append(tu.did, "stop")
		return nil
	}
	a, err := New(o)
	if err != nil {
		t.Fatal(err)
	}
	if err := a.open(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(tu.Fini)
	return a, tu
}

// TestCtrlZ gives the terminal back before the process stops, and draws everything anew afterwards.
func TestCtrlZ(t *testing.T) {
	a, tu := tubed(t, 256)
	a.tick()
	a.handle(tcell.NewEventKey(tcell.KeyCtrlZ, 0, tcell.ModCtrl))
	if want := []string{"suspend", "stop", "resume", "sync"}; !slices.Equal(tu.did, want) {
		t.Errorf("the terminal saw %q, want %q", tu.did, want)
	}
	shows, _ := tu.counts()
	if a.tick(); func() int { n, _ := tu.counts(); return n }() != shows+1 {
		t.Error("the screen is not drawn when the process goes on")
	}
}

// TestFewColours: what is selected is to be told from what is not, with any number of colours.
func TestFewColours(t *testing.T) {
	for _, colours := range []int{0, 8, 16, 256} {
		a, tu := tubed(t, colours)
		a.model.Step(1 << 40)
		a.model.Select(5)
		a.dirty = true
		a.tick()
		focused, other := tu.style(t, "USR 2 MD5 I alice"), tu.style(t, "INF 1 MD5")
		a.to(treePane)
		a.dirty = true
		a.tick()
		passive := tu.style(t, "USR 2 MD5 I alice")
		if looks(focused) == looks(other) || looks(passive) == looks(other) || looks(focused) == looks(passive) {
			t.Errorf("%d colours: selected %v, passive %v, other %v", colours, focused, passive, other)
		}
		for name, s := range map[string]tcell.Style{"selected": a.theme.selected, "passive": a.theme.passive} {
			fg, bg, _ := s.Decompose()
			if colours < 16 && (fg >= tcell.ColorGray || bg >= tcell.ColorGray) {
				t.Errorf("%d colours: %s is %v on %v, which the terminal does not have", colours, name, fg, bg)
			}
			if fg == bg && fg != tcell.ColorDefault {
				t.Errorf("%d colours: %s is %v on %v", colours, name, fg, bg)
			}
		}
	}
}

// looks returns what of a style makes a row stand out: not its foreground alone.
func looks(s tcell.Style) [2]any {
	_, bg, attrs := s.Decompose()
	return [2]any{bg, attrs &^ tcell.AttrBold &^ tcell.AttrDim}
}

// TestNoSize: a terminal of no size at all does no harm.
func TestNoSize(t *testing.T) {
	b := open(t, 80, 24, talk())
	for _, size := range [][2]int{{0, 0}, {0, 24}, {80, 0}, {1, 1}, {80, 24}} {
		b.resize(size[0], size[1])
		b.press("j", "Enter", "Esc")
	}
	b.shows("VER 0 MSNP2 CVR0")
}
