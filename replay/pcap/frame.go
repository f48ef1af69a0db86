package pcap

import (
	"encoding/binary"
	"time"

	"github.com/gopacket/gopacket"
)

const (
	flagFIN = 1 << iota
	flagSYN
	flagRST
	flagPSH
	flagACK
)

var be = binary.BigEndian

// synOptions: a maximum segment size, and a window scale of 14, which makes the window of 65,535 nearly 1 GB.
const synOptions = "\x02\x04\xff\xd7\x01\x03\x03\x0e"

// frame appends one packet of end from as an enhanced packet block and moves the flow's numbers on.
func (f *Flow) frame(from int, flags byte, payload []byte, at time.Time, comments []string) {
	b, start := beginBlock(f.w.buf, blockPacket)
	b = le.AppendUint32(b, 0) // the interface
	b = appendTime(b, at)
	b = append(b, 0, 0, 0, 0, 0, 0, 0, 0) // captured and original length, below
	packet := len(b)
	b = f.appendPacket(b, from, flags, payload)
	n := len(b) - packet
	le.PutUint32(b[packet-8:], uint32(n))
	le.PutUint32(b[packet-4:], uint32(n))
	b = pad4(b, n)
	b = appendComments(b, comments)
	f.w.buf = endBlock(b, start)

	f.seq[from] += uint32(len(payload))
	if flags&(flagSYN|flagFIN) != 0 {
		f.seq[from]++
	}
	if flags&flagACK != 0 {
		f.acked[1-from] = f.seq[1-from]
	}
}

func (f *Flow) appendPacket(b []byte, from int, flags byte, payload []byte) []byte {
	options := ""
	if flags&flagSYN != 0 {
		options = synOptions
	}
	length := 20 + len(options) + len(payload)
	sum := uint32(protocolTCP + length) // the pseudo header's part of TCP's checksum
	src, dst := f.ends[from].Addr(), f.ends[1-from].Addr()
	if src.Is4() {
		s, d := src.As4(), dst.As4()
		header := len(b)
		b = append(b, 0x45, 0)
		b = be.AppendUint16(b, uint16(20+length))
		b = append(b, 0, 0, 0x40, 0, 64, protocolTCP, 0, 0) // no identification, do not fragment
		b = append(append(b, s[:]...), d[:]...)
		be.PutUint16(b[header+10:], gopacket.FoldChecksum(gopacket.ComputeChecksum(b[header:], 0)))
		sum = gopacket.ComputeChecksum(b[header+12:], sum)
	} else {
		s, d := src.As16(), dst.As16()
		b = append(b, 0x60, 0, 0, 0)
		b = be.AppendUint16(b, uint16(length))
		b = append(b, protocolTCP, 64)
		addrs := len(b)
		b = append(append(b, s[:]...), d[:]...)
		sum = gopacket.ComputeChecksum(b[addrs:], sum)
	}
	tcp := len(b)
	b = be.AppendUint16(b, f.ends[from].Port())
	b = be.AppendUint16(b, f.ends[1-from].Port())
	b = be.AppendUint32(b, f.seq[from])
	ack := f.seq[1-from]
	if flags&flagACK == 0 {
		ack = 0
	}
	b = be.AppendUint32(b, ack)
	b = append(b, byte(5+len(options)/4)<<4, flags, 0xff, 0xff, 0, 0, 0, 0)
	b = append(b, options...)
	b = append(b, payload...)
	be.PutUint16(b[tcp+16:], gopacket.FoldChecksum(gopacket.ComputeChecksum(b[tcp:], sum)))
	return b
}
