package model

import "github.com/msnscope/msnscope/decode/session"

// maxRun is how many events after a row are read to find the length of its run.
const maxRun = 1024

// SetFolded makes one row of each run of typing notices or keep-alives, or shows all of them again:
// most of what clients send in a conversation is that somebody is typing. The selection stays.
func (m *Model) SetFolded(on bool) {
	m.folded = on
	m.rewind(0)
}

// Folded reports whether a run of typing notices or keep-alives is one row.
func (m *Model) Folded() bool { return m.folded }

// joins reports whether an event that could be a row belongs to the run of the last row instead.
func (m *Model) joins(e *session.Event) bool {
	if !m.folded && m.talk == 0 {
		return false
	}
	fold := session.Folds(e)
	joins := fold != session.NoFold && fold == m.run
	m.run = fold
	return joins
}

// Run returns how many events row i stands for, and their kind: 1 and session.NoFold for most rows.
// It counts at most 1,024.
func (m *Model) Run(i int) (n int, fold session.Fold) {
	e := m.Row(i)
	if e == nil || !m.folded && m.talk == 0 {
		return 1, session.NoFold
	}
	if fold = session.Folds(e); fold == session.NoFold {
		return 1, fold
	}
	first, end := m.position(i), m.judged
	if i+1 < m.Rows() {
		end = m.position(i + 1)
	}
	for at := first; at < min(end, first+maxRun); at++ {
		e := m.log.At(at)
		if session.Folds(e) == fold && m.admits(e) && (m.talk != 0 || m.filter == nil || m.filter.Match(e)) {
			n++
		}
	}
	return max(1, n), fold
}
