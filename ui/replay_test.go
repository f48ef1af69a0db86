package ui

import (
	"errors"
	"strings"
	"testing"

	"github.com/msnscope/msnscope/internal/compare"
	"github.com/msnscope/msnscope/replay"
)

// player is a replay whose outcomes the test says.
type player struct {
	asked   []ReplayOptions
	news    []replay.Outcome
	waiting string
	steps   int
	text    string
	failed  bool
	stops   int
}

func (p *player) start(o ReplayOptions) (Replay, error) {
	if o.To == "" {
		return nil, errors.New("an address is needed")
	}
	p.asked = append(p.asked, o)
	return p, nil
}

func (p *player) News() []replay.Outcome {
	news := p.news
	p.news = nil
	return news
}
func (p *player) Next() string               { return p.waiting }
func (p *player) Step()                      { p.steps++ }
func (p *player) Over() (string, bool, bool) { return p.text, p.failed, p.text != "" }
func (p *player) Stop()                      { p.stops++ }

// outcomesOf returns outcomes for commands 27 to 29 of the talk, and one that was not recorded.
func outcomesOf(b *driven) []replay.Outcome {
	var all []replay.Outcome
	for n := uint64(27); n < 30; n++ {
		e := b.model.Event(n)
		o := replay.Outcome{
			N: n, Conn: e.Conn, Role: e.Role.String(), User: e.User, Dir: e.Dir.String(), Verdict: replay.Same,
			Command: string(e.In.Line()),
		}
		all = append(all, o)
	}
	all[1].Verdict = replay.Missing
	all[2].Verdict = replay.Differs
	all[2].Diffs = []compare.Diff{{Field: "UserHandle", Want: "x", Got: "eve@hotmail.com"}}
	extra := replay.Outcome{Conn: 3, Role: "SB", Dir: "S", Verdict: replay.Extra, Command: "BYE eve@hotmail.com"}
	return append(all, extra)
}

// TestReplayPanel chooses a replay, watches it, steps through it, looks through what is wrong and
// plays it again.
func TestReplayPanel(t *testing.T) {
	for _, size := range [][2]int{{80, 24}, {140, 42}} {
		p, o := &player{}, talk()
		o.Replay = p.start
		b := open(t, size[0], size[1], o)
		b.press("R")
		b.shows("Replay", "embedded", "lockstep", "made ready as the recording")
		b.press("Right", "Right", "Enter")
		b.shows("an address is needed")
		b.press("Right", "Tab", "Tab", "Left", "Enter")
		if len(p.asked) != 1 || p.asked[0] != (ReplayOptions{To: "embedded", Timing: "step"}) {
			t.Fatalf("asked for %v", p.asked)
		}
		p.waiting = "#3 alice: VER 1 MSNP2"
		b.settle()
		b.shows("against embedded, step", "s sends #3 alice: VER 1 MSNP2")
		if b.press("s"); p.steps != 1 {
			t.Errorf("s steps %d times", p.steps)
		}
		p.waiting, p.news = "", outcomesOf(b)
		b.settle()
		b.shows("playing: 0 sent, 1 as recorded, 3 wrong", "unexpected", "BYE eve@hotmail.com")
		b.press("N")
		if size[0] == 80 { // below the outcomes there is room for two columns, beside them there is not
			b.shows("recorded", "came", "! UserHandle", "eve@hotmail.com")
		} else {
			b.shows("- recorded", "+ came", "- UserHandle x", "+ UserHandle eve@hotmail.com")
		}
		b.press("N", "N")
		if n := b.replays.outcomes[b.replays.at].N; n != 28 {
			t.Errorf("N goes to #%d, want 28, the first that is wrong", n)
		}
		p.text, p.failed = "differs: 1 sent", true
		b.settle()
		b.shows("differs: 1 sent")
		b.press("r")
		if len(p.asked) != 2 || p.asked[1] != p.asked[0] || len(b.replays.outcomes) != 0 {
			t.Errorf("r asked for %v", p.asked)
		}
		p.news = outcomesOf(b)
		b.settle()
		b.press("g", "n", "Enter")
		if _, e := b.model.Selected(); e.N != 28 || b.replaying {
			t.Errorf("Enter shows #%d", e.N)
		}
		b.press("R")
		b.shows("missing")
		b.press("R", "Esc", "Esc")
		b.hides("missing")
		if p.stops == 0 {
			t.Error("the replay was never stopped")
		}
	}
}

// TestReplaySelection replays the connection of the command under the cursor, those of selected
// commands, and those that a filter finds.
func TestReplaySelection(t *testing.T) {
	p, o := &player{}, talk()
	o.Replay = p.start
	b := open(t, 140, 42, o)
	b.press(":", "27", "Enter", "r")
	b.shows("only conn in [")
	b.press("Esc", "g", "Space", ":", "27", "Enter", "Space", "r")
	b.press("Esc", ":replay XFR", "Enter")
	var only []string
	for _, o := range p.asked {
		only = append(only, o.Only)
	}
	if got := strings.Join(only, "; "); got != "conn in [2]; conn in [1, 2]; XFR" {
		t.Errorf("played only: %s", got)
	}
}

// TestReplayWithout: where nothing can be replayed, R and r say so.
func TestReplayWithout(t *testing.T) {
	b := open(t, 80, 24, talk())
	for _, key := range []string{"R", "r"} {
		b.press(":", "27", "Enter", key)
		b.shows("nothing can be replayed here")
	}
}
