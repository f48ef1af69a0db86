package captures

import (
	"time"

	"github.com/msnscope/msnscope/captures/pcap"
	"github.com/msnscope/msnscope/decode"
	"github.com/msnscope/msnscope/decode/session"
	"github.com/msnscope/msnscope/internal/eventlog"
)

// stream frames one direction of a connection and knows which packets its commands came in.
type stream struct {
	decode.Reader
	last  time.Time // time of its last item
	parts []part    // the packets whose bytes are not framed yet, in stream order
	count int       // commands so far
	stall stall     // of the command at hand, in a live capture
	cuts  []int     // where the packets of the last command begin in it, except for the first
}

// part is the contribution of one packet to a stream.
type part struct {
	packet int64
	file   int32          // which file it stands in, as in pcap.Item
	at     eventlog.Place // of the rest in a file, zero if it is in none
	used   int            // bytes framed so far
	left   int            // bytes left to frame
}

const (
	// maxStreams is how many streams of connections that ended are kept for new ones.
	maxStreams = 64
	// maxParts is the largest capacity for packets that a kept stream may have.
	maxParts = 256
	// maxCuts is how many of a command's packets are told apart: a payload of 1 MB has 700.
	maxCuts = 1 << 10
)

// stream returns an empty stream, reusing one if possible.
func (im *importer) stream(dir decode.Dir, g decode.Grammar) *stream {
	var s *stream
	if n := len(im.streams); n > 0 {
		s, im.streams = im.streams[n-1], im.streams[:n-1]
	} else {
		s = new(stream)
	}
	s.Dir, s.Grammar = dir, g
	return s
}

// reclaim takes back the streams of a connection that ended, and sets them to nil.
func (im *importer) reclaim(streams *[2]*stream) {
	for i, s := range streams {
		if streams[i] = nil; s != nil && len(im.streams) < maxStreams && cap(s.parts) <= maxParts {
			*s = stream{parts: s.parts[:0]}
			im.streams = append(im.streams, s)
		}
	}
}

// borrow adds the data of a packet, which is at a place in a file and must stay unchanged until
// Return.
func (s *stream) borrow(item *pcap.Item, at eventlog.Place) {
	s.Borrow(item.Data)
	s.parts = append(s.parts, part{item.Packet, item.File, at, 0, len(item.Data)})
}

// take consumes the next n bytes. It returns the packets that they came in, those of the last file
// where there are several, and their place in a file, zero if they are not in one piece there. It
// sets cuts, which is valid until the next call.
func (s *stream) take(n int) (p session.Packets, at eventlog.Place) {
	s.count++
	s.cuts = s.cuts[:0]
	if len(s.parts) == 1 && s.parts[0].left >= n { // nearly always so: what came lies in one packet
		t := &s.parts[0]
		p.First, p.Last, at = uint64(t.packet), uint64(t.packet), t.at
		p.Shared = t.used > 0 || n < t.left
		t.used, t.left = t.used+n, t.left-n
		if t.at.At += int64(n); t.left == 0 {
			s.parts = s.parts[:0]
		}
		return p, at
	}
	i, file, whole := 0, int32(0), n
	for first := true; n > 0 && i < len(s.parts); first = false {
		t := &s.parts[i]
		k := min(n, t.left)
		if at = t.at; !first {
			at = eventlog.Place{}
			if len(s.cuts) < maxCuts {
				s.cuts = append(s.cuts, whole-n)
			}
		}
		if first || t.file != file {
			p.First, file = uint64(t.packet), t.file
		}
		p.Last = uint64(t.packet)
		p.Shared = p.Shared || t.used > 0 || k < t.left
		t.used, t.left, n = t.used+k, t.left-k, n-k
		t.at.At += int64(k)
		if t.left == 0 {
			i++
		}
	}
	if i > 0 {
		s.parts = append(s.parts[:0], s.parts[i:]...)
	}
	return p, at
}
