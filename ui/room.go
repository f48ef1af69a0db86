package ui

// widen is how many columns a key makes the detail wider or narrower.
const widen = 4

// wishes returns the wanted layout: as the user asked, with room for a tab that needs it.
func (a *App) wishes() wish {
	w := a.wish
	w.whole = a.tab != decodeTab || a.course != nil
	w.lesson = a.course != nil && a.focus != treePane
	return w
}

// zoom gives the focused pane all the room, or takes it back.
func (a *App) zoom() { a.wish.zoom = !a.wish.zoom }

// cycleLayout goes from as many columns as fit to one, two and three, as far as they fit.
func (a *App) cycleLayout() {
	a.wish.zoom = false
	a.wish.columns = (a.wish.columns + 1) % 4
	if a.wish.columns == 0 {
		a.say("as many columns as fit")
		return
	}
	a.say("%d columns at most", a.wish.columns)
}

// resize makes the detail wider by columns, or narrower if a pane at its left has the focus.
func (a *App) resize(by int) {
	if a.focus < detailPane {
		by = -by
	}
	a.wish.wider = max(-100, min(a.wish.wider+by, 200))
}
