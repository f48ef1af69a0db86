package pcap

import (
	"net/netip"
)

// segment is a TCP segment and its two ends.
type segment struct {
	ends    ends
	swapped bool // it goes from ends.b to ends.a
	seq     uint32
	ack     uint32
	flags   byte
	payload []byte
	cut     int // bytes at the end of the payload that were not captured
	at      int // where in the packet the payload begins; -1 if the packet is one of several fragments
}

// ends identifies a connection: its two ends, the smaller one first.
type ends struct{ a, b end }

// slots is how many slots there are for connections: so many that, of a few hundred that take
// turns, hardly two share one.
const slots = 1 << slotBits

const slotBits = 13

// slot hashes a connection to one of the slots, by what differs between those that are open at the
// same time.
func (e *ends) slot() int {
	mix := (e.a.port ^ e.a.lo<<16 ^ e.b.port<<32 ^ e.b.lo<<7) * 0x9E3779B97F4A7C15
	return int(mix >> (64 - slotBits))
}

// same reports whether both are the same connection. It compares first what differs most.
func (e *ends) same(o *ends) bool {
	return e.a.lo == o.a.lo && e.b.lo == o.b.lo && e.a.port == o.a.port && e.b.port == o.b.port &&
		e.a.hi == o.a.hi && e.b.hi == o.b.hi
}

// end is an address, IPv4 mapped into IPv6, and a port. It has no padding, so that it is hashed as
// one piece of memory.
type end struct{ hi, lo, port uint64 }

func (e end) less(o end) bool {
	switch {
	case e.hi != o.hi:
		return e.hi < o.hi
	case e.lo != o.lo:
		return e.lo < o.lo
	}
	return e.port < o.port
}

func (e end) addrPort() netip.AddrPort {
	var a [16]byte
	be.PutUint64(a[:], e.hi)
	be.PutUint64(a[8:], e.lo)
	return netip.AddrPortFrom(netip.AddrFrom16(a).Unmap(), uint16(e.port))
}

// addrs4 returns the addresses of an IPv4 packet, as ends without ports.
func addrs4(p []byte) (src, dst end) {
	const mapped = 0xffff << 32
	return end{lo: mapped | uint64(be.Uint32(p[12:]))}, end{lo: mapped | uint64(be.Uint32(p[16:]))}
}

func addrs6(p []byte) (src, dst end) {
	return end{hi: be.Uint64(p[8:]), lo: be.Uint64(p[16:])}, end{hi: be.Uint64(p[24:]), lo: be.Uint64(p[32:])}
}

// has reports whether a flag is set.
func (s *segment) has(flag byte) bool { return s.flags&flag != 0 }

// from returns the sender.
func (s *segment) from() end {
	if s.swapped {
		return s.ends.b
	}
	return s.ends.a
}

func (s *segment) to() end {
	if s.swapped {
		return s.ends.a
	}
	return s.ends.b
}

// tcp parses the TCP header at the start of b, the payload of an IP packet. It needs none of the
// options.
func (s *segment) tcp(b []byte, src, dst end) bool {
	if len(b) < 20 {
		return false
	}
	head := int(b[12]>>4) * 4
	if head < 20 || head > len(b) {
		return false
	}
	src.port, dst.port = uint64(be.Uint16(b)), uint64(be.Uint16(b[2:]))
	if s.swapped = dst.less(src); s.swapped {
		src, dst = dst, src
	}
	s.ends.a, s.ends.b = src, dst
	s.seq, s.ack, s.flags = be.Uint32(b[4:]), be.Uint32(b[8:]), b[13]
	s.payload = b[head:]
	return true
}

// body returns the first total bytes of a packet, without the padding of short Ethernet frames.
// wire is how many bytes the packet had before it was captured, from which body computes cut, how
// many bytes are missing at the end. A total of zero is that of a packet that the network card was
// to segment: it extends to the end.
func body(packet []byte, total, wire int) (whole []byte, cut int) {
	if total == 0 || total > wire {
		total = wire
	}
	if total <= len(packet) {
		return packet[:total], 0
	}
	return packet, total - len(packet)
}
