package pcap

// network returns the IP packet in a link-layer frame, to the end of the frame, or nothing for
// another protocol. known is false for link types that are not supported; a nil frame asks for just
// that.
func network(link int, frame []byte) (ip []byte, known bool) {
	switch link {
	case linkEthernet:
		return afterType(frame, 12), true
	case linkRaw, linkRawBSD, linkRawOpen, linkIPv4, linkIPv6:
		return frame, true
	// The head is an address family, whose byte order and values differ between systems; the first
	// bits of the packet say it too.
	case linkNull, linkLoop:
		return dropFirst(frame, 4), true
	case linkSLL:
		return afterType(frame, 14), true
	case linkSLL2:
		return cooked2(frame), true
	case linkPPP, linkPPPHDLC:
		return pointToPoint(frame), true
	case linkPPPEther:
		return pointToPoint(dropFirst(frame, 6)), true
	case linkCHDLC:
		return afterType(frame, 2), true
	case linkNFLOG:
		return netfilter(frame), true
	case linkFDDI, linkWiFi, linkPFLog, linkPrism, linkRadiotap:
		return nil, true // the library's
	}
	return nil, false
}

const (
	typeIPv4  = 0x0800
	typeARP   = 0x0806
	typeIPv6  = 0x86dd
	typeVLAN  = 0x8100
	typeQinQ  = 0x88a8
	typeQinQ1 = 0x9100 // before it had a standard
	typePPPoE = 0x8864
)

// afterType returns what follows the Ethernet type at offset at and any VLAN tags, if it is IP.
func afterType(frame []byte, at int) []byte {
	for len(frame) >= at+2 {
		switch be.Uint16(frame[at:]) {
		case typeIPv4, typeIPv6:
			return frame[at+2:]
		case typeVLAN, typeQinQ, typeQinQ1:
			at += 4
		case typePPPoE:
			return pointToPoint(dropFirst(frame, at+8))
		default:
			return nil
		}
	}
	return nil
}

// cooked2 returns the packet in a Linux cooked frame of version 2, which has its type before the
// other fields and VLAN tags after them.
func cooked2(frame []byte) []byte {
	if len(frame) < 20 {
		return nil
	}
	switch be.Uint16(frame) {
	case typeIPv4, typeIPv6:
		return frame[20:]
	case typeVLAN, typeQinQ, typeQinQ1:
		return afterType(frame, 22)
	}
	return nil
}

// pointToPoint returns the packet in a PPP frame, with or without address and control before the
// protocol.
func pointToPoint(frame []byte) []byte {
	if len(frame) > 2 && frame[0] == 0xff && frame[1] == 0x03 {
		frame = frame[2:]
	}
	if len(frame) < 2 {
		return nil
	}
	switch be.Uint16(frame) {
	case 0x0021, 0x0057: // IPv4, IPv6
		return frame[2:]
	}
	switch frame[0] { // a protocol compressed to one byte (RFC 1661 §6.5)
	case 0x21, 0x57:
		return frame[1:]
	}
	return nil
}

// netfilter returns the packet in a frame of Linux's NFLOG: after a head of four bytes, fields of a
// length and a type in the byte order of the machine, which is taken to be little-endian.
func netfilter(frame []byte) []byte {
	const payload = 9
	b := dropFirst(frame, 4)
	for len(b) >= 4 {
		n, typ := int(le.Uint16(b)), le.Uint16(b[2:])
		if n < 4 || n > len(b) {
			return nil
		}
		if typ == payload {
			return b[4:] // it is the last field
		}
		b = dropFirst(b, (n+3)&^3)
	}
	return nil
}

func dropFirst(b []byte, n int) []byte { return b[min(n, len(b)):] }
