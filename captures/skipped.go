package captures

import (
	"cmp"
	"fmt"
	"maps"
	"slices"
	"strings"

	"github.com/msnscope/msnscope/captures/pcap"
)

// remarks returns one phrase for each kind of packet that was not read, and for each kind of value
// that was read but not believed.
func remarks(stats *pcap.Stats) (all []string) {
	n := int64(0)
	for _, packets := range stats.Unread {
		n += packets
	}
	if n > 0 {
		all = append(all, count(uint64(n), "packet")+" of kinds not read here: "+kinds(stats.Unread))
	}
	for _, what := range slices.Sorted(maps.Keys(stats.Odd)) {
		all = append(all, fmt.Sprintf("%s: %d", what, stats.Odd[what]))
	}
	return all
}

// remarks says what was wrong with the records in a capture: a phrase each.
func (im *importer) remarks() (all []string) {
	if im.doubled > 0 {
		all = append(all, count(uint64(im.doubled), "record")+" of a recording that were there before")
	}
	if im.unclear > 0 {
		all = append(all, count(uint64(im.unclear), "record")+" of a recording that cannot be read")
	}
	if im.ends > 0 {
		all = append(all, count(im.ends, "command")+" at the end of connections that are not in the capture")
	}
	all = append(all, im.between...)
	if more := im.absent - len(im.between); more > 0 {
		all = append(all, fmt.Sprintf("and %d times more, events of a recording are not here", more))
	}
	if im.moved != "" {
		all = append(all, im.moved)
	}
	return all
}

// skips records that events of a recording, from one number to another, are in no file.
func (im *importer) skips(from, to uint64) {
	if im.absent++; im.absent <= maxAbsent {
		im.between = append(im.between, fmt.Sprintf(
			"events %d to %d of the recording are not here: a file of it, or the end of one, is missing", from, to))
	}
}

// kinds lists kinds of packets with their counts, the most frequent first.
func kinds(counts ...map[string]int64) string {
	all := make(map[string]int64)
	for _, m := range counts {
		for kind, n := range m {
			all[kind] += n
		}
	}
	var list []string
	for _, kind := range slices.SortedFunc(maps.Keys(all), func(a, b string) int {
		return cmp.Or(cmp.Compare(all[b], all[a]), cmp.Compare(a, b))
	}) {
		list = append(list, fmt.Sprint(kind, " ", all[kind]))
	}
	return strings.Join(list, ", ")
}
