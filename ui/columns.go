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
	name, help string
	title      string
	width      func(l *list) int // 0 leaves the column out
	right      bool
	cell       func(l *list, e *session.Event) (string, tcell.Style)
}

// summaryColumn is the name of the column that takes the room which the others leave. It is always
// there.
const summaryColumn = "summary"

// columnKinds returns all columns but the last, in their usual order.
func columnKinds() []columnKind {
	fixed := func(n int) func(*list) int { return func(*list) int { return n } }
	return []columnKind{
		{"number", "the number of the event", "#", (*list).numberWidth, true, (*list).number},
		{"time", "seconds since the beginning", "+time", fixed(8), true, (*list).time},
		{"clock", "the time of day", "clock", fixed(12), false, (*list).clock},
		{"delta", "seconds since the row above", "delta", fixed(8), true, (*list).delta},
		{"conn", "the connection, by its role and number", "conn", (*list).connWidth, false, (*list).conn},
		{"user", "the user of the connection", "user", (*list).userWidth, false, (*list).user},
		{"session", "the switchboard session", "session", fixed(9), false, (*list).session},
		{"dialect", "the dialect", "dialect", fixed(7), false, (*list).dialect},
		{"dir", "an arrow to the server or to the client", " ", fixed(1), false, (*list).arrow},
		{"cmd", "the command", "cmd", fixed(3), false, (*list).verb},
		{"size", "bytes on the wire", "size", fixed(7), true, (*list).size},
		{"rtt", "how long the answer took", "rtt", fixed(6), true, (*list).rtt},
	}
}

// usualColumns are those of a list for which nobody has chosen others.
var usualColumns = []string{"number", "time", "conn", "user", "dir", "cmd"}

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
		if !slices.Contains(l.chosen, k.name) {
			continue
		}
		if n := k.width(l); n > 0 && rest-n-1 >= minSummary {
			l.columns = append(l.columns, column{k.name, k.title, n, k.right, k.cell})
			rest -= n + 1
		}
	}
	l.columns = append(l.columns, column{summaryColumn, summaryColumn, max(minSummary, rest), false, (*list).summary})
}

// minSummary is the least width of the summary column.
const minSummary = 8

func (l *list) clock(e *session.Event) (string, tcell.Style) {
	return e.Time.Local().Format("15:04:05.000"), l.theme.dim
}

func (l *list) delta(e *session.Event) (string, tcell.Style) {
	if l.above == nil {
		return "", l.theme.dim
	}
	return since(e.Time.Sub(l.above.Time)), l.theme.dim
}

func (l *list) session(e *session.Event) (string, tcell.Style) {
	return printable(e.Session), l.theme.plain
}

func (l *list) dialect(e *session.Event) (string, tcell.Style) {
	return printable(e.Dialect), l.theme.dim
}

func (l *list) size(e *session.Event) (string, tcell.Style) {
	if e.Kind != session.Command {
		return "", l.theme.dim
	}
	return thousands(len(e.In.Raw)), l.theme.plain
}

func (l *list) rtt(e *session.Event) (string, tcell.Style) {
	if e.ReplyTo == 0 {
		return "", l.theme.dim
	}
	return short(e.RTT), l.theme.plain
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
				if slices.Contains(a.list.chosen, k.name) {
					sign = "[x] "
				}
				if k.name == a.sorted {
					sign = sign[:3] + map[bool]string{false: "<", true: ">"}[a.backwards]
				}
				rows[i] = line{{sign, a.theme.key}, {pad(k.name, 9, ""), a.theme.bold}, {k.help, a.theme.plain}}
			}
			return rows
		},
		press: func(name string, at int) bool {
			switch name {
			case "Space":
				a.toggleColumn(kinds[at].name)
			case "s":
				a.sortBy(kinds[at].name)
			case "u":
				a.sorted = ""
				a.model.SetOrder(nil, false)
			case "d":
				a.list.chosen = slices.Clone(usualColumns)
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
	if !a.model.SetOrder(sortKeys[name], backwards) {
		a.say("these are too many rows to sort: a filter makes them fewer")
		return
	}
	a.sorted, a.backwards = name, backwards
	a.model.SetFollow(false)
	a.model.Select(0)
}

// sortKeys are what the columns sort by; the others sort by the order of the log.
var sortKeys = map[string]func(e *session.Event) model.Key{
	"number": byNumber, "time": byNumber, "clock": byNumber, "delta": byNumber,
	"conn":    func(e *session.Event) model.Key { return model.Key{Number: int64(e.Conn)} },
	"user":    func(e *session.Event) model.Key { return model.Key{Text: e.User} },
	"session": func(e *session.Event) model.Key { return model.Key{Text: e.Session} },
	"dialect": func(e *session.Event) model.Key { return model.Key{Text: e.Dialect} },
	"dir":     func(e *session.Event) model.Key { return model.Key{Number: int64(e.Dir)} },
	"cmd":     func(e *session.Event) model.Key { return model.Key{Text: e.In.Verb.String()} },
	"size":    func(e *session.Event) model.Key { return model.Key{Number: int64(len(e.In.Raw))} },
	"rtt":     func(e *session.Event) model.Key { return model.Key{Number: int64(e.RTT)} },
}

func byNumber(e *session.Event) model.Key { return model.Key{Number: int64(e.N)} }

// commandSort sorts the list by the column with the name, or by none for "".
func (a *App) commandSort(name string) {
	switch {
	case name == "":
		a.sorted = ""
		a.model.SetOrder(nil, false)
	case sortKeys[name] == nil:
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
		if !slices.ContainsFunc(columnKinds(), func(k columnKind) bool { return k.name == name }) {
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
		names = append(names, k.name)
	}
	return names
}
