package pcap

import (
	"bytes"
	"fmt"
	"strings"
	"testing"
)

// Every item says which packet brought it, and where its bytes stand.
func TestOrigin(t *testing.T) {
	raw := func(packets ...pkt) []byte {
		var frames [][]byte
		for _, p := range packets {
			frames = append(frames, p.ip(t))
		}
		return classicFile(le, true, linkRaw, frames...)
	}
	whole := pkt{seq: 1, data: "abcdefgh"}.ip(t)
	tests := map[string]struct {
		file []byte
		want string // kind, packet, the data and "?" where it has no place
	}{
		"in order": {
			raw(after(pkt{seq: 101, data: "ab"}, pkt{flags: "A", seq: 103}, pkt{seq: 103, data: "cd"},
				pkt{flags: "F", seq: 105})...),
			"open 1, data 4 ab, data 6 cd, close 7",
		},
		"out of order": {
			raw(after(pkt{seq: 105, data: "ef"}, pkt{seq: 102, data: "bcde"}, pkt{flags: "F", seq: 107},
				pkt{seq: 101, data: "ab"})...),
			"open 1, data 7 a, data 5 bcd, data 4 ef, close 6",
		},
		"lost": {raw(after(pkt{seq: 105, data: "ef"})...), "open 1, lost 4, data 4 ef"},
		"sent again in part": {
			raw(after(pkt{seq: 101, data: "abc"}, pkt{seq: 102, data: "bcde"})...),
			"open 1, data 4 abc, data 5 de",
		},
		"data on the SYN": {
			raw(pkt{flags: "S", seq: 100, data: "ab"}, pkt{seq: 103, data: "cd"}),
			"open 1, data 1 ab, data 2 cd",
		},
		"over the wrap": {raw(pkt{seq: 0xfffffffe, data: "abcd"}, pkt{seq: 4, data: "gh"},
			pkt{seq: 0, data: "cdef"}), "open 1, data 1 abcd, data 3 ef, data 2 gh"},
		"fragments": {classicFile(le, true, linkRaw,
			append(fragments(whole), pkt{seq: 9, data: "ij"}.ip(t))...), "open 2, data 2 abcdefgh?, data 3 ij"},
		"behind other links": {
			framed(linkEthernet, ether+"\x81\x00\x00\x02\x08\x00", []byte("none"), whole),
			"open 2, data 2 abcdefgh",
		},
		"a note": {
			capture(t, append(after(), pkt{flags: "A", seq: 101, comment: "c"})...),
			"open 1, note 4",
		},
		"a large block": {
			capture(t, pkt{seq: 1, data: "ab"}, pkt{seq: 3, data: "cd", comment: strings.Repeat("x", 60_000)},
				pkt{seq: 5, data: "ef"}),
			"open 1, data 1 ab, data 2 cd, data 3 ef",
		},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			var got []string
			for _, i := range items(t, test.file) {
				s := fmt.Sprint(i.Kind, " ", i.Packet)
				if i.Kind == KindData {
					s += " " + string(i.Data)
				}
				switch {
				case i.Offset < 0:
					s += "?"
				case i.Kind == KindData && !bytes.HasPrefix(test.file[i.Offset:], i.Data):
					s += "!"
				}
				got = append(got, s)
			}
			if s := strings.Join(got, ", "); s != test.want {
				t.Errorf("got  %s\nwant %s", s, test.want)
			}
		})
	}
}
