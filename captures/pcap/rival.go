package pcap

import "bytes"

// rival is a second SYN between the ends of a connection that has not ended. It may begin another
// connection, be forged and mean nothing, or be the first one again: where a capture has both sides
// of a firewall that changes sequence numbers, every segment is in it twice.
type rival struct {
	from   int
	seg    segment // its payload is a copy
	packet *packet

	// twin reports that this is the connection itself, seen behind a firewall, in which case shift
	// is what the firewall adds to the sequence numbers of each direction.
	twin  bool
	shift [2]uint32
}

// confirmed reports whether a segment goes on from the rival SYN: from the same end with the next
// sequence number, or from the other one with an acknowledgement of it.
func (r *rival) confirmed(from int, seg *segment) bool {
	next := r.seg.seq + 1
	if from == r.from {
		return !seg.has(flagSYN) && (seg.seq == next || seg.seq == next+uint32(len(r.seg.payload)))
	}
	return seg.has(flagACK) && seg.ack-next <= uint32(len(r.seg.payload))
}

// contest decides what a segment means for a flow that has a rival. It returns the flow that the
// segment belongs to, another one if the rival has taken its place.
func (t *tracker) contest(f *flow, seg *segment) *flow {
	r, from := f.rival, f.side(seg)
	if r.twin {
		t.unshift(f, seg)
		return f
	}
	if !r.confirmed(from, seg) {
		return f
	}
	mine, other := &f.half[r.from], &f.half[1-r.from]
	quiet := !mine.spoke && !other.spoke && !mine.closed && !other.closed
	if quiet && mine.synSeen && other.synSeen && from != r.from && seg.has(flagSYN) {
		r.twin, r.packet = true, nil
		r.shift[r.from], r.shift[from] = r.seg.seq-mine.syn, seg.seq-other.syn
		t.unshift(f, seg)
		return f
	}
	var own *rival
	if quiet && mine.synSeen && !other.synSeen { // its SYN may still turn out to be the twin
		own = &rival{from: r.from, seg: r.seg, packet: r.packet.again()}
		own.seg.seq, own.seg.payload = mine.syn, nil
	}
	now := t.packet
	t.forget(f)
	t.packet = r.packet
	f = t.open(&r.seg)
	f.rival = own
	t.feed(f, f.side(&r.seg), &r.seg)
	t.packet = now
	return f
}

// challenge makes a SYN the rival of the flow between its ends.
func (t *tracker) challenge(f *flow, seg *segment) {
	r := &rival{from: f.side(seg), seg: *seg, packet: t.packet}
	r.seg.payload = bytes.Clone(seg.payload)
	f.rival, t.kept = r, true
}

// unshift gives a segment that comes from behind the firewall the sequence numbers before it.
func (t *tracker) unshift(f *flow, seg *segment) {
	from := f.side(seg)
	h, shift := &f.half[from], f.rival.shift
	if magnitude(int32(seg.seq-shift[from]-h.next)) < magnitude(int32(seg.seq-h.next)) {
		seg.seq -= shift[from]
		seg.ack -= shift[1-from]
		t.packet.seq -= shift[from]
	}
}

func magnitude(n int32) uint32 {
	if n < 0 {
		return uint32(-n)
	}
	return uint32(n)
}
