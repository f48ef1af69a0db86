package ui

import (
	"errors"
	"fmt"
	"strings"
	"time"

	"github.com/msnscope/msnscope/decode"
	"github.com/msnscope/msnscope/internal/edit"
	"github.com/msnscope/msnscope/ui/model"
)

// showQueue lists the held commands; keys act on the selected one.
func (a *App) showQueue() {
	if a.steering() == nil {
		return
	}
	if len(a.o.Steering.Held()) == 0 {
		a.say("nothing is held: i says what shall be")
		return
	}
	var shown []edit.Held // as drawn last: keys act on what the user saw
	a.picker = &picker{
		title: "Held", hint: "a go on, e edit, x drop, D go on twice, A all go on, Enter selects it, Esc closes",
		rows: func(width int) []line {
			shown = a.o.Steering.Held()
			rows := make([]line, len(shown))
			for i, h := range shown {
				rows[i] = a.queueRow(h, width)
			}
			return rows
		},
		press: func(name string, at int) bool {
			if at < 0 || at >= len(shown) {
				return false
			}
			return a.pressQueue(name, shown[at])
		},
	}
}

// pressQueue handles a key on one of the held commands.
func (a *App) pressQueue(name string, h edit.Held) bool {
	s := a.o.Steering
	switch name {
	case "a":
		a.report(s.Release(h.ID))
	case "A":
		a.releaseAll()
	case "x":
		a.report(s.Replace(h.ID))
	case "D":
		a.report(model.Duplicate(s, h))
	case "e":
		a.picker = nil
		a.openEditor(h)
	case "Enter":
		a.picker = nil
		a.model.SetHeld(s.Held())
		a.to(listPane)
		if !a.model.SelectHeld(h.ID) {
			a.report(edit.ErrGone)
		}
	default:
		return false
	}
	return true
}

// queueRow returns the line of a held command: how long it has been held, how long it may still be,
// and its text.
func (a *App) queueRow(h edit.Held, width int) line {
	e, t := h.Event, &a.theme
	arrow, style := t.g.toClient, t.server
	if e.Dir == decode.FromClient {
		arrow, style = t.g.toServer, t.client
	}
	left := model.HeldNote(h, a.o.Now())
	user, _, _ := strings.Cut(e.User, "@")
	l := line{
		{fmt.Sprintf("%s %7s ", t.g.held, a.clock(h)), t.mark},
		{pad(fmt.Sprintf("%s %s", connName(e), printable(user)), 16, t.g.ellipsis) + " ", t.plain},
		{arrow + " ", style},
		{e.In.Verb.String() + " ", style.Bold(true)},
	}
	rest := width - l.width() - len(left) - 1
	return append(l, seg{pad(says(e), rest, t.g.ellipsis), t.plain}, seg{" " + left, t.dim})
}

// clock returns for how long a command has been held.
func (a *App) clock(h edit.Held) string { return heldFor(a.o.Now().Sub(h.Since)) }

func heldFor(d time.Duration) string { return model.HeldFor(d) }

// heldHint returns the hint of the footer while something is held: the keys, and the command that
// they act on.
func (a *App) heldHint() line {
	if a.o.Steering == nil || len(a.model.Held()) == 0 || a.editor != nil || a.picker != nil {
		return nil
	}
	t, all := &a.theme, a.model.Held()
	h, selected := a.model.SelectedHeld()
	if !selected {
		return line{
			{fmt.Sprintf(" %s %d held, for %s: ", t.g.held, len(all), a.clock(all[0])), t.mark},
			{"Q", t.key},
			{" lists ", t.plain},
			{"A", t.key},
			{" all go on ", t.plain},
		}
	}
	text := model.HeldName(h) + " held " + a.clock(h)
	if h.Gone {
		text += ", and " + model.Sender(h) + " has hung up"
	}
	if len(all) > 1 {
		text += fmt.Sprintf(", %d more", len(all)-1)
	}
	return line{
		{" " + t.g.held + " " + text + ": ", t.mark},
		{"a", t.key},
		{" go on ", t.plain},
		{"e", t.key},
		{" edit ", t.plain},
		{"x", t.key},
		{" drop ", t.plain},
	}
}

// heldSign returns a short form of heldHint, for when the footer shows something else too.
func (a *App) heldSign() line {
	t, all := &a.theme, a.model.Held()
	if h, ok := a.model.SelectedHeld(); ok {
		return line{
			{fmt.Sprintf(" [%s %s %s: ", t.g.held, h.Event.In.Verb, a.clock(h)), t.mark},
			{"a e x", t.key},
			{"]", t.mark},
		}
	}
	return line{{fmt.Sprintf(" [%s %d held: ", t.g.held, len(all)), t.mark}, {"Q A", t.key}, {"]", t.mark}}
}

// heldQuestion returns the question to ask before the inspector quits while something is held, ""
// if nothing is.
func (a *App) heldQuestion() string {
	if a.o.Steering == nil {
		return ""
	}
	switch n := len(a.o.Steering.Held()); n {
	case 0:
		return ""
	case 1:
		return "A command is held: it goes on when you leave."
	default:
		return fmt.Sprintf("%d commands are held: they go on when you leave.", n)
	}
}

// errNotSelected is the error of a key for held commands when none of them is selected.
var errNotSelected = errors.New("which one? a, e and x act on what is selected")

// drawHolding draws, at the right of a line, which commands are being held, and returns how many
// columns that took.
func (a *App) drawHolding(x, y, w int) int {
	if a.o.Steering == nil {
		return 0
	}
	expr := a.o.Steering.Intercepting()
	if expr == "" {
		return 0
	}
	text := "HOLD " + cut(printable(expr), max(4, w-6), a.theme.g.ellipsis) + " "
	l := line{{text, a.theme.mark}}
	used := min(l.width(), w)
	l.draw(a.screen, x+w-used, y, used)
	return used
}
