package ui

import (
	"testing"

	"github.com/gdamore/tcell/v2"
)

// TestFilterWhileTyping: the list and its count are those of the line that is being typed, as soon
// as it is valid.
func TestFilterWhileTyping(t *testing.T) {
	for _, size := range [][2]int{{80, 24}, {140, 42}} {
		b := open(t, size[0], size[1], talk())
		b.press("/", "error")
		b.shows("[ok 1/37]", "ERR_NOT_ALLOWED_WHEN_OFFLINE")
		b.press(" or XF")
		b.shows("[wrong]")
		b.press("R")
		b.shows("[ok 5/37]", "Filter: error or XFR")
		b.press("Enter")
		b.shows("[ok 5/37]")
	}
}

// TestFilterEscapes: Esc clears the line, a second one leaves it; Ctrl-Z takes back.
func TestFilterEscapes(t *testing.T) {
	b := open(t, 100, 30, talk())
	b.press("/", "MSG", "Enter", "/", " or XFR", "Esc")
	b.shows("VER 0 MSNP2 CVR0")
	b.hides("[ok")
	b.press("Ctrl-Z")
	b.shows("Filter: MSG or XFR", "[ok 6/37]")
	b.press("Esc", "Esc")
	b.shows("Filter: none", "VER 0 MSNP2 CVR0")
	if b.prompt != nil {
		t.Error("the second Esc does not leave the line")
	}
	b.press("/", "Up", "Up")
	b.shows("Filter: MSG")
	for range 10 { // further back than there is
		b.press("Ctrl-Z")
	}
	b.shows("Filter:")
	b.hides("Filter: MSG")
}

// TestFilterAnswers: what newcomers type finds something, or is answered.
func TestFilterAnswers(t *testing.T) {
	b := open(t, 100, 30, talk())
	for _, c := range []struct{ typed, want string }{
		{"error", "[ok 1/37]"},
		{"rewritten", "[ok 2/37]"},
		{"ERR_NOT_ALLOWED_WHEN_OFFLINE", "[ok 1/37]"},
		{"!MSG", "[ok 35/37]"},
		{"XFR || RNG", "[ok 4/37]"},
		{`"MSNP2" in args.DialectName`, "[ok 4/37]"},
		{`user == "alice"`, `user == "alice@hotmail.com"`},
		{`dir == "client"`, `"C" for what the client sent`},
		{`cmd = "XFR"`, `cmd == "XFR"`},
		{`flags == "error"`, `"error" in flags`},
		{"payload.t", "Tab: payload.type  payload.text"},
	} {
		b.press("/", "Ctrl-U", c.typed)
		b.shows(c.want)
		b.press("Esc", "Esc")
	}
	b.press("/", `user == "alice"`, "Enter")
	b.shows("a user is a handle") // also when the line is left
}

// TestCommandHistory: lines after ':' come back, and Tab goes through the names that fit.
func TestCommandHistory(t *testing.T) {
	b := open(t, 80, 24, talk())
	b.press(":", "goto 12", "Enter", ":", "goto 3", "Enter", ":", "Up", "Up", "Enter")
	b.shows("12/37")
	b.press(":", "f", "Tab")
	b.shows(":filter")
	b.press("Tab")
	b.shows(":fold")
	b.press("Esc", ":", "flod", "Enter")
	b.shows(`did you mean fold?`)
}

// TestFilterForm: what is filled in becomes a filter, which is shown before it is applied.
func TestFilterForm(t *testing.T) {
	for _, size := range [][2]int{{80, 24}, {140, 42}} {
		b := open(t, size[0], size[1], talk())
		b.press("F7", "xfr, msg", "Tab", "ALICE", "Tab", "Tab", "Right")
		want := `cmd in ["XFR", "MSG"] and lower(user) contains "alice" and dir == "C"`
		b.shows("commands", "direction", want)
		b.press("Enter")
		b.shows("[ok 3/37]")
		if b.filter != want {
			t.Errorf("the filter is %q, want %q", b.filter, want)
		}
		b.press("F7", "Tab", "Tab", "dear", "Tab", "Tab", "Right", "Right", "Right", "Tab", "Left", "Tab", "x")
		b.shows("unknown field")
		b.press("Backspace", "1", "Enter")
		b.shows("[ok 0/37]")
		b.press("F7", "Esc")
		b.shows("[ok 0/37]")
	}
}

// TestArgumentsComplete: Tab knows what may follow a command.
func TestArgumentsComplete(t *testing.T) {
	b := open(t, 100, 30, talk())
	for _, c := range []struct{ typed, want string }{
		{"sort r", ":sort rtt"}, {"set mo", ":set mouse=on"}, {"save j", ":save jsonl"}, {"filter cm", ":filter cmd"},
	} {
		b.press(":", c.typed, "Tab")
		b.shows(c.want)
		b.press("Tab", "Esc")
	}
}

// TestCoveredPanes: what stands over the panes takes keys, clicks and pasted text, and help stands
// over that.
func TestCoveredPanes(t *testing.T) {
	b := open(t, 100, 30, talk())
	b.press("F7")
	b.paste("XFR MSG")
	b.shows(`cmd in ["XFR", "MSG"]`)
	b.press("F1")
	b.shows("half a page down")
	b.press("Esc")
	b.handle(tcell.NewEventMouse(40, 7, tcell.ButtonPrimary, tcell.ModNone))
	b.handle(tcell.NewEventMouse(40, 7, tcell.WheelDown, tcell.ModNone))
	if row, _ := b.model.Selected(); row != 0 {
		t.Errorf("a click went through the form to row %d", row)
	}
	b.press("Esc", "Ctrl-P")
	b.paste("mouse")
	b.shows("F9")
	b.handle(tcell.NewEventMouse(40, 7, tcell.WheelDown, tcell.ModNone))
	if b.picker.at == 0 && b.picker.count > 1 {
		t.Error("the wheel does not move in a picker")
	}
}
