package eventlog

import "sort"

// numbers is the difference between the numbers and the indexes of events, from one index on.
type numbers struct {
	from int
	add  uint64
}

// maxNumbers is the number of leaps of the numbers that a log remembers, one for each gap and each
// file. Beyond it each event stores its number in its extra.
const maxNumbers = 1 << 16

// number records the number of event i, and reports whether numberOf will return it.
func (l *Log) number(n uint64, i int) bool {
	add := n - uint64(i)
	if i > 0 && l.leap == add {
		return true
	}
	all := *l.numbers.Load()
	if len(all) == maxNumbers {
		return false
	}
	all = append(all, numbers{i, add})
	l.numbers.Store(&all)
	l.leap = add
	return true
}

// numberOf returns the number of event i.
func numberOf(all []numbers, i int) uint64 {
	k := len(all) - 1
	if k > 0 && all[k].from > i {
		k = sort.Search(k, func(k int) bool { return all[k].from > i }) - 1
	}
	if k < 0 {
		return 0
	}
	return uint64(i) + all[k].add
}

// findNumber returns the index of the first event whose number is n or more, using the leaps:
// numbers rise along a log.
func findNumber(all []numbers, n uint64) int {
	k := len(all) - 1
	if k >= 0 && uint64(all[k].from)+all[k].add > n {
		k = sort.Search(k, func(k int) bool { return uint64(all[k].from)+all[k].add > n }) - 1
	}
	if k < 0 {
		return 0
	}
	i := int(n - all[k].add)
	if k+1 < len(all) {
		i = min(i, all[k+1].from)
	}
	return i
}

// Find returns the index of the first event whose number is n or more, Len if there is none.
// Numbers rise along a log.
func (l *Log) Find(n uint64) int { return min(findNumber(*l.numbers.Load(), n), l.Len()) }

// Last returns the greatest numbers of an event and of a connection so far, 0 for none. It waits
// for a [Batch] to end.
func (l *Log) Last() (n uint64, conn int) {
	l.write.Lock()
	defer l.write.Unlock()
	return l.last, l.lastID
}
