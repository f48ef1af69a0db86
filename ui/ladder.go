package ui

import (
	"fmt"
	"strings"
	"time"

	"github.com/gdamore/tcell/v2"
	"github.com/rivo/uniseg"

	"github.com/msnscope/msnscope/decode/session"
	"github.com/msnscope/msnscope/ui/model"
)

// The measures of a ladder, in columns: what is left of its lanes; the least distance of two lanes,
// since most arrows pass the proxy's lane and so have twice the room; and what is beside the
// outermost lanes, half of their names.
const (
	ladderGutter = 18
	narrowGutter = 11 // without the round-trip time, which then follows the label
	narrowLadder = 90 // the width below which the gutter is narrow
	laneGap      = 7
	laneMargin   = 4
)

// autoLanes groups lanes only as far as they would not fit otherwise.
const autoLanes = model.NumLanes

// ladder shows the rows as arrows between lanes, and only those rows that fit.
type ladder struct {
	model *model.Model
	theme *theme
	now   func() time.Time
	by    model.Lanes // autoLanes chooses the finest that fits
	top   int         // the first row that is shown
	left  int         // the first lane that is shown
	seen  uint64      // the event that was selected when left was last moved for it
	lanes *model.Ladder

	area   rect // of the lanes, at this drawing
	gap    int  // between two lanes, in columns
	gutter int  // what stands before the lanes, in columns
	head   int  // how many lines the names of the lanes take
}

// draw draws the names of the lanes, which do not scroll, and the rows.
func (l *ladder) draw(screen tcell.Screen, r rect, focused bool) {
	l.measure(r)
	row, e := l.model.Selected()
	l.reveal(e)
	l.top = leap(l.top, row, l.model.Lines(), r.h-l.head, l.model.Follow())
	l.heads(screen, r)
	linked := l.linked(e)
	for y := range r.h - l.head {
		e := l.model.Line(l.top + y)
		if e == nil {
			l.uprights(screen, r.y+l.head+y)
			continue
		}
		l.row(screen, r, r.y+l.head+y, l.top+y, linked[e.N])
		if l.top+y == row {
			highlight(screen, rect{r.x, r.y + l.head + y, r.w, 1}, l.theme.selection(focused))
		}
	}
}

// rowAt returns the row that is shown in a line of the pane, -1 for the line of a name.
func (l *ladder) rowAt(y int) int { return l.top + y - l.head }

// measure chooses how the lanes are grouped, and their distance.
func (l *ladder) measure(r rect) {
	l.gutter = ladderGutter
	if r.w < narrowLadder {
		l.gutter = narrowGutter
	}
	l.area = rect{r.x + l.gutter, r.y, max(0, r.w-l.gutter), r.h}
	if l.by == autoLanes {
		l.lanes = l.model.Fitting(l.fits)
	} else {
		l.lanes = l.model.Ladder(l.by)
	}
	n := len(l.lanes.Lanes)
	l.gap = max(laneGap, (l.area.w-2*laneMargin-1)/max(1, n-1))
	l.left = max(0, min(l.left, n-l.visible()))
	l.head = 1
	if l.lanes.By == model.EachLane { // notes distinguish servers of the same role
		l.head = 2
	}
}

func (l *ladder) fits(lanes *model.Ladder) bool {
	return (len(lanes.Lanes)-1)*laneGap+2*laneMargin < l.area.w
}

// visible returns how many lanes fit.
func (l *ladder) visible() int { return max(1, 1+(l.area.w-2*laneMargin-1)/l.gap) }

// x returns the column of a lane. One that is scrolled away is beside the pane.
func (l *ladder) x(lane int) int { return l.area.x + (lane-l.left)*l.gap + laneMargin }

// reveal scrolls sideways, once another event is selected, until its arrow is in sight; of an arrow
// that is too long for that, the left end.
func (l *ladder) reveal(e *session.Event) {
	if e == nil || e.N == l.seen {
		return
	}
	l.seen = e.N
	rung := l.lanes.Rung(e)
	if rung.From < 0 {
		return
	}
	first, last := min(rung.From, rung.To), max(rung.From, rung.To)
	l.left = max(0, min(max(l.left, last-l.visible()+1), first))
}

// shift scrolls sideways by lanes, and reports false at the edge.
func (l *ladder) shift(lanes int) bool {
	if l.lanes == nil {
		return false
	}
	was := l.left
	l.left = max(0, min(l.left+lanes, len(l.lanes.Lanes)-l.visible()))
	return l.left != was
}

// heads draws the names of the lanes.
func (l *ladder) heads(screen tcell.Screen, r rect) {
	t := l.theme
	put(screen, r.x+1, r.y, l.gutter, fmt.Sprintf("%8s", "+time"), t.dim)
	ellipsis := t.g.ellipsis
	for i, lane := range l.lanes.Lanes {
		if x := l.x(i); x >= l.area.x && x < l.area.x+l.area.w {
			for y, text := range []string{lane.Name, lane.Note}[:l.head] {
				text = cut(shortName(printable(text)), l.gap-1, ellipsis)
				at := max(l.area.x, x-uniseg.StringWidth(text)/2)
				style := t.bold
				if y == 1 {
					style = t.dim
				}
				put(screen, at, r.y+y, l.area.x+l.area.w-at, text, style)
			}
		}
	}
	if l.left > 0 {
		put(screen, l.area.x-2, r.y, 1, t.g.toClient, t.mark)
	}
	if l.left+l.visible() < len(l.lanes.Lanes) {
		put(screen, l.area.x+l.area.w-1, r.y, 1, t.g.toServer, t.mark)
	}
}

// shortName returns a handle without its host, which most handles share.
func shortName(handle string) string { return model.ShortName(handle) }

// uprights draws the lanes in one line.
func (l *ladder) uprights(screen tcell.Screen, y int) {
	for i := range l.lanes.Lanes {
		if x := l.x(i); x >= l.area.x && x < l.area.x+l.area.w {
			put(screen, x, y, 1, l.theme.g.v, l.theme.dim)
		}
	}
}

// row draws an event: its time, how long its request waited for it, how it is linked with the
// selected one, and its arrow.
func (l *ladder) row(screen tcell.Screen, r rect, y, row int, link string) {
	t, e := l.theme, l.model.Line(row)
	if h, waits := l.model.HeldLine(row); waits {
		put(screen, r.x, y, 10, fmt.Sprintf("%s%8s", t.g.held, heldFor(l.now().Sub(h.Since))), t.mark)
	} else {
		clock := fmt.Sprintf("%9s", since(e.Time.Sub(l.model.Start())))
		put(screen, r.x, y, 9, clock, t.numberStyle(l.model.Picked(e.N)))
	}
	if e.ReplyTo != 0 && l.gutter == ladderGutter {
		put(screen, r.x+9, y, 8, t.g.reply+short(e.RTT), t.dim)
	}
	if link != "" {
		put(screen, r.x+l.gutter-1, y, 1, link, t.mark)
	}
	l.uprights(screen, y)
	rung := l.lanes.Rung(e)
	if rung.From < 0 {
		put(screen, l.area.x+1, y, l.area.w-1, says(e), l.theme.direction(e))
		return
	}
	l.arrow(screen, y, rung, e, row)
}

// linked returns, by the number of each event of the transaction of e that is on the screen, the
// sign that links it with the others.
func (l *ladder) linked(e *session.Event) map[uint64]string {
	if e == nil {
		return nil
	}
	x, _ := l.model.Transaction(e.N)
	links := map[uint64]string{e.N: l.theme.g.linked}
	for _, n := range append(append(x.Replies, x.Consequences...), x.Request, x.Cause, e.ReplyTo) {
		if n != 0 {
			links[n] = l.theme.g.linked
		}
	}
	if len(links) == 1 {
		return nil
	}
	return links
}

// arrow draws an arrow with its label from lane to lane.
func (l *ladder) arrow(screen tcell.Screen, y int, rung model.Rung, e *session.Event, row int) {
	t := l.theme
	from, to := l.x(rung.From), l.x(rung.To)
	first, last := min(from, to)+1, max(from, to)-1
	edge := l.area.x + l.area.w - 1
	label, marks := l.model.Label(l.lanes, row), l.theme.g.marks(e.Flags&^(session.Injected|session.Dropped))
	marks += lintSign(l.model, t, e)
	stroke, style := t.g.h, l.theme.direction(e)
	if e.Kind != session.Command || e.Flags&session.Dropped != 0 {
		stroke = t.g.dash
	}
	for x := max(first, l.area.x); x <= min(last, edge); x++ {
		put(screen, x, y, 1, stroke, style)
	}
	switch {
	case e.Kind != session.Command: // it points nowhere
	case to > from && last <= edge:
		put(screen, last, y, 1, t.g.headRight, style)
	case to < from && first >= l.area.x:
		put(screen, first, y, 1, t.g.headLeft, style)
	}
	l.stop(screen, y, e)
	at := max(first, l.area.x) + 2
	room := min(last, edge) - at - 1
	label = cut(label, room-uniseg.StringWidth(marks), t.g.ellipsis)
	at += put(screen, at, y, room, label, style)
	at += put(screen, at, y, room-uniseg.StringWidth(label), marks, t.mark)
	took := " " + t.g.reply + short(e.RTT)
	if end := min(last, edge) - 2; e.ReplyTo != 0 && l.gutter == narrowGutter && at+uniseg.StringWidth(took) <= end {
		put(screen, at, y, end-at, took, t.dim)
	}
}

// stop draws, on the proxy's lane, the sign of a command that ended or began there.
func (l *ladder) stop(screen tcell.Screen, y int, e *session.Event) {
	sign := l.theme.g.marks(e.Flags & (session.Injected | session.Dropped))
	x := l.x(l.lanes.Proxy)
	if sign == "" || l.lanes.Proxy < 0 || x < l.area.x {
		return
	}
	put(screen, x, y, l.area.x+l.area.w-x, strings.TrimSpace(sign), l.theme.mark)
}

// highlight gives all cells of r a style.
func highlight(screen tcell.Screen, r rect, style tcell.Style) {
	for y := r.y; y < r.y+r.h; y++ {
		for x := r.x; x < r.x+r.w; {
			text, _, width := screen.Get(x, y)
			screen.Put(x, y, text, style)
			x += max(1, width)
		}
	}
}
