package captures

import "sort"

// maxRuns is how many changes of the difference are remembered. One is needed each time that two
// sources of events in one file take turns.
const maxRuns = 1 << 12

// numbering maps the numbers of a source, a recording or our own tracking, to those of the log.
// They are the same until that would use a number twice.
type numbering struct {
	runs []run
	max  uint64 // the greatest number that the source used
}

// run is a difference: the log's numbers are the source's plus add, for those from the number from
// on.
type run struct{ from, add uint64 }

// at returns the log's number for n, a number of the source; 0 stays 0.
func (m *numbering) at(n uint64) uint64 {
	k := len(m.runs) - 1
	if n == 0 || k < 0 {
		return n
	}
	if m.runs[k].from <= n { // nearly always so
		return n + m.runs[k].add
	}
	i := sort.Search(k, func(i int) bool { return m.runs[i].from > n })
	if i == 0 {
		return n
	}
	return n + m.runs[i-1].add
}

// take returns the log's number for n, which the source uses now. If n is new, its number in the
// log is greater than floor, the greatest that others use.
func (m *numbering) take(n, floor uint64) uint64 {
	if n > m.max {
		m.max = n
		if m.at(n) <= floor {
			m.set(n, floor+1)
		}
	}
	return m.at(n)
}

// set maps n to the log's number to, and each number after n to the one as far after to.
func (m *numbering) set(n, to uint64) {
	if m.at(n) == to {
		return
	}
	if len(m.runs) == maxRuns {
		m.runs = append(m.runs[:0], m.runs[maxRuns/2:]...)
	}
	m.runs = append(m.runs, run{n, to - n})
}
