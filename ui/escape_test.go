package ui

import (
	"strings"
	"testing"

	"github.com/gdamore/tcell/v2"
	"github.com/rivo/uniseg"
	"pgregory.net/rapid"
)

// pieces are what foreign text is made of in the property test: markup and parts of it, control
// characters, marks without and with something to stand on, characters of several widths,
// characters that reorder, and long runs.
var pieces = []string{
	"[", "]", "[]", "[red]", "[red[]", "[red[[]", "[-]", "[::b]", "[:::http://x/]", "[\"r\"]", "[#ff0000:blue]",
	"[[", "]]",
	"\u0d4e", "\u0301", "e\u0301", "[\u0301", "]\u0301", strings.Repeat("\u0301", 9), "\u20dd", "\U0001f3fb",
	"\x00", "\x1b[31m", "\t", "\r\n", "\x7f", "\u0085", "\u009b", "\xff", "\xe6\xbc", "\ue05b", "\U000e0001",
	"\u202e", "\u2066", "\u200f", "\u200b", "\u200d", "\ufe0f", "\ufeff",
	"\u2028", "\u00ad", "\u115f", "\u1161", "\u11a8",
	"漢", "ｗ", "한", "\u1112", "👨\u200d👩\u200d👧", "🇩", "🇩🇪", "1\ufe0f\u20e3", "שלום", "سلام", "नि", "กำ", "\u3000",
	"\u00a0", "a", " ", "-", ":", "#", ";", "\"", strings.Repeat("x", 70), strings.Repeat("漢", 40), `\x1b`,
}

// shown returns what a row of the screen shows from x on, in width cells, as a terminal prints it:
// wide characters hide the cell after them. All cells must have the style.
func shownIn(t *rapid.T, screen tcell.SimulationScreen, x, y, width int, style tcell.Style) string {
	cells, w, _ := screen.GetContents()
	var b strings.Builder
	for i := 0; i < width; i++ {
		c := cells[y*w+x+i]
		if c.Style != style {
			t.Fatalf("cell %d has the style %v, want %v", x+i, c.Style, style)
		}
		text := string(c.Runes)
		b.WriteString(text)
		i += max(1, uniseg.StringWidth(text)) - 1
	}
	return b.String()
}

// TestForeignTextIsShownExactly: whatever the text, the screen shows its printable form, all of it
// as far as there is room, in the style that was meant, and nothing beside its place. The text goes
// through a cell of a table, through put, and through both after it was cut.
func TestForeignTextIsShownExactly(t *testing.T) {
	style := tcell.StyleDefault.Foreground(tcell.ColorTeal)
	edge := tcell.StyleDefault.Foreground(tcell.ColorGray)
	screen := tcell.NewSimulationScreen("UTF-8")
	if err := screen.Init(); err != nil {
		t.Fatal(err)
	}
	defer screen.Fini()
	const width = 60
	screen.SetSize(width+2, 4)
	rapid.Check(t, func(t *rapid.T) {
		text := printable(strings.Join(rapid.SliceOfN(rapid.SampledFrom(pieces), 0, 12).Draw(t, "text"), ""))
		if strings.ContainsRune(text, bracket) {
			t.Fatalf("%q holds the character that stands for a bracket", text)
		}
		screen.Clear()
		want := pad(text, width, "…")
		if n := uniseg.StringWidth(want); n != width {
			t.Fatalf("pad(%q) takes %d columns", text, n)
		}
		for y := range 2 {
			put(screen, 0, y, 1, "|", edge)
			put(screen, width+1, y, 1, "|", edge)
		}
		table := newTable()
		table.SetSelectable(false, false).SetCell(0, 0, newCell(want, style)).SetRect(1, 0, width, 1)
		table.Draw(plainScreen{screen})
		if used := put(screen, 1, 1, width, want, style); used != width {
			t.Fatalf("put took %d columns", used)
		}
		screen.Show()
		for y, way := range []string{"a table", "put"} {
			if got := shownIn(t, screen, 1, y, width, style); got != want {
				t.Fatalf("%s shows %q, want %q", way, got, want)
			}
			for _, x := range []int{0, width + 1} {
				if got := shownIn(t, screen, x, y, 1, edge); got != "|" {
					t.Fatalf("%s: the edge at %d is %q", way, x, got)
				}
			}
		}
	})
}
