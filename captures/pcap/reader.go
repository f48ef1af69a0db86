package pcap

import (
	"errors"
	"fmt"
	"io"
	"time"

	"github.com/gopacket/gopacket"
	"github.com/gopacket/gopacket/layers"
)

// Reader reads a capture file as a sequence of Items. It is not safe for concurrent use. Its memory
// does not grow with the file, however much a compressed one holds: it has a buffer (256 KB, and
// up to 32 MB for a file with blocks of 16 MB), up to 32 MB of segments that arrived out of order,
// up to 8 MB of fragments, and a few hundred bytes for each of the last 32,768 connections.
//
// A file that grows meanwhile is read up to the first end that the Reader meets.
//
// Join makes a Reader go on with another file, for captures that other programs cut into several.
type Reader struct {
	// ServerPort decides which end is the server where the capture has no SYN. 0 means the constant
	// ServerPort, 1863. It must be set before the first Next.
	ServerPort uint16
	// Alone, unless nil, reports whether a packet with these comments stands for itself. Such a
	// packet becomes one KindPacket at once and has no part in any flow, so that it does not matter
	// which packets before it are missing, or whether others have its addresses and sequence
	// numbers. Alone must be set before the first Next.
	Alone func(comments []string) bool
	// More says that Join follows, or End: at the end of the file nothing is given up that the next
	// one may complete.
	More bool

	in    *input
	src   source
	rec   record // here, and not in Next, so that it costs no allocation a packet
	from  origin // likewise
	dec   decoder
	track tracker
	ends  [256]*FlowInfo // of packets that stood for themselves, to be used again
	err   error
	stats Stats
	file  int32 // how often Join was called
}

// record is one record of a file.
type record struct {
	kind     recordKind
	time     time.Time
	link     int
	data     []byte // valid until the next record
	wire     int64  // length of the packet when it was captured
	off      int64  // offset of data in the file
	comments []string
	names    []*Named
	odd      string // what to count in Stats.Odd, "" for nothing
}

// Oddities that are counted, in the plural.
const (
	oddBlock = "blocks of unknown kinds that are too long to be read"
	oddTime  = "packets whose times cannot be right"
)

type recordKind uint8

const (
	recordNone recordKind = iota
	recordPacket
	recordNote
	recordNames
)

// source reads one file format. The error of next is io.EOF at a clean end.
type source interface {
	next(*record) error
}

// NewReader recognizes the format of r, pcap or pcapng, plain or compressed with gzip, bzip2, xz,
// lz4 or zstd, and returns a Reader for it. name is for messages. The error is ErrNotCapture for
// anything else, ErrLinkType for a pcap file of packets that hold no IP, and ErrCut if the file
// ends within its head.
func NewReader(r io.Reader, name string) (*Reader, error) {
	in, src, err := open(r, name)
	if err != nil {
		return nil, err
	}
	pr := &Reader{in: in, src: src}
	pr.track.init()
	return pr, nil
}

// open recognizes the format of a file.
func open(r io.Reader, name string) (*input, source, error) {
	in, err := unpack(newInput(r, name))
	if err != nil {
		return nil, nil, err
	}
	magic, err := in.peek(4)
	if len(magic) == 0 && err == io.EOF {
		return nil, nil, fmt.Errorf("%s: %w: it is empty", name, ErrNotCapture)
	}
	if err != nil && !errors.Is(err, ErrCut) {
		return nil, nil, err
	}
	if len(magic) == 4 {
		if big, unit, ok := classicOrder(magic); ok {
			src, err := newClassic(in, big, unit)
			return in, src, err
		}
		if le.Uint32(magic) == blockSection {
			_, err = in.peek(12)
			return in, &ng{in: in}, err
		}
	}
	start, _ := in.peek(16)
	return nil, nil, fmt.Errorf("%s: %w: it begins with %q", name, ErrNotCapture, start)
}

// Join makes the Reader go on with another file, as if its packets followed those before:
// connections go on in it, while the numbers of packets and the Stats begin again. It may be called
// once Next has returned an error. Its own errors are those of NewReader; Next then returns the
// same error, and another Join may follow.
func (r *Reader) Join(in io.Reader, name string) error {
	r.file++
	r.stats = Stats{}
	if r.in, r.src, r.err = open(in, name); r.in == nil {
		r.in = &input{name: name}
	}
	r.End()
	return r.err
}

// End gives up what the files so far left open, unless there are more: Next returns it before its
// error. It is for the end of a sequence of files whose last one cannot be read.
func (r *Reader) End() {
	if r.err != nil && !r.More {
		r.track.finish()
	}
}

// Next returns the next item. The Reader owns it; it is valid until the next call. The error is
// io.EOF at the end of the file; ErrCut or ErrBroken, after all items before that point, if the
// file is cut short or damaged; or that of the underlying reader. Later calls return the same
// error.
func (r *Reader) Next() (*Item, error) {
	for {
		if item := r.track.pop(); item != nil {
			return item, nil
		}
		if r.err != nil {
			return nil, r.err
		}
		r.step()
	}
}

// step handles the next record of the file, or its end.
func (r *Reader) step() {
	if r.err = r.src.next(&r.rec); r.err != nil {
		r.End()
		return
	}
	r.handle(&r.rec)
}

// Batch is some items and the memory that their Data is in. The zero value is an empty one.
type Batch struct {
	Items  []Item
	memory []byte
}

// Run reads the file to its end and returns the error that Next would return there. It hands out
// the items in batches, without a copy: it calls pass before each read of the file, which may have
// to wait, and at the end, with the items since the last call. There may be none. From then on the
// batch is the callee's, who returns another one to be filled: a new one, or the oldest that is no
// longer used. A Batch also has bytes of the one before it, so they must be used up in their order.
func (r *Reader) Run(pass func(Batch) Batch) error {
	r.in.renew = func(old []byte) []byte {
		next := pass(Batch{r.track.items, old})
		r.track.items = next.Items[:0]
		return next.memory
	}
	for r.err == nil {
		r.step()
	}
	pass(Batch{r.track.items, nil})
	r.track.items, r.in.renew = nil, nil
	return r.err
}

// Offset returns how many bytes of the file, uncompressed, have been read so far.
func (r *Reader) Offset() int64 { return r.in.off }

// Packed reports whether the file is compressed: then no Item has an Offset.
func (r *Reader) Packed() bool { return r.in.packed != nil }

// Stats returns the counts so far.
func (r *Reader) Stats() Stats {
	r.stats.Flows = r.track.opened
	return r.stats
}

func (r *Reader) handle(rec *record) {
	if rec.odd != "" {
		count(&r.stats.Odd, rec.odd)
	}
	switch rec.kind {
	case recordNote:
		r.track.push(Item{Kind: KindNote, Time: rec.time, Comments: rec.comments})
	case recordNames:
		for _, n := range rec.names {
			r.track.push(Item{Kind: KindName, Time: rec.time, Named: n})
		}
	case recordPacket:
		r.stats.Packets++
		if len(rec.comments) > 0 && r.Alone != nil && r.Alone(rec.comments) {
			r.alone(rec)
			return
		}
		if seg, at, ok := r.segment(rec); ok {
			from := &r.from // field by field: a copy costs three times as much
			from.number, from.file, from.off = r.stats.Packets, r.file, -1
			from.time, from.comments = rec.time, rec.comments
			if r.in.packed == nil && at >= 0 {
				from.off = rec.off + int64(at)
			}
			r.stats.TCP++
			r.track.port = r.ServerPort
			r.track.segment(seg, from)
		} else if len(rec.comments) > 0 {
			r.track.push(Item{Kind: KindNote, Time: rec.time, Packet: r.stats.Packets, Comments: rec.comments})
		}
	}
}

// alone makes an item of a packet that stands for itself.
func (r *Reader) alone(rec *record) {
	item := Item{
		Kind: KindPacket, Time: rec.time, Packet: r.stats.Packets, File: r.file, Offset: -1, Comments: rec.comments,
	}
	ip, _ := network(rec.link, rec.data)
	if seg, ok := r.dec.decode(ip, wire(rec)-len(rec.data)+len(ip), rec.time); ok {
		r.stats.TCP++
		item.Flow, item.FromClient = r.between(seg), seg.to().port == ServerPort
		item.Data, item.Lost = seg.payload, seg.cut
		if r.in.packed == nil && seg.at >= 0 {
			item.Offset = rec.off + int64(len(rec.data)-len(ip)+seg.at)
		}
	}
	r.track.push(item)
}

// between returns a FlowInfo with the ends of a segment. It has no number.
func (r *Reader) between(seg *segment) *FlowInfo {
	c, s := seg.from(), seg.to()
	if c.port == ServerPort && s.port != ServerPort {
		c, s = s, c
	}
	info := &r.ends[seg.ends.slot()%len(r.ends)]
	if f := *info; f == nil || f.Client != c.addrPort() || f.Server != s.addrPort() {
		*info = &FlowInfo{Client: c.addrPort(), Server: s.addrPort(), Guessed: true}
	}
	return *info
}

// segment returns the TCP segment in a packet, also if it lies inside a tunnel, and where in the
// packet its payload begins, -1 if it is not there in one piece.
func (r *Reader) segment(rec *record) (seg *segment, at int, ok bool) {
	ip, known := network(rec.link, rec.data)
	own := false
	if seg, ok = r.dec.decode(ip, wire(rec)-len(rec.data)+len(ip), rec.time); !ok {
		var why skipped
		if ip, own, why = r.inside(rec, ip, known); ip == nil {
			r.skip(why)
			return nil, 0, false
		}
		if seg, ok = r.dec.decode(ip, wire(rec)-len(rec.data)+len(ip), rec.time); !ok {
			return nil, 0, false // a fragment that waits for others
		}
	}
	if own || seg.at < 0 {
		return seg, -1, true
	}
	return seg, len(rec.data) - len(ip) + seg.at, true
}

// inside returns the IP packet inside a packet that is not IP, or is IP without a TCP segment; nil
// and the kind of the packet if there is none. own reports that it is not in one piece in rec.
func (r *Reader) inside(rec *record, ip []byte, known bool) (inner []byte, own bool, why skipped) {
	var first gopacket.Decoder = layers.LinkType(rec.link)
	rest := rec.data
	switch {
	case !known:
		return nil, false, linkReason(rec.link)
	case len(ip) > 0:
		if first, rest, own, why = r.dec.outer(ip, rec.time); first == nil {
			return nil, false, why
		}
	}
	inner, copied, why := unwrap(first, rest)
	return inner, own || copied, why
}

// maxKinds is how many kinds of packets are counted by their names: more than a network has.
const maxKinds = 64

// skip counts a packet without a TCP segment.
func (r *Reader) skip(s skipped) {
	switch {
	case s.kind == "":
	case s.hidden:
		count(&r.stats.Unread, s.kind)
	default:
		count(&r.stats.Other, s.kind)
	}
}

func count(counts *map[string]int64, kind string) {
	if *counts == nil {
		*counts = make(map[string]int64)
	}
	if _, met := (*counts)[kind]; !met && len(*counts) >= maxKinds {
		kind = "others"
	}
	(*counts)[kind]++
}

// maxWire is the greatest length of a packet that is believed when the capture has less of it: the
// largest IP packet.
const maxWire = 1 << 16

// wire returns the length of a packet before it was captured: that of its data if the record says
// less, or something impossible.
func wire(rec *record) int {
	if n := int64(len(rec.data)); rec.wire < n || rec.wire > n+maxWire {
		return int(n)
	}
	return int(rec.wire)
}
