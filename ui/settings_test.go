package ui

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// TestSettingsAreRemembered: what is chosen in one run is there in the next, in a file that says
// what it holds.
func TestSettingsAreRemembered(t *testing.T) {
	dir := t.TempDir()
	o := talk()
	o.Settings, o.History = filepath.Join(dir, "config", "inspector.conf"), filepath.Join(dir, "state", "history")
	b := open(t, 100, 30, o)
	b.press("F8")
	b.shows("Settings", "mouse", "columns", "clicks and the wheel")
	b.press("Right", "Tab", "Right", "Tab", "Right", "Enter") // mouse off, ASCII, no colours
	b.press("F10")
	b.shows("[x] user", "[ ] size")
	b.press("Down", "Down", "Down", "Down", "Down", " ", "G", "k", " ", "Enter") // user off, size on
	b.press("/", "XFR or MSG", "Enter", ":", "goto 12", "Enter")
	if err := b.keepHistory(); err != nil {
		t.Fatal(err)
	}
	text, err := os.ReadFile(o.Settings)
	if err != nil {
		t.Fatal(err)
	}
	for _, want := range []string{
		"mouse = \"off\"", "ascii = \"on\"", "colours = \"off\"", "# clicks and the wheel",
		`columns = "number time conn dir cmd size"`,
	} {
		if !strings.Contains(string(text), want) {
			t.Errorf("the settings lack %q:\n%s", want, text)
		}
	}
	if info, err := os.Stat(o.History); err != nil || info.Mode().Perm() != 0o600 {
		t.Errorf("the history is %v (%v), want it for its user alone", info.Mode(), err)
	}

	b = open(t, 100, 30, o)
	if b.mouse || b.theme.g != asciiGlyphs || b.theme.client != plain().client {
		t.Error("the settings are forgotten")
	}
	b.shows("size summary")
	b.press("/", "Up")
	b.shows("Filter: XFR or MSG")
	b.press("Esc", "Esc", ":", "Up")
	b.shows(":goto 12")
	b.press("Esc", "t", "d", "Enter", "O", "Esc", ":", "set mouse=on", "Enter", ":", "set ascii=off", "Enter")
	if !b.mouse || b.theme.g != unicodeGlyphs {
		t.Error(":set sets nothing")
	}
	b.shows("user")
}

// TestSettingsThatAreWrong are named with their line, and hinder nothing else.
func TestSettingsThatAreWrong(t *testing.T) {
	o := talk()
	o.Settings = filepath.Join(t.TempDir(), "inspector.conf")
	wrong := "# x\nmouse = maybe\n\nascii = on\ncolumns = \"cmd nonsense\"\n"
	if err := os.WriteFile(o.Settings, []byte(wrong), 0o600); err != nil {
		t.Fatal(err)
	}
	b := open(t, 200, 30, o)
	b.shows(`inspector.conf:2: setting mouse cannot be "maybe": it is on or off`)
	if b.theme.g != asciiGlyphs {
		t.Error("a wrong line hinders the others")
	}
	for typed, want := range map[string]string{
		"set mause=on": "did you mean mouse?", "set zorro=on": "they are mouse", "set mouse=2": "on or off",
		"set columns=nothing": "a column is one of number",
	} {
		b.press(":", typed, "Enter")
		b.shows(want)
	}
	o.Settings = filepath.Join(o.Settings, "below a file", "inspector.conf")
	b = open(t, 200, 30, o)
	b.press("F8", "Enter")
	b.shows("not a directory")
}

// TestColumns shows what each column has.
func TestColumns(t *testing.T) {
	b := open(t, 250, 42, talk())
	b.press(":", "set columns=number clock delta session dialect cmd size rtt", "Enter", ":", "goto 33", "Enter")
	if row := b.glass.line("RINGING 11752013"); !strings.Contains(row, "33 12:00:00.429    0.013") ||
		!strings.Contains(row, "11752013  MSNP2   CAL      24") {
		t.Errorf("the row is %q", row)
	}
	b.press(":", "set columns=", "Enter")
	b.shows("summary", "2 RINGING 11752013")
	boxGoldens(t, "settings", "Settings", talk, "F8")
	boxGoldens(t, "columns", "Columns", talk, "F10", "Down")
}

// TestSort: the list by any column, either way; the selection is the same event, and what comes
// later is sorted in.
func TestSort(t *testing.T) {
	s := newScript()
	s.talk()
	b := open(t, 250, 42, Options{Log: s.log})
	b.press("F10", "G", "s", "Esc") // by the round-trip time, the longest first
	b.shows("BY RTT", " 1/37", "ILN 9")
	_, first := b.model.Selected()
	for i := range b.model.Rows() - 1 {
		if b.model.Row(i).RTT < b.model.Row(i+1).RTT {
			t.Fatalf("row %d took %v, the next one %v", i, b.model.Row(i).RTT, b.model.Row(i+1).RTT)
		}
	}
	b.press(":", "sort rtt", "Enter")
	if got := b.model.Row(b.model.Rows() - 1).RTT; got != first.RTT {
		t.Errorf("the other way round the last one took %v, want %v", got, first.RTT)
	}
	b.press(":", "sort cmd", "Enter", ":", "goto 28", "Enter")
	row, e := b.model.Selected()
	if e.N != 28 || row < 20 { // an XFR
		t.Errorf("row %d, #%d is selected, want the last rows and #28", row, e.N)
	}
	s.talk()
	b.settle()
	if _, e := b.model.Selected(); e.N != 28 || b.model.Rows() != 74 {
		t.Errorf("#%d of %d is selected, want #28 of 74", e.N, b.model.Rows())
	}
	b.press("/", "XFR or MSG", "Enter")
	for i := range b.model.Rows() - 1 {
		if x, y := b.model.Row(i), b.model.Row(i+1); x.In.Verb.String() > y.In.Verb.String() {
			t.Errorf("row %d is %s, the next one %s", i, x.In.Verb, y.In.Verb)
		}
	}
	b.press("Esc", ":", "sort zorro", "Enter")
	b.shows("sort wants a column")
	b.press("F10", "u", "Esc")
	b.hides("BY ")
	if _, e := b.model.Selected(); e.N != 28 {
		t.Errorf("#%d is selected, want #28", e.N)
	}
}
