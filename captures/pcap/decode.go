package pcap

import (
	"bytes"
	"time"

	"github.com/gopacket/gopacket"
	"github.com/gopacket/gopacket/ip4defrag"
	"github.com/gopacket/gopacket/ip6defrag"
	"github.com/gopacket/gopacket/layers"
)

// IP protocols and IPv6 extension headers.
const (
	protocolHopByHop    = 0
	protocolTCP         = 6
	protocolRouting     = 43
	protocolFragment    = 44
	protocolDestination = 60
)

// maxFragments is how many bytes of fragments may wait for the rest of their datagrams: a hundred
// of the largest datagrams. When more come, those that wait are forgotten.
const maxFragments = 8 << 20

// fragmentLife is how long fragments wait for the rest, as in the hosts: an identification is soon
// used again.
const fragmentLife = 30 * time.Second

// decoder finds TCP segments in IP packets. It parses the headers itself, in a tenth of the time
// that the library's layers take; it leaves defragmentation to the library. It ignores checksums,
// since captures on the sending machine have none yet.
type decoder struct {
	seg       segment
	frag4     *ip4defrag.IPv4Defragmenter
	frag6     *ip6defrag.IPv6Defragmenter
	datagrams map[datagram]*holding // IPv4 datagrams whose fragments frag4 has
	held      int                   // bytes handed to the defragmenters since they were new
	swept     time.Time             // when old fragments were last looked for
}

// decode returns the segment in an IP packet that had wire bytes before it was captured; it is
// valid until the next call. ok is false for anything else, and for a fragment whose datagram is
// not complete yet.
func (d *decoder) decode(ip []byte, wire int, at time.Time) (seg *segment, ok bool) {
	if len(ip) == 0 {
		return nil, false
	}
	switch ip[0] >> 4 {
	case 4:
		ok = d.decode4(ip, wire, at)
	case 6:
		ok = d.decode6(ip, wire)
	}
	return &d.seg, ok
}

func (d *decoder) decode4(p []byte, wire int, at time.Time) bool {
	if len(p) < 20 || p[9] != protocolTCP {
		return false
	}
	head, total := int(p[0]&15)*4, int(be.Uint16(p[2:]))
	whole, cut := body(p, total, wire)
	if head < 20 || head > len(whole) {
		return false
	}
	src, dst := addrs4(p)
	if be.Uint16(p[6:])&0x3fff != 0 {
		if cut > 0 {
			return false
		}
		d.seg.at = -1
		return d.found(d.defrag4(whole, at), 0, src, dst)
	}
	d.seg.at = len(whole)
	return d.found(whole[head:], cut, src, dst)
}

// defrag4 adds a fragment and returns what its datagram carries, once that is complete.
func (d *decoder) defrag4(packet []byte, at time.Time) []byte {
	d.hold(len(packet))
	own := new(layers.IPv4) // the defragmenter keeps what it is given
	if own.DecodeFromBytes(bytes.Clone(packet), gopacket.NilDecodeFeedback) != nil {
		return nil
	}
	if since := at.Sub(d.swept); since > time.Second || since < 0 {
		d.swept = at
		d.frag4.DiscardOlderThan(at.Add(-fragmentLife))
	}
	for _, piece := range d.fit(own, at) {
		if whole, _ := d.frag4.DefragIPv4WithTimestamp(piece, at); whole != nil {
			src, dst := addrs4(packet)
			delete(d.datagrams, datagram{src, dst, own.Id, own.Protocol})
			return whole.Payload
		}
	}
	return nil
}

func (d *decoder) decode6(p []byte, wire int) bool {
	if len(p) < 40 {
		return false
	}
	total := int(be.Uint16(p[4:]))
	if total > 0 { // else a jumbogram, or one that the network card was to cut in pieces
		total += 40
	}
	whole, cut := body(p, total, wire)
	src, dst := addrs6(p)
	next, rest := p[6], whole[min(40, len(whole)):]
	d.seg.at = len(whole)
	for range 9 { // as many extension headers as there are kinds
		if next == protocolTCP {
			return d.found(rest, cut, src, dst)
		}
		if len(rest) < 8 {
			return false
		}
		size := 8
		switch next {
		case protocolHopByHop, protocolRouting, protocolDestination:
			size = 8 * (int(rest[1]) + 1)
		case protocolFragment:
			if be.Uint16(rest[2:])&0xfff9 == 0 {
				break // the only one
			}
			datagram := d.defrag6(whole, rest)
			if cut > 0 || datagram == nil {
				return false
			}
			d.seg.at = -1
			next, rest = byte(datagram.NextHeader), datagram.Payload
			continue
		default:
			return false
		}
		next, rest = rest[0], rest[min(size, len(rest)):]
	}
	return false
}

// found parses the TCP header at the start of b into d.seg. seg.at is where b ends in the packet,
// or -1.
func (d *decoder) found(b []byte, cut int, src, dst end) bool {
	ok := d.seg.tcp(b, src, dst)
	if d.seg.cut = cut; d.seg.at >= 0 {
		d.seg.at -= len(d.seg.payload)
	}
	return ok
}

// defrag6 adds the fragment at the end of packet, whose fragment header begins rest, and returns
// its datagram, once that is complete.
func (d *decoder) defrag6(packet, rest []byte) *layers.IPv6 {
	d.hold(len(packet))
	own, frag := new(layers.IPv6), new(layers.IPv6Fragment)
	if own.DecodeFromBytes(bytes.Clone(packet), gopacket.NilDecodeFeedback) != nil ||
		frag.DecodeFromBytes(bytes.Clone(rest), gopacket.NilDecodeFeedback) != nil {
		return nil
	}
	return d.frag6.DefragIPv6(own, frag)
}

// hold counts a fragment of n bytes and the memory that keeping it takes. Once that exceeds
// maxFragments it forgets all fragments that wait, and begins anew with this one.
func (d *decoder) hold(n int) {
	n += 256
	d.held += n
	if d.frag4 == nil || d.held > maxFragments {
		d.frag4, d.frag6, d.held = ip4defrag.NewIPv4Defragmenter(), ip6defrag.NewIPv6Defragmenter(), n
		d.datagrams = make(map[datagram]*holding)
	}
}
