package ui

import (
	"fmt"

	"github.com/msnscope/msnscope/ui/model"
)

// say shows a message until the next key.
func (a *App) say(format string, args ...any) {
	a.message = seg{printable(fmt.Sprintf(format, args...)), a.theme.bold}
}

// pagerOf returns the pager of the pane that has the keys, nil where that is none.
func (a *App) pagerOf(p pane) *pager {
	switch p {
	case detailPane:
		return &a.detail
	case bytesPane:
		return &a.bytes
	}
	return nil
}

// move goes down so many lines in the pane that has the keys.
func (a *App) move(delta int) {
	switch a.focus {
	case treePane:
		a.model.SelectTree(a.model.TreeCursor() + delta)
	case listPane:
		a.model.Move(delta)
	default:
		a.pagerOf(a.focus).scroll(delta)
	}
}

// page is how many lines the pane shows.
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
	a.model.Select(a.model.Rows() - 1)
	a.model.SetFollow(a.o.Live)
}

func (a *App) left() {
	switch a.focus {
	case treePane:
		a.model.Fold(true)
	case listPane:
		a.to(treePane)
	default:
		if p := a.pagerOf(a.focus); p.left > 0 {
			p.shift(-sideways)
			return
		}
		a.to(listPane)
	}
}

// sideways is how many columns left and right scroll.
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
		a.to(detailPane)
	default:
		a.pagerOf(a.focus).shift(sideways)
	}
}

// to gives the keys to a pane.
func (a *App) to(p pane) { a.focus = p }

func (a *App) cycle(step int) { a.to((a.focus + pane(step) + panes) % panes) }

// enter goes one step closer: sessions, commands, detail, bytes.
func (a *App) enter() {
	if a.focus == treePane {
		a.model.SetScope(a.model.Tree()[a.model.TreeCursor()].Scope)
	}
	a.to(min(a.focus+1, bytesPane))
}

// back goes one step out, and reports through the message when there is none left.
func (a *App) back() {
	if !a.out() {
		a.say("q quits")
	}
}

// out goes one step out: bytes, detail, commands, all sessions. It reports false where one is outside already.
func (a *App) out() bool {
	switch {
	case a.focus > listPane:
		a.to(a.focus - 1)
	case a.focus == treePane:
		a.to(listPane)
	case a.model.Scope() != model.Scope{}:
		a.model.SetScope(model.Scope{})
	default:
		return false
	}
	return true
}

// backOrQuit goes one step out; from the outermost it quits, after a question where something would be lost.
func (a *App) backOrQuit() {
	if a.out() {
		return
	}
	a.leave()
}

func (a *App) leave() {
	if a.o.Question != nil {
		if text, ask := a.o.Question(); ask {
			a.asking = true
			a.message = seg{printable(text) + " Quit? (y/n)", a.theme.fail}
			return
		}
	}
	a.quit = true
}

// answer takes the key that answers the question whether to quit.
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

// next goes to the next row that says what is looked for.
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
