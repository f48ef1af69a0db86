package pcap

// half is one direction of a flow.
type half struct {
	next  uint32 // the sequence number that is awaited, once started
	syn   uint32 // that of the SYN, once synSeen
	first uint32 // that of the first data, once it spoke
	stray uint32 // that of the first of the strays
	hole  *hole  // where something is missing, nil when nothing is

	strays  int32
	started bool
	closed  bool
	reset   bool
	synSeen bool
	spoke   bool
	listed  bool // it stands in tracker.waiting
}

// window is how far from the awaited byte a segment may be: TCP's largest window is 1 GB. At nearly
// twice that distance, earlier and later could no longer be distinguished.
const window = 1<<30 - 1<<16

func beyond(distance, limit int32) bool { return distance > limit || distance < -limit }

// jumps reports whether a sequence number is more than maxJump bytes from the awaited one, so that
// it hardly belongs to the same connection.
func (h *half) jumps(seq uint32) bool { return h.started && beyond(int32(seq-h.next), maxJump) }

// feed handles one segment of the capture. It makes items of bytes that come in order, also of
// those that come with bytes sent again: the bytes that came first count.
func (t *tracker) feed(f *flow, from int, seg *segment) {
	h := &f.half[from]
	if h.closed {
		if seg.has(flagRST) && !h.reset {
			t.pushClose(f, from, t.packet, true)
		}
		return
	}
	seq, data, cut := seg.seq, seg.payload, seg.cut
	if seg.has(flagRST) {
		data, cut = nil, 0 // some hosts put a message for people there
	}
	if seg.has(flagSYN) && !seg.has(flagRST) {
		h.synSeen, h.syn = true, seq
		if h.started {
			t.began(f, from, seq+1)
			return // a receiver drops it, and the data on it (RFC 5961)
		}
		seq++
		h.started, h.next = true, seq
	}
	size := len(data) + cut
	if !h.started {
		if size == 0 && !seg.has(flagFIN|flagRST) {
			return
		}
		if h.started, h.next = true, seq; seg.probes() {
			h.next++
			return
		}
		if !seg.has(flagRST) {
			t.missing(f, from).guess = true
		}
	}
	if size > 0 && !h.spoke {
		h.spoke, h.first = true, seq
	}
	if t.strays(h, seq, size) {
		return
	}
	if o := h.hole; o != nil && o.last != nil && o.last.reset && size > 0 {
		if o.after++; o.after > maxStrays { // the sender goes on, so the RST was forged and ignored
			o.last = nil
			t.settle(f, from)
		}
	}
	switch {
	case h.hole == nil && int32(seq-h.next) <= 0:
		t.inOrder(f, from, seq, data, cut)
	case size > 0:
		t.afterHole(f, from, seq, data, cut)
	}
	if seg.has(flagFIN | flagRST) {
		t.ends(f, from, seq+uint32(size), seg.has(flagRST))
	}
	t.settle(f, from)
}

// probes reports whether a segment may be a keep-alive probe: one zero byte in place of the last
// byte that was sent.
func (s *segment) probes() bool {
	return len(s.payload) == 1 && s.payload[0] == 0 && s.cut == 0 && s.flags&^flagACK == 0
}

// strays counts a segment that is far outside of the window, and reports whether it is.
func (t *tracker) strays(h *half, seq uint32, size int) bool {
	if !beyond(int32(seq-h.next), window) {
		h.strays = 0
		return false
	}
	if size > 0 {
		if h.strays == 0 {
			h.stray = seq
		}
		h.strays++
	}
	return true
}

// inOrder handles data that begins at the awaited byte or before it, and that was followed by cut
// bytes that were not captured.
func (t *tracker) inOrder(f *flow, from int, seq uint32, data []byte, cut int) {
	h := &f.half[from]
	if known := h.next - seq; int(known) < len(data) {
		data = data[known:]
		t.data(f, from, t.packet, data[:len(data):len(data)])
	}
	if missing := int32(seq + uint32(len(data)+cut) - h.next); cut > 0 && missing > 0 {
		t.lost(f, from, t.packet, int(missing))
	}
}

// data makes an item of the next bytes of a direction.
func (t *tracker) data(f *flow, from int, p *packet, data []byte) {
	h := &f.half[from]
	item := t.item(&p.origin, KindData, f, from)
	item.Data, item.Comments, item.Offset = data, p.take(), p.offset(h.next)
	h.next += uint32(len(data))
}

// lost makes an item for n bytes that are missing before those that p brought, or at its end.
func (t *tracker) lost(f *flow, from int, p *packet, n int) {
	t.item(&p.origin, KindLost, f, from).Lost = n
	f.half[from].next += uint32(n)
}

// ends handles a FIN or RST with the sequence number at.
func (t *tracker) ends(f *flow, from int, at uint32, reset bool) {
	h := &f.half[from]
	if reset { // nothing goes on either way
		t.begin(f, from)
		t.drain(f, 1-from)
	}
	switch distance := int32(at - h.next); {
	case distance == 0 && (h.hole == nil || reset):
		t.drain(f, from)
		t.close(f, from, t.packet, reset)
	case distance >= 0:
		t.missing(f, from).last = &last{at, t.packet, reset}
		t.kept = true
	} // else it is stale
}

func (t *tracker) close(f *flow, from int, p *packet, reset bool) {
	f.half[from].closed = true
	t.pushClose(f, from, p, reset)
}

func (t *tracker) pushClose(f *flow, from int, p *packet, reset bool) {
	f.half[from].reset = reset
	item := t.item(&p.origin, KindClose, f, from)
	item.Reset, item.Comments = reset, p.take()
}
