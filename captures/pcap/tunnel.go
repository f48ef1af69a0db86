package pcap

import (
	"time"

	"github.com/gopacket/gopacket"
	"github.com/gopacket/gopacket/layers"
)

// Packets inside other packets: tunnels, and link types that are rare in captures. The library
// takes them apart, at many times the cost of our own parser (link.go, decode.go), which reads the
// packets that nearly all captures consist of. The few wrappings that the library does not know are
// handled by the function further.

// maxWrappings is how many wrappings that the library does not know may lie around a packet. Real
// networks have one, or two.
const maxWrappings = 4

// unwrap returns the innermost IP packet of a frame whose outermost layer is first, to the end of
// the frame, if it holds TCP or a fragment. Otherwise it returns nil and the kind of the frame. own
// reports that the packet is a copy, as the library makes of those in radiotap frames, and not a
// part of frame.
func unwrap(first gopacket.Decoder, frame []byte) (ip []byte, own bool, why skipped) {
	rest := frame[:len(frame):len(frame)]
	for range maxWrappings {
		p := gopacket.NewPacket(rest, first, gopacket.DecodeOptions{NoCopy: true})
		all := p.Layers()
		if ip := innermost(all); ip != nil {
			return ip, &ip[len(ip)-1] != &frame[len(frame)-1], skipped{}
		}
		if first, rest = further(all); first == nil {
			return nil, false, reason(all)
		}
	}
	return nil, false, skipped{"nested tunnels", true}
}

// innermost returns the last IP packet among the layers if it holds TCP or a fragment, which may be
// one of TCP. It extends to the end of the frame.
func innermost(all []gopacket.Layer) []byte {
	for i := len(all) - 1; i > 0; i-- {
		switch all[i].(type) {
		case *layers.TCP, *layers.IPv6Fragment, *gopacket.Fragment:
			for i--; i >= 0; i-- {
				switch l := all[i].(type) {
				case *layers.IPv4, *layers.IPv6:
					ip := l.LayerContents()
					return ip[:cap(ip)]
				}
			}
		}
	}
	return nil
}

// further returns the decoder for what follows the last layer that the library could decode, and
// its bytes; nil if that is unknown here too.
func further(all []gopacket.Layer) (gopacket.Decoder, []byte) {
	last := lastDecoded(all)
	if last == nil {
		return nil, nil
	}
	b := last.LayerPayload()
	switch l := last.(type) {
	case *layers.UDP:
		return inUDP(uint16(l.SrcPort), uint16(l.DstPort), b)
	case *layers.Ethernet:
		return afterEtherType(l.EthernetType, b)
	case *layers.Dot1Q:
		return afterEtherType(l.Type, b)
	case *layers.GRE:
		if l.Protocol == typeERSPAN3 {
			return mirrored3(b)
		}
	case *layers.MPLS: // an Ethernet pseudowire begins with a control word, RFC 4448
		if l.StackBottom && len(b) > 4 && b[0]>>4 == 0 {
			return layers.LayerTypeEthernet, b[4:]
		}
	}
	return nil, nil
}

// lastDecoded returns the innermost layer that was decoded, nil if there is none.
func lastDecoded(all []gopacket.Layer) gopacket.Layer {
	for i := len(all) - 1; i >= 0; i-- {
		switch all[i].(type) {
		case *gopacket.DecodeFailure, *gopacket.Payload:
		default:
			return all[i]
		}
	}
	return nil
}

// Ethernet types that the library does not decode.
const (
	typeBackbone layers.EthernetType = 0x88e7 // 802.1ah, MAC in MAC
	typeERSPAN3  layers.EthernetType = 0x22eb
)

func afterEtherType(typ layers.EthernetType, b []byte) (gopacket.Decoder, []byte) {
	if typ == typeBackbone && len(b) > 4 { // flags and the service's number
		return layers.LayerTypeEthernet, b[4:]
	}
	return nil, nil
}

// mirrored3 returns what follows an ERSPAN header of type III, which has an optional last part.
func mirrored3(b []byte) (gopacket.Decoder, []byte) {
	if len(b) < 12 {
		return nil, nil
	}
	if b[11]&1 != 0 {
		return layers.LayerTypeEthernet, dropFirst(b, 20)
	}
	return layers.LayerTypeEthernet, b[12:]
}

// UDP ports of tunnels.
const (
	portL2TP    = 1701
	portGTPU    = 2152
	portVXLAN   = 4789
	portGeneve  = 6081
	portMPLS    = 6635
	portVXLANOS = 8472 // what Linux used before a port was assigned
	portTZSP    = 37008
)

// inUDP returns the decoder and the bytes of what a datagram between these ports carries; nil
// unless it is a tunnel that the library does not know.
func inUDP(src, dst uint16, b []byte) (gopacket.Decoder, []byte) {
	for _, port := range []uint16{dst, src} {
		switch port {
		case portVXLANOS:
			return layers.LayerTypeVXLAN, b
		case portMPLS:
			return layers.LayerTypeMPLS, b
		case portTZSP:
			return sniffed(b)
		case portL2TP:
			return layer2(b)
		}
	}
	return nil, nil
}

// sniffed returns the frame in a TZSP packet, which routers and access points send to whoever
// captures for them.
func sniffed(b []byte) (gopacket.Decoder, []byte) {
	if len(b) < 4 || b[0] != 1 {
		return nil, nil
	}
	encapsulation, b := be.Uint16(b[2:]), b[4:]
	for len(b) > 0 && b[0] != 1 { // tagged fields, until the one that ends them
		switch {
		case b[0] == 0: // padding
			b = b[1:]
		case len(b) < 2:
			return nil, nil
		default:
			b = dropFirst(b, 2+int(b[1]))
		}
	}
	switch b = dropFirst(b, 1); encapsulation {
	case 1:
		return layers.LayerTypeEthernet, b
	case 18:
		return layers.LayerTypeDot11, b
	case 119:
		return layers.LayerTypePrismHeader, b
	case 127:
		return layers.LayerTypeRadioTap, b
	}
	return nil, nil
}

// layer2 returns the PPP frame in an L2TP data message (RFC 2661 §3.1).
func layer2(b []byte) (gopacket.Decoder, []byte) {
	if len(b) < 6 || b[1]&15 != 2 || b[0]&0x80 != 0 {
		return nil, nil // another version, or control
	}
	size := 6
	if b[0]&0x40 != 0 { // a length
		size += 2
	}
	if b[0]&0x08 != 0 { // sequence numbers
		size += 4
	}
	if b[0]&0x02 != 0 && len(b) >= size+2 { // padding
		size += 2 + int(be.Uint16(b[size:]))
	}
	return layers.LayerTypePPP, dropFirst(b, size)
}

// tunnelKind names the tunnel that a UDP port belongs to, "" for a port of none.
func tunnelKind(src, dst uint16) string {
	for _, port := range []uint16{dst, src} {
		switch port {
		case portVXLAN, portVXLANOS:
			return "VXLAN"
		case portGeneve:
			return "GENEVE"
		case portGTPU:
			return "GTP-U"
		case portMPLS:
			return "MPLS in UDP"
		case portTZSP:
			return "TZSP"
		case portL2TP:
			return "L2TP"
		}
	}
	return ""
}

// outer returns the decoder and the bytes of what an IP packet without a TCP segment may hold; nil
// and the kind of the packet if it is known to hold no other packet. own reports that the bytes are
// not in one piece in the frame, because fragments were put together.
func (d *decoder) outer(ip []byte, at time.Time) (first gopacket.Decoder, rest []byte, own bool, why skipped) {
	switch {
	case len(ip) >= 40 && ip[0]>>4 == 6:
		return layers.LayerTypeIPv6, ip, false, skipped{}
	case len(ip) < 20 || ip[0]>>4 != 4:
		return nil, nil, false, skipped{"damaged packets", false}
	}
	protocol, fragment := layers.IPProtocol(ip[9]), be.Uint16(ip[6:])&0x3fff
	switch why = protocolReason(protocol); {
	case protocol == layers.IPProtocolUDP && fragment&0x1fff == 0:
		head := int(ip[0]&15) * 4
		if len(ip) < head+4 || tunnelKind(be.Uint16(ip[head:]), be.Uint16(ip[head+2:])) == "" {
			return nil, nil, false, why
		}
	case protocol == layers.IPProtocolTCP && fragment != 0: // it waits for others
		return nil, nil, false, skipped{}
	case protocol == layers.IPProtocolTCP, protocol != layers.IPProtocolUDP && !why.hidden:
		return nil, nil, false, why
	}
	if fragment == 0 {
		return layers.LayerTypeIPv4, ip, false, skipped{}
	}
	whole, cut := body(ip, int(be.Uint16(ip[2:])), len(ip))
	if cut > 0 {
		return nil, nil, false, why
	}
	if rest = d.defrag4(whole, at); rest == nil {
		return nil, nil, false, skipped{}
	}
	return protocol, rest, true, skipped{}
}
