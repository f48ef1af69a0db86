package model

import (
	"slices"

	"github.com/msnscope/msnscope/decode"
	"github.com/msnscope/msnscope/decode/dialect"
	"github.com/msnscope/msnscope/decode/session"
)

// maxRuns is how many runs go on beside each other. More people than that do not type at the same
// moment on a screen that anybody reads; beyond it the oldest run ends, and begins anew.
const maxRuns = 32

// runs are the runs to which the next event may belong: all since the last row that is in no run.
type runs struct {
	open  []run
	times []uint32 // how many events each row stands for
}

// run is what the events of a run have in common, and its row. Typing notices belong together where
// they are of one user on one connection: what one side sends and another gets are two things.
type run struct {
	fold session.Fold
	conn int
	dir  decode.Dir
	who  string
	row  int
}

// runOf returns the run to which an event would belong, without its row.
func runOf(e *session.Event) run {
	r := run{fold: session.Folds(e)}
	if r.fold == session.Typing {
		r.conn, r.dir = e.Conn, e.Dir
		if e.Row != nil {
			r.who = string(e.Row.Find(&e.In, dialect.Handle))
		}
	}
	return r
}

// SetFolded makes one row of each run of typing notices or keep-alives, or shows all of them again:
// most of what clients send in a conversation is that somebody is typing. The selection stays.
func (m *Model) SetFolded(on bool) {
	m.folded = on
	m.rewind(0)
	if n := m.end(); on && m.filter == nil && cap(m.runs.times) < n {
		// Most events become rows. To copy millions of them as they grow takes longer than a frame.
		m.rows, m.runs.times = make([]uint32, 0, n), make([]uint32, 0, n)
	}
}

// Folded reports whether a run of typing notices or keep-alives is one row.
func (m *Model) Folded() bool { return m.folded }

// folds reports whether runs are single rows.
func (m *Model) folds() bool { return m.folded || m.talk != 0 }

// joins reports whether an event that could be a row belongs to the run of an earlier row instead,
// and counts it.
func (m *Model) joins(e *session.Event) bool {
	if !m.folds() {
		return false
	}
	next := runOf(e)
	if next.fold == session.NoFold {
		m.runs.open = m.runs.open[:0]
	} else {
		for _, r := range m.runs.open {
			if next.row = r.row; r == next {
				m.runs.times[r.row]++
				return true
			}
		}
		if len(m.runs.open) == maxRuns {
			m.runs.open = slices.Delete(m.runs.open, 0, 1)
		}
		next.row = len(m.rows)
		m.runs.open = append(m.runs.open, next)
	}
	m.runs.times = append(m.runs.times, 1)
	return false
}

// unfold discards the rows from row n on, and before them those of runs that may go on there, and
// returns how many rows are left.
func (m *Model) unfold(n int) int {
	m.runs.open = m.runs.open[:0]
	if !m.folds() {
		m.runs.times = m.runs.times[:0]
		return n
	}
	for n > 0 && session.Folds(m.log.At(int(m.rows[n-1]))) != session.NoFold {
		n--
	}
	m.runs.times = m.runs.times[:n]
	return n
}

// Run returns how many events row i stands for, and their kind: 1 and session.NoFold for most rows.
func (m *Model) Run(i int) (n int, fold session.Fold) {
	e := m.Row(i)
	if e == nil || !m.folds() {
		return 1, session.NoFold
	}
	return int(m.runs.times[i]), session.Folds(e)
}
