package ui

import (
	"time"

	"github.com/gdamore/tcell/v2"
	"github.com/rivo/uniseg"
)

// doubleClick is the longest time between the two clicks of a double click.
const doubleClick = 400 * time.Millisecond

// wheelLines is how many lines one notch of the wheel scrolls.
const wheelLines = 3

// click records the last click: where and when it was, and whether the button is still down.
type click struct {
	x, y int
	at   time.Time
	down bool
}

// point handles an event of the mouse: a click selects, a double click opens, and the wheel scrolls
// the pane under the pointer.
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

// under returns the pane at a position of the screen, false where there is none.
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
	if p := a.picker; p != nil {
		p.at = max(0, min(p.at+delta, p.count-1))
		return
	}
	if a.covered() {
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

// covered reports whether the panes are covered by something that takes keys only.
func (a *App) covered() bool {
	return a.picker != nil || a.form != nil || a.editor != nil || a.figures != nil || a.replaying
}

func (a *App) clickAt(x, y int, double bool) {
	if a.overlay != nil || a.prompt != nil || a.asking || a.covered() {
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
		row := a.rows().rowAt(y - in.y)
		if row < 0 {
			return // the titles
		}
		a.model.Select(row)
	}
	if double {
		a.enter()
	}
}

// clickTab focuses the pane whose title on a frame was clicked.
func (a *App) clickTab(x, y int) {
	for p, r := range a.layout.panes {
		if r.w == 0 || y != r.y {
			continue
		}
		at := r.x + 1
		for _, tab := range a.tabsOf(pane(p)) {
			for _, name := range a.titles(tab, tab == pane(p)) {
				w := uniseg.StringWidth(name.text)
				if x >= at && x < at+w {
					name.do(a)
					return
				}
				at += w
			}
		}
	}
}
