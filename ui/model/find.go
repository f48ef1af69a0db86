package model

import (
	"strings"

	"github.com/msnscope/msnscope/decode/session"
)

// find is a search for a text, which Step continues.
type find struct {
	active bool
	text   func(e *session.Event) string
	want   string // the text, in lower case
	row    int    // the next row to look at
	step   int    // 1 for downwards, -1 for upwards
	left   int    // how many rows have not been compared yet
	failed bool
}

// Find selects the next row, downwards or upwards, whose text contains want, ignoring case; past
// the last row it continues at the first, and the other way round. text returns the text of a row.
// Step continues the search.
func (m *Model) Find(want string, down bool, text func(e *session.Event) string) {
	row, _ := m.Selected()
	step := 1
	if !down {
		step = -1
	}
	m.find = find{
		active: row >= 0, text: text, want: strings.ToLower(want), row: row + step, step: step,
		left: m.Rows(),
	}
	m.find.failed = row < 0
}

// NotFound reports, once, that the last search found nothing.
func (m *Model) NotFound() bool {
	failed := m.find.failed
	m.find.failed = false
	return failed
}

// findOne compares one row, and ends the search if it matches or no row is left.
func (m *Model) findOne() {
	f, n := &m.find, m.Rows()
	if f.left == 0 || n == 0 {
		f.active, f.failed = false, true
		return
	}
	row := (f.row + n) % n
	if strings.Contains(strings.ToLower(f.text(m.Row(row))), f.want) {
		f.active = false
		m.Select(row)
		return
	}
	f.row, f.left = row+f.step, f.left-1
}
