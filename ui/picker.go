package ui

import (
	"github.com/gdamore/tcell/v2"
	"github.com/rivo/tview"
)

// picker is a list over the panes from which one line is picked: the queue, the palette, marks,
// settings. The list may change while it is open.
type picker struct {
	title, hint string
	// rows returns the lines for a width. It is called at every drawing.
	rows func(width int) []line
	// press handles a key that does not move the selection, on the line at; at is -1 where there
	// are no lines. It reports false for a key that it does not know.
	press func(name string, at int) bool
	// query is the text that narrows the lines, nil where none can be typed. Letters go there.
	query *tview.InputField

	at, top, count, height int
}

// newQuery returns the field for the text that narrows a picker's lines.
func (a *App) newQuery() *tview.InputField {
	f := tview.NewInputField().SetLabel("> ").SetFieldStyle(a.theme.bold).SetLabelStyle(a.theme.title)
	f.SetBackgroundColor(tcell.ColorDefault)
	f.Focus(func(tview.Primitive) {})
	return f
}

// pressPicker handles a key while a picker is open.
func (a *App) pressPicker(e *tcell.EventKey, name string) {
	p := a.picker
	a.message = seg{}
	at := p.at
	if p.count == 0 {
		at = -1
	}
	typing := p.query != nil && (e.Key() == tcell.KeyRune || name == "Backspace" || name == "Backspace2" ||
		name == "Left" || name == "Right" || name == "Ctrl-U" || name == "Ctrl-W")
	switch {
	case typing:
		a.typeInto(p.query, e)
		p.at, p.top = 0, 0
	case p.press(name, at):
	case name == "Esc" || name == "q":
		a.picker = nil
	default:
		p.move(name)
	}
}

// move moves the selection.
func (p *picker) move(name string) {
	switch name {
	case "j", "Down", "Tab":
		p.at++
	case "k", "Up", "Shift-Tab":
		p.at--
	case "PgDn", "Ctrl-D":
		p.at += p.height
	case "PgUp", "Ctrl-U":
		p.at -= p.height
	case "g", "Home":
		p.at = 0
	case "G", "End":
		p.at = p.count - 1
	}
	p.at = max(0, min(p.at, p.count-1))
}

func (p *picker) draw(s tcell.Screen, area rect, t *theme) {
	r := area
	if r.w > maxText+4 {
		r.x, r.w = (area.w-maxText-4)/2, maxText+4
	}
	rows := p.rows(r.w - 4)
	p.count = len(rows)
	p.at = max(0, min(p.at, p.count-1))
	head := 2
	if p.query != nil {
		head = 3
	}
	if n := max(1, p.count) + head; n < r.h {
		r.y, r.h = r.y+(r.h-n)/3, n
	}
	for y := range r.h {
		fill(s, r.x, r.y+y, r.w, t.plain)
	}
	box(s, r, t.focus, t)
	put(s, r.x+2, r.y, r.w-4, " "+p.title+" ", t.focus.Reverse(true))
	put(s, r.x+2, r.y+r.h-1, r.w-4, " "+p.hint+" ", t.dim)
	in := rect{r.x + 2, r.y + 1, r.w - 4, r.h - 2}
	if p.query != nil {
		p.query.SetRect(in.x, in.y, in.w, 1)
		p.query.Draw(s)
		in.y, in.h = in.y+1, in.h-1
	}
	p.drawRows(s, in, rows, t)
}

func (p *picker) drawRows(s tcell.Screen, in rect, rows []line, t *theme) {
	p.height = in.h
	p.top = window(p.top, p.at, len(rows), in.h)
	for i := range min(in.h, len(rows)-p.top) {
		l := rows[p.top+i]
		if p.top+i == p.at {
			fill(s, in.x, in.y+i, in.w, t.selected)
			l = l.in(t.selected)
		}
		l.draw(s, in.x, in.y+i, in.w)
	}
	if len(rows) == 0 && in.h > 0 {
		put(s, in.x, in.y, in.w, "nothing", t.dim)
	}
}

// in returns the line with all its pieces in one style.
func (l line) in(style tcell.Style) line {
	same := make(line, len(l))
	for i, s := range l {
		same[i] = seg{s.text, style}
	}
	return same
}
