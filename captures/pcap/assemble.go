package pcap

import (
	"bytes"
	"slices"
	"sort"
	"time"

	"github.com/gopacket/gopacket"
	"github.com/gopacket/gopacket/layers"
	"github.com/gopacket/gopacket/reassembly"
)

// hole is a gap in one direction, with the bytes that came after it: the assembler holds them,
// under a key that nothing else had before. When the gap is filled, or given up, the assembler
// forgets the key, and the direction no longer needs it.
type hole struct {
	key   gopacket.Flow
	held  []span // what the assembler holds, in order and not overlapping
	cuts  []span // what was not captured of segments that were
	since time.Time
	last  *last
	after int // segments with data that came since last

	// guess says that the direction begins in the middle: perhaps there is more before its first
	// segment. Until that is decided, early has what has come, in that order.
	guess bool
	early []early
}

// early is a segment with data of a direction whose beginning is guessed. Its data is a copy.
type early struct {
	packet *packet
	seq    uint32
	data   []byte
	cut    int
}

const (
	// maxGuess is how many segments are enough to show where a direction without SYN begins:
	// reordered segments are near each other. An acknowledgement of the other end shows it earlier.
	maxGuess = 4
	// guessLife is how long, by the capture's time, that many segments are waited for.
	guessLife = time.Second
	// maxEarly is how many bytes wait in all directions for that. Beyond it a guess is decided at
	// once.
	maxEarly = 8 << 20
)

// span is a range of sequence numbers, without to.
type span struct{ from, to uint32 }

// last is a FIN or RST that came before some of the data that precedes it.
type last struct {
	at     uint32
	packet *packet
	reset  bool
}

// assembler is the library's assembler, with the call that is in progress.
type assembler struct {
	asm   *reassembly.Assembler
	keys  uint64
	tcp   layers.TCP
	mode  mode
	flow  *flow
	side  int
	gives bool // the call gave something out
}

// mode is the purpose of a call of the assembler.
type mode uint8

const (
	modeBegin  mode = iota // to set the awaited sequence number
	modeData               // a segment of the capture
	modeDrain              // to get what waits after a hole
	modeForget             // to make it forget a direction
)

// missing returns the hole of a direction, and begins one if there is none.
func (t *tracker) missing(f *flow, from int) *hole {
	h := &f.half[from]
	if h.hole == nil {
		h.hole = &hole{since: t.packet.time}
		if !h.listed {
			h.listed = true
			t.waiting = append(t.waiting, waiting{f, from})
		}
	}
	return h.hole
}

// afterHole handles data that comes while there is a hole, or that begins one. It leaves out what
// the assembler holds already, so that the bytes that came first count: the library would use those
// that came last.
func (t *tracker) afterHole(f *flow, from int, seq uint32, data []byte, cut int) {
	h := &f.half[from]
	o := t.missing(f, from)
	if o.guess {
		if int32(h.next-seq) > 0 {
			h.next = seq
		}
		o.early = append(o.early, early{t.packet, seq, bytes.Clone(data), cut})
		t.kept, t.early = true, t.early+len(data)
		if len(o.early) > maxGuess || t.early > maxEarly {
			t.begin(f, from)
		}
		return
	}
	t.key(f, from)
	if known := int32(h.next - seq); known > 0 {
		data, cut, seq = dropFirst(data, int(known)), max(0, min(cut, cut+len(data)-int(known))), h.next
	}
	if size := uint32(len(data)); cut > 0 {
		o.cuts = append(o.cuts, span{seq + size, seq + size + uint32(cut)})
	}
	for _, s := range slices.Clone(o.held) {
		if n := int32(s.from - seq); n > 0 && len(data) > 0 {
			t.piece(f, from, seq, data[:min(int(n), len(data))])
			t.packet = t.packet.again()
		}
		if n := int32(s.to - seq); n > 0 {
			data, seq = dropFirst(data, int(n)), s.to
		}
	}
	if len(data) > 0 {
		t.piece(f, from, seq, data)
	}
}

// key registers a direction with the assembler, under a key of its own.
func (t *tracker) key(f *flow, from int) {
	o := f.half[from].hole
	if o.key != (gopacket.Flow{}) {
		return
	}
	t.hold.keys++
	id := be.AppendUint64(nil, t.hold.keys)
	o.key = gopacket.NewFlow(layers.EndpointIPv6, append(id, 0), append(id[:8:8], 1))
	t.assemble(modeBegin, f, from, layers.TCP{Seq: f.half[from].next})
}

// piece passes bytes to the assembler, which must not hold them already.
func (t *tracker) piece(f *flow, from int, seq uint32, data []byte) {
	h := &f.half[from]
	if seq != h.next {
		t.kept = true
		h.hole.add(span{seq, seq + uint32(len(data))})
	}
	t.assemble(modeData, f, from,
		layers.TCP{Seq: seq, BaseLayer: layers.BaseLayer{Payload: data[:len(data):len(data)]}})
	h.hole.until(h.next)
}

// add inserts a span, which overlaps none of the others.
func (o *hole) add(s span) {
	i := sort.Search(len(o.held), func(i int) bool { return int32(o.held[i].from-s.from) > 0 })
	o.held = slices.Insert(o.held, i, s)
	if i+1 < len(o.held) && o.held[i+1].from == s.to {
		o.held[i].to = o.held[i+1].to
		o.held = slices.Delete(o.held, i+1, i+2)
	}
	if i > 0 && o.held[i-1].to == s.from {
		o.held[i-1].to = o.held[i].to
		o.held = slices.Delete(o.held, i, i+1)
	}
}

// until removes the spans before next, which the assembler has given out.
func (o *hole) until(next uint32) {
	n := 0
	for n < len(o.held) && int32(o.held[n].to-next) <= 0 {
		n++
	}
	o.held = slices.Delete(o.held, 0, n)
}

// settle ends a hole once it is filled, and ends the direction if its FIN or RST was waiting for
// that.
func (t *tracker) settle(f *flow, from int) {
	h := &f.half[from]
	o := h.hole
	if o == nil || o.guess {
		return
	}
	t.skip(f, from)
	if len(o.held) > 0 {
		return
	}
	if o.last != nil && int32(o.last.at-h.next) > 0 {
		return
	}
	t.drop(f, from)
	h.hole = nil
	if o.last != nil && o.last.at == h.next { // else data went on beyond it: it was none
		t.close(f, from, o.last.packet, o.last.reset)
	}
}

// skip passes over bytes that the capture left out of a segment, and that no waiting can bring.
func (t *tracker) skip(f *flow, from int) {
	h := &f.half[from]
	o := h.hole
	for i := 0; i < len(o.cuts); i++ {
		c := o.cuts[i]
		switch {
		case int32(c.to-h.next) <= 0:
		case int32(c.from-h.next) > 0:
			continue
		case len(o.held) == 0:
			t.lost(f, from, t.packet, int(c.to-h.next))
			t.drop(f, from)
		case int32(o.held[0].from-c.to) <= 0:
			t.step(f, from)
		default:
			continue
		}
		o.cuts = slices.Delete(o.cuts, i, i+1)
		i = -1
	}
}

// begin decides where a direction without SYN begins: at the lowest sequence number that has come.
func (t *tracker) begin(f *flow, from int) {
	h := &f.half[from]
	o := h.hole
	if o == nil || !o.guess {
		return
	}
	all, now := o.early, t.packet
	o.guess, o.early = false, nil
	for _, e := range all {
		t.early -= len(e.data)
		t.packet = e.packet
		if o.key == (gopacket.Flow{}) && int32(e.seq-h.next) <= 0 {
			t.inOrder(f, from, e.seq, e.data, e.cut)
		} else {
			t.afterHole(f, from, e.seq, e.data, e.cut)
		}
	}
	t.packet = now
	t.settle(f, from)
}

// began handles a SYN that came after data, and so shows where the data begins.
func (t *tracker) began(f *flow, from int, seq uint32) {
	h := &f.half[from]
	if o := h.hole; o != nil && o.guess {
		if int32(h.next-seq) > 0 {
			h.next = seq
		}
		t.begin(f, from)
	}
}

// acknowledged handles a segment of the other end while the beginning of a direction is guessed: an
// acknowledgement of some of its first bytes shows that nothing before them is missing.
func (t *tracker) acknowledged(f *flow, from int, seg *segment) {
	h := &f.half[from]
	if o := h.hole; o != nil && o.guess && seg.has(flagACK) && int32(seg.ack-h.next) > 0 {
		t.begin(f, from)
	}
}

// step makes the assembler give out the first piece that waits, and what follows it without a hole.
// The library has no such call for a single connection, but gives that out when an empty segment
// beyond the hole makes one page too many.
func (t *tracker) step(f *flow, from int) {
	h := &f.half[from]
	t.hold.asm.MaxBufferedPagesPerConnection = 1
	t.assemble(modeDrain, f, from, layers.TCP{Seq: h.next + 1})
	t.hold.asm.MaxBufferedPagesPerConnection = maxPages
	if !t.hold.gives {
		h.hole.held = nil
	}
	h.hole.until(h.next)
}

// drop makes the assembler forget a direction.
func (t *tracker) drop(f *flow, from int) {
	o := f.half[from].hole
	if o.key != (gopacket.Flow{}) {
		t.assemble(modeForget, f, from, layers.TCP{RST: true})
	}
	o.key = gopacket.Flow{}
}

// drain gives up the hole of a direction, if there is one, and takes everything that waits.
func (t *tracker) drain(f *flow, from int) {
	h := &f.half[from]
	o := h.hole
	if o == nil {
		return
	}
	t.begin(f, from)
	if h.hole != o {
		return
	}
	for len(o.held) > 0 {
		t.step(f, from)
	}
	if o.last != nil {
		if n := int32(o.last.at - h.next); n > 0 {
			t.lost(f, from, o.last.packet, int(n))
		}
	}
	t.settle(f, from)
}

// sweep, once a second of the capture's time, gives up the holes that are too old. A clock that is
// set back restarts their time. It also runs when the list must be mostly of flows that are
// forgotten: a million may begin at one moment.
func (t *tracker) sweep(now time.Time) {
	if len(t.waiting) == 0 {
		return
	}
	since := now.Sub(t.swept)
	if 0 <= since && since < time.Second && len(t.waiting) < maxListed {
		return
	}
	t.swept = now
	keep := t.waiting[:0]
	for _, w := range t.waiting {
		h := &w.flow.half[w.side]
		switch o := h.hole; {
		case o == nil:
		case now.Sub(o.since) > holeLife:
			t.drain(w.flow, w.side)
		case o.guess && now.Sub(o.since) > guessLife:
			t.begin(w.flow, w.side)
		case now.Before(o.since):
			o.since = now
		}
		if h.listed = h.hole != nil; h.listed {
			keep = append(keep, w)
		}
	}
	clear(t.waiting[len(keep):])
	t.waiting = keep
}

// finish gives up all holes at the end of the capture.
func (t *tracker) finish() {
	for _, w := range t.waiting {
		t.drain(w.flow, w.side)
	}
	t.waiting = nil
}
