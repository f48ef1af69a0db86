package pcap

import (
	"bytes"
	"sort"

	"github.com/gopacket/gopacket"
	"github.com/gopacket/gopacket/layers"
	"github.com/gopacket/gopacket/reassembly"
)

// feed gives one segment of the capture to the assembler, which calls back to accept and reassembled.
func (t *tracker) feed(f *flow, side int, seg *segment) {
	h := &f.half[side]
	if h.closed {
		if seg.tcp.RST && !h.reset {
			t.pushClose(f, side, t.packet, true)
		}
		return
	}
	if seg.tcp.SYN {
		h.synSeen, h.syn = true, seg.tcp.Seq
	}
	t.tcp = layers.TCP{Seq: seg.tcp.Seq, Ack: seg.tcp.Ack, SYN: seg.tcp.SYN, ACK: seg.tcp.ACK, FIN: seg.tcp.FIN, RST: seg.tcp.RST}
	t.tcp.Payload = seg.tcp.Payload
	if seg.tcp.RST {
		t.tcp.Payload = nil // some hosts put a message for people there
	}
	if !h.started && len(t.tcp.Payload) > 0 {
		h.started, h.first = true, seg.tcp.Seq
	}
	t.assemble(modeSegment, f, side)
}

func (t *tracker) assemble(m mode, f *flow, side int) {
	t.mode, t.flow, t.side = m, f, side
	t.asm.AssembleWithContext(f.half[side].key, &t.tcp, t.packet)
	if h := &f.half[side]; m == modeSegment && h.end != nil && !h.closed && h.next == h.end.at {
		t.giveUp(f, side) // a RST that came early, which the assembler did not take
	}
}

// drain gets everything that waits in one direction, giving up each hole in front. The assembler has no call for one
// connection, but an empty segment beyond the hole makes it give out the first piece when one page is too many.
func (t *tracker) drain(f *flow, side int) {
	h := &f.half[side]
	t.asm.MaxBufferedPagesPerConnection = 1
	for h.waiting && !h.closed {
		n := len(t.items)
		t.tcp = layers.TCP{}
		t.assemble(modeDrain, f, side)
		h.waiting = len(t.items) > n
	}
	t.asm.MaxBufferedPagesPerConnection = maxPages
	h.waiting = false
	t.giveUp(f, side)
}

// giveUp ends a direction whose end is known although bytes in front of it never came.
func (t *tracker) giveUp(f *flow, side int) {
	h := &f.half[side]
	if h.end == nil || h.closed {
		return
	}
	e, missing := h.end, int32(h.end.at-h.next)
	h.end = nil
	if missing < 0 {
		return // data went on beyond it: it was none
	}
	if missing > 0 {
		t.lost(f, side, e.packet, int(missing))
	}
	t.pushClose(f, side, e.packet, e.reset)
	t.close(f, side)
}

func (t *tracker) pushClose(f *flow, side int, p *packet, reset bool) {
	f.half[side].reset = reset
	item := p.item(KindClose, f, side)
	item.Reset, item.Comments = reset, p.take()
	t.push(item)
}

// lost says that n bytes are missing before what p brought.
func (t *tracker) lost(f *flow, side int, p *packet, n int) {
	item := p.item(KindLost, f, side)
	item.Lost = n
	t.push(item)
}

// close makes the assembler forget a direction.
func (t *tracker) close(f *flow, side int) {
	if h := &f.half[side]; !h.closed {
		h.closed = true
		t.tcp = layers.TCP{RST: true}
		t.assemble(modeForget, f, side)
	}
}

// accept decides on a segment at the assembler's door. next is the sequence number that it waits for, negative if it has
// not seen any; *start makes it take this one for the first.
func (t *tracker) accept(tcp *layers.TCP, next reassembly.Sequence, start *bool) bool {
	h := &t.flow.half[t.side]
	if h.next = uint32(next); next < 0 {
		if h.next = tcp.Seq; tcp.SYN {
			h.next++
		}
	}
	switch {
	case t.mode == modeForget:
		if tcp.Seq = uint32(next); next < 0 {
			tcp.Seq, *start = 0, true
		}
		return true
	case t.mode == modeDrain:
		tcp.Seq = uint32(next) + 1
		return next >= 0
	case tcp.SYN:
		return true
	case next < 0:
		*start = len(tcp.Payload) > 0 || tcp.FIN || tcp.RST
		return *start
	}
	return t.inWindow(h, tcp, int32(tcp.Seq-uint32(next)))
}

// inWindow looks at a segment that lies ahead bytes beyond what is awaited.
func (t *tracker) inWindow(h *half, tcp *layers.TCP, ahead int32) bool {
	// TCP's largest window is 1 GB. Nearly twice as far off, the assembler would no longer tell before from behind.
	const window = 1<<30 - 1<<16
	if ahead > window || ahead < -window {
		if len(tcp.Payload) > 0 {
			h.strays++
		}
		return false
	}
	h.strays = 0
	if ahead > 0 && (tcp.FIN || tcp.RST) && len(tcp.Payload) == 0 {
		h.end = &end{at: tcp.Seq, packet: t.packet, reset: tcp.RST}
		t.wait(h)
	} else if ahead > 0 && len(tcp.Payload) > 0 {
		t.wait(h)
	}
	return true
}

// wait marks a direction as one that has something behind a hole, and the current packet as kept.
func (t *tracker) wait(h *half) {
	t.queued = true
	if !h.waiting {
		h.waiting, h.since = true, t.packet.time
		t.waiting = append(t.waiting, waiting{t.flow, t.side})
	}
}

// reassembled takes what the assembler gives out: the bytes of one or more packets, in order, perhaps behind a hole.
func (t *tracker) reassembled(sg reassembly.ScatterGather) {
	if t.mode == modeForget {
		return
	}
	h := &t.flow.half[t.side]
	_, _, ended, lost := sg.Info()
	n, _ := sg.Lengths()
	last := t.packet
	if n > 0 {
		last = packetAt(sg, n-1)
	}
	if lost > 0 {
		t.lost(t.flow, t.side, packetAt(sg, 0), lost)
		h.next += uint32(lost)
	}
	h.since = t.packet.time
	if n > 0 {
		t.data(sg, h.next, n)
	}
	h.next += uint32(n)
	if !ended {
		return
	}
	if h.end != nil && h.end.at == h.next {
		last = h.end.packet
	}
	h.closed, h.end = true, nil
	t.pushClose(t.flow, t.side, last, last == t.packet && t.tcp.RST)
}

// data makes one item of each packet's bytes. Those of the packet at hand stay where they are, others are copied, since
// the assembler uses their memory again. seq is the first byte's.
func (t *tracker) data(sg reassembly.ScatterGather, seq uint32, n int) {
	b, whole := sg.Fetch(n), t.tcp.Payload
	if n > len(whole) || &b[0] != &whole[len(whole)-n] {
		b = bytes.Clone(b)
	}
	for at := 0; at < n; {
		p, to := packetAt(sg, at), n
		if sg.Stats().Chunks > 1 {
			to = at + 1 + sort.Search(n-at-1, func(i int) bool { return packetAt(sg, at+1+i) != p })
		}
		item := p.item(KindData, t.flow, t.side)
		item.Data, item.Comments, item.Offset = b[at:to:to], p.take(), -1
		if p.off >= 0 {
			item.Offset = p.off + int64(seq+uint32(at)-p.seq)
		}
		t.push(item)
		at = to
	}
}

func packetAt(sg reassembly.ScatterGather, offset int) *packet {
	return sg.CaptureInfo(offset).AncillaryData[0].(*packet)
}

// factory gives every connection the same stream: the tracker knows which one it is about.
type factory struct{ t *tracker }

func (f factory) New(_, _ gopacket.Flow, _ *layers.TCP, _ reassembly.AssemblerContext) reassembly.Stream {
	return stream(f)
}

// stream is the tracker as the assembler sees it.
type stream struct{ t *tracker }

func (s stream) Accept(tcp *layers.TCP, _ gopacket.CaptureInfo, _ reassembly.TCPFlowDirection, next reassembly.Sequence,
	start *bool, _ reassembly.AssemblerContext,
) bool {
	return s.t.accept(tcp, next, start)
}

func (s stream) ReassembledSG(sg reassembly.ScatterGather, _ reassembly.AssemblerContext) {
	s.t.reassembled(sg)
}

// ReassemblyComplete lets the assembler forget a connection whose directions have both ended. The tracker still knows it,
// and keeps what comes late away.
func (s stream) ReassemblyComplete(reassembly.AssemblerContext) bool { return true }
