package ui

import (
	"time"

	"github.com/gdamore/tcell/v2"
)

// doubleClick is how close two clicks are that are one double click.
const doubleClick = 400 * time.Millisecond

// wheelLines is how far a notch of the wheel goes.
const wheelLines = 3

// click is the last one: where, when, and whether the button is down still.
type click struct {
	x, y int
	at   time.Time
	down bool
}

// point takes an event of the mouse: a click selects, a double click opens, the wheel scrolls what is under it.
func (a *App) point(e *tcell.EventMouse) {
	x, y := e.Position()
	buttons := e.Buttons()
	switch {
	case buttons&tcell.WheelUp != 0:
		a.wheel(x, y, -wheelLines)
	case buttons&tcell.WheelDown != 0:
		a.wheel(x, y, wheelLines)
	case buttons&tcell.ButtonPrimary != 0 && !a.clicked.down:
		now := a.o.Now()
		double := now.Sub(a.clicked.at) < doubleClick && a.clicked.x == x && a.clicked.y == y
		a.clicked = click{x, y, now, true}
		a.clickAt(x, y, double)
	case buttons == tcell.ButtonNone:
		a.clicked.down = false
	}
}

// under returns the pane at a place of the screen.
func (a *App) under(x, y int) (pane, bool) {
	for p, r := range a.layout.panes {
		if r.w > 0 && r.inner().has(x, y) {
			return pane(p), true
		}
	}
	return 0, false
}

func (a *App) wheel(x, y, delta int) {
	if a.overlay != nil {
		a.overlay.pager.scroll(delta)
		return
	}
	p, ok := a.under(x, y)
	if !ok {
		return
	}
	focus := a.focus
	a.focus = p
	a.move(delta)
	a.focus = focus
}

func (a *App) clickAt(x, y int, double bool) {
	if a.overlay != nil || a.prompt != nil || a.asking {
		return
	}
	if y == 1 {
		a.editFilter()
		return
	}
	p, ok := a.under(x, y)
	if !ok {
		a.clickTab(x, y)
		return
	}
	in := a.layout.panes[p].inner()
	a.to(p)
	switch p {
	case treePane:
		a.model.SelectTree(a.tree.top + y - in.y)
	case listPane:
		if y == in.y {
			return // the titles
		}
		a.model.Select(a.list.top + y - in.y - 1)
	}
	if double {
		a.enter()
	}
}

// clickTab goes to the pane whose name on a frame was hit.
func (a *App) clickTab(x, y int) {
	for p, r := range a.layout.panes {
		if r.w == 0 || y != r.y {
			continue
		}
		at := r.x + 1
		for _, tab := range a.tabsOf(pane(p)) {
			w := len(paneNames[tab]) + 4
			if x >= at && x < at+w {
				a.to(tab)
				return
			}
			at += w
		}
	}
}
