package ui

import (
	"fmt"
	"strings"

	"github.com/gdamore/tcell/v2"
	"github.com/rivo/uniseg"

	"github.com/msnscope/msnscope/ui/model"
)

// statistics is the screen with figures: a chart of the rate, and tables of which one is shown.
type statistics struct {
	table  int
	column [len(model.Tables)]int  // by which each table is sorted
	upward [len(model.Tables)]bool // the smallest first
	at     int                     // the selected row
	top    int
	rows   []model.TableRow // in the order of the last drawing
	height int
}

// statistics shows the figures, or goes back from them.
func (a *App) statistics() {
	s := &statistics{}
	for i := range model.Tables {
		s.column[i] = model.Tables[i].Sorted
	}
	s.upward[len(s.upward)-1] = true
	a.figures = s
}

// pressStatistics handles a key while the figures are shown.
func (a *App) pressStatistics(name string) {
	s := a.figures
	columns := len(model.Tables[s.table].Columns)
	switch name {
	case "Esc", "q", "S":
		a.figures = nil
	case "F1", "?":
		a.help()
	case "Tab":
		s.turn(1)
	case "Shift-Tab":
		s.turn(-1)
	case "1", "2", "3", "4", "5", "6":
		s.turn(int(name[0]-'1') - s.table)
	case "l", "Right":
		s.column[s.table] = (s.column[s.table] + 1) % columns
	case "h", "Left":
		s.column[s.table] = (s.column[s.table] + columns - 1) % columns
	case "Space", "-":
		s.upward[s.table] = !s.upward[s.table]
	case "Enter":
		if s.at < len(s.rows) && s.rows[s.at].Filter != "" {
			a.figures = nil
			a.to(listPane)
			if a.face == talkFace {
				a.endTalk()
			}
			a.commandFilter(s.rows[s.at].Filter)
		}
	default:
		s.at = moved(name, s.at, len(s.rows), s.height)
	}
}

// turn shows another table.
func (s *statistics) turn(step int) {
	n := len(model.Tables)
	s.table, s.at, s.top = (s.table+step+n)%n, 0, 0
}

// moved returns the row to which a key moves from row at in a list of n rows, height of which are
// shown.
func moved(name string, at, n, height int) int {
	switch name {
	case "j", "Down":
		at++
	case "k", "Up":
		at--
	case "Ctrl-D":
		at += max(1, height/2)
	case "Ctrl-U":
		at -= max(1, height/2)
	case "PgDn":
		at += max(1, height)
	case "PgUp":
		at -= max(1, height)
	case "g", "Home":
		at = 0
	case "G", "End":
		at = n
	}
	return max(0, min(at, n-1))
}

func (s *statistics) draw(screen tcell.Screen, area rect, m *model.Model, t *theme) {
	for y := range area.h {
		fill(screen, area.x, area.y+y, area.w, t.plain)
	}
	box(screen, area, t.focus, t)
	x := area.x + 1
	for i := range model.Tables {
		style := t.dim
		if i == s.table {
			style = t.focus.Reverse(true)
		}
		x += put(screen, x, area.y, area.x+area.w-1-x, fmt.Sprintf(" %d %s ", i+1, model.Tables[i].Name), style)
	}
	put(screen, area.x+2, area.y+area.h-1, area.w-4,
		" h l sort by, Space reverses, Enter shows them, Tab next, Esc back ",
		t.dim)
	in := area.inner()
	if in.h >= 14 {
		used := drawRates(screen, rect{in.x + 1, in.y, in.w - 2, min(8, in.h/3)}, &m.Figures().Rates, t)
		in.y, in.h = in.y+used, in.h-used
	}
	s.rows = model.Tables[s.table].Sort(m, s.column[s.table], s.upward[s.table])
	s.drawRows(screen, in, t)
}

// drawRows draws the titles and the rows that fit, with bars for the column of the order.
func (s *statistics) drawRows(screen tcell.Screen, r rect, t *theme) {
	columns, sorted := model.Tables[s.table].Columns, s.column[s.table]
	widths := s.widths(columns, r.w)
	draw := func(y int, cells []string, style func(i int) tcell.Style) int {
		x := r.x + 1
		for i, text := range cells {
			text = cut(text, widths[i], t.g.ellipsis)
			blank := strings.Repeat(" ", max(0, widths[i]-uniseg.StringWidth(text)))
			if i > 0 {
				text = blank + text
			} else {
				text += blank
			}
			x += put(screen, x, y, r.x+r.w-x, text+"  ", style(i))
		}
		return x
	}
	draw(r.y, columns, func(i int) tcell.Style {
		if i == sorted {
			return t.mark.Reverse(true)
		}
		return t.title
	})
	s.height = r.h - 1
	s.at = max(0, min(s.at, len(s.rows)-1))
	s.top = window(s.top, s.at, len(s.rows), s.height)
	barred, most := max(0, sorted-1), 0.0
	for _, row := range s.rows {
		most = max(most, row.Values[barred])
	}
	for y := range min(s.height, len(s.rows)-s.top) {
		row := &s.rows[s.top+y]
		x := draw(r.y+1+y, append([]string{row.Name}, row.Shown...), func(int) tcell.Style { return t.plain })
		if s.top+y == s.at {
			highlight(screen, rect{r.x, r.y + 1 + y, x - r.x, 1}, t.selected)
		}
		if room := min(40, r.x+r.w-x-1); most > 0 {
			put(screen, x, r.y+1+y, room, bar(row.Values[barred]/most, room, t), t.label)
		}
	}
	if len(s.rows) == 0 {
		put(screen, r.x+1, r.y+1, r.w-2, "nothing", t.dim)
	}
}

// widths returns how wide the columns are: as wide as their widest text.
func (s *statistics) widths(columns []string, room int) []int {
	widths := make([]int, len(columns))
	for i, title := range columns {
		widths[i] = uniseg.StringWidth(title)
		room -= 2
	}
	for _, row := range s.rows {
		widths[0] = max(widths[0], uniseg.StringWidth(row.Name))
		for i, text := range row.Shown {
			widths[i+1] = max(widths[i+1], uniseg.StringWidth(text))
		}
	}
	for _, w := range widths[1:] {
		room -= w
	}
	widths[0] = max(6, min(widths[0], room-1))
	return widths
}
