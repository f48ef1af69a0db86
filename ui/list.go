package ui

import (
	"fmt"
	"strconv"
	"strings"
	"time"

	"github.com/gdamore/tcell/v2"
	"github.com/msnscope/msnscope/decode"
	"github.com/msnscope/msnscope/decode/session"
	"github.com/msnscope/msnscope/internal/format"
	"github.com/msnscope/msnscope/ui/model"
	"github.com/rivo/tview"
	"github.com/rivo/uniseg"
)

// column is one column of the commands list.
type column struct {
	title string
	width int
	right bool
	cell  func(l *list, e *session.Event) (string, tcell.Style)
}

// userColumn is where the user's column is when there is one.
const userColumn = 3

// list is the commands pane: a virtual table, of which tview asks only the rows that it draws.
type list struct {
	tview.TableContentReadOnly
	table   *tview.Table
	model   *model.Model
	theme   *theme
	columns []column
	top     int
	start   time.Time
	cells   map[int][]*tview.TableCell // of this drawing: tview asks for each cell three times
}

func newList(m *model.Model, t *theme) *list {
	l := &list{model: m, theme: t, table: newTable()}
	l.table.SetContent(l).SetFixed(1, 0)
	return l
}

// newTable returns a table in the terminal's own colours that selects whole rows.
func newTable() *tview.Table {
	t := tview.NewTable().SetSelectable(true, false)
	t.SetBordersColor(tcell.ColorDefault).SetBackgroundColor(tcell.ColorDefault)
	return t
}

// layout chooses the columns for a width: who and where give way before what.
func (l *list) layout(width int) {
	_, events := l.model.Progress()
	number := max(3, len(strconv.Itoa(events)))
	conn := max(5, 3+len(strconv.Itoa(l.model.Stats().Connections)))
	l.columns = []column{
		{"#", number, true, (*list).number},
		{"+time", 8, true, (*list).time},
		{"conn", conn, false, (*list).conn},
	}
	if width >= 64 { // the name before the @, or the whole handle of most people
		user := 8
		if width >= 88 {
			user = min(28, 18+(width-88)/4)
		}
		l.columns = append(l.columns, column{"user", user, false, (*list).user})
	}
	l.columns = append(l.columns,
		column{" ", 1, false, (*list).arrow},
		column{"cmd", 3, false, (*list).verb},
	)
	rest := width
	for _, c := range l.columns {
		rest -= c.width + 1
	}
	l.columns = append(l.columns, column{"summary", max(8, rest), false, (*list).summary})
}

func (l *list) draw(screen tcell.Screen, r rect, focused bool) {
	l.layout(r.w)
	l.start = l.model.Start()
	l.cells = map[int][]*tview.TableCell{}
	row, _ := l.model.Selected()
	l.top = window(l.top, row, l.model.Rows(), r.h-1)
	style := l.theme.passive
	if focused {
		style = l.theme.selected
	}
	l.table.SetSelectedStyle(style).SetSelectable(row >= 0, false)
	l.table.Select(row+1, 0).SetOffset(l.top, 0)
	l.table.SetRect(r.x, r.y, r.w, r.h)
	l.table.Draw(screen)
}

// window returns the first visible row: as little scrolling as shows the selected one, and no blank rows below the last.
func window(top, selected, rows, height int) int {
	top = max(min(top, selected), selected-height+1)
	return max(0, min(top, rows-height))
}

// GetRowCount implements tview.TableContent: the titles and the rows.
func (l *list) GetRowCount() int { return l.model.Rows() + 1 }

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
		e = l.model.Row(row - 1)
	}
	cells := make([]*tview.TableCell, len(l.columns))
	for i, c := range l.columns {
		text, style := c.title, l.theme.dim
		if e != nil {
			text, style = c.cell(l, e)
		}
		if c.right {
			text = strings.Repeat(" ", max(0, c.width-len(text))) + text
		}
		cells[i] = newCell(pad(text, c.width, l.theme.g.ellipsis), style)
		cells[i].NotSelectable = row == 0
	}
	return cells
}

// newCell returns a cell of printable text: markup in it is made harmless.
func newCell(text string, style tcell.Style) *tview.TableCell {
	fg, bg, attrs := style.Decompose()
	return &tview.TableCell{
		Text: tview.Escape(text), Color: fg, BackgroundColor: bg, Attributes: attrs, Transparent: bg == tcell.ColorDefault,
	}
}

func (l *list) number(e *session.Event) (string, tcell.Style) {
	return strconv.FormatUint(e.N, 10), l.theme.dim
}

func (l *list) time(e *session.Event) (string, tcell.Style) {
	return since(e.Time.Sub(l.start)), l.theme.dim
}

// since writes a time since the beginning in at most eight columns.
func since(d time.Duration) string {
	switch s := d.Seconds(); {
	case s < 1000:
		return fmt.Sprintf("%.3f", s)
	case s < 100_000:
		return fmt.Sprintf("%.1f", s)
	}
	return d.Truncate(time.Hour).String()
}

func (l *list) conn(e *session.Event) (string, tcell.Style) {
	if e.Conn == 0 {
		return "", l.theme.plain
	}
	return connName(e), l.theme.plain
}

// connName names a connection by its role and number: "NS#2".
func connName(e *session.Event) string { return e.Role.String() + "#" + strconv.Itoa(e.Conn) }

func (l *list) user(e *session.Event) (string, tcell.Style) {
	user := printable(e.User)
	if uniseg.StringWidth(user) > l.columns[userColumn].width { // rather the name alone than a part of both
		user, _, _ = strings.Cut(user, "@")
	}
	return user, l.theme.plain
}

func (l *list) arrow(e *session.Event) (string, tcell.Style) {
	switch {
	case e.Kind != session.Command:
		return "", l.theme.plain
	case e.Dir == decode.FromClient:
		return l.theme.g.toServer, l.direction(e)
	}
	return l.theme.g.toClient, l.direction(e)
}

// direction is the style of a command: by who sent it, and red for an error.
func (l *list) direction(e *session.Event) tcell.Style {
	switch {
	case e.Flags&(session.Error|session.Missing) != 0:
		return l.theme.fail
	case e.Kind != session.Command:
		return l.theme.dim
	case e.Dir == decode.FromClient:
		return l.theme.client
	}
	return l.theme.server
}

func (l *list) verb(e *session.Event) (string, tcell.Style) {
	switch {
	case e.Kind != session.Command:
		return l.theme.g.h + l.theme.g.h, l.direction(e)
	case e.In.Opaque():
		return "???", l.theme.fail
	}
	return e.In.Verb.String(), l.direction(e).Bold(true)
}

// summary says what the command says; at its right end, how long the answer took and what was done to it.
func (l *list) summary(e *session.Event) (string, tcell.Style) {
	style := l.theme.plain
	if e.Kind != session.Command || e.Flags&session.Error != 0 {
		style = l.direction(e)
	}
	tail := l.theme.g.marks(e.Flags)
	if tail != "" {
		style = l.theme.mark
	}
	if e.ReplyTo != 0 {
		tail += " " + fmt.Sprintf("%6s", short(e.RTT))
	}
	width := l.columns[len(l.columns)-1].width
	return pad(says(e), width-uniseg.StringWidth(tail), l.theme.g.ellipsis) + tail, style
}

// says is what a row says after its verb, printable.
func says(e *session.Event) string {
	text := format.Summary(e)
	if e.Kind == session.Command && e.In.HasTrID {
		return string(e.In.TrIDText()) + " " + text
	}
	return text
}

// rowText is what n and N look through.
func rowText(e *session.Event) string {
	return e.In.Verb.String() + " " + says(e) + " " + e.User
}

// short writes a duration with three digits or so.
func short(d time.Duration) string {
	switch {
	case d < time.Millisecond:
		return fmt.Sprintf("%dus", d.Microseconds())
	case d < 10*time.Millisecond:
		return fmt.Sprintf("%.1fms", d.Seconds()*1000)
	case d < time.Second:
		return fmt.Sprintf("%dms", d.Milliseconds())
	case d < time.Minute:
		return fmt.Sprintf("%.1fs", d.Seconds())
	}
	return d.Truncate(time.Second).String()
}
