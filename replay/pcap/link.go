package pcap

// network returns the IP packet within a link-layer frame, to the frame's end; nothing if there is another protocol in it.
// known is false for link types that are not supported; ask with a nil frame to learn just that.
func network(link int, frame []byte) (ip []byte, known bool) {
	switch link {
	case linkEthernet:
		return afterType(frame, 12), true
	case linkRaw, linkRawBSD, linkRawOpen, linkIPv4, linkIPv6:
		return frame, true
	case linkNull, linkLoop: // an address family, in an order and with values that differ; the packet's first bits say it too
		return behind(frame, 4), true
	case linkSLL:
		return afterType(frame, 14), true
	case linkSLL2:
		return cooked2(frame), true
	case linkPPP, linkPPPHDLC:
		return pointToPoint(frame), true
	case linkPPPEther:
		return pointToPoint(behind(frame, 6)), true
	}
	return nil, false
}

const (
	typeIPv4  = 0x0800
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
			return pointToPoint(behind(frame, at+8))
		default:
			return nil
		}
	}
	return nil
}

// cooked2 has its type in front of the other fields, VLAN tags behind them.
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

// pointToPoint takes PPP, with or without address and control in front of the protocol.
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
	return nil
}

func behind(b []byte, n int) []byte { return b[min(n, len(b)):] }
