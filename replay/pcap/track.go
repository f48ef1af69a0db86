package pcap

import (
	"time"

	"github.com/gopacket/gopacket"
	"github.com/gopacket/gopacket/reassembly"
)

const (
	// maxFlows is how many connections are remembered, open or closed: some 40 MB. Beyond that one that was silent for long
	// is given up; what comes of it later is a flow of its own.
	maxFlows = 1 << 16
	// maxPages is how many pieces of up to 1,900 bytes one direction holds behind a hole before the hole counts as lost: a
	// megabyte, or fifteen of the largest segments, is more than hosts of the time had under way.
	maxPages = 512
	// maxPagesTotal is the same over all flows: 32 MB.
	maxPagesTotal = 1 << 14
	// holeLife is how long, in the capture's time, segments wait for what is missing before them. Segments change places
	// within milliseconds and are sent again within seconds.
	holeLife = 5 * time.Second
	// maxStrays is how many segments in a row may lie far outside of the window before they count as a new connection
	// whose beginning the capture missed.
	maxStrays = 8
	// maxJump is how far the numbers of both directions may be off before a single segment tells the same: 64 MB.
	maxJump = 64 << 20
)

// flow is a connection and what must be known of its next segments.
type flow struct {
	info    *FlowInfo
	ends    ends
	serverA bool    // ends.a is the server
	half    [2]half // what the client sent, what the server sent

	older, newer *flow
	touched      bool // since it was the oldest
}

// side tells which end of a flow sent a segment.
func (f *flow) side(seg *segment) int { return side(seg.swapped == f.serverA) }

// packet is what a segment's items say of the packet that brought it.
type packet struct {
	origin
	info gopacket.CaptureInfo // carries this packet through the assembler
	seq  uint32               // of its payload's first byte
}

// origin is where a segment's items come from.
type origin struct {
	number   int64 // of the packet, from 1
	off      int64 // where the payload stands in the file, -1 if it does not
	time     time.Time
	comments []string
}

// GetCaptureInfo makes packet a reassembly.AssemblerContext.
func (p *packet) GetCaptureInfo() gopacket.CaptureInfo { return p.info }

// take returns the packet's comments the first time: one item only has them.
func (p *packet) take() []string {
	c := p.comments
	p.comments = nil
	return c
}

// offset returns where the stream's byte number seq stands in the file, if this packet brought it.
func (p *packet) offset(seq uint32) int64 {
	if p.off < 0 {
		return -1
	}
	return p.off + int64(seq-p.seq)
}

// again returns the packet for another piece of its bytes: what the assembler gives out of one packet is one piece.
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
// What comes in order goes straight through (half.go). Only from a hole until it is filled does a direction go through the
// assembler (assemble.go).
type tracker struct {
	port    uint16
	opened  int
	flows   map[ends]*flow
	last    [1024]*flow // whose segments came last, by slot: a few hundred connections take turns
	ages    flow        // the ring of all flows: newer is the oldest one
	packet  *packet
	kept    bool // packet is still needed when the next one comes
	waiting []waiting
	swept   time.Time
	hold    assembler

	items []Item
	head  int
}

// waiting is a direction that waits for a hole to fill.
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

// item pushes an item of what the packet brought in one direction, to be completed before the next one.
func (t *tracker) item(p *packet, kind Kind, f *flow, from int) *Item {
	t.push(Item{Kind: kind, Flow: f.info, FromClient: from == client, Time: p.time, Packet: p.number})
	return &t.items[len(t.items)-1]
}

// pop returns the next item, nil when there is none. It is valid until the next call.
func (t *tracker) pop() *Item {
	if t.head == len(t.items) {
		if len(t.items) > 1 {
			clear(t.items) // comments and data go: those of a single one, as most are, when the next one takes its place
		}
		t.items, t.head = t.items[:0], 0
		return nil
	}
	t.head++
	return &t.items[t.head-1]
}

// segment takes the next segment of the capture. Its payload stays in use until the items it led to are popped.
func (t *tracker) segment(seg *segment, from origin) {
	t.sweep(from.time)
	if t.kept {
		t.packet, t.kept = newPacket(), false
	}
	t.packet.origin = from
	if t.packet.seq = seg.seq; seg.has(flagSYN) {
		t.packet.seq++
	}

	f := t.find(seg)
	if f == nil {
		f = t.open(seg)
	} else {
		f.touched = true
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
	if len(t.packet.comments) > 0 && !t.kept { // it brought nothing: an acknowledgement, or data sent again
		t.item(t.packet, KindNote, f, server).Comments = t.packet.take()
	}
}

// find returns the flow that a segment belongs to, nil if it begins one.
func (t *tracker) find(seg *segment) *flow {
	last := &t.last[seg.ends.slot()]
	f := *last
	if f == nil || f.ends != seg.ends {
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

// replacedBy tells whether a segment begins another connection between the same ends: a SYN that is not this one's, or
// numbers that are nowhere near.
func (f *flow) replacedBy(seg *segment) bool {
	from := f.side(seg)
	mine, other := &f.half[from], &f.half[1-from]
	switch {
	case seg.has(flagRST):
		return false
	case !seg.has(flagSYN):
		return len(seg.payload) > 0 && seg.has(flagACK) && mine.jumps(seg.seq) && other.jumps(seg.ack)
	case mine.synSeen:
		ended := mine.reset || other.reset || mine.closed && other.closed
		return mine.syn != seg.seq || ended && !seg.has(flagACK)
	case mine.hole != nil && mine.hole.guess: // its own SYN, come late?
		return mine.next-seg.seq-1 > maxJump
	case mine.spoke: // likewise
		return mine.first != seg.seq+1
	case seg.has(flagACK):
		return other.synSeen && seg.ack != other.syn+1
	}
	return other.spoke
}

func (t *tracker) open(seg *segment) *flow {
	if len(t.flows) >= maxFlows {
		t.forget(t.silent())
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
	item := t.item(t.packet, KindOpen, f, f.side(seg))
	if seg.has(flagSYN) {
		item.Comments = t.packet.take()
	}
	return f
}

// serverSends tells whether a flow's first segment comes from the server: by the SYN, else by the port; else who sends
// first is the client.
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

// insert makes f the newest of the ring that begins here.
func (ring *flow) insert(f *flow) {
	f.older, f.newer = ring.older, ring
	f.older.newer, f.newer.older = f, f
}

func (f *flow) remove() {
	f.older.newer, f.newer.older = f.newer, f.older
	f.older, f.newer = nil, nil
}

// silent returns a flow of which nothing came since it was the oldest one: those that are touched get another round, which
// costs less than to put each packet's flow to the end.
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

// forget makes room for another flow between the same ends.
func (t *tracker) forget(f *flow) {
	for s := range f.half {
		t.drain(f, s)
	}
	f.remove()
	delete(t.flows, f.ends)
	t.last[f.ends.slot()] = nil
}
