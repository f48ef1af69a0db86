package model

import (
	"sort"

	"github.com/msnscope/msnscope/decode/session"
)

// Selected returns the line of the selected event and the event on it. Where the selected
// event is not shown, it is the row of its nearest neighbour; where there are no rows, -1 and nil.
func (m *Model) Selected() (row int, e *session.Event) {
	n := m.Rows()
	if i := m.heldIndex(); i >= 0 {
		return n + i, m.held[i].Event
	}
	if n == 0 {
		return -1, nil
	}
	if m.follow {
		return n - 1, m.Row(n - 1)
	}
	row = m.nearest(m.selected)
	return row, m.Row(row)
}

// nearest returns the row of the event at a position of the log, or the row whose event is closest
// to it.
func (m *Model) nearest(position int) int {
	n := m.Rows()
	i := sort.Search(n, func(i int) bool { return m.base(i) >= position })
	switch {
	case i == n:
		i = n - 1
	case i > 0 && position-m.base(i-1) < m.base(i)-position:
		i--
	}
	return m.sortedRow(i)
}

// Select selects a line, the nearest one if there is no such line, for the user: the selection no
// longer follows the end.
func (m *Model) Select(row int) {
	m.follow, m.waiting = false, 0
	n := m.Rows()
	if h, ok := m.HeldLine(min(row, m.Lines()-1)); ok {
		m.waiting = h.ID
	} else if n > 0 {
		m.selected = m.position(max(0, min(row, n-1)))
	}
}

// Move selects the row that is delta rows further down; negative is up.
func (m *Model) Move(delta int) {
	row, _ := m.Selected()
	m.Select(row + delta)
}

// Goto selects the event with number n and reports whether it is shown. Where it is not, its
// nearest neighbour is selected.
func (m *Model) Goto(n uint64) bool {
	if m.Rows() == 0 {
		return false
	}
	m.follow, m.waiting = false, 0
	m.selected = min(m.numbered(n), m.end()-1)
	_, e := m.Selected()
	return e.N == n
}

// Follow reports whether the selection follows the end.
func (m *Model) Follow() bool { return m.follow }

// SetFollow makes the selection follow the end of the log, or stay on its row.
func (m *Model) SetFollow(on bool) {
	if !on {
		m.Move(0)
	}
	if m.follow = on; on {
		m.followHeld()
	}
}

// Paused reports whether the view is paused, and how many events have come since.
func (m *Model) Paused() (paused bool, unseen int) {
	if !m.paused {
		return false, 0
	}
	return true, m.size() - m.frozen
}

// SetPause freezes the view, or lets it catch up. The log grows either way.
func (m *Model) SetPause(on bool) {
	m.frozen = m.size()
	m.paused = on
}
