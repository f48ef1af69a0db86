package store

import (
	"time"

	"github.com/msnscope/msnscope/decode"
	"github.com/msnscope/msnscope/decode/session"
	"github.com/msnscope/msnscope/replay/pcap"
)

// stream is one direction of a connection, framed. It knows which packets its commands came in.
type stream struct {
	decode.Reader
	last  time.Time // of its last item
	parts []part    // what is not framed yet, in the order of the stream
}

// part is what a packet brought.
type part struct {
	packet int64
	at     int64 // where the rest of it stands in the file, -1 if it does not
	used   int   // bytes that were framed
	left   int   // bytes that were not
}

func newStream(dir decode.Dir, g decode.Grammar) *stream {
	return &stream{Reader: decode.Reader{Dir: dir, Grammar: g}}
}

// borrow takes what a packet brought, which must stay as it is until Return.
func (s *stream) borrow(item *pcap.Item) {
	s.Borrow(item.Data)
	s.parts = append(s.parts, part{item.Packet, item.Offset, 0, len(item.Data)})
}

// take says of the next n bytes in which packets they came, and where they stand in the file, -1 if not in one piece.
func (s *stream) take(n int) (p session.Packets, at int64) {
	i := 0
	for first := true; n > 0 && i < len(s.parts); first = false {
		t := &s.parts[i]
		k := min(n, t.left)
		if first {
			p.First, at = uint64(t.packet), t.at
		} else {
			at = -1
		}
		p.Last = uint64(t.packet)
		p.Shared = p.Shared || t.used > 0 || k < t.left
		t.used, t.left, n = t.used+k, t.left-k, n-k
		if t.at >= 0 {
			t.at += int64(k)
		}
		if t.left == 0 {
			i++
		}
	}
	if i > 0 {
		s.parts = append(s.parts[:0], s.parts[i:]...)
	}
	return p, at
}
