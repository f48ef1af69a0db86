package pcap

import (
	"encoding/binary"
	"net/netip"
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

// synOptions: a maximum segment size, and a window scale of 14, which makes the window of 65,535
// nearly 1 GB.
const synOptions = "\x02\x04\xff\xd7\x01\x03\x03\x0e"

// frame appends one packet of the end from as an enhanced packet block, and advances the sequence
// numbers of the flow.
func (f *Flow) frame(from int, flags byte, payload []byte, at time.Time, comments []string) {
	if len(comments) == 0 {
		comments = f.w.bare
	}
	b, start, packet := beginFrame(f.w.buf, at)
	f.w.buf = endFrame(f.appendPacket(b, from, flags, payload), start, packet, comments)

	f.seq[from] += uint32(len(payload))
	if flags&(flagSYN|flagFIN) != 0 {
		f.seq[from]++
	}
	if flags&flagACK != 0 {
		f.acked[1-from] = f.seq[1-from]
	}
}

// beginFrame appends the head of an enhanced packet block, and returns where the block and its
// packet begin.
func beginFrame(b []byte, at time.Time) (_ []byte, start, packet int) {
	b, start = beginBlock(b, blockPacket)
	b = le.AppendUint32(b, 0) // the interface
	b = appendTime(b, at)
	b = append(b, 0, 0, 0, 0, 0, 0, 0, 0) // captured and original length
	return b, start, len(b)
}

func endFrame(b []byte, start, packet int, comments []string) []byte {
	n := len(b) - packet
	le.PutUint32(b[packet-8:], uint32(n))
	le.PutUint32(b[packet-4:], uint32(n))
	return endBlock(appendComments(pad4(b, n), comments), start)
}

func (f *Flow) appendPacket(b []byte, from int, flags byte, payload []byte) []byte {
	options := ""
	if flags&flagSYN != 0 {
		options = synOptions
	}
	b, sum := appendIP(b, f.ends[from].Addr(), f.ends[1-from].Addr(), protocolTCP, 20+len(options)+len(payload))
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

// appendIP appends the heads of an Ethernet frame and of an IP packet that carries length bytes of
// a protocol. sum is the part of that protocol's checksum that covers the IP packet. The frames are
// Ethernet because many programs cannot handle captures of bare IP packets, or several of them in
// one file.
func appendIP(b []byte, src, dst netip.Addr, protocol byte, length int) (_ []byte, sum uint32) {
	sum = uint32(int(protocol) + length)
	b = appendHardware(appendHardware(b, dst), src)
	if src.Is4() {
		s, d := src.As4(), dst.As4()
		b = be.AppendUint16(b, typeIPv4)
		header := len(b)
		b = append(b, 0x45, 0)
		b = be.AppendUint16(b, uint16(20+length))
		b = append(b, 0, 0, 0x40, 0, 64, protocol, 0, 0) // no identification, do not fragment
		b = append(append(b, s[:]...), d[:]...)
		be.PutUint16(b[header+10:], gopacket.FoldChecksum(gopacket.ComputeChecksum(b[header:], 0)))
		return b, gopacket.ComputeChecksum(b[header+12:], sum)
	}
	s, d := src.As16(), dst.As16()
	b = be.AppendUint16(b, typeIPv6)
	b = append(b, 0x60, 0, 0, 0)
	b = be.AppendUint16(b, uint16(length))
	b = append(b, protocol, 64)
	addrs := len(b)
	b = append(append(b, s[:]...), d[:]...)
	return b, gopacket.ComputeChecksum(b[addrs:], sum)
}

// appendHardware appends a hardware address made of the last bytes of an IP address. Its first byte
// says that it was not given out by a maker of hardware.
func appendHardware(b []byte, a netip.Addr) []byte {
	const local = 2
	all := a.As16()
	return append(append(b, local, 0), all[12:]...)
}
