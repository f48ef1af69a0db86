package ui

import (
	"strings"
	"testing"

	"github.com/gdamore/tcell/v2"
)

func TestTabGoldens(t *testing.T) {
	goldens(t, "decode", chat, ":goto 38", "Enter", "3", "j", "j")
	goldens(t, "explain", chat, ":goto 45", "Enter", "K")
	goldens(t, "state", chat, ":goto 46", "Enter", "F4")
	goldens(t, "diff-sent", chat, ":goto 20", "Enter", "d")
	goldens(t, "diff-two", chat, ":goto 38", "Enter", "Space", ":goto 43", "Enter", "=")
}

// TestTextOfAMessageIsFirst: what people wrote stands above the fields.
func TestTextOfAMessageIsFirst(t *testing.T) {
	b := open(t, 80, 24, chat())
	b.press(":goto 38", "Enter", "3")
	told := b.told()
	text, field := strings.Index(told, "Hello, dear Bob!"), strings.Index(told, "AckMode")
	if text < 0 || text > field {
		t.Errorf("the text is at %d, the first field at %d:\n%s", text, field, told)
	}
}

// TestFieldUnderTheCursor: j in the detail goes from field to field; the bytes of the field stand
// out in the bytes pane, and the last lines say what it means.
func TestFieldUnderTheCursor(t *testing.T) {
	b := open(t, 140, 42, chat())
	marked := func() string {
		var out strings.Builder
		r := b.layout.panes[bytesPane]
		for y := r.y + 1; y < r.y+r.h-1; y++ {
			for x := r.x + 1 + 7 + 25; x < r.x+r.w-1; x++ {
				if b.glass.styles[y][x] == b.theme.selected {
					out.WriteRune(b.glass.cells[y][x])
				}
			}
		}
		return out.String()
	}
	b.press(":goto 24", "Enter", "3", "j") // CAL 2 bob@hotmail.com
	if got := marked(); got != "2" {
		t.Errorf("the bytes of the TrID are %q, want 2", got)
	}
	b.shows("the number of the transaction")
	b.press("j")
	if got := marked(); got != "bob@hotmail.com" {
		t.Errorf("the bytes of the handle are %q", got)
	}
	b.shows("never escaped (§5.4)")
	b.press("k")
	if got := marked(); got != "2" {
		t.Errorf("k marked %q, want 2", got)
	}
	b.press(":goto 38", "Enter", "3", "j") // MSG
	if got := marked(); got != "Hello, dear Bob!" {
		t.Errorf("the bytes of the text are %q", got)
	}
	b.press("j", "j", "j", "j", "j")
	if got := marked(); !strings.HasPrefix(got, "Content-Type: text/plain") {
		t.Errorf("the bytes of a header are %q", got)
	}
}

// TestDiff: d shows what was changed on the way, or a request beside its answer; = the two commands
// that were selected.
func TestDiff(t *testing.T) {
	for _, c := range []struct {
		name string
		keys []string
		want []string
	}{
		{
			"what was sent on",
			[]string{":goto 20", "Enter", "d"},
			[]string{"received", "sent on", "64.4.13.41:1863", "127.0.0.1:1863"},
		},
		{"a request and its answer", []string{":goto 24", "Enter", "d"}, []string{"#24 CAL", "#25 CAL", "RINGING"}},
		{
			"two selected",
			[]string{":goto 38", "Enter", "Space", ":goto 43", "Enter", "Space", "="},
			[]string{"#38 MSG", "#43 MSG", "Hello, dear Bob!", "Where is the draft?", "Arial"},
		},
		{
			"one selected and this",
			[]string{":goto 7", "Enter", "Space", ":goto 13", "Enter", "="},
			[]string{"#7 USR", "#13 USR", "no difference"},
		},
		{"nothing to compare", []string{"g", "d"}, []string{"Nothing was changed"}},
	} {
		t.Run(c.name, func(t *testing.T) {
			for _, size := range [][2]int{{80, 24}, {250, 70}} {
				b := open(t, size[0], size[1], chat())
				b.press(c.keys...)
				b.shows("Diff")
				b.tells(c.want...)
				b.press("d")
				if b.tab != decodeTab {
					t.Error("a second d does not show Decode")
				}
			}
		})
	}
	b := open(t, 140, 42, chat())
	b.press("=")
	b.shows("Space selects a command")
}

// TestSelectWithSpace: Space selects a row and moves on; the row stands out until Space deselects
// it.
func TestSelectWithSpace(t *testing.T) {
	b := open(t, 140, 42, chat())
	b.press(":goto 7", "Enter", "Space", "Space")
	if got := b.model.Picks(); len(got) != 2 || got[0] != 7 || got[1] != 8 {
		t.Errorf("selected %v, want 7 and 8", got)
	}
	if _, _, attrs := b.glass.style(t, "  7    0.078").Decompose(); attrs&tcell.AttrReverse == 0 {
		t.Error("a selected row does not stand out")
	}
	b.press("k", "k", "Space")
	if got := b.model.Picks(); len(got) != 1 || got[0] != 8 {
		t.Errorf("selected %v, want 8", got)
	}
}

// TestTabsGoBack: the key of a tab shows Decode again; in one pane Esc goes back to the list.
func TestTabsGoBack(t *testing.T) {
	for _, key := range []string{"K", "F4", "d"} {
		b := open(t, 80, 24, chat())
		b.press(":goto 20", "Enter", key)
		if b.focus != detailPane {
			t.Errorf("%s did not show the detail", key)
		}
		b.press("Esc")
		if b.focus != listPane || b.tab != decodeTab {
			t.Errorf("Esc after %s: pane %d, tab %d, want the list and Decode", key, b.focus, b.tab)
		}
		b = open(t, 140, 42, chat())
		b.press(key)
		if b.focus != listPane || b.tab == decodeTab {
			t.Errorf("%s: pane %d, tab %d, want the list and another tab", key, b.focus, b.tab)
		}
		if b.press(key); b.tab != decodeTab {
			t.Errorf("%s twice: tab %d, want Decode", key, b.tab)
		}
	}
}

// TestRoom: the keys of the layout do what they say.
func TestRoom(t *testing.T) {
	b := open(t, 140, 42, chat())
	b.press("\\")
	b.hides("1 Sessions ──")
	if w := b.layout.panes[listPane].w; w != 140 {
		t.Errorf("the zoomed list has %d columns, want 140", w)
	}
	b.press("\\")
	list := b.layout.panes[listPane].w
	b.press("+")
	if w := b.layout.panes[listPane].w; w != list+widen {
		t.Errorf("+ made %d columns of %d, want %d", w, list, list+widen)
	}
	b.press("-", "-")
	if w := b.layout.panes[listPane].w; w != list-widen {
		t.Errorf("- made %d columns of %d, want %d", w, list+widen, list-widen)
	}
	for _, want := range []int{1, 2, 3, 3} {
		b.press("|")
		shown := 0
		for _, r := range b.layout.panes {
			if r.w > 0 {
				shown++
			}
		}
		if got := map[int]int{1: 1, 3: 2, 4: 3}[shown]; got != want {
			t.Errorf("| shows %d panes, want %d columns", shown, want)
		}
	}
	for range 100 {
		b.press("+")
	}
	b.resize(80, 24)
	b.resize(100, 16)
	b.shows("2 Commands")
}
