package ui

import (
	"slices"
	"strconv"
	"strings"

	"github.com/gdamore/tcell/v2"

	"github.com/msnscope/msnscope/decode/session"
	"github.com/msnscope/msnscope/ui/model"
)

// columnKind is a column that the list can have.
type columnKind struct {
	model.Column
	look
}

// look is how a column columnLooks on this screen.
type look struct {
	width func(l *list) int // 0 leaves the column out
	style func(l *list, e *session.Event) tcell.Style
	// shown adapts the text to the screen; nil shows it as it is.
	shown func(l *list, e *session.Event, text string) string
}

// summaryColumn is the name of the column that takes the room which the others leave. It is always
// there.
const summaryColumn = "summary"

// columnKinds returns all columns but the last, in their usual order.
func columnKinds() []columnKind {
	var all []columnKind
	for _, c := range model.Columns() {
		all = append(all, columnKind{c, columnLooks[c.Name]})
	}
	return all
}

func fixed(n int) func(*list) int { return func(*list) int { return n } }

func plainCell(l *list, _ *session.Event) tcell.Style { return l.theme.plain }
func dimCell(l *list, _ *session.Event) tcell.Style   { return l.theme.dim }

// columnLooks has the look of each column.
var columnLooks = map[string]look{
	"number":  {(*list).numberWidth, (*list).numberStyle, nil},
	"time":    {fixed(8), dimCell, nil},
	"clock":   {fixed(12), dimCell, nil},
	"delta":   {fixed(8), dimCell, nil},
	"conn":    {(*list).connWidth, plainCell, nil},
	"user":    {(*list).userWidth, plainCell, (*list).shortUser},
	"session": {fixed(9), plainCell, nil},
	"dialect": {fixed(7), dimCell, nil},
	"dir":     {fixed(1), (*list).direction, (*list).arrow},
	"cmd":     {fixed(3), (*list).verbStyle, (*list).verb},
	"size":    {fixed(7), plainCell, nil},
	"rtt":     {fixed(6), plainCell, nil},
}

func (l *list) numberWidth() int {
	_, events := l.model.Progress()
	return max(3, len(strconv.Itoa(events)))
}

func (l *list) connWidth() int { return max(5, 3+len(strconv.Itoa(l.model.Stats().Connections))) }

// userWidth returns the room for the user: none in a narrow list, that of the name before the @, or
// that of the whole handle of most people.
func (l *list) userWidth() int {
	switch {
	case l.width < 64:
		return 0
	case l.width >= 88:
		return min(28, 18+(l.width-88)/4)
	}
	return 8
}

// layout fits the chosen columns into a width. It leaves out those that do not fit.
func (l *list) layout(width int) {
	l.width, l.columns = width, l.columns[:0]
	rest := width
	for _, k := range columnKinds() {
		if !slices.Contains(l.chosen, k.Name) {
			continue
		}
		if n := k.width(l); n > 0 && rest-n-1 >= minSummary {
			l.columns = append(l.columns, column{k.Name, k.Title, n, k.Right, k.cell})
			rest -= n + 1
		}
	}
	l.columns = append(l.columns, column{summaryColumn, summaryColumn, max(minSummary, rest), false, (*list).summary})
}

// minSummary is the least width of the summary column.
const minSummary = 8

// cell returns the text of a column in the row that is being made, and its style.
func (k *columnKind) cell(l *list, e *session.Event) (string, tcell.Style) {
	text := k.Text(l.model, l.line, e)
	if k.shown != nil {
		text = k.shown(l, e, text)
	}
	return text, k.style(l, e)
}

// chooseColumns lists the columns; Space puts one into the list or takes it out.
func (a *App) chooseColumns() {
	kinds := columnKinds()
	a.picker = &picker{
		title: "Columns", hint: "Space shows or hides, s sorts, u unsorts, d the usual ones, Enter keeps them",
		rows: func(int) []line {
			rows := make([]line, len(kinds))
			for i, k := range kinds {
				sign := "[ ] "
				if slices.Contains(a.list.chosen, k.Name) {
					sign = "[x] "
				}
				if k.Name == a.sorted {
					sign = sign[:3] + map[bool]string{false: "<", true: ">"}[a.backwards]
				}
				rows[i] = line{{sign, a.theme.key}, {pad(k.Name, 9, ""), a.theme.bold}, {k.Help, a.theme.plain}}
			}
			return rows
		},
		press: func(name string, at int) bool {
			switch name {
			case "Space":
				a.toggleColumn(kinds[at].Name)
			case "s":
				a.sortBy(kinds[at].Name)
			case "u":
				a.sorted = ""
				a.model.SetOrder(nil, false)
			case "d":
				a.list.chosen = model.UsualColumns()
			case "Enter":
				a.picker = nil
				a.keepSettings()
			default:
				return false
			}
			return true
		},
	}
}

// sortBy sorts the list by a column, and in the opposite order the second time. Columns of measures
// begin with the largest.
func (a *App) sortBy(name string) {
	backwards := name == "rtt" || name == "size"
	if a.sorted == name {
		backwards = !a.backwards
	}
	by, _ := model.ColumnNamed(name)
	if !a.model.SetOrder(by.Key, backwards) {
		a.say("these are too many rows to sort: a filter makes them fewer")
		return
	}
	a.sorted, a.backwards = name, backwards
	a.model.SetFollow(false)
	a.model.Select(0)
}

// commandSort sorts the list by the column with the name, or by none for "".
func (a *App) commandSort(name string) {
	switch _, known := model.ColumnNamed(name); {
	case name == "":
		a.sorted = ""
		a.model.SetOrder(nil, false)
	case !known:
		a.say("sort wants a column: %s", strings.Join(columnNames(), ", "))
	default:
		a.sortBy(name)
	}
}

// toggleColumn shows a column, or hides it.
func (a *App) toggleColumn(name string) {
	was := a.list.chosen
	if a.list.chosen = without(was, name); len(a.list.chosen) == len(was) {
		a.list.chosen = append(a.list.chosen, name)
	}
}

func without(words []string, word string) []string {
	return slices.DeleteFunc(slices.Clone(words), func(w string) bool { return w == word })
}

// setColumns shows the columns that a setting names.
func (a *App) setColumns(text string) error {
	var chosen []string
	for _, name := range strings.Fields(text) {
		if !slices.ContainsFunc(columnKinds(), func(k columnKind) bool { return k.Name == name }) {
			return &settingError{"columns", name, "a column is one of " + strings.Join(columnNames(), ", ")}
		}
		chosen = append(chosen, name)
	}
	a.list.chosen = chosen
	return nil
}

func columnNames() []string {
	var names []string
	for _, k := range columnKinds() {
		names = append(names, k.Name)
	}
	return names
}
