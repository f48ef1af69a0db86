package ui

import (
	"strconv"
	"strings"

	"github.com/gdamore/tcell/v2"
	"github.com/msnscope/msnscope/ui/model"
	"github.com/rivo/tview"
	"github.com/rivo/uniseg"
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
		v.tail = max(v.tail, uniseg.StringWidth(counts))
	}
	v.table.SetSelectedStyle(v.theme.selection(focused))
	v.table.Select(row, 0).SetOffset(v.top, 0)
	v.table.SetRect(r.x, r.y, r.w, r.h)
	v.table.Draw(plainScreen{screen})
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
		return newCell(strings.Repeat(" ", max(0, v.tail-uniseg.StringWidth(counts)))+counts, style)
	}
	name, style := v.name(r)
	return newCell(pad(name, v.width-v.tail-1, v.theme.g.ellipsis), style)
}

// counts returns a row's number of commands, with its numbers of errors and findings in front.
func (v *treeView) counts(r model.TreeRow) (text string, style tcell.Style) {
	text, style = thousands(r.Commands), v.theme.dim
	if r.Findings > 0 {
		text, style = strconv.Itoa(r.Findings)+v.theme.g.lint+" "+text, v.theme.mark
	}
	if r.Errors > 0 {
		text, style = strconv.Itoa(r.Errors)+"! "+text, v.theme.fail
	}
	return text, style
}

// name returns the name of a row of the tree.
func (v *treeView) name(r model.TreeRow) (string, tcell.Style) {
	g := &v.theme.g
	indent := strings.Repeat(" ", r.Depth)
	switch {
	case r.Conn != nil && r.Conn.Closed:
		return indent + " " + v.connection(r.Conn), v.theme.dim
	case r.Conn != nil:
		return indent + " " + v.connection(r.Conn), v.theme.plain
	case r.Logon:
		return indent + v.state(r.Open > 0) + " logon at " + r.Begun.Local().Format("15:04:05"), v.theme.bold
	case r.Scope == model.Scope{}:
		return " all", v.theme.bold
	case r.Folded:
		return indent + g.folded + v.state(r.Open > 0) + " " + printable(r.Name), v.theme.bold
	}
	return indent + g.unfolded + v.state(r.Open > 0) + " " + printable(r.Name), v.theme.bold
}

// state returns the sign for an open or a closed connection.
func (v *treeView) state(open bool) string {
	if open {
		return v.theme.g.open
	}
	return v.theme.g.closed
}

func (v *treeView) connection(c *model.Conn) string {
	words := []string{v.state(!c.Closed), c.Title()}
	if c.Waits != "" {
		words = append(words, v.theme.g.ellipsis, printable(c.Waits))
	}
	return strings.Join(words, " ")
}
