package ui

import (
	"fmt"
	"strings"
	"time"

	"github.com/gdamore/tcell/v2"
	"github.com/msnscope/msnscope/decode"
	"github.com/msnscope/msnscope/decode/session"
	"github.com/msnscope/msnscope/ui/model"
	"github.com/rivo/tview"
	"github.com/rivo/uniseg"
)

// column is a column of the commands list.
type column struct {
	name  string
	title string
	width int
	right bool
	cell  func(l *list, e *session.Event) (string, tcell.Style)
}

// list is the commands pane: a virtual table, which tview asks only for the rows that it draws.
type list struct {
	tview.TableContentReadOnly
	table   *tview.Table
	model   *model.Model
	theme   *theme
	now     func() time.Time
	chosen  []string // the names of the columns
	columns []column
	width   int
	line    int // the line that is being made
	top     int
	height  int // in rows, without the titles
	start   time.Time
	cells   map[int][]*tview.TableCell // of this drawing: tview asks for each cell three times
}

func newList(m *model.Model, t *theme, now func() time.Time) *list {
	l := &list{model: m, theme: t, now: now, chosen: model.UsualColumns(), table: newTable()}
	l.table.SetContent(l).SetFixed(1, 0)
	return l
}

// newTable returns a table that has the terminal's own colours and selects whole rows.
func newTable() *tview.Table {
	t := tview.NewTable().SetSelectable(true, false)
	t.SetBordersColor(tcell.ColorDefault).SetBackgroundColor(tcell.ColorDefault)
	return t
}

func (l *list) draw(screen tcell.Screen, r rect, focused bool) {
	l.layout(r.w)
	l.start = l.model.Start()
	l.cells = map[int][]*tview.TableCell{}
	row, _ := l.model.Selected()
	l.height = r.h - 1
	seen := row // while the end is followed, the held commands below the selection are shown too
	if end := l.model.Lines() - 1; l.model.Follow() && end-row < l.height {
		seen = end
	}
	l.top = leap(l.top, seen, l.model.Lines(), l.height, l.model.Follow())
	l.table.SetSelectedStyle(l.theme.selection(focused)).SetSelectable(row >= 0, false)
	l.table.Select(row+1, 0).SetOffset(l.top, 0)
	l.table.SetRect(r.x, r.y, r.w, r.h)
	l.table.Draw(plainScreen{screen})
}

// window returns the first visible row, so that the list scrolls as little as possible to show the
// selected row, and leaves no blank lines below the last.
func window(top, selected, rows, height int) int {
	top = max(min(top, selected), selected-height+1)
	return max(0, min(top, rows-height))
}

// rowAt returns the row that is shown in a line of the pane, -1 for that of the titles.
func (l *list) rowAt(y int) int { return l.top + y - 1 }

// leap returns the first visible row as window does, but scrolls by a quarter of the height at a
// time: when a list moves, all of it is sent to the terminal; when a selection moves in it, two
// lines are. Below the end of a list that is followed, the room for the next rows stays blank.
func leap(top, selected, rows, height int, following bool) int {
	step := max(1, height/4)
	switch {
	case selected < top:
		top = selected - step + 1
	case selected >= top+height:
		top = selected - height + step
	}
	last := rows - height
	if following {
		last += step - 1
	}
	return max(0, min(top, last))
}

// GetRowCount implements tview.TableContent: one row of titles, the rows, and blank ones as far as
// the pane shows them; otherwise tview would scroll back.
func (l *list) GetRowCount() int { return max(l.model.Lines(), l.top+l.height) + 1 }

// GetColumnCount implements tview.TableContent.
func (l *list) GetColumnCount() int { return len(l.columns) }

// GetCell implements tview.TableContent.
func (l *list) GetCell(row, col int) *tview.TableCell {
	cells := l.cells[row]
	if cells == nil {
		cells = l.make(row)
		l.cells[row] = cells
	}
	return cells[col]
}

func (l *list) make(row int) []*tview.TableCell {
	var e *session.Event
	if row > 0 {
		e, l.line = l.model.Line(row-1), row-1
	}
	held, waits := l.model.HeldLine(row - 1)
	cells := make([]*tview.TableCell, len(l.columns))
	for i, c := range l.columns {
		text, style := "", l.theme.dim
		switch {
		case waits && c.name == "number":
			text, style = l.theme.g.held, l.theme.mark
		case waits && c.name == "time":
			text, style = heldFor(l.now().Sub(held.Since)), l.theme.mark
		case e != nil:
			text, style = c.cell(l, e)
		case row == 0:
			text = c.title
		}
		if c.right {
			text = strings.Repeat(" ", max(0, c.width-uniseg.StringWidth(text))) + text
		}
		cells[i] = newCell(pad(text, c.width, l.theme.g.ellipsis), style)
		cells[i].NotSelectable = row == 0
	}
	return cells
}

// newCell returns a cell with printable text, in which tview finds no markup.
func newCell(text string, style tcell.Style) *tview.TableCell {
	fg, bg, attrs := style.Decompose()
	return &tview.TableCell{
		Text: unmarked(text), Color: fg, BackgroundColor: bg, Attributes: attrs,
		Transparent: bg == tcell.ColorDefault,
	}
}

func (l *list) numberStyle(e *session.Event) tcell.Style {
	return l.theme.numberStyle(l.model.Picked(e.N))
}

// since formats a time since the beginning in at most eight columns.
func since(d time.Duration) string { return model.Since(d) }

// connName returns the name of the event's connection by its role and number, as in "NS#2".
func connName(e *session.Event) string { return model.ConnName(e) }

func (l *list) shortUser(_ *session.Event, user string) string {
	if uniseg.StringWidth(user) > l.userWidth() { // the name alone is better than a part of both
		user, _, _ = strings.Cut(user, "@")
	}
	return user
}

func (l *list) direction(e *session.Event) tcell.Style {
	if e.Kind != session.Command {
		return l.theme.plain
	}
	return l.theme.direction(e)
}

func (l *list) arrow(e *session.Event, text string) string {
	switch {
	case text == "":
		return ""
	case e.Dir == decode.FromClient:
		return l.theme.g.toServer
	}
	return l.theme.g.toClient
}

func (l *list) verbStyle(e *session.Event) tcell.Style {
	switch {
	case e.Kind != session.Command:
		return l.theme.direction(e)
	case e.In.Opaque():
		return l.theme.fail
	}
	return l.theme.direction(e).Bold(true)
}

func (l *list) verb(e *session.Event, text string) string {
	if e.Kind != session.Command {
		return l.theme.g.h + l.theme.g.h
	}
	return text
}

// summary returns the text of the summary column and, at its right end, the round-trip time and the
// marks for what was done to the command.
func (l *list) summary(e *session.Event) (string, tcell.Style) {
	style := l.theme.plain
	if e.Kind != session.Command || e.Flags&session.Error != 0 {
		style = l.theme.direction(e)
	}
	tail := l.theme.g.markSigns(l.model.MarkOf(e.N)) + l.theme.g.marks(e.Flags) + lintSign(l.model, l.theme, e)
	if tail != "" {
		style = l.theme.mark
	}
	if e.ReplyTo != 0 {
		tail += " " + fmt.Sprintf("%6s", short(e.RTT))
	}
	width := l.columns[len(l.columns)-1].width
	return pad(says(e), width-uniseg.StringWidth(tail), l.theme.g.ellipsis) + tail, style
}

// says returns the printable text that a row shows after its verb.
func says(e *session.Event) string { return model.Says(e) }

// rowText returns the text of a row that n and N search.
func rowText(e *session.Event) string {
	return e.In.Verb.String() + " " + says(e) + " " + e.User
}

// short formats a duration with about three digits.
func short(d time.Duration) string { return model.Short(d) }
