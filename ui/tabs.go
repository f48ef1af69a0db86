package ui

import (
	"github.com/msnscope/msnscope/decode/session"
)

// tab is a view of the selected command in the detail pane.
type tab int

const (
	decodeTab tab = iota
	explainTab
	stateTab
	diffTab
	lessonTab // only while a lesson is played
	tabs      // how many there are
)

var tabNames = [tabs]string{"Decode", "Explain", "State", "Diff", "Lesson"}

// homeTab returns the tab to which the detail pane comes back.
func (a *App) homeTab() tab {
	if a.course != nil {
		return lessonTab
	}
	return decodeTab
}

// showTab shows a tab in the detail pane, or the home tab if that tab is shown already. The rows
// keep the focus if both panes have room, so that one can go through them beside the tab.
func (a *App) showTab(t tab) {
	if a.tab == t && a.layout.panes[detailPane].w > 0 {
		a.closeTab()
		return
	}
	if a.tab == a.homeTab() {
		a.tabFrom = a.focus
	}
	a.tab = t
	if a.layout.panes[detailPane].w == 0 {
		a.to(detailPane)
	}
}

// closeTab shows the home tab again, and gives the focus back to the pane that had it.
func (a *App) closeTab() {
	a.tab = a.homeTab()
	if a.focus == detailPane {
		a.to(a.tabFrom)
	}
}

// explain shows what the command table says about the selected command.
func (a *App) explain() { a.showTab(explainTab) }

// state shows the state after the selected event: its user and its connection as they were then.
func (a *App) state() { a.showTab(stateTab) }

// diff shows the selected command as it came beside what was sent on, or a request beside its
// answer.
func (a *App) diff() {
	a.compared = [2]uint64{}
	a.showTab(diffTab)
}

// pick selects the command under the cursor for a comparison, or deselects it, and moves on.
func (a *App) pick() {
	e := a.selectedEvent()
	if e == nil || a.focus == treePane {
		return
	}
	if !a.model.Pick(e.N) {
		a.say("too many commands are selected")
		return
	}
	a.model.Move(1)
}

// compare shows two commands side by side: the two that were selected last, or the one that is
// selected and the one under the cursor.
func (a *App) compare() {
	picks, e := a.model.Picks(), a.selectedEvent()
	switch n := len(picks); {
	case n >= 2:
		a.compared = [2]uint64{picks[n-2], picks[n-1]}
	case n == 1 && e != nil && e.N != picks[0]:
		a.compared = [2]uint64{picks[0], e.N}
	default:
		a.say("Space selects a command; select two, or one and move to the other")
		return
	}
	a.tab = a.homeTab()
	a.showTab(diffTab)
}

// tabContent returns the content of the shown tab for an event, for a width in columns.
func (a *App) tabContent(e *session.Event, width int) *sheet {
	s := &sheet{width: max(20, width), t: &a.theme}
	switch a.tab {
	case explainTab:
		a.explanation(s, e)
	case stateTab:
		a.stateOf(s, e)
	case diffTab:
		a.difference(s, e)
	default:
		a.describe(s, e)
	}
	return s
}
