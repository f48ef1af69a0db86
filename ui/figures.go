package ui

import (
	"fmt"
	"strconv"
	"strings"
	"time"

	"github.com/msnscope/msnscope/decode/lint"
	"github.com/msnscope/msnscope/ui/model"
)

// figureRow is a row of a table: a text and numbers, with the filter that shows what it counts, ""
// for none.
type figureRow struct {
	name, filter string
	values       []float64
	shown        []string
}

// figureTable is one table: the titles of its columns, of which the first is of the names, and the
// column by which it is sorted at first.
type figureTable struct {
	name    string
	columns []string
	sorted  int
	rows    func(m *model.Model) []figureRow
}

var figureTables = [...]figureTable{
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
func (r *figureRow) amount(n int) *figureRow { return r.value(float64(n), thousands(n)) }

func (r *figureRow) wait(d time.Duration) *figureRow {
	if d == 0 {
		return r.value(0, "")
	}
	return r.value(float64(d), short(d))
}

func (r *figureRow) value(v float64, shown string) *figureRow {
	r.values, r.shown = append(r.values, v), append(r.shown, shown)
	return r
}

func commandFigures(m *model.Model) []figureRow {
	var rows []figureRow
	for _, f := range m.Figures().Commands() {
		r := figureRow{name: f.Name, filter: "cmd == " + strconv.Quote(f.Name)}
		switch f.Name {
		case "error":
			r.filter = `"error" in flags`
		case "unknown":
			r.filter = `"opaque" in flags`
		}
		r.amount(f.Commands).amount(f.Errors).amount(int(f.Bytes)).amount(f.Answers)
		r.wait(f.Percentile(50)).wait(f.Percentile(95)).wait(f.Percentile(99)).wait(f.Slowest)
		rows = append(rows, r)
	}
	return rows
}

func errorFigures(m *model.Model) []figureRow {
	count, bytes := 0, 0
	rows := make([]figureRow, 1)
	for code, f := range m.Figures().Codes() {
		count, bytes = count+f.Commands, bytes+int(f.Bytes)
		number := fmt.Sprintf("%03d", code)
		r := figureRow{name: strings.TrimSpace(number + " " + f.Name), filter: number}
		r.amount(f.Commands).amount(int(f.Bytes))
		rows = append(rows, r)
	}
	if count == 0 {
		return nil
	}
	rows[0] = figureRow{name: " all", filter: "error"}
	rows[0].amount(count).amount(bytes)
	return rows
}

func userFigures(m *model.Model) []figureRow {
	var rows []figureRow
	for _, f := range m.Figures().Users() {
		r := figureRow{name: printable(f.Name), filter: "user == " + strconv.Quote(f.Name)}
		if f.Name == "" {
			r.name = "(unknown)"
		}
		rows = append(rows, r.party(&f))
	}
	return rows
}

func connFigures(m *model.Model) []figureRow {
	var rows []figureRow
	for _, c := range m.Conns() {
		r := figureRow{
			name:   fmt.Sprintf("%s#%d %s", c.Role, c.ID, shortName(printable(c.User))),
			filter: "conn == " + strconv.Itoa(c.ID),
		}
		rows = append(rows, r.party(&c.Figure))
	}
	return rows
}

// party adds the values of a user or of a connection.
func (r *figureRow) party(f *model.Figure) figureRow {
	r.amount(f.Commands).amount(f.Errors).amount(int(f.Bytes)).amount(f.Answers).wait(f.Mean()).wait(f.Slowest)
	return *r
}

// lintFigures has the rules that were broken.
func lintFigures(m *model.Model) []figureRow {
	var rows []figureRow
	broken, _ := m.Lints()
	for _, l := range broken {
		r := figureRow{name: l.Rule.ID + " " + l.Rule.Means, filter: `any(lint, .rule == "` + l.Rule.ID + `")`}
		r.amount(l.Count)
		rows = append(rows, *r.value(severities[l.Rule.Severity], string(l.Rule.Severity)))
	}
	return rows
}

var severities = map[lint.Severity]float64{lint.Info: 1, lint.Warn: 2, lint.Error: 3}

func sizeFigures(m *model.Model) []figureRow {
	sizes, sum := m.Figures().Sizes, 0
	for _, n := range sizes {
		sum += n
	}
	var rows []figureRow
	for i, n := range sizes {
		if n == 0 {
			continue
		}
		r := figureRow{name: fmt.Sprintf("%7d to %7d", 1<<max(0, i-1), 1<<i-1)}
		r.amount(n).value(float64(n), fmt.Sprintf("%.1f %%", float64(n)*100/float64(sum)))
		rows = append(rows, r)
	}
	return rows
}
