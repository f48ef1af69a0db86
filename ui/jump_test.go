package ui

import "testing"

// TestJump: J leads from each command to those that belong to it, and back.
func TestJump(t *testing.T) {
	for _, c := range []struct {
		name  string
		from  string
		keys  []string
		title string // of the menu, "" where there is one way only
		want  uint64
	}{
		{"reply to request", "8", []string{"J"}, "", 7},
		{"request to reply", "7", []string{"J"}, "", 8},
		{"referral to its connection", "20", []string{"J", "j", "Enter"}, "From #20 XFR", 22},
		{"connection to its referral", "34", []string{"J", "Enter"}, "From #34 MSG", 20},
		{"beginning of a connection to its referral", "1", []string{"J"}, "", 20},
		{"ring to answer", "26", []string{"J", "j", "Enter"}, "From #26 RNG", 28},
		{"call to join", "24", []string{"J", "G", "Enter"}, "From #24 CAL", 31},
		{"cookie to its use", "19", []string{"J", "j", "Enter"}, "From #19 XFR", 22},
		{"failure to its message", "50", []string{"J", "g", "Enter"}, "From #50 NAK", 49},
	} {
		t.Run(c.name, func(t *testing.T) {
			b := open(t, 140, 42, chat())
			b.press(":goto "+c.from, "Enter", c.keys[0])
			if c.title != "" {
				b.shows(c.title)
			}
			b.press(c.keys[1:]...)
			if _, e := b.model.Selected(); e.N != c.want {
				t.Errorf("from #%s to #%d, want #%d:\n%s", c.from, e.N, c.want, b.glass.text())
			}
		})
	}
}

// TestJumpTakesAwayWhatHides: a jump leads out of the conversation, the scope and the filter where
// its end is not in them, and says so.
func TestJumpTakesAwayWhatHides(t *testing.T) {
	b := open(t, 140, 42, chat())
	b.press(":goto 38", "Enter", "V", "J", "j", "Enter")
	if _, e := b.model.Selected(); e.N != 20 || b.face != listFace {
		t.Errorf("from the conversation to #%d in face %d, want #20 in the list", e.N, b.face)
	}
	b.press("1", "G", "Enter", "g", "2", ":goto 28", "Enter", "J", "j", "j", "j", "Enter")
	if _, e := b.model.Selected(); e.N != 26 {
		t.Errorf("from the scope to #%d, want #26", e.N)
	}
	b.press("/", "NAK", "Enter", "J", "g", "Enter")
	b.shows("the filter NAK hid #49 and is off")
	if _, e := b.model.Selected(); e.N != 49 {
		t.Errorf("from the filter to #%d, want #49", e.N)
	}
	s := newScript()
	s.open("127.0.0.1:1", "64.4.13.58:1863", 0)
	b = open(t, 80, 24, Options{Log: s.log})
	b.press("J")
	b.shows("leads nowhere")
}

func TestJumpGoldens(t *testing.T) { goldens(t, "jump", chat, ":goto 24", "Enter", "J") }
