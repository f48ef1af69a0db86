package model

import (
	"cmp"
	"fmt"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/msnscope/msnscope/decode/lint"
	"github.com/msnscope/msnscope/internal/format"
)

// TableRow is a row of a table of statistics: a printable name and values, with the filter that
// shows what it counts, "" for none. Shown has the texts of the values.
type TableRow struct {
	Name, Filter string
	Values       []float64
	Shown        []string
}

// Table is a table of statistics: the titles of its columns, of which the first is of the names,
// and the column by which it is sorted at first.
type Table struct {
	Name    string
	Columns []string
	Sorted  int

	rows func(m *Model) []TableRow
}

// Sort returns the rows of a table, by one of its columns: names in alphabetical order, values with
// the largest first, or with the smallest if upward is set.
func (t *Table) Sort(m *Model, column int, upward bool) []TableRow {
	rows := t.rows(m)
	slices.SortStableFunc(rows, func(a, b TableRow) int {
		by := cmp.Compare(a.Name, b.Name)
		if column > 0 {
			by = cmp.Or(cmp.Compare(b.Values[column-1], a.Values[column-1]), by)
		}
		if upward && column > 0 {
			return -by
		}
		return by
	})
	return rows
}

// Tables are the tables of statistics.
var Tables = [...]Table{
	{
		"Commands",
		[]string{"command", "count", "errors", "bytes", "answers", "p50", "p95", "p99", "max"},
		6,
		commandFigures,
	},
	{"Errors", []string{"error", "count", "bytes"}, 1, errorFigures},
	{"Users", []string{"user", "count", "errors", "bytes", "answers", "mean", "max"}, 1, userFigures},
	{"Connections", []string{"connection", "count", "errors", "bytes", "answers", "mean", "max"}, 1, connFigures},
	{"Lint", []string{"rule", "count", "severity"}, 1, lintFigures},
	{"Sizes", []string{"bytes", "count", "share"}, 0, sizeFigures},
}

// amount, wait and text make a value with the text that shows it.
func (r *TableRow) amount(n int) *TableRow { return r.value(float64(n), Thousands(n)) }

func (r *TableRow) wait(d time.Duration) *TableRow {
	if d == 0 {
		return r.value(0, "")
	}
	return r.value(float64(d), Short(d))
}

func (r *TableRow) value(v float64, shown string) *TableRow {
	r.Values, r.Shown = append(r.Values, v), append(r.Shown, shown)
	return r
}

func commandFigures(m *Model) []TableRow {
	var rows []TableRow
	for _, f := range m.Figures().Commands() {
		r := TableRow{Name: f.Name, Filter: "cmd == " + strconv.Quote(f.Name)}
		switch f.Name {
		case "error":
			r.Filter = `"error" in flags`
		case "unknown":
			r.Filter = `"opaque" in flags`
		}
		r.amount(f.Commands).amount(f.Errors).amount(int(f.Bytes)).amount(f.Answers)
		r.wait(f.Percentile(50)).wait(f.Percentile(95)).wait(f.Percentile(99)).wait(f.Slowest)
		rows = append(rows, r)
	}
	return rows
}

func errorFigures(m *Model) []TableRow {
	count, bytes := 0, 0
	rows := make([]TableRow, 1)
	for code, f := range m.Figures().Codes() {
		count, bytes = count+f.Commands, bytes+int(f.Bytes)
		number := fmt.Sprintf("%03d", code)
		r := TableRow{Name: strings.TrimSpace(number + " " + f.Name), Filter: number}
		r.amount(f.Commands).amount(int(f.Bytes))
		rows = append(rows, r)
	}
	if count == 0 {
		return nil
	}
	rows[0] = TableRow{Name: " all", Filter: "error"}
	rows[0].amount(count).amount(bytes)
	return rows
}

func userFigures(m *Model) []TableRow {
	var rows []TableRow
	for _, f := range m.Figures().Users() {
		r := TableRow{Name: format.Printable(f.Name), Filter: "user == " + strconv.Quote(f.Name)}
		if f.Name == "" {
			r.Name = "(unknown)"
		}
		rows = append(rows, r.party(&f))
	}
	return rows
}

func connFigures(m *Model) []TableRow {
	var rows []TableRow
	for _, c := range m.Conns() {
		r := TableRow{
			Name:   fmt.Sprintf("%s#%d %s", c.Role, c.ID, ShortName(format.Printable(c.User))),
			Filter: "conn == " + strconv.Itoa(c.ID),
		}
		rows = append(rows, r.party(&c.Figure))
	}
	return rows
}

// party adds the values of a user or of a connection.
func (r *TableRow) party(f *Figure) TableRow {
	r.amount(f.Commands).amount(f.Errors).amount(int(f.Bytes)).amount(f.Answers).wait(f.Mean()).wait(f.Slowest)
	return *r
}

// lintFigures has the rules that were broken.
func lintFigures(m *Model) []TableRow {
	var rows []TableRow
	broken, _ := m.Lints()
	for _, l := range broken {
		r := TableRow{Name: l.Rule.ID + " " + l.Rule.Means, Filter: `any(lint, .rule == "` + l.Rule.ID + `")`}
		r.amount(l.Count)
		rows = append(rows, *r.value(severities[l.Rule.Severity], string(l.Rule.Severity)))
	}
	return rows
}

var severities = map[lint.Severity]float64{lint.Info: 1, lint.Warn: 2, lint.Error: 3}

func sizeFigures(m *Model) []TableRow {
	sizes, sum := m.Figures().Sizes, 0
	for _, n := range sizes {
		sum += n
	}
	var rows []TableRow
	for i, n := range sizes {
		if n == 0 {
			continue
		}
		r := TableRow{Name: fmt.Sprintf("%7d to %7d", 1<<max(0, i-1), 1<<i-1)}
		r.amount(n).value(float64(n), fmt.Sprintf("%.1f %%", float64(n)*100/float64(sum)))
		rows = append(rows, r)
	}
	return rows
}
