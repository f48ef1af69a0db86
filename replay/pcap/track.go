package pcap

import (
	"container/list"
	"net/netip"
	"slices"
	"time"

	"github.com/gopacket/gopacket"
	"github.com/gopacket/gopacket/layers"
	"github.com/gopacket/gopacket/reassembly"
)

const (
	// maxFlows is how many connections are remembered, open or closed: some 40 MB. Beyond that the one that was silent
	// longest is given up; what comes of it later is a flow of its own.
	maxFlows = 1 << 16
	// maxPages is how many pieces of up to 1,900 bytes one direction holds behind a hole before the hole counts as lost.
	maxPages = 64
	// maxPagesTotal is the same over all flows: 32 MB.
	maxPagesTotal = 1 << 14
	// holeLife is how long, in the capture's time, segments wait for what is missing before them. Segments change places
	// within milliseconds and are sent again within seconds.
	holeLife = 5 * time.Second
	// maxStrays is how many segments in a row may lie far outside of the window before they count as a new connection
	// whose beginning the capture missed.
	maxStrays = 8
)

// ends identifies a connection: its two ends, the smaller one first.
type ends struct{ a, b netip.AddrPort }

// flow is a connection and what must be known of its next segments.
type flow struct {
	info *FlowInfo
	ends ends
	half [2]half // what the client sent, what the server sent
	age  *list.Element
}

// half is one direction of a flow.
type half struct {
	key     gopacket.Flow // names the direction to the assembler, unique in this Reader
	synSeen bool
	started bool
	closed  bool
	reset   bool
	syn     uint32 // its sequence number, once seen
	first   uint32 // the first data's sequence number, once started

	next    uint32 // the sequence number that is awaited, as far as the assembler said
	waiting bool   // segments, or the end, may be waiting behind a hole
	since   time.Time
	end     *end // a FIN or RST behind a hole
	strays  int
}

// end is a FIN or RST that came before the data in front of it.
type end struct {
	at     uint32
	packet *packet
	reset  bool
}

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

// item returns an item of what the packet brought in one direction.
func (p *packet) item(kind Kind, f *flow, from int) Item {
	return Item{Kind: kind, Flow: f.info, FromClient: from == client, Time: p.time, Packet: p.number}
}

// GetCaptureInfo makes packet a reassembly.AssemblerContext.
func (p *packet) GetCaptureInfo() gopacket.CaptureInfo { return p.info }

// take returns the packet's comments the first time: one item only has them.
func (p *packet) take() []string {
	c := p.comments
	p.comments = nil
	return c
}

func newPacket() *packet {
	p := new(packet)
	p.info.AncillaryData = []any{p}
	return p
}

// tracker sorts segments into flows and flows into items.
//
// The assembler knows a direction by a number of the tracker's own, never by its addresses. So a port that is used again
// is simply another connection, which the assembler by itself would not notice behind a one-sided FIN.
type tracker struct {
	port   uint16
	opened int
	flows  map[ends]*flow
	ages   *list.List // of *flow, the one that was silent longest first
	asm    *reassembly.Assembler
	tcp    layers.TCP // what the assembler is given: keeps no slice of the decoder's
	mode   mode

	flow    *flow // whose segment is with the assembler
	side    int
	packet  *packet // that brought it
	queued  bool    // the assembler holds packet
	waiting []waiting
	swept   time.Time

	items []Item
	head  int
}

// waiting is a direction that waits for a hole to fill.
type waiting struct {
	flow *flow
	side int
}

// mode says why the assembler is called.
type mode uint8

const (
	modeSegment mode = iota // a segment of the capture
	modeDrain               // to get what waits behind a hole
	modeForget              // to make it forget a direction
)

func (t *tracker) init() {
	t.flows = make(map[ends]*flow)
	t.ages = list.New()
	t.asm = reassembly.NewAssembler(reassembly.NewStreamPool(factory{t}))
	t.asm.MaxBufferedPagesPerConnection = maxPages
	t.asm.MaxBufferedPagesTotal = maxPagesTotal
	t.packet = newPacket()
}

func (t *tracker) push(i Item) { t.items = append(t.items, i) }

func (t *tracker) pop() (Item, bool) {
	if t.head == len(t.items) {
		t.items, t.head = t.items[:0], 0
		return Item{}, false
	}
	i := t.items[t.head]
	t.items[t.head] = Item{} // comments and data go as soon as they are read
	t.head++
	return i, true
}

// segment takes the next segment of the capture. Its payload stays in use until the items it led to are popped.
func (t *tracker) segment(seg *segment, from origin) {
	t.sweep(from.time)
	if t.queued {
		t.packet, t.queued = newPacket(), false // the assembler holds on to the last one
	}
	t.packet.origin, t.packet.info.Timestamp = from, from.time
	if t.packet.seq = seg.tcp.Seq; seg.tcp.SYN {
		t.packet.seq++
	}

	f := t.find(seg)
	if f == nil {
		f = t.open(seg)
	}
	t.ages.MoveToBack(f.age)
	s := f.side(seg)
	t.feed(f, s, seg)
	if f.half[s].strays > maxStrays {
		t.forget(f)
		f = t.open(seg)
		t.feed(f, f.side(seg), seg)
	}
	if len(t.packet.comments) > 0 && !t.queued { // it brought nothing: an acknowledgement, or data sent again
		note := t.packet.item(KindNote, f, server)
		note.Comments = t.packet.take()
		t.push(note)
	}
}

// find returns the flow that a segment belongs to, nil if it begins one.
func (t *tracker) find(seg *segment) *flow {
	f := t.flows[endsOf(seg)]
	if f != nil && f.replacedBy(seg) {
		t.forget(f)
		return nil
	}
	return f
}

func endsOf(seg *segment) ends {
	if seg.src.Compare(seg.dst) <= 0 {
		return ends{seg.src, seg.dst}
	}
	return ends{seg.dst, seg.src}
}

// replacedBy tells whether a segment begins another connection between the same ends: a SYN that is not this one's.
func (f *flow) replacedBy(seg *segment) bool {
	if !seg.tcp.SYN || seg.tcp.RST {
		return false
	}
	from := f.side(seg)
	mine, other := &f.half[from], &f.half[1-from]
	switch {
	case mine.synSeen:
		return mine.syn != seg.tcp.Seq
	case mine.started: // its own SYN, come late?
		return mine.first != seg.tcp.Seq+1
	case seg.tcp.ACK:
		return other.synSeen && seg.tcp.Ack != other.syn+1
	}
	return other.started
}

func (f *flow) side(seg *segment) int { return side(seg.src == f.info.Client) }

func (t *tracker) open(seg *segment) *flow {
	if len(t.flows) >= maxFlows {
		t.forget(t.ages.Front().Value.(*flow))
	}
	t.opened++
	f := &flow{info: &FlowInfo{ID: t.opened, Guessed: !seg.tcp.SYN}, ends: endsOf(seg)}
	f.info.Client, f.info.Server = seg.src, seg.dst
	if t.serverSends(seg) {
		f.info.Client, f.info.Server = seg.dst, seg.src
	}
	id := be.AppendUint64(nil, uint64(t.opened))
	f.half[client].key = gopacket.NewFlow(layers.EndpointIPv6, append(id, 0), append(id[:8:8], 1))
	f.half[server].key = f.half[client].key.Reverse()
	f.age = t.ages.PushBack(f)
	t.flows[f.ends] = f
	item := t.packet.item(KindOpen, f, f.side(seg))
	if seg.tcp.SYN {
		item.Comments = t.packet.take()
	}
	t.push(item)
	return f
}

// serverSends tells whether a flow's first segment comes from the server: by the SYN, else by the port; else who sends
// first is the client.
func (t *tracker) serverSends(seg *segment) bool {
	if seg.tcp.SYN {
		return seg.tcp.ACK
	}
	port := t.port
	if port == 0 {
		port = ServerPort
	}
	return seg.src.Port() == port && seg.dst.Port() != port
}

// sweep, once a second, gives up the holes that are too old.
func (t *tracker) sweep(now time.Time) {
	if len(t.waiting) == 0 || now.Sub(t.swept) < time.Second {
		return
	}
	t.swept = now
	keep := t.waiting[:0]
	for _, w := range t.waiting {
		h := &w.flow.half[w.side]
		if now.Sub(h.since) > holeLife {
			t.drain(w.flow, w.side)
		}
		if h.waiting {
			keep = append(keep, w)
		}
	}
	clear(t.waiting[len(keep):])
	t.waiting = keep
}

// finish gives up all holes: the capture is at its end.
func (t *tracker) finish() {
	for _, w := range t.waiting {
		t.drain(w.flow, w.side)
	}
	t.waiting = nil
}

// forget makes room for another flow between the same ends.
func (t *tracker) forget(f *flow) {
	if f.half[client].waiting || f.half[server].waiting {
		t.drain(f, client)
		t.drain(f, server)
		t.waiting = slices.DeleteFunc(t.waiting, func(w waiting) bool { return w.flow == f })
	}
	t.close(f, client)
	t.close(f, server)
	t.ages.Remove(f.age)
	delete(t.flows, f.ends)
}
