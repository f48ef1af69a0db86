package model

import (
	"cmp"
	"slices"

	"github.com/msnscope/msnscope/decode/session"
)

// maxSorted is how many rows can be sorted: all of them are read within one frame, and sorted again
// when others come. Of more rows a filter has to select some first.
const maxSorted = 1 << 16

// Key is what rows are sorted by: a number, then a text.
type Key struct {
	Number int64
	Text   string
}

// order is another order of the rows than that of the log.
type order struct {
	by   func(e *session.Event) Key // nil for the order of the log
	desc bool
	keys []Key    // of the rows in the order of the log
	rows []uint32 // the indices of keys, in the order
}

// SetOrder sorts the rows by a key, ascending or descending; rows with the same key stay in the
// order of the log, and so do all if by is nil. It reports false if there are too many rows. While
// runs are folded and in a conversation, rows are in the order of the log.
func (m *Model) SetOrder(by func(e *session.Event) Key, desc bool) bool {
	if by != nil && m.Rows() > maxSorted {
		return false
	}
	m.order = order{by: by, desc: desc}
	m.arrange()
	return true
}

// Sorted reports whether the rows are in another order than that of the log.
func (m *Model) Sorted() bool { return m.order.by != nil && !m.folded && m.talk == 0 }

// arrange sorts the rows again if others have come.
func (m *Model) arrange() {
	o, n := &m.order, m.Rows()
	switch {
	case !m.Sorted() || len(o.keys) == n:
		return
	case n > maxSorted:
		m.order = order{}
		return
	}
	was := len(o.rows)
	for i := len(o.keys); i < n; i++ {
		o.keys = append(o.keys, o.by(m.log.At(m.base(i))))
		o.rows = append(o.rows, uint32(i))
	}
	slices.SortFunc(o.rows[was:], o.compare)
	o.merge(was)
}

// compare compares two rows by their keys; those with the same key are in the order of the log.
func (o *order) compare(a, b uint32) int {
	x, y := &o.keys[a], &o.keys[b]
	way := cmp.Or(cmp.Compare(x.Number, y.Number), cmp.Compare(x.Text, y.Text))
	if o.desc {
		way = -way
	}
	return cmp.Or(way, cmp.Compare(a, b))
}

// merge puts the rows from position was on, which are sorted, among those before, which are sorted
// too: in a live session a few come with each frame, beside many that are there.
func (o *order) merge(was int) {
	fresh, at := slices.Clone(o.rows[was:]), len(o.rows)-1
	for old, i := was-1, len(fresh)-1; i >= 0; at-- {
		if old >= 0 && o.compare(o.rows[old], fresh[i]) > 0 {
			o.rows[at] = o.rows[old]
			old--
		} else {
			o.rows[at] = fresh[i]
			i--
		}
	}
}

// reset forgets the order, because rows are judged again.
func (o *order) reset() { o.keys, o.rows = o.keys[:0], o.rows[:0] }

// base returns the position in the log of row i in the order of the log.
func (m *Model) base(i int) int {
	if m.all() {
		return i
	}
	return int(m.rows[i])
}

// sortedRow returns the row at which row i of the order of the log is shown.
func (m *Model) sortedRow(i int) int {
	if at := slices.Index(m.order.rows, uint32(i)); m.Sorted() && at >= 0 {
		return at
	}
	return i
}
