package model

import (
	"sort"

	"github.com/msnscope/msnscope/decode/session"
)

// Selected returns the row of the selected event, or of its nearest neighbour where it is not shown, and the event of that
// row; -1 and nil when there are no rows.
func (m *Model) Selected() (row int, e *session.Event) {
	n := m.Rows()
	if n == 0 {
		return -1, nil
	}
	if m.follow {
		return n - 1, m.Row(n - 1)
	}
	row = m.nearest(m.selected)
	return row, m.Row(row)
}

// nearest returns the row of the event at the position, or the row whose event is closest to it.
func (m *Model) nearest(position int) int {
	n := m.Rows()
	i := sort.Search(n, func(i int) bool { return m.position(i) >= position })
	switch {
	case i == n:
		return n - 1
	case i > 0 && position-m.position(i-1) < m.position(i)-position:
		return i - 1
	}
	return i
}

// Select selects a row, the nearest where there is none, by a person's hand: following stops.
func (m *Model) Select(row int) {
	m.follow = false
	if n := m.Rows(); n > 0 {
		m.selected = m.position(max(0, min(row, n-1)))
	}
}

// Move selects the row that is delta rows further down.
func (m *Model) Move(delta int) {
	row, _ := m.Selected()
	m.Select(row + delta)
}

// Goto selects the event with number n, and reports whether it is shown. Where it is not, its neighbour is selected.
func (m *Model) Goto(n uint64) bool {
	if m.Rows() == 0 {
		return false
	}
	m.follow = false
	m.selected = min(m.numbered(n), m.end()-1)
	_, e := m.Selected()
	return e.N == n
}

// Follow reports whether the selection follows the end.
func (m *Model) Follow() bool { return m.follow }

// SetFollow makes the selection follow the end, or stay on the row where it is.
func (m *Model) SetFollow(on bool) {
	if !on {
		m.Move(0)
	}
	m.follow = on
}

// Paused reports whether the view is paused, and how many events came since.
func (m *Model) Paused() (paused bool, behind int) {
	if !m.paused {
		return false, 0
	}
	return true, m.log.Len() - m.frozen
}

// SetPause freezes the view, or lets it see what came in the meantime. The log goes on either way.
func (m *Model) SetPause(on bool) {
	m.frozen = m.log.Len()
	m.paused = on
}
