package ui

import (
	"strings"
	"testing"
	"time"
)

// played returns an inspector whose clock the test moves.
func played(t *testing.T) (*driven, *time.Time) {
	now := time.Unix(1_000_000, 0)
	o := talk() // a command every 13 ms
	o.Now = func() time.Time { return now }
	return open(t, 140, 42, o), &now
}

// TestPlayback: a file comes as if it were live, at the speed that is asked for, with a tree and
// figures of what has come so far.
func TestPlayback(t *testing.T) {
	b, now := played(t)
	b.press(">")
	b.shows("PLAY ×1 +0.000 1/37", "1/1", "cmd 0")
	*now = now.Add(135 * time.Millisecond)
	b.settle()
	b.settle() // the second time with what came in sight
	b.shows("PLAY ×1 +0.135 11/37", "11/11", "cmd 8", "VER 3 MSNP2")
	b.hides("SB#3", "XFR 8 SB")
	b.press("<", "<")
	b.shows("PLAY ×1/4")
	b.press(">", ">", ">")
	b.shows("PLAY ×2")
	b.press("p")
	*now = now.Add(time.Second)
	b.settle()
	b.settle() // the second time with what came in sight
	b.shows("STEP ×2 +0.135 11/37")
	b.press("Ctrl-Space", "Ctrl-Space")
	b.shows("13/37", "+0.156")
	b.press("p")
	*now = now.Add(13 * time.Millisecond)
	b.settle()
	b.settle() // the second time with what came in sight
	b.shows("PLAY ×2 +0.182 15/37")
	b.press(":", "seek 5", "Enter") // back: what came later is not known yet
	b.shows("5/37", "cmd 4")
	b.hides("NS#2")
	b.press(":", "seek +0.4", "Enter")
	b.shows("31/37", "SB#3")
	b.press(":", "stop", "Enter")
	b.shows("the whole file", "31/37", "cmd 33")
	b.press(":", "play", "Enter")
	b.shows("PLAY ×1 +0.390 31/37")
	*now = now.Add(time.Minute)
	b.settle()
	b.settle() // the second time with what came in sight
	b.hides("PLAY")
	b.shows("37/37")
}

// TestSeek goes to commands and times, also where nothing is played.
func TestSeek(t *testing.T) {
	b, _ := played(t)
	for _, c := range []struct{ where, want string }{
		{"12", " 12/37"},
		{"#30", " 30/37"},
		{"+0.1", " 8/37"},
		{"12:00:00.3", " 23/37"},
		{"noon", "seek wants"},
		{"99", "seek wants"},
		{"+x", "seek wants"},
	} {
		b.press(":", "seek "+c.where, "Enter")
		b.shows(c.want)
	}
	s := newScript()
	s.talk()
	b = open(t, 140, 42, Options{Log: s.log, Live: true})
	for _, key := range []string{">", "<", "Ctrl-Space"} {
		b.press(key)
		b.shows("what is live plays by itself")
	}
}

// TestPalette: every action is found by a word of what it does, and Enter does it.
func TestPalette(t *testing.T) {
	b := open(t, 100, 30, talk())
	b.press("Ctrl-P", "mouse")
	b.shows("Actions", "F9", "mouse on or off")
	b.hides("half a page")
	b.press("Enter")
	b.shows("mouse off")
	b.press("Ctrl-P", "state after", "Enter")
	b.shows("State as of #1")
	b.press("Esc", "Ctrl-P", ":goto", "Enter", "12", "Enter")
	b.shows(" 12/37")
	b.press("Ctrl-P", "no such thing", "Enter")
	b.shows("nothing")
	b.press("Esc")
	if b.picker != nil {
		t.Error("Esc does not close the palette")
	}
	all := actions()
	for keys := range equivalents {
		found := false
		for _, x := range all {
			found = found || x.keys == keys
		}
		if !found {
			t.Errorf("%q is the name of no keys", keys)
		}
	}
	for _, x := range all {
		if x.what == "" || x.do == nil || x.keys == "" && !strings.HasPrefix(x.line, ":") {
			t.Errorf("%+v is no action", x)
		}
	}
	boxGoldens(t, "palette", "Actions", talk, "Ctrl-P", "comment on")
}
