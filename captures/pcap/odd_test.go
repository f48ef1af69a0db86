package pcap

import (
	"bytes"
	"io"
	"maps"
	"testing"
	"time"
)

// One odd block does not cost the file: what is around it is read, and what was odd is counted.
func TestOddBlocks(t *testing.T) {
	a, b := pkt{seq: 1, data: "ab"}.ip(t), pkt{seq: 3, data: "cd"}.ip(t)
	described := func(options ...byte) []byte { // an interface for raw IP
		block, from := beginBlock(nil, blockInterface)
		return endBlock(append(le.AppendUint32(le.AppendUint32(block, linkRaw), 0), options...), from)
	}
	stamped := func(packet []byte, at uint64) []byte {
		block, from := beginBlock(nil, blockPacket)
		block = le.AppendUint32(le.AppendUint32(le.AppendUint32(block, 0), uint32(at>>32)), uint32(at))
		block = le.AppendUint32(le.AppendUint32(block, uint32(len(packet))), uint32(len(packet)))
		return endBlock(pad4(append(block, packet...), len(packet)), from)
	}
	huge := func(typ uint32, n int) []byte {
		block := make([]byte, n)
		le.PutUint32(block, typ)
		le.PutUint32(block[4:], uint32(n))
		le.PutUint32(block[n-4:], uint32(n))
		return block
	}
	second := uint64(start.Unix())
	units := func(exp byte) []byte { return []byte{optResolution, 0, 1, 0, exp, 0, 0, 0} }
	tests := map[string]struct {
		file []byte
		at   time.Time
		odd  map[string]int64
	}{
		"a resolution beyond 64 bits": {
			join(described(units(20)...), stamped(a, 7), stamped(b, 8)),
			time.Time{},
			map[string]int64{oddTime: 2},
		},
		"microseconds as seconds": {
			join(described(units(0)...), stamped(a, second*1e6), stamped(b, second*1e6)),
			time.Time{},
			map[string]int64{oddTime: 2},
		},
		"nanoseconds as microseconds": {
			join(described(), stamped(a, second*1e9), stamped(b, second*1e9)),
			time.Time{},
			map[string]int64{oddTime: 2},
		},
		"an offset before all times": {
			join(described(optTimeOffset, 0, 8, 0, 0, 0, 0, 0, 0, 0, 0, 0x80), stamped(a, second*1e6),
				stamped(b, second*1e6)),
			time.Time{},
			map[string]int64{oddTime: 2},
		},
		"an unknown block of 17 MB": {
			join(described(), stamped(a, second*1e6), huge(0xbad, 17<<20), stamped(b, second*1e6)),
			time.Unix(int64(second), 0).UTC(),
			map[string]int64{oddBlock: 1},
		},
		"as usual": {
			join(described(), stamped(a, second*1e6), stamped(b, second*1e6)),
			time.Unix(int64(second), 0).UTC(), nil,
		},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			r, err := NewReader(bytes.NewReader(join(appendSection(nil, ""), test.file)), "test")
			if err != nil {
				t.Fatal(err)
			}
			var got []Item
			for {
				next, err := r.Next()
				if err != nil {
					if err != io.EOF {
						t.Fatal(err)
					}
					break
				}
				kept := *next
				kept.Data = bytes.Clone(next.Data)
				got = append(got, kept)
			}
			if s, want := summary(got), "1C open, 1C data ab, 1C data cd"; s != want {
				t.Fatalf("got  %s\nwant %s", s, want)
			}
			if !got[1].Time.Equal(test.at) || !maps.Equal(r.Stats().Odd, test.odd) {
				t.Errorf("time %v and %v, want %v and %v", got[1].Time, r.Stats().Odd, test.at, test.odd)
			}
		})
	}
}
