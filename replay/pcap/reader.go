package pcap

import (
	"compress/gzip"
	"errors"
	"fmt"
	"io"
	"time"
)

// Reader reads a capture file as a sequence of Items. It is not safe for concurrent use. Its memory does not grow with the
// file, however much a gzipped one unzips to: it holds a buffer (256 KB, and up to 32 MB for a file with blocks of 16 MB),
// up to 32 MB of segments that arrived out of order, up to 8 MB of fragments, and a few hundred bytes for each of the last
// 65,536 connections.
//
// A file that grows while it is read is read as far as it has come when its end is reached.
type Reader struct {
	// ServerPort tells which end is the server where the capture has no SYN. 0 is the constant ServerPort, 1863. Set it
	// before the first Next.
	ServerPort uint16

	in    *input
	src   source
	rec   record // here, and not in Next, so that it costs no allocation a packet
	dec   decoder
	track tracker
	err   error
	stats Stats
}

// record is what a file holds next.
type record struct {
	kind     recordKind
	time     time.Time
	link     int
	data     []byte // valid until the next record
	wire     int64  // length of the packet when it was captured
	off      int64  // where data stands in the file
	comments []string
	names    []*Named
}

type recordKind uint8

const (
	recordNone recordKind = iota
	recordPacket
	recordNote
	recordNames
)

// source is a file format. Its error is io.EOF at a clean end.
type source interface {
	next(*record) error
}

// NewReader finds out what r is, pcap or pcapng, plain or gzipped, and returns a Reader for it. The name is for messages.
// The error is ErrNotCapture for anything else, ErrLinkType for a pcap file of packets that hold no IP, ErrCut if the file
// ends within its head.
func NewReader(r io.Reader, name string) (*Reader, error) {
	in := newInput(r, name)
	magic, err := in.peek(4)
	if err == nil && magic[0] == 0x1f && magic[1] == 0x8b {
		if in, err = unzip(in); err != nil {
			return nil, err
		}
		magic, err = in.peek(4)
	}
	if len(magic) == 0 && err == io.EOF {
		return nil, fmt.Errorf("%s: %w: it is empty", name, ErrNotCapture)
	}
	if err != nil && !errors.Is(err, ErrCut) {
		return nil, err
	}
	pr := &Reader{in: in}
	pr.track.init()
	if len(magic) == 4 {
		if big, unit, ok := classicOrder(magic); ok {
			pr.src, err = newClassic(in, big, unit)
			return pr, err
		}
		if le.Uint32(magic) == blockSection {
			pr.src = &ng{in: in}
			_, err = in.peek(12)
			return pr, err
		}
	}
	start, _ := in.peek(16)
	return nil, fmt.Errorf("%s: %w: it begins with %q", name, ErrNotCapture, start)
}

func unzip(in *input) (*input, error) {
	z, err := gzip.NewReader(in)
	switch {
	case errors.Is(err, io.ErrUnexpectedEOF), errors.Is(err, io.EOF), errors.Is(err, ErrCut):
		err = ErrCut
	case isDamage(err):
		err = fmt.Errorf("%w: %w", ErrNotCapture, err)
	}
	if err != nil {
		return nil, fmt.Errorf("%s: gzip: %w", in.name, err)
	}
	plain := newInput(z, in.name)
	plain.zipped = true
	return plain, nil
}

// Next returns the next item, which is the Reader's: valid until the next call. The error is io.EOF at the end of the file;
// ErrCut or ErrBroken, after all items before that place, if the file is cut short or damaged; or the underlying reader's. It
// stays once it came.
func (r *Reader) Next() (*Item, error) {
	for {
		if item := r.track.pop(); item != nil {
			return item, nil
		}
		if r.err != nil {
			return nil, r.err
		}
		if r.err = r.src.next(&r.rec); r.err != nil {
			r.track.finish()
			continue
		}
		r.handle(&r.rec)
	}
}

// Offset returns how many bytes of the file, unzipped, were read so far.
func (r *Reader) Offset() int64 { return r.in.off }

// Zipped reports whether the file is gzipped: then no Item has an Offset.
func (r *Reader) Zipped() bool { return r.in.zipped }

// Stats returns what was met so far.
func (r *Reader) Stats() Stats {
	r.stats.Flows = r.track.opened
	return r.stats
}

func (r *Reader) handle(rec *record) {
	switch rec.kind {
	case recordNote:
		r.track.push(Item{Kind: KindNote, Time: rec.time, Comments: rec.comments})
	case recordNames:
		for _, n := range rec.names {
			r.track.push(Item{Kind: KindName, Time: rec.time, Named: n})
		}
	case recordPacket:
		r.stats.Packets++
		ip, known := network(rec.link, rec.data)
		if !known {
			r.stats.SkipLink++
		}
		if len(ip) > 0 {
			head := len(rec.data) - len(ip)
			if seg, ok := r.dec.decode(ip, wire(rec)-head, rec.time); ok {
				from := origin{r.stats.Packets, -1, rec.time, rec.comments}
				if !r.in.zipped && seg.at >= 0 {
					from.off = rec.off + int64(head+seg.at)
				}
				r.stats.TCP++
				r.track.port = r.ServerPort
				r.track.segment(seg, from)
				return
			}
		}
		if len(rec.comments) > 0 {
			r.track.push(Item{Kind: KindNote, Time: rec.time, Packet: r.stats.Packets, Comments: rec.comments})
		}
	}
}

// maxWire is how much of a packet may be missing from the capture, and is believed: the largest IP packet.
const maxWire = 1 << 16

// wire returns a packet's length when it was captured: what is there if the record says less or what cannot be.
func wire(rec *record) int {
	if n := int64(len(rec.data)); rec.wire < n || rec.wire > n+maxWire {
		return int(n)
	}
	return int(rec.wire)
}
