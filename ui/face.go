package ui

import (
	"fmt"

	"github.com/gdamore/tcell/v2"

	"github.com/msnscope/msnscope/ui/model"
)

// face is a way to show the rows: all show the same rows, and select the same one.
type face int

const (
	listFace face = iota
	ladderFace
	talkFace
)

var faceNames = [...]string{"Commands", "Ladder", "Conversation"}

// rowsView draws the rows in the pane of the commands.
type rowsView interface {
	draw(screen tcell.Screen, r rect, focused bool)
	// rowAt returns the row that is shown in a line of the pane, -1 for a line that shows none.
	rowAt(y int) int
}

// rows returns the view that shows the rows.
func (a *App) rows() rowsView {
	switch a.face {
	case ladderFace:
		return a.ladder
	case talkFace:
		return a.conversation
	}
	return a.list
}

// title is a name on the frame of a pane: the pane's own or, on that of the detail, the name of one
// of its tabs.
type title struct {
	text    string
	current bool
	do      func(a *App) // what a click does
}

// titles returns the names on the frame of a pane; those of the detail's other tabs only if shown
// is set.
func (a *App) titles(p pane, shown bool) []title {
	name := paneNames[p]
	if p == listPane {
		name = faceNames[a.face]
	}
	if p != detailPane || !shown {
		if p == detailPane {
			name = tabNames[a.tab]
		}
		return []title{{fmt.Sprintf(" %d %s ", p+1, name), true, func(a *App) { a.to(p) }}}
	}
	all := []title{{fmt.Sprintf(" %d", p+1), true, func(a *App) { a.to(p) }}}
	for t, name := range tabNames {
		if tab(t) == lessonTab && a.course == nil {
			continue
		}
		all = append(all, title{" " + name + " ", tab(t) == a.tab, func(a *App) {
			a.tab = tab(t)
			a.to(p)
		}})
	}
	return all
}

// toggleLadder shows the rows as a ladder, or as a list.
func (a *App) toggleLadder() {
	a.to(listPane)
	if a.face == talkFace {
		a.endTalk()
	}
	if a.face == ladderFace {
		a.face = listFace
		return
	}
	a.face = ladderFace
}

// laneWords describe how the lanes of a ladder are grouped.
var laneWords = [...]string{
	model.EachLane: "a lane for each user, server and session", model.RoleLanes: "a lane for each user and role",
	model.SideLanes: "a lane for each side", autoLanes: "as many lanes as fit",
}

// cycleLanes shows the ladder with the next way of grouping its lanes: each groups more than the
// one before, the last as much as the lanes need to fit.
func (a *App) cycleLanes() {
	if a.face == talkFace {
		a.endTalk()
	}
	a.face = ladderFace
	a.to(listPane)
	a.ladder.by = (a.ladder.by + 1) % model.Lanes(len(laneWords))
	a.say("%s", laneWords[a.ladder.by])
}
