package pcap

import (
	"slices"
	"time"

	"github.com/gopacket/gopacket"
	"github.com/gopacket/gopacket/reassembly"
)

const (
	// maxFlows is how many connections are remembered, open or closed: some 40 MB, with what a
	// reader of them knows. Beyond that one that was silent for long is given up; its later packets
	// make a flow of their own.
	maxFlows = 1 << 15
	// maxListed is how many directions are listed that wait, or did: half of them at least are of
	// flows that are forgotten.
	maxListed = 4 * maxFlows
	// maxPages is how many pieces of up to 1,900 bytes one direction may hold after a hole before
	// the hole counts as lost: a megabyte, or fifteen of the largest segments, is more than hosts
	// of the time had in flight.
	maxPages = 512
	// maxPagesTotal is the same over all flows: 32 MB.
	maxPagesTotal = 1 << 14
	// holeLife is how long, by the capture's time, segments wait for what is missing before them.
	// Reordered segments arrive within milliseconds, retransmissions within seconds.
	holeLife = 5 * time.Second
	// maxHeldComments is how many bytes of comments wait with the segments of all flows.
	maxHeldComments = 16 << 20
	// maxStrays is how many segments in a row may be far outside of the window before they count as
	// a new connection whose beginning is not in the capture.
	maxStrays = 8
	// maxJump is how far the sequence numbers of both directions may be off before a single segment
	// shows the same: 64 MB.
	maxJump = 64 << 20
)

// flow is a connection with the state that its next segments need.
type flow struct {
	info    *FlowInfo
	ends    ends
	serverA bool    // ends.a is the server
	half    [2]half // what the client sent, what the server sent

	rival        *rival // nil where nothing contests the connection, as nearly always
	older, newer *flow
	touched      bool // had a segment since it was the oldest
}

// side returns which end of a flow sent a segment.
func (f *flow) side(seg *segment) int { return side(seg.swapped == f.serverA) }

// packet is what the items made of a segment take from the packet that brought it.
type packet struct {
	origin
	info gopacket.CaptureInfo // carries this packet through the assembler
	seq  uint32               // of its payload's first byte
	used *int                 // counts the comments while they wait, size bytes
	size int
}

// origin is the place of a segment in the capture.
type origin struct {
	number   int64 // of the packet in its file, from 1
	file     int32
	off      int64 // offset of the payload in the file, -1 if it is not there
	time     time.Time
	comments []string
}

// GetCaptureInfo makes packet a reassembly.AssemblerContext.
func (p *packet) GetCaptureInfo() gopacket.CaptureInfo { return p.info }

// take returns the packet's comments at its first call, so that only one item has them.
func (p *packet) take() []string {
	c := p.comments
	p.comments = nil
	if p.used != nil {
		*p.used -= p.size
		p.used = nil
	}
	return c
}

// keep counts the bytes of the packet's comments in used until they are taken, and reports whether
// there is room for them.
func (p *packet) keep(used *int) bool {
	n := 0
	for _, c := range p.comments {
		n += len(c)
	}
	if *used+n > maxHeldComments {
		return false
	}
	*used += n
	p.used, p.size = used, n
	return true
}

// offset returns the file offset of the byte with sequence number seq, -1 if this packet did not
// bring it.
func (p *packet) offset(seq uint32) int64 {
	if p.off < 0 {
		return -1
	}
	return p.off + int64(seq-p.seq)
}

// again returns a copy of the packet, without its comments, for another piece of its bytes: the
// assembler gives out the bytes of one packet in one piece.
func (p *packet) again() *packet {
	q := newPacket()
	q.origin, q.seq = p.origin, p.seq
	q.comments = nil
	return q
}

func newPacket() *packet {
	p := new(packet)
	p.info.AncillaryData = []any{p}
	return p
}

// tracker sorts segments into flows and flows into items.
//
// What comes in order bypasses the assembler (half.go). Only from a hole until it is filled does a
// direction use it (assemble.go).
type tracker struct {
	port    uint16
	opened  int
	flows   map[ends]*flow
	last    [slots]*flow // the flow of the last segment in each slot: a few hundred connections take turns
	ages    flow         // the ring of all flows: newer is the oldest one
	packet  *packet
	kept    bool // something still refers to packet
	waiting []waiting
	swept   time.Time
	hold    assembler

	comments int // bytes of those that wait
	early    int // bytes that wait until it is decided where their directions begin

	items []Item
	head  int
}

// waiting is a direction that waits for a hole to be filled.
type waiting struct {
	flow *flow
	side int
}

func (t *tracker) init() {
	t.flows = make(map[ends]*flow)
	t.ages.older, t.ages.newer = &t.ages, &t.ages
	t.hold.asm = reassembly.NewAssembler(reassembly.NewStreamPool(factory{t}))
	t.hold.asm.MaxBufferedPagesPerConnection = maxPages
	t.hold.asm.MaxBufferedPagesTotal = maxPagesTotal
	t.packet = newPacket()
}

func (t *tracker) push(i Item) { t.items = append(t.items, i) }

// item appends an item for what the packet brought in one direction. The caller completes it before
// the next one.
func (t *tracker) item(p *origin, kind Kind, f *flow, from int) *Item {
	n := len(t.items)
	if n == cap(t.items) {
		t.items = slices.Grow(t.items, 512)
	}
	// Field by field: to make an Item and to copy it costs twice as much.
	t.items = t.items[:n+1]
	i := &t.items[n]
	i.Kind, i.FromClient, i.Reset, i.File = kind, from == client, false, p.file
	i.Flow, i.Time, i.Packet, i.Offset, i.Data, i.Lost = f.info, p.time, p.number, 0, nil, 0
	i.Comments, i.Named = nil, nil
	return i
}

// pop returns the next item, nil when there is none. It is valid until the next call.
func (t *tracker) pop() *Item {
	if t.head == len(t.items) {
		if len(t.items) > 1 {
			// Comments and data are released here; those of a single item, the usual case, when the
			// next one replaces it.
			clear(t.items)
		}
		t.items, t.head = t.items[:0], 0
		return nil
	}
	t.head++
	return &t.items[t.head-1]
}

// segment handles the next segment of the capture. Its payload stays in use until the items that it
// led to are popped.
func (t *tracker) segment(seg *segment, from *origin) {
	if t.sweep(from.time); t.goesOn(seg, from) {
		return
	}
	if t.kept {
		t.packet, t.kept = newPacket(), false
	}
	t.packet.origin = *from
	if t.packet.seq = seg.seq; seg.has(flagSYN) {
		t.packet.seq++
	}

	p := t.packet // which may be a copy later
	f := t.find(seg)
	switch {
	case f == nil:
		f = t.open(seg)
	case f.rival != nil:
		f = t.contest(f, seg)
		fallthrough
	default:
		f.touched = true
	}
	if seg.has(flagSYN) && f.another(seg) {
		t.challenge(f, seg)
		return
	}
	s := f.side(seg)
	t.acknowledged(f, 1-s, seg)
	t.feed(f, s, seg)
	if h := &f.half[s]; h.strays > maxStrays {
		strays := int32(seg.seq - h.stray)
		t.forget(f)
		f = t.open(seg)
		if s = f.side(seg); 0 < strays && strays < maxStrays<<16 {
			t.lost(f, s, t.packet, int(strays))
		}
		t.feed(f, s, seg)
	}
	// Either it brought nothing, being an acknowledgement or data sent again, or it waits and there
	// is no room for its comments.
	if len(p.comments) > 0 && !(t.kept && p.keep(&t.comments)) {
		t.item(&p.origin, KindNote, f, server).Comments = p.take()
	}
}

// goesOn handles a segment that begins at the awaited byte of a connection, as nearly all do, and
// reports whether it was one. It does what the rest of segment would do, without the questions that
// such a segment does not raise.
func (t *tracker) goesOn(seg *segment, from *origin) bool {
	f := t.last[seg.ends.slot()]
	if f == nil || !f.ends.same(&seg.ends) || f.rival != nil || seg.flags&(flagSYN|flagFIN|flagRST|flagACK) != flagACK {
		return false
	}
	s := f.side(seg)
	h := &f.half[s]
	if !h.spoke || h.next != seg.seq || h.closed || h.hole != nil || f.half[1-s].hole != nil || seg.cut > 0 ||
		len(from.comments) > 0 {
		return false
	}
	f.touched, h.strays = true, 0
	if n := len(seg.payload); n > 0 {
		item := t.item(from, KindData, f, s)
		item.Data, item.Offset = seg.payload[:n:n], from.off
		h.next += uint32(n)
	}
	return true
}

// find returns the flow that a segment belongs to, nil if the segment begins one.
func (t *tracker) find(seg *segment) *flow {
	last := &t.last[seg.ends.slot()]
	f := *last
	if f == nil || !f.ends.same(&seg.ends) {
		if f = t.flows[seg.ends]; f == nil {
			return nil
		}
		*last = f
	}
	if f.replacedBy(seg) {
		t.forget(f)
		return nil
	}
	return f
}

// replacedBy reports whether a segment begins another connection between the same ends: with a SYN
// that is not one of this connection, once this one has ended, or with sequence numbers more than
// maxJump bytes away.
func (f *flow) replacedBy(seg *segment) bool {
	from := f.side(seg)
	mine, other := &f.half[from], &f.half[1-from]
	if seg.has(flagSYN) {
		return f.ended() && (f.another(seg) || mine.synSeen && !seg.has(flagACK|flagRST))
	}
	return len(seg.payload) > 0 && seg.has(flagACK) && !seg.has(flagRST) && f.rival == nil &&
		mine.jumps(seg.seq) && other.jumps(seg.ack)
}

// ended reports whether the connection has ended: with the ends of both directions, or a reset.
func (f *flow) ended() bool {
	c, s := &f.half[client], &f.half[server]
	return c.reset || s.reset || c.closed && s.closed
}

// another reports whether a segment with SYN belongs to another connection than this one.
func (f *flow) another(seg *segment) bool {
	from := f.side(seg)
	mine, other := &f.half[from], &f.half[1-from]
	switch {
	case seg.has(flagRST):
		return false
	case mine.synSeen:
		return mine.syn != seg.seq
	case mine.hole != nil && mine.hole.guess: // its own SYN, come late?
		return mine.next-seg.seq-1 > maxJump
	case mine.spoke: // likewise
		return mine.first != seg.seq+1
	case seg.has(flagACK): // it acknowledges the SYN, and perhaps data on it (RFC 7413)
		return other.synSeen && seg.ack-other.syn-1 > other.next-other.syn-1
	}
	return other.spoke
}

func (t *tracker) open(seg *segment) *flow {
	if len(t.flows) >= maxFlows {
		f := t.silent()
		t.forget(f)
		if !f.ended() {
			t.item(&t.packet.origin, KindForgotten, f, server)
		}
	}
	t.opened++
	f := &flow{info: &FlowInfo{ID: t.opened, Guessed: !seg.has(flagSYN)}, ends: seg.ends}
	c, s := seg.from(), seg.to()
	f.serverA = seg.swapped
	if t.serverSends(seg) {
		c, s = s, c
		f.serverA = !seg.swapped
	}
	f.info.Client, f.info.Server = c.addrPort(), s.addrPort()
	t.flows[f.ends] = f
	t.last[f.ends.slot()] = f
	t.ages.insert(f)
	item := t.item(&t.packet.origin, KindOpen, f, f.side(seg))
	if seg.has(flagSYN) {
		item.Comments = t.packet.take()
	}
	return f
}

// serverSends reports whether the first segment of a flow comes from the server: by the SYN,
// otherwise by the port; otherwise the first sender is the client.
func (t *tracker) serverSends(seg *segment) bool {
	if seg.has(flagSYN) {
		return seg.has(flagACK)
	}
	port := uint64(t.port)
	if port == 0 {
		port = ServerPort
	}
	return seg.from().port == port && seg.to().port != port
}

// insert makes f the newest flow of the ring.
func (ring *flow) insert(f *flow) {
	f.older, f.newer = ring.older, ring
	f.older.newer, f.newer.older = f, f
}

func (f *flow) remove() {
	f.older.newer, f.newer.older = f.newer, f.older
	f.older, f.newer = nil, nil
}

// silent returns a flow that got no segment since it became the oldest one. Flows that got some are
// passed over and become the newest: that is cheaper than moving a flow at each packet.
func (t *tracker) silent() *flow {
	for {
		f := t.ages.newer
		if !f.touched {
			return f
		}
		f.touched = false
		f.remove()
		t.ages.insert(f)
	}
}

// forget gives up what a flow waits for, and removes it: its next segment, or another connection
// between the same ends, makes a new flow.
func (t *tracker) forget(f *flow) {
	for s := range f.half {
		t.drain(f, s)
	}
	f.remove()
	delete(t.flows, f.ends)
	t.last[f.ends.slot()] = nil
}
