package pcap

import (
	"bytes"
	"net/netip"
	"time"

	"github.com/gopacket/gopacket"
	"github.com/gopacket/gopacket/ip4defrag"
	"github.com/gopacket/gopacket/ip6defrag"
	"github.com/gopacket/gopacket/layers"
)

// network returns the IP packet within a link-layer frame, nothing if there is another protocol in it. known is false for
// link types that are not supported; ask with a nil frame to learn just that.
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
		if len(frame) < 20 || !isIP(be.Uint16(frame)) {
			return nil, true
		}
		return frame[20:], true
	}
	return nil, false
}

// afterType returns what follows the Ethernet type at offset at and any VLAN tags, if it is IP.
func afterType(frame []byte, at int) []byte {
	for len(frame) >= at+2 {
		switch typ := be.Uint16(frame[at:]); {
		case isIP(typ):
			return frame[at+2:]
		case typ == 0x8100 || typ == 0x88a8 || typ == 0x9100:
			at += 4
		default:
			return nil
		}
	}
	return nil
}

func isIP(typ uint16) bool { return typ == 0x0800 || typ == 0x86dd }

func behind(b []byte, n int) []byte { return b[min(n, len(b)):] }

// segment is a TCP segment and whence and where it goes.
type segment struct {
	src, dst netip.AddrPort
	tcp      layers.TCP
}

// maxFragments is how many bytes of fragments wait for the rest of their datagrams: a hundred of the largest ones. When
// more come, those that wait are forgotten.
const maxFragments = 8 << 20

// decoder finds TCP segments in IP packets. Check sums are not looked at: captures on the sending machine have none yet.
type decoder struct {
	ip4   layers.IPv4
	ip6   layers.IPv6
	seg   segment
	frag4 *ip4defrag.IPv4Defragmenter
	frag6 *ip6defrag.IPv6Defragmenter
	held  int       // bytes handed to the defragmenters since they were new
	swept time.Time // when old fragments were last looked for
}

// decode returns the segment in an IP packet, valid until the next call. ok is false for anything else, and for a fragment
// whose datagram is not complete yet.
func (d *decoder) decode(ip []byte, at time.Time) (seg *segment, ok bool) {
	if len(ip) == 0 {
		return nil, false
	}
	var src, dst, payload []byte
	switch ip[0] >> 4 {
	case 4:
		src, dst, payload = d.decode4(ip, at)
	case 6:
		src, dst, payload = d.decode6(ip)
	}
	if payload == nil || d.seg.tcp.DecodeFromBytes(payload, gopacket.NilDecodeFeedback) != nil {
		return nil, false
	}
	s, ok1 := netip.AddrFromSlice(src)
	t, ok2 := netip.AddrFromSlice(dst)
	d.seg.src = netip.AddrPortFrom(s.Unmap(), uint16(d.seg.tcp.SrcPort))
	d.seg.dst = netip.AddrPortFrom(t.Unmap(), uint16(d.seg.tcp.DstPort))
	return &d.seg, ok1 && ok2
}

func (d *decoder) decode4(packet []byte, at time.Time) (src, dst, payload []byte) {
	ip := &d.ip4
	if ip.DecodeFromBytes(packet, gopacket.NilDecodeFeedback) != nil || ip.Protocol != layers.IPProtocolTCP {
		return nil, nil, nil
	}
	if ip.Flags&layers.IPv4MoreFragments != 0 || ip.FragOffset != 0 {
		d.hold(len(packet))
		own := new(layers.IPv4) // the defragmenter keeps what it is given
		if own.DecodeFromBytes(bytes.Clone(packet), gopacket.NilDecodeFeedback) != nil {
			return nil, nil, nil
		}
		if at.Sub(d.swept) > time.Second {
			d.swept = at
			d.frag4.DiscardOlderThan(at.Add(-fragmentLife))
		}
		ip, _ = d.frag4.DefragIPv4WithTimestamp(own, at)
		if ip == nil {
			return nil, nil, nil
		}
	}
	return ip.SrcIP, ip.DstIP, ip.Payload
}

// fragmentLife is how long fragments wait for the rest, as in the hosts: an identification comes again soon.
const fragmentLife = 30 * time.Second

func (d *decoder) decode6(packet []byte) (src, dst, payload []byte) {
	ip := &d.ip6
	if ip.DecodeFromBytes(packet, gopacket.NilDecodeFeedback) != nil {
		return nil, nil, nil
	}
	next, rest := ip.NextHeader, ip.Payload
	if ip.HopByHop != nil {
		next = ip.HopByHop.NextHeader
	}
	for range 8 { // as many extension headers as there are kinds
		switch next {
		case layers.IPProtocolTCP:
			return ip.SrcIP, ip.DstIP, rest
		case layers.IPProtocolIPv6HopByHop, layers.IPProtocolIPv6Routing, layers.IPProtocolIPv6Destination:
			var skip layers.IPv6ExtensionSkipper
			if skip.DecodeFromBytes(rest, gopacket.NilDecodeFeedback) != nil {
				return nil, nil, nil
			}
			next, rest = skip.NextHeader, skip.Payload
		case layers.IPProtocolIPv6Fragment:
			if ip = d.defrag6(packet, rest); ip == nil {
				return nil, nil, nil
			}
			next, rest = ip.NextHeader, ip.Payload
		default:
			return nil, nil, nil
		}
	}
	return nil, nil, nil
}

// defrag6 adds the fragment at the end of packet, whose fragment header begins rest.
func (d *decoder) defrag6(packet, rest []byte) *layers.IPv6 {
	d.hold(len(packet))
	own, frag := new(layers.IPv6), new(layers.IPv6Fragment)
	if own.DecodeFromBytes(bytes.Clone(packet), gopacket.NilDecodeFeedback) != nil ||
		frag.DecodeFromBytes(bytes.Clone(rest), gopacket.NilDecodeFeedback) != nil {
		return nil
	}
	return d.frag6.DefragIPv6(own, frag)
}

func (d *decoder) hold(n int) {
	d.held += n
	if d.frag4 == nil || d.held > maxFragments {
		d.frag4, d.frag6, d.held = ip4defrag.NewIPv4Defragmenter(), ip6defrag.NewIPv6Defragmenter(), n
	}
}
