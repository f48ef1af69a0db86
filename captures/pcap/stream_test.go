package pcap

import (
	"fmt"
	"strings"
	"testing"
	"time"
)

// hello is a handshake after which the client's next number is 101 and the server's 501.
var hello = []pkt{
	{flags: "S", seq: 100},
	{server: true, flags: "SA", seq: 500, ack: 101},
	{flags: "A", seq: 101, ack: 501},
}

func after(packets ...pkt) []pkt { return append(hello[:3:3], packets...) }

func TestStreams(t *testing.T) {
	late := time.Minute
	var many []pkt // more behind a hole than is held
	for i := range uint32(maxPages + 1) {
		many = append(many, pkt{seq: 102 + i, data: "x"})
	}
	tests := map[string]struct {
		packets []pkt
		want    string
	}{
		"in order, one item a packet": {
			after(pkt{seq: 101, data: "ab", comment: "one"}, pkt{seq: 103, data: "cd"},
				pkt{server: true, seq: 501, data: "ef"}),
			"1C open, 1C data ab #one, 1C data cd, 1S data ef",
		},
		"out of order": {
			after(pkt{seq: 105, data: "ef", comment: "three"}, pkt{server: true, seq: 501, data: "S"},
				pkt{seq: 103, data: "cd"}, pkt{seq: 101, data: "ab", comment: "one"}),
			"1C open, 1S data S, 1C data ab #one, 1C data cd, 1C data ef #three",
		},
		"sent again": {
			after(pkt{seq: 101, data: "ab"}, pkt{seq: 101, data: "ab", comment: "again"}, pkt{seq: 103, data: "cd"}),
			"1C open, 1C data ab, 1 note #again, 1C data cd",
		},
		"overlap": {
			after(pkt{seq: 101, data: "abcd"}, pkt{seq: 103, data: "cdef"}, pkt{seq: 109, data: "ij"},
				pkt{seq: 106, data: "fghij"}),
			"1C open, 1C data abcd, 1C data ef, 1C data gh, 1C data ij",
		},
		"overlap behind a hole": {
			after(pkt{seq: 105, data: "efgh"}, pkt{seq: 103, data: "cdef"}, pkt{seq: 101, data: "ab"}),
			"1C open, 1C data ab, 1C data cd, 1C data efgh",
		},
		"sequence wrap": {
			[]pkt{
				{flags: "S", seq: 0xfffffffd},
				{seq: 0xfffffffe, data: "abcd"},
				{seq: 4, data: "gh"},
				{seq: 2, data: "ef"},
				{flags: "F", seq: 6},
			},
			"1C open, 1C data abcd, 1C data ef, 1C data gh, 1C close",
		},
		"hole at the end of the file": {
			after(pkt{seq: 101, data: "ab"}, pkt{seq: 110, data: "jk", comment: "x"}, pkt{seq: 120, data: "lm"}),
			"1C open, 1C data ab, 1C lost 7, 1C data jk #x, 1C lost 8, 1C data lm",
		},
		"hole that gets too old": {
			after(pkt{seq: 103, data: "cd"}, pkt{server: true, seq: 501, data: "S", at: late},
				pkt{seq: 105, data: "ef", at: late}),
			"1C open, 1C lost 2, 1C data cd, 1S data S, 1C data ef",
		},
		"hole that gets too old as another one opens": {
			after(pkt{seq: 103, data: "cd"}, pkt{seq: 110, data: "jk", at: late}),
			"1C open, 1C lost 2, 1C data cd, 1C lost 5, 1C data jk",
		},
		"hole with too much behind it": {
			after(append(many, pkt{server: true, seq: 501, data: "S"})...),
			"1C open, 1C lost 1" + strings.Repeat(", 1C data x", maxPages+1) + ", 1S data S",
		},
		"hole before the FIN": {
			after(pkt{seq: 101, data: "ab"}, pkt{flags: "FA", seq: 110, comment: "bye"},
				pkt{server: true, flags: "FA", seq: 501}),
			"1C open, 1C data ab, 1S close, 1C lost 7, 1C close #bye",
		},
		"hole before the RST": {
			after(pkt{flags: "R", seq: 105}),
			"1C open, 1C lost 4, 1C close reset",
		},
		"RST before its data": {
			after(pkt{flags: "R", seq: 103}, pkt{seq: 101, data: "ab"}),
			"1C open, 1C data ab, 1C close reset",
		},
		"FIN before its data": {
			after(pkt{flags: "F", seq: 105, comment: "bye"}, pkt{seq: 103, data: "cd"}, pkt{seq: 101, data: "ab"}),
			"1C open, 1C data ab, 1C data cd, 1C close #bye",
		},
		"FIN with data": {
			after(pkt{flags: "F", seq: 101, data: "ab", comment: "x"},
				pkt{server: true, flags: "F", seq: 501, comment: "y"}),
			"1C open, 1C data ab #x, 1C close, 1S close #y",
		},
		"FIN with data, out of order": {
			after(pkt{flags: "F", seq: 103, data: "cd", comment: "x"}, pkt{seq: 101, data: "ab"}),
			"1C open, 1C data ab, 1C data cd #x, 1C close",
		},
		"half-closed": {
			after(pkt{flags: "F", seq: 101}, pkt{server: true, seq: 501, data: "more"},
				pkt{server: true, flags: "F", seq: 505}, pkt{flags: "A", seq: 102, comment: "end"}),
			"1C open, 1C close, 1S data more, 1S close, 1 note #end",
		},
		"RST": {
			after(pkt{seq: 101, data: "ab"}, pkt{server: true, flags: "RA", seq: 501, data: "a message"}),
			"1C open, 1C data ab, 1S close reset",
		},
		"RST after FIN, twice": {
			after(pkt{flags: "F", seq: 101}, pkt{flags: "R", seq: 102}, pkt{flags: "R", seq: 102}),
			"1C open, 1C close, 1C close reset",
		},
		"stale RST": {
			after(pkt{seq: 101, data: "ab"}, pkt{flags: "R", seq: 90}, pkt{seq: 103, data: "cd"}),
			"1C open, 1C data ab, 1C data cd",
		},
		"refused": {
			[]pkt{{flags: "S", seq: 100, comment: "syn"}, {server: true, flags: "RA", ack: 101}},
			"1C open #syn, 1S close reset",
		},
		"handshake sent again": {
			[]pkt{hello[0], hello[0], hello[1], hello[1], hello[2], {seq: 101, data: "ab"}},
			"1C open, 1C data ab",
		},
		"SYN later than the data": {
			[]pkt{{seq: 101, data: "ab"}, hello[0], hello[1], {seq: 103, data: "cd"}},
			"1C open, 1C data ab, 1C data cd",
		},
		"only the server seen": {
			[]pkt{hello[1], {server: true, seq: 501, data: "ab"}, {server: true, flags: "F", seq: 503}},
			"1S open, 1S data ab, 1S close",
		},
		"from mid-stream, by the port": {
			[]pkt{{server: true, flags: "A", seq: 700}, {server: true, seq: 700, data: "ab"}, {seq: 300, data: "cd"}},
			"1S open, 1S data ab, 1C data cd",
		},
		"from mid-stream, another port": {
			[]pkt{{server: true, seq: 700, data: "ab", sport: 99}, {seq: 300, data: "cd", sport: 99}},
			"1C open, 1C data ab, 1S data cd",
		},
		"keep-alive": {
			[]pkt{
				{flags: "A", seq: 99},
				{seq: 100, data: "ab"},
				{flags: "A", seq: 101},
				{seq: 101, data: "b"},
				{seq: 102, data: "cd"},
			},
			"1C open, 1C data ab, 1C data cd",
		},
		"only a FIN": {
			[]pkt{{flags: "FA", seq: 99}},
			"1C open, 1C close",
		},
		"port used again after both FINs": {
			after(pkt{flags: "F", seq: 101}, pkt{server: true, flags: "F", seq: 501}, pkt{flags: "S", seq: 9000},
				pkt{seq: 9001, data: "new"}),
			"1C open, 1C close, 1S close, 2C open, 2C data new",
		},
		"port used again after one FIN": {
			after(pkt{server: true, flags: "F", seq: 501}, pkt{flags: "S", seq: 9000},
				pkt{server: true, flags: "SA", seq: 7000, ack: 9001}, pkt{seq: 9001, data: "new"},
				pkt{server: true, seq: 7001, data: "NEW"}),
			"1C open, 1S close, 2C open, 2C data new, 2S data NEW",
		},
		"port used again without a FIN, a hole open": {
			after(pkt{seq: 105, data: "old"}, pkt{flags: "S", seq: 50}, pkt{seq: 51, data: "new"}),
			"1C open, 1C lost 4, 1C data old, 2C open, 2C data new",
		},
		"data on a SYN that is accepted": { // TCP Fast Open
			[]pkt{
				{flags: "S", seq: 100, data: "ab"},
				{server: true, flags: "SA", seq: 500, ack: 103},
				{flags: "A", seq: 103, ack: 501},
				{server: true, seq: 501, data: "AB"},
				{seq: 103, data: "cd"},
			},
			"1C open, 1C data ab, 1S data AB, 1C data cd",
		},
		"data on a SYN that is not accepted": {
			[]pkt{
				{flags: "S", seq: 100, data: "ab"},
				{server: true, flags: "SA", seq: 500, ack: 101},
				{seq: 101, data: "abcd"},
				{server: true, seq: 501, data: "AB"},
			},
			"1C open, 1C data ab, 1C data cd, 1S data AB",
		},
		"a SYN of somebody else": {
			after(pkt{seq: 101, data: "ab"}, pkt{flags: "S", seq: 777777},
				pkt{server: true, flags: "A", seq: 501, ack: 103}, pkt{server: true, seq: 501, data: "AB"},
				pkt{seq: 103, data: "cd"}, pkt{flags: "F", seq: 105}),
			"1C open, 1C data ab, 1S data AB, 1C data cd, 1C close",
		},
		"a RST of somebody else": {
			after(pkt{seq: 101, data: "a"}, pkt{flags: "R", seq: 5010}, pkt{seq: 102, data: "b"},
				pkt{seq: 103, data: "c"}, pkt{seq: 104, data: "d"}, pkt{seq: 105, data: "e"}, pkt{seq: 106, data: "f"},
				pkt{seq: 107, data: "g"}, pkt{seq: 108, data: "h"}, pkt{seq: 109, data: "i"}, pkt{seq: 110, data: "j"}),
			"1C open, 1C data a, 1C data b, 1C data c, 1C data d, 1C data e, 1C data f, 1C data g, " +
				"1C data h, 1C data i, 1C data j",
		},
		"a SYN and a SYN of the server of somebody else": {
			after(pkt{seq: 101, data: "ab"}, pkt{server: true, flags: "SA", seq: 99999, ack: 7777},
				pkt{flags: "S", seq: 888888}, pkt{server: true, seq: 501, data: "AB"}, pkt{seq: 103, data: "cd"}),
			"1C open, 1C data ab, 1S data AB, 1C data cd",
		},
		"a SYN that nobody answers, then one that is answered": {
			after(pkt{seq: 101, data: "ab"}, pkt{flags: "S", seq: 7000}, pkt{flags: "S", seq: 9000},
				pkt{server: true, flags: "SA", seq: 8000, ack: 9001}, pkt{seq: 9001, data: "cd"}),
			"1C open, 1C data ab, 2C open, 2C data cd",
		},
		"a SYN that is refused": {
			after(pkt{seq: 101, data: "ab"}, pkt{flags: "S", seq: 9000},
				pkt{server: true, flags: "RA", seq: 0, ack: 9001}),
			"1C open, 1C data ab, 2C open, 2S close reset",
		},
		"seen on both sides of a firewall": {
			[]pkt{
				{flags: "S", seq: 100},
				{flags: "S", seq: 90100},
				{server: true, flags: "SA", seq: 70500, ack: 90101},
				{server: true, flags: "SA", seq: 500, ack: 101},
				{seq: 101, data: "ab"},
				{seq: 90101, data: "ab"},
				{server: true, seq: 70501, ack: 90103, data: "AB"},
				{server: true, seq: 501, ack: 103, data: "AB"},
				{flags: "F", seq: 103},
				{flags: "F", seq: 90103},
				{server: true, flags: "F", seq: 70503},
				{server: true, flags: "F", seq: 503},
			},
			"1C open, 2C open, 2C data ab, 2S data AB, 2C close, 2S close",
		},
		"seen on both sides of a firewall, the answers in turn": {
			[]pkt{
				{flags: "S", seq: 100},
				{flags: "S", seq: 90100},
				{server: true, flags: "SA", seq: 500, ack: 101},
				{server: true, flags: "SA", seq: 70500, ack: 90101},
				{seq: 90101, data: "ab"},
				{seq: 101, data: "ab"},
				{server: true, seq: 501, ack: 103, data: "AB"},
				{server: true, seq: 70501, ack: 90103, data: "AB"},
			},
			"1C open, 1C data ab, 1S data AB",
		},
		"seen on both sides of a firewall that changes one direction": {
			[]pkt{
				{flags: "S", seq: 100},
				{flags: "S", seq: 90100},
				{server: true, flags: "SA", seq: 500, ack: 90101},
				{server: true, flags: "SA", seq: 500, ack: 101},
				{seq: 101, data: "ab"},
				{seq: 90101, data: "ab"},
				{server: true, seq: 501, ack: 90103, data: "AB"},
				{server: true, seq: 501, ack: 103, data: "AB"},
			},
			"1C open, 2C open, 2C data ab, 2S data AB",
		},
		"a byte that keeps it alive comes first": {
			[]pkt{
				{seq: 99, flags: "A", data: "\x00"},
				{seq: 100, data: "ab"},
				{server: true, seq: 500, ack: 102, data: "AB"},
			},
			"1C open, 1C data ab, 1S data AB",
		},
		"sent again with other bytes: the first count": {
			after(pkt{seq: 101, data: "abcd"}, pkt{seq: 103, data: "XXef"}, pkt{seq: 101, data: "YYYYYYgh"}),
			"1C open, 1C data abcd, 1C data ef, 1C data gh",
		},
		"sent again with other bytes behind a hole": {
			after(pkt{seq: 103, data: "cdef"}, pkt{seq: 104, data: "XX"}, pkt{seq: 102, data: "bYYYYg"},
				pkt{seq: 109, data: "ij"}, pkt{seq: 101, data: "aZZZZZZhZZ"}),
			"1C open, 1C data a, 1C data b, 1C data cdef, 1C data g, 1C data h, 1C data ij",
		},
		"sent again around what waits behind a hole": {
			after(pkt{seq: 105, data: "ef"}, pkt{seq: 103, data: "cdXXgh", comment: "c"}, pkt{seq: 101, data: "ab"}),
			"1C open, 1C data ab, 1C data cd #c, 1C data ef, 1C data gh",
		},
		"no SYN, out of order across the start": {
			[]pkt{
				{seq: 105, data: "ef"},
				{seq: 103, data: "cd"},
				{seq: 101, data: "ab"},
				{server: true, seq: 500, ack: 107, data: "S"},
				{seq: 99, data: "YZ"},
			},
			"1C open, 1C data ab, 1C data cd, 1C data ef, 1S data S",
		},
		"no SYN, what is acknowledged has no earlier bytes": {
			[]pkt{
				{seq: 103, data: "cd"},
				{server: true, flags: "A", ack: 104},
				{seq: 101, data: "ab"},
				{seq: 105, data: "ef"},
			},
			"1C open, 1C data cd, 1C data ef",
		},
		"no SYN, one direction, out of order": {
			[]pkt{
				{seq: 103, data: "cd", comment: "c"},
				{seq: 101, data: "ab"},
				{seq: 103, data: "cd"},
				{seq: 105, data: "ef"},
				{seq: 109, data: "ij"},
				{seq: 107, data: "gh"},
				{seq: 90, data: "old"},
			},
			"1C open, 1C data ab, 1C data cd #c, 1C data ef, 1C data gh, 1C data ij",
		},
		"no SYN, a hole near the start": {
			[]pkt{
				{seq: 105, data: "ef"},
				{seq: 101, data: "ab"},
				{server: true, flags: "A", ack: 103},
				{seq: 107, data: "gh"},
				{seq: 103, data: "cd"},
			},
			"1C open, 1C data ab, 1C data cd, 1C data ef, 1C data gh",
		},
		"no SYN, silence after the first": {
			[]pkt{
				{seq: 103, data: "cd"},
				{server: true, flags: "A", seq: 9, at: 2 * time.Second},
				{server: true, seq: 9, data: "S", at: 2 * time.Second},
				{seq: 101, data: "ab", at: 2 * time.Second},
			},
			"1C open, 1C data cd, 1S data S",
		},
		"no SYN, an end": {
			[]pkt{{seq: 103, data: "cd"}, {flags: "FA", seq: 105}, {server: true, flags: "R", seq: 9}},
			"1C open, 1C data cd, 1C close, 1S close reset",
		},
		"no SYN, a reset behind a hole": {
			[]pkt{{seq: 103, data: "cd"}, {seq: 108, data: "hi"}, {flags: "R", seq: 105}},
			"1C open, 1C data cd, 1C lost 3, 1C data hi, 1C close reset",
		},
		"SYN after data that changed places with it": {
			[]pkt{{seq: 103, data: "cd"}, hello[0], {seq: 101, data: "ab"}},
			"1C open, 1C data ab, 1C data cd",
		},
		"a reset, while the other direction waits": {
			after(pkt{seq: 105, data: "ef"}, pkt{server: true, flags: "R", seq: 501}),
			"1C open, 1C lost 4, 1C data ef, 1S close reset",
		},
		"no SYN, the end first": {
			[]pkt{{flags: "FA", seq: 105}, {seq: 103, data: "cd"}, {server: true, flags: "A", ack: 106}},
			"1C open, 1C data cd, 1C close",
		},
		"all flags at once": {
			[]pkt{{seq: 105, data: "ef"}, {seq: 103, data: "cd"}, {flags: "FSRA", seq: 109}},
			"1C open, 1C data cd, 1C data ef, 1C lost 2, 1C close reset",
		},
		"only acknowledgements": {
			[]pkt{{flags: "A", seq: 103}, {server: true, flags: "A", seq: 9}},
			"1C open",
		},
		"RST within a hole": {
			after(pkt{seq: 105, data: "ef"}, pkt{flags: "R", seq: 101}),
			"1C open, 1C lost 4, 1C data ef, 1C close reset",
		},
		"FIN that was none": {
			after(pkt{flags: "F", seq: 103}, pkt{seq: 101, data: "abcd"}, pkt{seq: 105, data: "ef"}),
			"1C open, 1C data abcd, 1C data ef",
		},
		"clock set back": {
			[]pkt{
				{flags: "S", seq: 100, at: time.Hour},
				{seq: 103, data: "cd", at: time.Hour},
				{server: true, seq: 9, data: "S"},
				{seq: 101, data: "ab", at: time.Second},
				{seq: 107, data: "gh", at: 2 * time.Second},
				{server: true, seq: 10, data: "T", at: 9 * time.Second},
			},
			"1C open, 1C data ab, 1C data cd, 1S data S, 1C lost 2, 1C data gh, 1S data T",
		},
		"keep-alives of both kinds": {
			after(pkt{seq: 101, data: "ab"}, pkt{flags: "A", seq: 102}, pkt{seq: 102, data: "\x00"},
				pkt{seq: 102, data: "\x00"}, pkt{seq: 103, data: "cd"}),
			"1C open, 1C data ab, 1C data cd",
		},
		"refused, and tried again with the same number": {
			[]pkt{
				hello[0],
				{server: true, flags: "RA", ack: 101},
				hello[0], hello[1],
				{server: true, seq: 501, data: "S"},
			},
			"1C open, 1S close reset, 2C open, 2S data S",
		},
		"port used again, no SYN seen": {
			after(pkt{seq: 101, data: "ab"}, pkt{server: true, seq: 501, data: "S"},
				pkt{seq: 200 << 20, ack: 900 << 20, data: "new"},
				pkt{server: true, seq: 900 << 20, ack: 200<<20 + 3, data: "NEW"}),
			"1C open, 1C data ab, 1S data S, 2C open, 2C data new, 2S data NEW",
		},
		"port used the other way round": {
			after(pkt{seq: 101, data: "a"}, pkt{server: true, flags: "S", seq: 9000},
				pkt{server: true, seq: 9001, data: "b"}),
			"1C open, 1C data a, 2C open, 2C data b",
		},
		"two flows": {
			append(after(pkt{seq: 101, data: "a"}), pkt{flags: "S", seq: 1, cport: 5},
				pkt{seq: 2, data: "b", cport: 5}, pkt{seq: 102, data: "c"}),
			"1C open, 1C data a, 2C open, 2C data b, 1C data c",
		},
		"IPv6": {
			[]pkt{
				{flags: "S", seq: 1, v6: true},
				{seq: 2, data: "a", v6: true},
				{server: true, seq: 2, data: "b", v6: true},
			},
			"1C open, 1C data a, 1S data b",
		},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			if got := summary(items(t, capture(t, test.packets...))); got != test.want {
				t.Errorf("got  %s\nwant %s", got, test.want)
			}
		})
	}
}

// A connection whose beginning was missed, on a port that was seen before, has numbers far off the
// old ones.
func TestFarOffSequenceIsANewFlow(t *testing.T) {
	packets := after(pkt{seq: 101, data: "old"})
	for i := range uint32(2 * maxStrays) {
		packets = append(packets, pkt{seq: 1<<31 + i, data: "x"})
	}
	got := summary(items(t, capture(t, packets...)))
	if want := "1C open, 1C data old, 2C open, 2C lost 8" + strings.Repeat(", 2C data x", maxStrays); got != want {
		t.Errorf("got  %s\nwant %s", got, want)
	}
}

func TestFlowInfo(t *testing.T) {
	got := items(t, capture(t, pkt{server: true, flags: "A", seq: 3}, pkt{flags: "S", seq: 1, cport: 1863, sport: 70}))
	want := []string{"{1 10.0.0.1:4000 10.0.0.2:1863 true <nil>}", "{2 10.0.0.1:1863 10.0.0.2:70 false <nil>}"}
	for i, w := range want {
		if g := fmt.Sprint(*got[i].Flow); g != w {
			t.Errorf("flow %d = %s, want %s", i+1, g, w)
		}
	}
}

// An endless number of connections does not fill the memory, and the latest ones are remembered.
// Each that is given up is told of.
func TestManyFlows(t *testing.T) {
	file := capture(t)
	p := pkt{data: "x", seq: 1}.ip(t)
	from := func(host int) {
		be.PutUint32(p[12:], uint32(host)) // check sums are not looked at
		file = appendRaw(file, p, start)
	}
	for i := range maxFlows {
		from(i)
	}
	from(0) // now the latest
	for i := range 1000 {
		from(maxFlows + i)
	}
	from(0) // still known
	from(1) // forgotten
	got := items(t, file)
	if flows, want := got[len(got)-1].Flow.ID, maxFlows+1000+1; flows != want {
		t.Errorf("flows = %d, want %d", flows, want)
	}
	var forgotten []int
	for _, i := range got {
		if i.Kind == KindForgotten {
			forgotten = append(forgotten, i.Flow.ID)
		}
	}
	if n := len(forgotten); n != 1001 || forgotten[0] != 2 || forgotten[1000] != 1002 {
		t.Errorf("%d flows are given up, from %d to %d; want 1001, from 2 to 1002", n, forgotten[0], forgotten[n-1])
	}
}
