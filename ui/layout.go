package ui

// pane is one of the four panes.
type pane int

const (
	treePane pane = iota
	listPane
	detailPane
	bytesPane
	panes // how many there are
)

var paneNames = [panes]string{"Sessions", "Commands", "Detail", "Bytes"}

// rect is a rectangle of the screen, in cells.
type rect struct{ x, y, w, h int }

func (r rect) has(x, y int) bool { return x >= r.x && x < r.x+r.w && y >= r.y && y < r.y+r.h }

// inner returns r without the frame along its edge.
func (r rect) inner() rect { return rect{r.x + 1, r.y + 1, r.w - 2, r.h - 2} }

// These are the sizes at which the layout changes. Below minWidth × minHeight nothing useful fits.
const (
	minWidth, minHeight = 40, 8
	twoColumns          = 100
	threeColumns        = 140
	twoColumnsHeight    = 16
)

// layout holds the rectangles of the panes. A pane without width is hidden. Neighbours share the
// line between them.
type layout struct {
	panes [panes]rect
	tabs  []pane // the panes that take turns in the place of the last one
}

// wish is the layout that the user wants; the zero wish is the one that fits the window.
type wish struct {
	zoom    bool // the pane with the keys has all the room
	columns int  // how many columns there are, from 1 to 3, 0 for as many as fit
	wider   int  // how much wider, or higher, the detail is than usual
	whole   bool // the detail needs the room of the bytes
	lesson  bool // the commands and, beside or below them, a lesson, have all the room
}

// arrange places the panes in the area below the filter line:
//
//	140 and more          100 to 139             below
//	┌tree┬list───┬detail┐ ┌tree┬list──────────┐ ┌one of the four┐
//	│    │       ├bytes─┤ │    ├detail or bytes┤ │               │
func arrange(area rect, focus pane, want wish) layout {
	var l layout
	if want.lesson && !want.zoom && want.columns == 0 && area.h >= twoColumnsHeight {
		return besideLesson(area, focus, want)
	}
	switch columns := columnsOf(area, want); columns {
	case 1:
		l.panes[focus] = area
		l.tabs = []pane{treePane, listPane, detailPane, bytesPane}
	case 2:
		tree, rest := area.columns(min(30, area.w/4))
		list, below := rest.rows(clamp(rest.h*11/20-want.wider/2, 5, rest.h-4))
		l.panes[treePane], l.panes[listPane] = tree, list
		l.turns(below, focus)
	default:
		tree, rest := area.columns(min(34, area.w/5))
		usual := max(46, min(84, area.w/3))
		list, right := rest.columns(rest.w - clamp(usual+want.wider, 24, rest.w-40))
		l.panes[treePane], l.panes[listPane] = tree, list
		if want.whole {
			l.turns(right, focus)
			break
		}
		l.panes[detailPane], l.panes[bytesPane] = right.rows(right.h * 6 / 10)
	}
	return l
}

// besideLesson places the commands, and a lesson beside them, or below them where the window is
// narrow.
func besideLesson(area rect, focus pane, want wish) layout {
	var l layout
	var rest rect
	if area.w >= twoColumns {
		l.panes[listPane], rest = area.columns(area.w - clamp(area.w*45/100+want.wider, 46, area.w-40))
	} else {
		l.panes[listPane], rest = area.rows(clamp(area.h*2/5-want.wider/2, 5, area.h-6))
	}
	l.turns(rest, focus)
	return l
}

// turns gives one place to the detail and the bytes, of which only one is shown.
func (l *layout) turns(place rect, focus pane) {
	l.tabs = []pane{detailPane, bytesPane}
	if focus == bytesPane {
		l.panes[bytesPane] = place
		return
	}
	l.panes[detailPane] = place
}

// columnsOf returns how many columns there are.
func columnsOf(area rect, want wish) int {
	fit := 3
	switch {
	case area.w < twoColumns || area.h < twoColumnsHeight:
		fit = 1
	case area.w < threeColumns:
		fit = 2
	}
	switch {
	case want.zoom:
		return 1
	case want.columns > 0:
		return min(want.columns, fit)
	}
	return fit
}

func clamp(n, least, most int) int { return max(least, min(n, most)) }

// paneWidth returns how many columns fit into a pane; for a hidden pane, into the place where it
// would be shown.
func (a *App) paneWidth(p pane) int {
	r := a.layout.panes[p]
	if r.w == 0 && p >= detailPane {
		r = a.layout.panes[detailPane+bytesPane-p]
	}
	if r.w == 0 {
		r = a.layout.panes[a.focus]
	}
	return r.inner().w
}

// columns divides r into a left part of w columns and a right part; they share one column, the line
// between them.
func (r rect) columns(w int) (left, right rect) {
	return rect{r.x, r.y, w, r.h}, rect{r.x + w - 1, r.y, r.w - w + 1, r.h}
}

// rows divides r into an upper part of h rows and a lower part; they share one row, the line
// between them.
func (r rect) rows(h int) (upper, lower rect) {
	return rect{r.x, r.y, r.w, h}, rect{r.x, r.y + h - 1, r.w, r.h - h + 1}
}
