package eventlog

import "sort"

// fileMark says that the events from an index on are from a capture file.
type fileMark struct {
	from int
	name string
}

// NextFile says that the events added from now on are from the capture file with this name: see
// [session.Event.File].
func (l *Log) NextFile(name string) {
	l.write.Lock()
	defer l.write.Unlock()
	all := append(*l.marks.Load(), fileMark{l.size, name})
	l.marks.Store(&all)
}

// fileOf returns the name of the capture file that event i is from, "" where none was named.
func fileOf(all []fileMark, i int) string {
	k := len(all) - 1
	if k > 0 && all[k].from > i {
		k = sort.Search(k, func(k int) bool { return all[k].from > i }) - 1
	}
	if k < 0 || all[k].from > i {
		return ""
	}
	return all[k].name
}
