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

const (
	// maxStreams is how many streams of connections that ended are kept for the next ones.
	maxStreams = 64
	// maxParts is for how many packets one of them has room.
	maxParts = 256
)

// stream returns one that is empty.
func (im *importer) stream(dir decode.Dir, g decode.Grammar) *stream {
	s := new(stream)
	if n := len(im.streams); n > 0 {
		s, im.streams = im.streams[n-1], im.streams[:n-1]
	}
	s.Dir, s.Grammar = dir, g
	return s
}

// give takes back the streams of a connection that ended.
func (im *importer) give(streams *[2]*stream) {
	for i, s := range streams {
		if streams[i] = nil; s != nil && len(im.streams) < maxStreams && cap(s.parts) <= maxParts {
			*s = stream{parts: s.parts[:0]}
			im.streams = append(im.streams, s)
		}
	}
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
