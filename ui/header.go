package ui

import (
	"fmt"
	"runtime/metrics"
	"strconv"
	"strings"
	"time"

	"github.com/msnscope/msnscope/internal/eventlog"
	"github.com/msnscope/msnscope/ui/model"
)

// title returns the title with two blanks before it, "" where there is none.
func (a *App) title() string {
	if a.o.Title == nil {
		return ""
	}
	if text := a.o.Title(); text != "" {
		return "  " + printable(text)
	}
	return ""
}

// drawHeader draws the first line of the screen: the title and the figures.
func (a *App) drawHeader(w int) {
	t, stats := &a.theme, a.model.Stats()
	left := line{{" msnscope", t.title}}
	if a.o.Status != nil {
		if text := a.o.Status(); text != "" {
			left = append(left, seg{" " + t.g.record + " ", t.fail}, seg{printable(text), t.bold})
		}
	}
	left = append(left, seg{a.title(), t.plain})
	if a.o.Loading != nil {
		if text, busy := a.o.Loading(); busy {
			left = append(left, seg{"  " + printable(text), t.mark})
		} else if text != "" {
			left = append(left, seg{"  " + printable(text), t.fail})
		}
	}
	left = append(left, seg{a.crumbs(), t.label})
	conns := strconv.Itoa(stats.Connections)
	if a.o.Live {
		conns = strconv.Itoa(stats.Open) + "/" + conns
	}
	right := line{{"sess ", t.dim}, {conns, t.bold}, {"  cmd ", t.dim}, {thousands(stats.Commands), t.bold}}
	if stats.Errors > 0 {
		right = append(right, seg{"  errors ", t.dim}, seg{thousands(stats.Errors), t.fail})
	}
	if _, n := a.model.Lints(); n > 0 {
		right = append(right, seg{"  lint ", t.dim}, seg{thousands(n), t.mark})
	}
	if stats.Faults > 0 {
		right = append(right, seg{"  faults ", t.dim}, seg{thousands(stats.Faults), t.mark})
	}
	if stats.Gaps > 0 {
		right = append(right, seg{"  gaps ", t.dim}, seg{thousands(stats.Gaps), t.fail})
	}
	if a.o.Steering != nil {
		if held := len(a.o.Steering.Held()); held > 0 {
			right = append(right, seg{"  HELD ", t.mark}, seg{strconv.Itoa(held), t.mark})
		}
	}
	if a.o.Live {
		right = append(right, seg{fmt.Sprintf("  %.0f/s", stats.Rate(a.o.Now())), t.plain})
	}
	right = append(right, seg{"  mem ", t.dim}, seg{a.mem + " ", t.plain})
	used := right.width()
	room := w - used - 1
	left.draw(a.screen, 0, 0, room)
	if left.width() > room {
		put(a.screen, max(0, room-1), 0, 1, t.g.ellipsis, t.plain)
	}
	right.draw(a.screen, max(0, w-used), 0, w)
}

// crumbs returns the path of the selected row of the sessions tree, as in "  Sessions>alice>NS#2".
func (a *App) crumbs() string {
	if text := a.model.Crumbs(); text != "" {
		return "  " + text
	}
	return ""
}

// measure samples the memory in use once a second, and reports whether the header has changed.
func (a *App) measure() bool {
	now := a.o.Now()
	if now.Sub(a.measured) < time.Second {
		return false
	}
	a.measured = now
	sample := []metrics.Sample{{Name: "/memory/classes/total:bytes"}, {Name: "/memory/classes/heap/released:bytes"}}
	metrics.Read(sample)
	text := fmt.Sprintf("%dM", (sample[0].Value.Uint64()-sample[1].Value.Uint64()+uint64(eventlog.Memory()))>>20)
	changed := text != a.mem
	a.mem = text
	return changed || a.o.Live
}

// thousands writes 1204 as "1,204".
func thousands(n int) string { return model.Thousands(n) }

// drawFilter draws the second line of the screen: the filter, or the prompt in which one is being
// typed, and the state of the view.
func (a *App) drawFilter(w int) {
	t := &a.theme
	state := a.viewState()
	used := state.width()
	state.draw(a.screen, w-used-1, 1, used)
	used += a.drawHolding(w-used-1-w/3, 1, w/3)
	width := w - used - 3
	if a.prompt != nil && a.prompt.kind == filterPrompt {
		a.prompt.draw(a.screen, rect{1, 1, width, 1}, t)
		return
	}
	x := 1 + put(a.screen, 1, 1, width, "Filter: ", t.dim)
	if a.face == talkFace {
		put(a.screen, x, 1, width-x, "set aside for the conversation; Esc goes back", t.dim)
		return
	}
	if a.filter == "" {
		put(a.screen, x, 1, width-x, "none (press / to type one)", t.dim)
		return
	}
	put(a.screen, x, 1, width-x, printable(a.filter), t.bold)
}

// viewState returns the state of the list: how many rows the filter lets through, and whether it
// follows the end or is paused.
func (a *App) viewState() line {
	t := &a.theme
	var l line
	if text := a.playState(); text != "" {
		l = append(l, seg{text, t.mark})
	}
	if a.model.Sorted() {
		l = append(l, seg{"BY " + strings.ToUpper(a.sorted) + " ", t.mark})
	}
	if a.model.Folded() {
		l = append(l, seg{"FOLDED ", t.dim})
	}
	if paused, unseen := a.model.Paused(); paused {
		l = append(l, seg{fmt.Sprintf("PAUSED +%s ", thousands(unseen)), t.fail})
	} else if a.model.Follow() {
		l = append(l, seg{"FOLLOW ", t.good})
	}
	done, total := a.model.Progress()
	switch {
	case a.prompt != nil && a.prompt.kind == filterPrompt && a.prompt.err != nil:
		return append(l, seg{"[wrong]", t.fail})
	case a.model.Pending() && total-done > 10_000:
		l = append(l, seg{fmt.Sprintf("[%d%%]", done*100/total), t.mark})
	case a.model.Filtered() && a.face != talkFace:
		l = append(l, seg{fmt.Sprintf("[ok %s/%s]", thousands(a.model.Rows()), thousands(total)), t.good})
	}
	return l
}
