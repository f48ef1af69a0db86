package pcap

import (
	"bytes"
	"cmp"
	"encoding/binary"
	"fmt"
	"io"
	"io/fs"
	"math/rand/v2"
	"reflect"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/msnscope/msnscope/captures/samples"
	"github.com/msnscope/msnscope/internal/msntest"
)

// seeds adds the shipped captures, and files of all forms with everything odd in them that the
// tables of tests have.
func seeds(f *testing.F) {
	f.Helper()
	shipped := 0
	err := fs.WalkDir(samples.FS, ".", func(name string, d fs.DirEntry, err error) error {
		if err != nil || d.IsDir() || !strings.Contains(name, ".pcap") {
			return err
		}
		shipped++
		b, err := samples.FS.ReadFile(name)
		f.Add(b)
		return err
	})
	if err != nil || shipped < 5 {
		f.Fatalf("%d shipped captures (%v): seeds are missing", shipped, err)
	}
	a := pkt{seq: 1, data: "ab"}.ip(f)
	f.Add(capture(f,
		after(pkt{seq: 105, data: "ef", comment: "c"}, pkt{seq: 103, data: "cdef"}, pkt{flags: "F", seq: 120},
			pkt{seq: 101, data: "ab", at: time.Minute}, pkt{flags: "S", seq: 7})...))
	f.Add(capture(f, pkt{seq: 5, data: "ef"}, pkt{seq: 3, data: "cd"}, pkt{server: true, ack: 6},
		pkt{flags: "R", seq: 9}))
	f.Add(bigSection(f, 0x8a, -5, a, pkt{seq: 3, v6: true, data: "x"}.ip(f)))
	f.Add(classicFile(binary.BigEndian, true, linkRaw, append(fragments(a), a[:30])...))
	f.Add(classicFile(le, false, linkEthernet, join(make([]byte, 12), []byte{0x81, 0, 0, 2, 8, 0}, a)))
	f.Add(gzipped(f, capture(f, pkt{seq: 1, data: "ab"})))
}

// Whatever the file holds, the records lie within it, one after the other, and memory stays within
// bounds.
func FuzzWalker(f *testing.F) {
	seeds(f)
	f.Fuzz(func(t *testing.T, file []byte) {
		r, err := NewReader(bytes.NewReader(file), "fuzz")
		if err != nil || r.Packed() {
			return
		}
		last := int64(0)
		for r.src.next(&r.rec) == nil {
			rec := &r.rec
			if rec.kind == recordPacket && !bytes.HasPrefix(file[rec.off:], rec.data) {
				t.Fatalf("record at %d: it is not what stands there", rec.off)
			}
			if r.in.off <= last || r.in.off > int64(len(file)) {
				t.Fatalf("after %d the walker stands at %d, in a file of %d", last, r.in.off, len(file))
			}
			last = r.in.off
		}
		if len(r.in.buf) > inputBuffer+2*len(file) {
			t.Fatalf("%d bytes of buffer for a file of %d", len(r.in.buf), len(file))
		}
	})
}

// Whatever the file holds, it is read without a panic, in bounded memory, and no byte of it becomes
// data twice.
func FuzzReader(f *testing.F) {
	seeds(f)
	f.Fuzz(func(t *testing.T, file []byte) {
		r, err := NewReader(bytes.NewReader(file), "fuzz")
		if err != nil {
			return
		}
		sum := 0
		for {
			i, err := r.Next()
			if err != nil {
				break
			}
			sum += len(i.Data)
			checkOffset(t, r, file, *i)
			if (i.Kind == KindData) != (len(i.Data) > 0) || (i.Kind == KindLost) != (i.Lost > 0) {
				t.Fatalf("item %+v", i)
			}
			if i.Packet < 0 || i.Packet > r.Stats().Packets || i.Flow != nil && i.Packet == 0 {
				t.Fatalf("item %+v is of packet %d of %d", i, i.Packet, r.Stats().Packets)
			}
		}
		if sum > len(file) && !r.Packed() {
			t.Fatalf("%d bytes of data in a file of %d", sum, len(file))
		}
		if held := len(r.track.waiting); held > 0 || r.track.hold.asm == nil {
			t.Fatalf("%d directions still wait at the end", held)
		}
	})
}

// Whatever the file holds, and however it is read, the batches of Run have the items of Next, and
// what they refer to stays as it is until they are used again in their order.
func FuzzBatches(f *testing.F) {
	seeds(f)
	f.Fuzz(func(t *testing.T, file []byte) {
		r, err := NewReader(bytes.NewReader(file), "fuzz")
		if err != nil {
			return
		}
		want, wantErr := rest(r)
		for _, size := range []int{1 << 20, 1000} {
			r, err := NewReader(&chopped{file, size}, "fuzz")
			if err != nil {
				t.Fatal(err)
			}
			var got []Item
			var waiting []Batch
			err = r.Run(func(b Batch) Batch {
				if waiting = append(waiting, b); len(waiting) <= 3 {
					return Batch{}
				}
				got = appendItems(got, waiting[0].Items)
				for i := range waiting[0].Items {
					clear(waiting[0].Items[i].Data)
				}
				b, waiting = waiting[0], waiting[1:]
				return b
			})
			for _, b := range waiting {
				got = appendItems(got, b.Items)
			}
			if fmt.Sprint(err) != fmt.Sprint(wantErr) {
				t.Fatalf("Run: %v, Next: %v", err, wantErr)
			}
			if !reflect.DeepEqual(got, want) {
				t.Fatalf("%d items of %d are not those of Next", len(got), len(want))
			}
		}
	})
}

// rest returns what Next still returns, with the error that ends it.
func rest(r *Reader) (all []Item, err error) {
	for {
		i, err := r.Next()
		if err != nil {
			return all, err
		}
		all = appendItems(all, []Item{*i})
	}
}

func appendItems(to, items []Item) []Item {
	for _, i := range items {
		i.Data = bytes.Clone(i.Data)
		to = append(to, i)
	}
	return to
}

// chopped gives out a file in pieces.
type chopped struct {
	rest []byte
	size int
}

// Read implements io.Reader.
func (c *chopped) Read(p []byte) (int, error) {
	if len(c.rest) == 0 {
		return 0, io.EOF
	}
	n := copy(p[:min(len(p), c.size)], c.rest)
	c.rest = c.rest[n:]
	return n, nil
}

// However a stream is cut into segments, put out of order and sent again, it is the same stream.
func FuzzOrder(f *testing.F) {
	for i, s := range msntest.Streams(f) {
		f.Add(uint64(i), s.Data[:min(len(s.Data), 2000)], i%2 == 0)
	}
	f.Fuzz(func(t *testing.T, seed uint64, text []byte, syn bool) {
		if len(text) == 0 || len(text) > 20_000 {
			return
		}
		packets := shuffled(rand.New(rand.NewPCG(seed, 1)), text, syn)
		file := capture(t, packets...)
		var got []byte
		closed := 0
		for _, i := range items(t, file) {
			got = append(got, i.Data...)
			if i.Kind == KindLost || i.Kind == KindClose && closed > 0 {
				t.Fatalf("item %+v", i)
			}
			if i.Kind == KindClose {
				closed++
			}
		}
		if !bytes.Equal(got, text) || closed != 1 {
			t.Errorf("got  %q, closed %d times\nwant %q", got, closed, text)
		}
	})
}

// shuffled cuts a text into segments, sends some again in other pieces, and moves each by up to
// three places.
func shuffled(r *rand.Rand, text []byte, syn bool) []pkt {
	first := r.Uint32()
	if r.IntN(3) == 0 {
		first = -uint32(r.IntN(len(text) + 1)) // it wraps within
	}
	type placed struct {
		pkt
		offset int
	}
	var all []placed
	add := func(p pkt) {
		p.at = time.Duration(len(all)) * time.Millisecond
		all = append(all, placed{p, 3*len(all) + r.IntN(9)})
	}
	for at := 0; at < len(text); {
		n := min(1+r.IntN(1+r.IntN(1460)), len(text)-at)
		add(pkt{seq: first + uint32(at), data: string(text[at : at+n])})
		at += n
		if r.IntN(4) == 0 && len(all) > 6 {
			from := max(0, at-r.IntN(3000))
			to := min(len(text), from+1+r.IntN(3000))
			add(pkt{seq: first + uint32(from), data: string(text[from:to])})
		}
	}
	add(pkt{flags: "FA", seq: first + uint32(len(text))})
	slices.SortStableFunc(all, func(a, b placed) int { return cmp.Compare(a.offset, b.offset) })
	var packets []pkt
	if syn {
		packets = append(packets, pkt{flags: "S", seq: first - 1})
	}
	for _, p := range all {
		packets = append(packets, p.pkt)
	}
	return packets
}
