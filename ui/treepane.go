package ui

import (
	"strconv"
	"strings"

	"github.com/gdamore/tcell/v2"
	"github.com/msnscope/msnscope/ui/model"
	"github.com/rivo/tview"
)

// treeView is the sessions pane: users with their connections.
type treeView struct {
	tview.TableContentReadOnly
	table *tview.Table
	model *model.Model
	theme *theme
	rows  []model.TreeRow
	width int
	tail  int // the width of the counts
	top   int
}

func newTreeView(m *model.Model, t *theme) *treeView {
	v := &treeView{model: m, theme: t, table: newTable()}
	v.table.SetContent(v)
	return v
}

func (v *treeView) draw(screen tcell.Screen, r rect, focused bool) {
	v.rows, v.width = v.model.Tree(), r.w
	row := v.model.TreeCursor()
	v.top = window(v.top, row, len(v.rows), r.h)
	v.tail = 1
	for _, r := range v.rows[v.top:min(v.top+r.h, len(v.rows))] {
		counts, _ := v.counts(r)
		v.tail = max(v.tail, len(counts))
	}
	style := v.theme.passive
	if focused {
		style = v.theme.selected
	}
	v.table.SetSelectedStyle(style)
	v.table.Select(row, 0).SetOffset(v.top, 0)
	v.table.SetRect(r.x, r.y, r.w, r.h)
	v.table.Draw(screen)
}

// GetRowCount implements tview.TableContent.
func (v *treeView) GetRowCount() int { return len(v.rows) }

// GetColumnCount implements tview.TableContent.
func (v *treeView) GetColumnCount() int { return 2 }

// GetCell implements tview.TableContent.
func (v *treeView) GetCell(row, col int) *tview.TableCell {
	r := v.rows[row]
	counts, style := v.counts(r)
	if col == 1 {
		return newCell(strings.Repeat(" ", max(0, v.tail-len(counts)))+counts, style)
	}
	name, style := v.name(r)
	return newCell(pad(name, v.width-v.tail-1, v.theme.g.ellipsis), style)
}

// counts are the commands of a row, with its errors before them.
func (v *treeView) counts(r model.TreeRow) (string, tcell.Style) {
	if r.Errors > 0 {
		return strconv.Itoa(r.Errors) + "! " + thousands(r.Commands), v.theme.fail
	}
	return thousands(r.Commands), v.theme.dim
}

// name says what a row is.
func (v *treeView) name(r model.TreeRow) (string, tcell.Style) {
	g := &v.theme.g
	switch {
	case r.Conn != nil && r.Conn.Closed:
		return "   " + v.connection(r.Conn), v.theme.dim
	case r.Conn != nil:
		return "   " + v.connection(r.Conn), v.theme.plain
	case r.Scope == model.Scope{}:
		return " all", v.theme.bold
	case r.Folded:
		return " " + g.folded + " " + printable(r.Name), v.theme.bold
	}
	return " " + g.unfolded + " " + printable(r.Name), v.theme.bold
}

func (v *treeView) connection(c *model.Conn) string {
	state := v.theme.g.open
	if c.Closed {
		state = v.theme.g.closed
	}
	role := c.Role.String()
	if role == "" {
		role = "??"
	}
	words := []string{state, role + "#" + strconv.Itoa(c.ID)}
	if c.Session != "" {
		words = append(words, printable(c.Session))
	}
	return strings.Join(words, " ")
}
