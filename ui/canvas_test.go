package ui

import (
	"bytes"
	"testing"

	"github.com/gdamore/tcell/v2"
	"github.com/google/go-cmp/cmp"
	"github.com/rivo/uniseg"
	"pgregory.net/rapid"
)

// TestCanvasShowsWhatIsDrawn: whatever frames follow each other, the terminal shows the last one as
// it would if that had been drawn on an empty screen.
func TestCanvasShowsWhatIsDrawn(t *testing.T) {
	styles := []tcell.Style{
		tcell.StyleDefault, tcell.StyleDefault.Bold(true), tcell.StyleDefault.Foreground(tcell.ColorRed),
		tcell.StyleDefault.Background(tcell.ColorNavy), tcell.StyleDefault.Reverse(true),
		tcell.StyleDefault.Underline(true),
	}
	texts := []string{"a", "ab", "hello world", " ", "   ", "漢", "漢字", "é", "e\u0301", "x漢y", "?", "??", "─", "👍🏽"}
	rapid.Check(t, func(t *rapid.T) {
		sim := tcell.NewSimulationScreen("UTF-8")
		if err := sim.Init(); err != nil {
			t.Fatal(err)
		}
		defer sim.Fini()
		sim.SetSize(20, 3)
		c := newCanvas(sim)
		var frame func(s tcell.Screen)
		for range rapid.IntRange(1, 6).Draw(t, "frames") {
			type word struct{ x, y, text, style int }
			var words []word
			for range rapid.IntRange(0, 12).Draw(t, "words") {
				words = append(words, word{
					rapid.IntRange(-2, 21).Draw(t, "x"), rapid.IntRange(0, 3).Draw(t, "y"),
					rapid.IntRange(0, len(texts)-1).Draw(t, "text"), rapid.IntRange(0, len(styles)-1).Draw(t, "style"),
				})
			}
			frame = func(s tcell.Screen) {
				s.Clear()
				for _, w := range words {
					put(s, w.x, w.y, 20-w.x, texts[w.text], styles[w.style])
				}
				s.Show()
			}
			frame(c)
		}
		fresh := tcell.NewSimulationScreen("UTF-8")
		if err := fresh.Init(); err != nil {
			t.Fatal(err)
		}
		defer fresh.Fini()
		fresh.SetSize(20, 3)
		frame(newCanvas(fresh))
		if got, want := picture(sim), picture(fresh); got != want {
			t.Errorf("(-want +got):\n%s", cmp.Diff(want, got))
		}
	})
}

// picture writes what a screen shows, with the styles as far as they are to be seen.
func picture(s tcell.SimulationScreen) string {
	cells, w, _ := s.GetContents()
	var b bytes.Buffer
	covered := false
	for i, c := range cells {
		if i%w == 0 {
			b.WriteByte('\n')
		}
		if covered { // by a wide character
			covered = false
			continue
		}
		covered = uniseg.StringWidth(string(c.Runes)) > 1
		b.WriteString(string(c.Runes))
		fg, bg, attrs := c.Style.Decompose()
		if len(c.Runes) == 1 && c.Runes[0] == ' ' && clean(c.Style) {
			continue
		}
		b.WriteString("<" + fg.Name() + " " + bg.Name() + " " + string(rune('0'+attrs)) + ">")
	}
	return b.String()
}

// TestThriftyWrites: thrifty writes sequences with the same effect in fewer bytes.
func TestThriftyWrites(t *testing.T) {
	for _, c := range []struct{ name, in, want string }{
		{"a style", "\x1b[m\x1b[36m\x1b[1mXFR\x1b[m 9", "\x1b[;36;1mXFR\x1b[m 9"},
		{"a style that resets nothing", "\x1b[36m\x1b[1mXFR", "\x1b[36m\x1b[1mXFR"},
		{"moves", "\x1b[2;3Ha\x1b[2;30Hb\x1b[3;30Hc\x1b[2;3Hd", "\x1b[2;3Ha\x1b[30Gb\x1b[3;30Hc\x1b[2;3Hd"},
		{"a move by some columns", "\x1b[2;103Ha漢\x1b[m\x1b[2;110Hb", "\x1b[2;103Ha漢\x1b[m\x1b[4Cb"},
		{"a move back", "\x1b[2;103Hab\x1b[2;99Hc", "\x1b[2;103Hab\x1b[99Gc"},
		{"a move from an unknown column", "\x1b[2;103H  \b\b漢\x1b[2;110Hb", "\x1b[2;103H  \b\b漢\x1b[110Gb"},
		{"neither", "\x1b[?25lhello\x1b[2J", "\x1b[?25lhello\x1b[2J"},
	} {
		var out sink
		if n, err := (thrifty{&out}).Write([]byte(c.in)); n != len(c.in) || err != nil {
			t.Errorf("%s: Write = %d, %v", c.name, n, err)
		}
		if got := out.String(); got != c.want {
			t.Errorf("%s: %q is written, want %q", c.name, got, c.want)
		}
	}
}

// sink is a terminal that only takes what is written.
type sink struct {
	tcell.Tty
	bytes.Buffer
}

func (s *sink) Read(b []byte) (int, error)  { return s.Buffer.Read(b) }
func (s *sink) Write(b []byte) (int, error) { return s.Buffer.Write(b) }
