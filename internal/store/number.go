package store

import "sort"

// maxRuns is how many changes of the difference are remembered: one is needed each time that two sources of events in one
// file take turns.
const maxRuns = 1 << 12

// numbering turns the numbers of a source (a recording, or our own tracking) into those of the log. They are the same until
// that would use a number twice.
type numbering struct {
	runs []run
	max  uint64 // the greatest number that the source used
}

// run says what is added from a number on.
type run struct{ from, add uint64 }

// at returns the log's number for one of the source's; 0 stays 0.
func (m *numbering) at(n uint64) uint64 {
	if k := len(m.runs) - 1; k >= 0 && m.runs[k].from <= n && n != 0 { // as it is nearly always
		return n + m.runs[k].add
	}
	i := sort.Search(len(m.runs), func(i int) bool { return m.runs[i].from > n })
	if n == 0 || i == 0 {
		return n
	}
	return n + m.runs[i-1].add
}

// take returns the log's number for one that the source uses now. A new one becomes greater than floor, which others use.
func (m *numbering) take(n, floor uint64) uint64 {
	if n > m.max {
		m.max = n
		if m.at(n) <= floor {
			m.set(n, floor+1)
		}
	}
	return m.at(n)
}

// set makes n, and what comes after it, the log's to and what comes after that.
func (m *numbering) set(n, to uint64) {
	if m.at(n) == to {
		return
	}
	if len(m.runs) == maxRuns {
		m.runs = append(m.runs[:0], m.runs[maxRuns/2:]...)
	}
	m.runs = append(m.runs, run{n, to - n})
}
