package ui

// pane is one of the four windows.
type pane int

const (
	treePane pane = iota
	listPane
	detailPane
	bytesPane
	panes // how many there are
)

var paneNames = [panes]string{"Sessions", "Commands", "Detail", "Bytes"}

// rect is a part of the screen in cells.
type rect struct{ x, y, w, h int }

func (r rect) has(x, y int) bool { return x >= r.x && x < r.x+r.w && y >= r.y && y < r.y+r.h }

// inner returns what is within the frame around r.
func (r rect) inner() rect { return rect{r.x + 1, r.y + 1, r.w - 2, r.h - 2} }

// The sizes at which the layout changes. Below minWidth × minHeight nothing useful fits.
const (
	minWidth, minHeight = 40, 8
	twoColumns          = 100
	threeColumns        = 140
	twoColumnsHeight    = 16
)

// layout says where the framed panes are; a pane with no width is not to be seen. Neighbours share the line between them.
type layout struct {
	panes [panes]rect
	tabs  []pane // the panes that take turns in the place of the last one
}

// arrange puts the panes into the area below the filter line:
//
//	140 and more          100 to 139             below
//	┌tree┬list───┬detail┐ ┌tree┬list──────────┐ ┌one of the four┐
//	│    │       ├bytes─┤ │    ├detail or bytes┤ │               │
func arrange(area rect, focus pane) layout {
	var l layout
	switch {
	case area.w < twoColumns || area.h < twoColumnsHeight:
		l.panes[focus] = area
		l.tabs = []pane{treePane, listPane, detailPane, bytesPane}
	case area.w < threeColumns:
		tree, rest := area.columns(min(30, area.w/4))
		list, below := rest.rows(rest.h * 11 / 20)
		l.panes[treePane], l.panes[listPane] = tree, list
		if focus == bytesPane {
			l.panes[bytesPane] = below
		} else {
			l.panes[detailPane] = below
		}
		l.tabs = []pane{detailPane, bytesPane}
	default:
		tree, rest := area.columns(min(34, area.w/5))
		list, right := rest.columns(rest.w - max(46, min(84, area.w/3)))
		detail, bytes := right.rows(right.h * 6 / 10)
		l.panes = [panes]rect{tree, list, detail, bytes}
	}
	return l
}

// paneWidth returns the columns within a pane; of one that is not to be seen, those of the place where it would be.
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

// columns cuts r in two that share a line; the left one is w wide.
func (r rect) columns(w int) (left, right rect) {
	return rect{r.x, r.y, w, r.h}, rect{r.x + w - 1, r.y, r.w - w + 1, r.h}
}

// rows cuts r in two that share a line; the upper one is h high.
func (r rect) rows(h int) (upper, lower rect) {
	return rect{r.x, r.y, r.w, h}, rect{r.x, r.y + h - 1, r.w, r.h - h + 1}
}
