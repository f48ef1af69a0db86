package ui

import (
	"fmt"
	"strings"

	"github.com/msnscope/msnscope/ui/model"
)

// say shows a message in the footer until the next key is pressed.
func (a *App) say(format string, args ...any) {
	a.message = seg{printable(fmt.Sprintf(format, args...)), a.theme.bold}
}

// pagerOf returns the pager of a pane that shows text, nil for the tree and the list.
func (a *App) pagerOf(p pane) *pager {
	switch p {
	case detailPane:
		return &a.detail
	case bytesPane:
		return &a.bytes
	}
	return nil
}

// move moves the selection, or scrolls the text, of the focused pane by delta lines; negative is
// up.
func (a *App) move(delta int) {
	switch a.focus {
	case treePane:
		a.model.SelectTree(a.model.TreeCursor() + delta)
	case listPane:
		a.model.Move(delta)
	case detailPane:
		a.moveField(delta)
	default:
		a.pagerOf(a.focus).scroll(delta)
	}
}

// moveField moves the cursor of the detail pane to the next field in a direction, and scrolls where
// there is none.
func (a *App) moveField(delta int) {
	p, step := &a.detail, 1
	if delta < 0 {
		step = -1
	}
	for i := a.field + step; i >= 0 && i < p.len() && delta*step == 1; i += step {
		if f, ok := a.fields[i]; ok && f != a.fields[a.field] && f != a.fields[i-1] {
			a.field = i
			p.reveal(i)
			if d, ok := a.bytes.src.(dumps); ok {
				a.bytes.reveal(d.lineOf(f.to - 1))
				a.bytes.reveal(d.lineOf(f.from))
			}
			return
		}
	}
	p.scroll(delta)
}

// fieldSpan returns the range of the bytes of the field under the cursor, the empty one if no field
// is.
func (a *App) fieldSpan() span {
	if a.focus != detailPane && a.focus != bytesPane {
		return span{}
	}
	return a.fields[a.field].span
}

// page returns how many lines PgUp and PgDn move: the height of the focused pane, less its frame
// and one line of overlap.
func (a *App) page() int { return max(2, a.layout.panes[a.focus].h-3) }

func (a *App) first() {
	if a.focus == listPane {
		a.model.Select(0)
		return
	}
	a.move(-1 << 40)
}

func (a *App) last() {
	if a.focus != listPane {
		a.move(1 << 40)
		return
	}
	a.model.Select(a.model.Lines() - 1)
	a.model.SetFollow(a.o.Live)
}

func (a *App) left() {
	switch a.focus {
	case treePane:
		a.model.Fold(true)
	case listPane:
		if a.face != ladderFace || !a.ladder.shift(-1) {
			a.to(treePane)
		}
	default:
		if p := a.pagerOf(a.focus); p.left > 0 {
			p.shift(-sideways)
			return
		}
		a.to(listPane)
	}
}

// sideways is how many columns the left and right keys scroll.
const sideways = 8

func (a *App) right() {
	switch a.focus {
	case treePane:
		if row := a.model.Tree()[a.model.TreeCursor()]; row.Conn != nil || !row.Folded {
			a.to(listPane)
			return
		}
		a.model.Fold(false)
	case listPane:
		if a.face != ladderFace || !a.ladder.shift(1) {
			a.to(detailPane)
		}
	default:
		a.pagerOf(a.focus).shift(sideways)
	}
}

// to focuses a pane, which gets the keys from now on.
func (a *App) to(p pane) { a.focus = p }

func (a *App) cycle(step int) { a.to((a.focus + pane(step) + panes) % panes) }

// enter focuses the next closer pane: from sessions to commands, to detail, to bytes.
func (a *App) enter() {
	if a.focus == detailPane && a.tab == lessonTab {
		a.goOn()
		return
	}
	if a.focus == treePane {
		a.openScope(a.model.Tree()[a.model.TreeCursor()].Scope)
	}
	a.to(min(a.focus+1, bytesPane))
}

// openScope limits the rows to a part of the tree and shows them as a ladder; for the whole tree it
// keeps the view of the rows.
func (a *App) openScope(s model.Scope) {
	if a.face == talkFace {
		a.endTalk()
	}
	a.model.SetScope(s)
	if s != (model.Scope{}) {
		a.face = ladderFace
	}
}

// back focuses the next outer pane, and says so in the footer where there is none.
func (a *App) back() {
	if !a.out() {
		a.say("q quits")
	}
}

// out focuses the next outer pane: from bytes to detail, to commands, to all sessions. It reports
// false where there is none.
func (a *App) out() bool {
	switch {
	case a.focus == detailPane && a.tab != a.homeTab():
		a.closeTab()
	case a.focus > listPane:
		a.to(a.focus - 1)
	case a.focus == treePane:
		a.to(listPane)
	case a.face == talkFace:
		a.endTalk()
	case a.model.Scope() != model.Scope{}:
		a.model.SetScope(model.Scope{})
		a.face = listFace
	default:
		return false
	}
	return true
}

// backOrQuit focuses the next outer pane. From the outermost it quits, and asks first where
// quitting would lose something.
func (a *App) backOrQuit() {
	if a.out() {
		return
	}
	a.leave()
}

func (a *App) leave() {
	question := a.heldQuestion()
	if a.saving != nil {
		question = strings.TrimSpace(question + " A file is still being saved.")
	}
	if a.o.Question != nil {
		if text, ask := a.o.Question(); ask {
			question = strings.TrimSpace(question + " " + text)
		}
	}
	if question != "" {
		a.asking = true
		a.message = seg{printable(question) + " Quit? (y/n)", a.theme.fail}
		return
	}
	a.quit = true
}

// answer handles the key that answers the question whether to quit.
func (a *App) answer(name string) {
	a.asking, a.message = false, seg{}
	a.quit = name == "y" || name == "Y"
}

func (a *App) follow() {
	on := !a.model.Follow()
	a.model.SetFollow(on)
	if on {
		a.model.SetPause(false)
		return
	}
	a.say("following stopped")
}

func (a *App) pause() {
	if a.playing != nil {
		a.playing.paused = !a.playing.paused
		return
	}
	paused, _ := a.model.Paused()
	a.model.SetPause(!paused)
}

func (a *App) toggleBytes() {
	if a.focus == bytesPane {
		a.to(detailPane)
		return
	}
	a.to(bytesPane)
}

func (a *App) toggleMouse() {
	a.setMouse(!a.mouse)
	state := "off: the terminal selects text"
	if a.mouse {
		state = "on"
	}
	a.say("mouse %s", state)
}

func (a *App) setMouse(on bool) {
	a.mouse = on
	if on {
		a.screen.EnableMouse()
		return
	}
	a.screen.DisableMouse()
}

// next selects the next row, downwards or upwards, that contains the text which was searched for
// last.
func (a *App) next(down bool) {
	a.to(listPane)
	switch {
	case a.needle != "":
		a.model.Find(a.needle, down, rowText)
	case down:
		a.model.Move(1)
	default:
		a.model.Move(-1)
	}
}
