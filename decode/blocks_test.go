package decode_test

import (
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/msnscope/msnscope/decode"
)

// transfer is the grammar of file transfers.
type transfer struct{}

func (transfer) Shape(dir decode.Dir, v decode.Verb) decode.Shape {
	switch {
	case dir == decode.FromServer && v == decode.V("FIL"):
		return decode.Shape{Payload: decode.Blocks}
	case dir == decode.FromServer && v == decode.V("BLK"):
		return decode.Shape{Payload: decode.OneBlock}
	}
	return decode.Shape{}
}

func (transfer) Fits(_ decode.Dir, m *decode.Message) bool {
	return slices.Contains([]decode.Verb{decode.V("VER"), decode.V("FIL")}, m.Verb)
}

// framed returns the messages of a stream that comes in pieces of the given size: a block as its
// length, and an opaque one as its reason.
func framed(stream string, piece int) []string {
	r := decode.NewReader(decode.FromServer, transfer{})
	var all []string
	var m decode.Message
	say := func() {
		switch {
		case m.Opaque():
			all = append(all, fmt.Sprintf("%s: %d", m.Why, len(m.Raw)))
		case m.Block():
			all = append(all, fmt.Sprintf("block %d: %.10q", m.Raw[0], m.Payload()))
		default:
			all = append(all, string(m.Line()))
		}
	}
	for part := range slices.Chunk([]byte(stream), piece) {
		for r.Feed(part); r.Next(&m); {
			say()
		}
	}
	for r.Next(&m) || r.Flush(&m) {
		say()
	}
	return all
}

func TestBlocks(t *testing.T) {
	for _, tc := range []struct {
		name, stream string
		want         []string
	}{
		{
			"content is no command",
			"VER MSNFTP\r\nFIL 40\r\n\x00\x18\x00RNG 77 127.0.0.66:1863\r\n\x00\x02\x00\r\n",
			[]string{"VER MSNFTP", "FIL 40", `block 0: "RNG 77 127"`, `block 0: "\r\n"`},
		},
		{"an early end", "FIL 9\n\x00\x01\x00a\x01\x00\x00", []string{"FIL 9", `block 0: "a"`, `block 1: ""`}},
		{"an empty block", "FIL 0\r\n\x00\x00\x00", []string{"FIL 0", `block 0: ""`}},
		{"no announcement", "\x00\x01\x00aVER MSNFTP\r\n", []string{`block 0: "a"`, decode.NoBlock.String() + ": 12"}},
		{
			"a head that lies", "FIL 9\r\n\x00\x01\x00abVER MSNFTP\r\nFIL 3\r\n",
			[]string{"FIL 9", `block 0: "a"`, decode.NoBlock.String() + ": 20"},
		},
		{"cut short", "FIL 9\r\n\x00\x20\x00abc\r\nFIL 9\r\n", []string{"FIL 9", decode.CutShort.String() + ": 15"}},
		{
			"lost for long", "FIL 9\r\n" + strings.Repeat("x\r\n", decode.MaxPart/3+1),
			[]string{
				"FIL 9", fmt.Sprintf("%s: %d", decode.NoBlock, decode.MaxPart),
				fmt.Sprintf("%s: %d", decode.NoBlock, 3*(decode.MaxPart/3+1)-decode.MaxPart),
			},
		},
	} {
		for _, piece := range []int{1, 2, 3, 7, 1 << 20} {
			if diff := cmp.Diff(tc.want, framed(tc.stream, piece)); diff != "" {
				t.Errorf("%s, %d bytes a read (-want +got):\n%s", tc.name, piece, diff)
			}
		}
	}
}

// TestBlocksAfterAGap checks that nothing is taken for a command or a block after bytes of a file
// are missing: nothing tells where the next block begins.
func TestBlocksAfterAGap(t *testing.T) {
	r := decode.NewReader(decode.FromServer, transfer{})
	var m decode.Message
	r.Feed([]byte("FIL 99\r\n\x00\x05\x00he"))
	for r.Next(&m) || r.Flush(&m) {
	}
	r.Lose()
	r.Feed([]byte("llo\x00\x01\x00aFIL 5\r\nVER MSNFTP\r\n"))
	for r.Next(&m) || r.Flush(&m) {
		if !m.Opaque() {
			t.Errorf("%q is no opaque message", m.Raw)
		}
	}
}

// FuzzBlocks checks that the blocks and lines of a file transfer, joined, are the stream, however
// it is split into reads, and that the same messages come out of it.
func FuzzBlocks(f *testing.F) {
	f.Add([]byte("VER MSNFTP\r\nFIL 627\r\n\x00\x05\x00hello\x01\x00\x00"), 1)
	f.Add([]byte("FIL 3\r\n\x00\xff\xffRNG 1 2\r\n"), 3)
	f.Add([]byte("FIL 0\n\x02\x00\x00VER 0 MSNP2\r\n"), 2)
	f.Fuzz(func(t *testing.T, stream []byte, piece int) {
		piece = max(1, piece&0xff)
		r := decode.NewReader(decode.FromServer, transfer{})
		var joined []byte
		var m decode.Message
		blocks := false
		for part := range slices.Chunk(stream, piece) {
			r.Feed(part)
			for r.Next(&m) {
				joined = append(joined, m.Raw...)
				blocks = blocks || m.Block()
				if blocks && !m.Block() && !m.Opaque() {
					t.Fatalf("%q is a command among blocks", m.Raw)
				}
				if again := decode.Parse(m.Raw, decode.FromServer, transfer{}); m.Block() && !again.Block() {
					t.Fatalf("%q parsed by itself is no block", m.Raw)
				}
			}
		}
		for r.Next(&m) || r.Flush(&m) {
			joined = append(joined, m.Raw...)
		}
		if string(joined) != string(stream) {
			t.Fatalf("the messages joined are %q, want %q", joined, stream)
		}
		if diff := cmp.Diff(framed(string(stream), 1<<20), framed(string(stream), piece)); diff != "" {
			t.Fatalf("in pieces of %d bytes other messages come out (-whole +pieces):\n%s", piece, diff)
		}
	})
}
