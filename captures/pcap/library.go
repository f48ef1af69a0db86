package pcap

import (
	"bytes"
	"sort"

	"github.com/gopacket/gopacket"
	"github.com/gopacket/gopacket/layers"
	"github.com/gopacket/gopacket/reassembly"
)

func (t *tracker) assemble(m mode, f *flow, from int, tcp layers.TCP) {
	a := &t.hold
	a.mode, a.flow, a.side, a.gives, a.tcp = m, f, from, false, tcp
	key := f.half[from].hole.key
	t.packet.info.Timestamp = t.packet.time
	a.asm.AssembleWithContext(key, &a.tcp, t.packet)
	if m == modeForget { // it forgets when both directions have ended
		a.tcp = tcp
		a.asm.AssembleWithContext(key.Reverse(), &a.tcp, t.packet)
	}
	a.flow, a.tcp.Payload = nil, nil
}

// accept decides whether the assembler takes a segment. next is the sequence number that it waits
// for, negative if it has not seen any; *start makes it use this segment as the first.
func (t *tracker) accept(tcp *layers.TCP, next reassembly.Sequence, start *bool) bool {
	switch t.hold.mode {
	case modeBegin:
		*start = true
	case modeForget:
		*start = next < 0
		tcp.Seq = uint32(max(next, 0))
	}
	return true
}

// reassembled handles what the assembler gives out: the bytes of one or more packets, in order,
// perhaps after a hole.
func (t *tracker) reassembled(sg reassembly.ScatterGather) {
	a := &t.hold
	n, _ := sg.Lengths()
	if a.mode == modeForget || n == 0 {
		return
	}
	a.gives = true
	a.flow.half[a.side].hole.since = t.packet.time
	if _, _, _, lost := sg.Info(); lost > 0 {
		t.lost(a.flow, a.side, packetAt(sg, 0), lost)
	}
	t.pieces(sg, n)
}

// pieces makes one item of each packet's bytes. Those of the current packet are not copied; others
// are, since the assembler reuses their memory.
func (t *tracker) pieces(sg reassembly.ScatterGather, n int) {
	b, whole := sg.Fetch(n), t.hold.tcp.Payload
	if n > len(whole) || &b[0] != &whole[len(whole)-n] {
		b = bytes.Clone(b)
	}
	for at := 0; at < n; {
		p, to := packetAt(sg, at), n
		if sg.Stats().Chunks > 1 {
			to = at + 1 + sort.Search(n-at-1, func(i int) bool { return packetAt(sg, at+1+i) != p })
		}
		t.data(t.hold.flow, t.hold.side, p, b[at:to:to])
		at = to
	}
}

func packetAt(sg reassembly.ScatterGather, offset int) *packet {
	return sg.CaptureInfo(offset).AncillaryData[0].(*packet)
}

// factory returns the same stream for every connection, since the tracker knows which one a call is
// for.
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

// ReassemblyComplete lets the assembler forget a connection whose directions have both ended.
func (s stream) ReassemblyComplete(reassembly.AssemblerContext) bool { return true }
