package ui

import "github.com/rivo/uniseg"

// item is a line of a menu: its text, a note, and the function that choosing it calls.
type item struct {
	text, note string
	do         func()
}

// choose opens a menu from which one item is chosen. A single item is chosen at once.
func (a *App) choose(title string, items []item) {
	if len(items) == 1 {
		items[0].do()
		return
	}
	a.picker = &picker{
		title: title, hint: "Enter opens, Esc closes",
		rows: func(width int) []line { return menuRows(items, width, &a.theme) },
		press: func(name string, at int) bool {
			if name != "Enter" || at < 0 {
				return false
			}
			a.picker = nil
			items[at].do()
			return true
		},
	}
}

// menuRows returns the items as lines of a width in columns, with their notes at the right.
func menuRows(items []item, width int, t *theme) []line {
	rows := make([]line, len(items))
	for i, it := range items {
		text := pad(it.text, width-uniseg.StringWidth(it.note)-1, t.g.ellipsis)
		rows[i] = line{{text + " ", t.plain}, {it.note, t.dim}}
	}
	return rows
}
