package ui

import (
	"strings"
	"testing"
	"time"
)

// TestHeldStandsInTheList: a held command is a line of the list, below the rows, with its clock.
func TestHeldStandsInTheList(t *testing.T) {
	b, d := steered(t)
	for _, verb := range []string{"→ CHG 21 NLN", "→ MSG 4 N"} {
		if row := b.glass.line(verb); !strings.Contains(row, " ⏸     3.1s NS#4") &&
			!strings.Contains(row, " ⏸     3.1s SB#5") {
			t.Errorf("the held command's line is %q", row)
		}
	}
	b.shows("CHG  client → server", "it has not gone on")
	b.press("F5") // the ladder has it too
	b.shows("⏸    3.1s", "CHG 21 NLN")
	b.press("F5")
	b.press("/", "XFR", "Enter") // a filter hides nothing that waits
	b.shows("→ CHG 21 NLN", "→ MSG 4 N")
	d.take(7)
	d.take(8)
	b.press("j")
	b.hides("→ CHG 21 NLN", "⏸")
}

// TestKeysActOnTheSelected: keys act on the selected held command, neither on the oldest nor on one
// that has come to its place.
func TestKeysActOnTheSelected(t *testing.T) {
	b, d := steered(t)
	b.press("j", "a") // the MSG
	if len(d.held) != 1 || d.held[0].ID != 7 {
		t.Fatalf("a let another command go on: %v are held", d.held)
	}
	b.press("g", "a") // the first row of the log
	if len(d.held) != 1 {
		t.Error("a acted on what was not selected")
	}
	b.shows("Held", "which one?") // but asks
	b.press("Esc", "G")
	d.take(7) // it goes on by itself before the next drawing
	d.hold(b.model.Held()[0])
	d.held[0].ID = 9
	b.handle(events("x")[0])
	if len(d.held) != 1 {
		t.Error("x dropped a command that was not on the screen yet")
	}
}

// TestQueue lists all that is held, and each key acts on the line that it is pressed on.
func TestQueue(t *testing.T) {
	b, d := steered(t)
	b.press("Q")
	b.shows("Held", "3.1s NS#4", "CHG 21 NLN", "MSG 4 N")
	b.press("j", "D")
	if want := "replace MSG 4 N 62"; !strings.HasPrefix(d.last(), want) || strings.Count(d.last(), "MSG 4 N 62") != 2 {
		t.Errorf("D asked for %q", d.last())
	}
	b.press("x")
	if d.last() != "drop" || len(d.held) != 0 {
		t.Errorf("x asked for %q", d.last())
	}
	b, d = steered(t)
	b.press("g", "Q", "j", "e")
	b.shows("MSG held")
	b.press("Esc", "Q", "j", "Enter", "a")
	if len(d.held) != 1 || d.held[0].ID != 7 {
		t.Error("Enter did not select the MSG")
	}
	b.press("Q", "a")
	if len(d.held) != 0 {
		t.Error("a in the queue let nothing go on")
	}
	b.press("Esc", "Q")
	b.shows("nothing is held")
	b, d = steered(t)
	if b.press("Q", "A"); len(d.held) != 0 {
		t.Error("A in the queue let not all go on")
	}
}

// TestWhatIsHeldStaysInSight: messages and prompts do not hide the keys, and the expression by
// which commands are held is always to be seen.
func TestWhatIsHeldStaysInSight(t *testing.T) {
	for _, size := range [][2]int{{80, 24}, {140, 42}} {
		b, _ := steered(t)
		b.resize(size[0], size[1])
		b.press("i", `cmd == "MSG"`, "Enter")
		b.shows("held from now on", "[⏸ CHG 3.1s: a e x]", "HOLD cmd ==")
		b.press(":")
		b.shows("[⏸ CHG 3.1s: a e x]")
		b.press("Esc", "g")
		b.shows("⏸ 2 held, for 3.1s: Q lists A all go on")
		b.press("I")
		b.hides("HOLD")
	}
}

// TestLeavingAsksForWhatIsHeld: quitting asks first while a command is held.
func TestLeavingAsksForWhatIsHeld(t *testing.T) {
	b, d := steered(t)
	b.press("q")
	b.shows("2 commands are held: they go on when you leave. Quit? (y/n)")
	if b.press("n"); b.App.quit {
		t.Fatal("n quit")
	}
	d.take(7)
	b.press(":", "quit", "Enter")
	b.shows("A command is held")
	b.press("n")
	d.take(8)
	if b.press("q"); !b.App.quit {
		t.Error("q asked although nothing is held")
	}
}

// TestClockOfWhatIsHeld: the clock of a held command goes on without a key.
func TestClockOfWhatIsHeld(t *testing.T) {
	b, d := steered(t)
	since := d.held[0].Since
	b.o.Now = func() time.Time { return since.Add(75 * time.Second) }
	for range beat + 1 {
		b.tick()
	}
	b.shows("CHG held 1m15s")
}

// TestScreensOfHolding has the goldens of what waits: in the list, in the ladder and in the queue.
func TestScreensOfHolding(t *testing.T) {
	o := func() Options {
		b, d := steered(t)
		return Options{Log: b.o.Log, Live: true, Steering: d, Now: b.o.Now}
	}
	goldens(t, "held", o)
	goldens(t, "held-ladder", o, "F5")
	boxGoldens(t, "queue", "Held", o, "Q", "j")
	still := func() Options {
		o := talk()
		o.Now = func() time.Time { return time.Unix(0, 0) }
		return o
	}
	goldens(t, "playback", still, ">", "Ctrl-Space", "Ctrl-Space", "Ctrl-Space")
}

// TestDetailOfWhatIsHeldKeepsItsPlace: the detail of a held command keeps its scroll position,
// although an attached inspector gets the command anew at every look.
func TestDetailOfWhatIsHeldKeepsItsPlace(t *testing.T) {
	b, d := steered(t)
	b.resize(100, 9) // a pane of four lines
	b.press("3")
	b.detail.scroll(2)
	b.settle()
	if b.detail.top != 2 {
		t.Fatalf("the detail is scrolled to %d, want 2", b.detail.top)
	}
	again := *d.held[0].Event
	d.held[0].Event = &again
	b.settle()
	if b.detail.top != 2 {
		t.Errorf("the detail went back to %d", b.detail.top)
	}
	b.press("2", "j")
	if b.detail.top != 0 {
		t.Errorf("the detail of another command begins at line %d", b.detail.top)
	}
}
