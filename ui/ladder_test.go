package ui

import (
	"fmt"
	"strings"
	"testing"

	"github.com/gdamore/tcell/v2"

	"github.com/msnscope/msnscope/decode/dialect"
	"github.com/msnscope/msnscope/ui/model"
)

func TestLadderGoldens(t *testing.T) {
	goldens(t, "ladder", chat, "F5", ":goto 19", "Enter")
	goldens(t, "ladder-folded", chat, "F5", "z", "G")
}

// TestLadderRows: each arrow runs between the lanes of its ends, and says what was done to it.
func TestLadderRows(t *testing.T) {
	b := open(t, 140, 70, chat())
	b.press("F5")
	for _, c := range []struct{ row, want string }{
		{"XFR 7 SB 64", "◀─XFR 7 SB 64.4.13.… ✎ ⚠─"},
		{"CAL 2 bob@", "──CAL 2 bob@hotmail.com─"},
		{"217 5", "◀─217 5 PRINCIPAL_NOT_ONLINE ⇄13ms─"},
		{"NAK 6", "⇄13ms"},
	} {
		if got := b.glass.line(c.row); !strings.Contains(got, c.want) {
			t.Errorf("row %q = %q, want %q in it", c.row, got, c.want)
		}
	}
	if fg, _, _ := b.glass.style(t, "217 5").Decompose(); fg != tcell.ColorRed {
		t.Errorf("an error is %v, want red", fg)
	}
}

// TestLadderLinksTransactions: the rows of the selected command's transaction are marked, and no
// others.
func TestLadderLinksTransactions(t *testing.T) {
	b := open(t, 140, 70, chat())
	b.press("F5", ":goto 19", "Enter") // XFR 7 SB
	for _, row := range []string{"─XFR 7 SB 64", "USR 1 alice@"} {
		if got := b.glass.line(row); !strings.Contains(got, "◆") {
			t.Errorf("%q is not linked with its request: %q", row, got)
		}
	}
	if got := b.glass.line("VER 1 MSNP2"); strings.Contains(got, "◆") {
		t.Errorf("%q is linked", got)
	}
}

// TestLadderTouched: what was dropped ends at the proxy, what was made there begins at it.
func TestLadderTouched(t *testing.T) {
	b := open(t, 140, 70, chat())
	for i := range b.model.Rows() {
		e := b.model.Row(i)
		rung, lanes := b.model.Ladder(model.EachLane).Rung(e), b.model.Ladder(model.EachLane)
		switch text := string(e.In.Payload()); {
		case strings.Contains(text, "made up"):
			if rung.From != lanes.Proxy {
				t.Errorf("what was injected comes from lane %d, want the proxy's %d", rung.From, lanes.Proxy)
			}
		case strings.Contains(text, "never arrives"):
			if rung.To != lanes.Proxy {
				t.Errorf("what was dropped goes to lane %d, want the proxy's %d", rung.To, lanes.Proxy)
			}
		}
	}
}

// crowd is a log of n users, each with a session of its own.
func crowd(n int) Options {
	s := newScript()
	for i := range n {
		c := s.open(fmt.Sprintf("127.0.0.1:%d", 10000+i), "64.4.13.41:1863", dialect.SB)
		s.c(c, fmt.Sprintf("USR 1 user%02d@hotmail.com 17.%d\r\n", i, i))
	}
	return Options{Log: s.log}
}

// TestLadderLanes: L puts lanes together, lanes that do not fit scroll sideways, and a selected
// command is brought into sight.
func TestLadderLanes(t *testing.T) {
	b := open(t, 80, 24, crowd(30))
	b.press("F5")
	b.shows("clients", "servers", "user00 SB#1 USR 1 user00")
	b.press("L")
	b.shows("a lane for each user, server and session", " user00 ")
	b.hides("servers")
	b.press("l", "l", "l")
	b.hides(" user00 ")
	b.press("h", "h", "h")
	b.shows(" user00 ")
	b.press("G")
	b.shows(" user29 ")
	b.hides(" user00 ")
	b.press("L")
	b.shows("a lane for each user and role")
	b.press("L")
	b.shows("clients", "servers", "a lane for each side")
	b.press("F5")
	b.shows("cmd", "60/60")
	b.hides("clients")
}

// TestFoldedRuns: z makes one row of a run, which says how many it stands for.
func TestFoldedRuns(t *testing.T) {
	b := open(t, 140, 42, chat())
	b.press("F5", "z")
	b.shows("FOLDED", "──typing, 3 times──", "◀─typing, 3 times──", "keep-alive, 4 times")
	b.press("z")
	b.hides("FOLDED", "3 times")
}
