package ui

import (
	"fmt"
	"slices"
	"strconv"
	"strings"

	"github.com/msnscope/msnscope/replay"
)

// ReplayOptions say how the log is replayed.
type ReplayOptions struct {
	To        string // "embedded", "self" or the address of a server
	Timing    string // "lockstep", "real", "xN" or "step"
	Only      string // only connections on which a command matches this filter; "" plays all
	Passwords string // HANDLE=PASSWORD, separated by blanks
}

// Replay is a replay that was started. It is safe for concurrent use.
type Replay interface {
	// News returns what became known since the last call: outcomes in their order.
	News() []replay.Outcome
	// Next returns the command that waits for Step, "" for none.
	Next() string
	// Step lets the command go that waits.
	Step()
	// Over returns how the replay ended, in words, and whether it did.
	Over() (text string, failed, over bool)
	// Stop ends the replay and waits for that.
	Stop()
}

// Caps of the outcomes that the panel keeps: beyond the first, only those that went wrong.
const (
	maxOutcomes    = 1 << 16
	maxBadOutcomes = 1 << 17
)

// replayPanel is the screen on which a replay is chosen, watched and looked through.
type replayPanel struct {
	o        ReplayOptions
	run      Replay // nil before the first
	outcomes []replay.Outcome
	counts   map[replay.Verdict]int
	left     int // outcomes that are not kept
	at, top  int
	height   int
	follows  bool // the selection follows the end
}

// The choices of the form for a replay. An address and other speeds can be typed.
var (
	replayTargets = []string{"embedded", "self", "address"}
	replayTimings = []string{"lockstep", "real", "x10", "x100", "step"}
)

// replayPanel shows the latest replay; where there is none yet, it asks what to replay.
func (a *App) replayPanel() {
	if a.o.Replay == nil {
		a.say("nothing can be replayed here")
		return
	}
	if a.replays == nil {
		a.replays = &replayPanel{o: ReplayOptions{To: replayTargets[0], Timing: replayTimings[0]}}
	}
	if a.replaying = true; a.replays.run == nil {
		a.replayForm()
	}
}

// replaySelection replays the connections of the selected commands, or of the one under the cursor.
func (a *App) replaySelection() {
	var conns []string
	for _, n := range a.model.Picks() {
		if e := a.model.Event(n); e != nil && e.Conn != 0 {
			conns = append(conns, strconv.Itoa(e.Conn))
		}
	}
	if _, e := a.model.Selected(); len(conns) == 0 && e != nil && e.Conn != 0 {
		conns = []string{strconv.Itoa(e.Conn)}
	}
	if len(conns) == 0 {
		a.say("no connection is selected")
		return
	}
	slices.Sort(conns)
	a.replayOnly("conn in [" + strings.Join(slices.Compact(conns), ", ") + "]")
}

// replayOnly replays the connections with a command that a filter finds, as the last replay was
// done.
func (a *App) replayOnly(expr string) {
	if a.replayPanel(); a.replays == nil {
		return
	}
	a.form = nil
	a.replays.o.Only = expr
	if !a.startReplay() && a.replays.run == nil {
		a.replayForm()
	}
}

func (a *App) commandReplay(expr string) {
	if expr == "" {
		a.replayPanel()
		return
	}
	a.replayOnly(expr)
}

// replayForm asks what to replay against what.
func (a *App) replayForm() {
	p := a.replays
	to, address := p.o.To, ""
	if !slices.Contains(replayTargets[:2], to) {
		to, address = replayTargets[2], to
	}
	f := &form{title: "Replay", hint: "Tab next, Left and Right choose, Enter plays, Esc leaves"}
	f.fields = []*formField{
		choiceField("against", to, replayTargets...), a.textField("address", address),
		choiceField("timing", p.o.Timing, replayTimings...), a.textField("only", p.o.Only),
		a.textField("passwords", p.o.Passwords),
	}
	notes := []string{
		"embedded: a fresh server, made ready as the recording presupposes it; self: the recorded server",
		"host:port of a server, where it is played against an address",
		"lockstep: as soon as what is waited for has come; real: with the recorded pauses; step: s sends each command",
		"a filter: only connections on which a command matches, and those whose referrals led there",
		"HANDLE=PASSWORD, with blanks between; the embedded server needs none",
	}
	f.note = func() seg { return seg{notes[f.at], a.theme.dim} }
	f.done = func() bool {
		value := func(i int) string { return strings.TrimSpace(f.fields[i].value()) }
		p.o = ReplayOptions{To: value(0), Timing: value(2), Only: value(3), Passwords: value(4)}
		if p.o.To == replayTargets[2] {
			p.o.To = value(1)
		}
		return a.startReplay()
	}
	a.form = f
}

// startReplay begins a replay in place of the one before, and reports whether that was possible.
func (a *App) startReplay() bool {
	p := a.replays
	a.stopReplay()
	run, err := a.o.Replay(p.o)
	if err != nil {
		a.report(err)
		return false
	}
	*p = replayPanel{o: p.o, run: run, counts: map[replay.Verdict]int{}, follows: true}
	return true
}

// stopReplay ends the replay that is running, if any.
func (a *App) stopReplay() {
	if a.replays != nil && a.replays.run != nil {
		a.replays.run.Stop()
		a.replays.take()
	}
}

// take adds what has become known since the last call, and reports whether there was anything.
func (p *replayPanel) take() bool {
	news := p.run.News()
	for _, o := range news {
		p.counts[o.Verdict]++
		if n := len(p.outcomes); n < maxOutcomes || n < maxBadOutcomes && !o.Good() {
			p.outcomes = append(p.outcomes, o)
		} else {
			p.left++
		}
	}
	if p.follows {
		p.at = max(0, len(p.outcomes)-1)
	}
	return len(news) > 0
}

// watchReplay takes what is new of the replay, and reports whether the screen has changed.
func (a *App) watchReplay() bool {
	if a.replays == nil || a.replays.run == nil {
		return false
	}
	_, _, over := a.replays.run.Over()
	return a.replays.take() || a.replaying && !over
}

// pressReplay handles a key while the panel is shown.
func (a *App) pressReplay(name string) {
	p := a.replays
	a.message = seg{}
	if p.run == nil { // the form was left without a replay
		a.replaying = false
		return
	}
	switch name {
	case "Esc", "q":
		a.replaying = false
		a.stopReplay()
	case "?":
		a.help()
	case "R":
		a.replayForm()
	case "r":
		a.startReplay()
	case "s":
		if p.run.Next() == "" {
			a.say("no command waits: the timing step makes each wait for s")
		}
		p.run.Step()
	case "n":
		p.next(1)
	case "N":
		p.next(-1)
	case "Enter":
		if p.at < len(p.outcomes) && p.outcomes[p.at].N != 0 {
			a.replaying = false
			a.stopReplay()
			a.commandGoto(strconv.FormatUint(p.outcomes[p.at].N, 10))
		}
	default:
		p.at = moved(name, p.at, len(p.outcomes), p.height)
		p.follows = name == "G" || name == "End"
	}
}

// next selects the next outcome in a direction that went wrong.
func (p *replayPanel) next(step int) {
	for i := p.at + step; i >= 0 && i < len(p.outcomes); i += step {
		if !p.outcomes[i].Good() {
			p.at, p.follows = i, false
			return
		}
	}
}

// state returns in words how far the replay has come.
func (p *replayPanel) state(t *theme) seg {
	if text, failed, over := p.run.Over(); over && failed {
		return seg{printable(text), t.fail}
	} else if over && !failed {
		return seg{printable(text), t.good}
	}
	if next := p.run.Next(); next != "" {
		return seg{"s sends " + printable(next), t.mark}
	}
	bad := 0
	for v, n := range p.counts {
		if o := (replay.Outcome{Verdict: v}); !o.Good() {
			bad += n
		}
	}
	sent, same := p.counts[replay.Sent], p.counts[replay.Same]
	return seg{fmt.Sprintf("playing: %d sent, %d as recorded, %d wrong", sent, same, bad), t.mark}
}
