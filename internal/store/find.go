package store

import "sort"

// numbers says what must be added to an index, from one on, to make it the number of the event.
type numbers struct {
	from int
	add  uint64
}

// maxNumbers is how often numbers may make a leap, once for each gap and each file: beyond that each event has its number
// with it.
const maxNumbers = 1 << 16

// number notes the number of event i, and reports whether it follows from that.
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

// findNumber returns the index of the first event whose number is n or more, going by the leaps: numbers rise along a log.
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

// Find returns the index of the first event whose number is n or more, Len where there is none: numbers rise along a log.
func (l *Log) Find(n uint64) int { return min(findNumber(*l.numbers.Load(), n), l.Len()) }

// lastNumbers returns the greatest numbers of an event and of a connection so far.
func (l *Log) lastNumbers() (n uint64, conn int) {
	l.write.Lock()
	defer l.write.Unlock()
	return l.last, l.lastID
}
