package pcap

import (
	"sort"
	"time"

	"github.com/gopacket/gopacket/layers"
)

// Fragments of IPv4 may overlap (RFC 791 §3.2), but the library refuses those that do. So each
// fragment is cut to the bytes that are not held yet: of bytes that came twice the first count, as
// in TCP streams.

// datagram identifies an IPv4 datagram whose fragments are coming in.
type datagram struct {
	src, dst end
	id       uint16
	protocol layers.IPProtocol
}

// holding records which bytes of a datagram have come: sorted ranges that do not overlap.
type holding struct {
	spans []byteRange
	last  time.Time
}

// byteRange is a range of a datagram's payload, in bytes, without to.
type byteRange struct{ from, to int }

// parts returns the ranges between from and to that are not held yet, and records them as held.
func (h *holding) parts(from, to int) (free []byteRange) {
	i := sort.Search(len(h.spans), func(k int) bool { return h.spans[k].to > from })
	at := from
	for ; i < len(h.spans) && h.spans[i].from < to; i++ {
		if h.spans[i].from > at {
			free = append(free, byteRange{at, h.spans[i].from})
		}
		at = max(at, h.spans[i].to)
	}
	if at < to {
		free = append(free, byteRange{at, to})
	}
	h.spans = append(h.spans, free...)
	sort.Slice(h.spans, func(i, j int) bool { return h.spans[i].from < h.spans[j].from })
	return free
}

// fit returns what is new in a fragment as none, one or several fragments: the ranges of it that
// are not held of its datagram yet. They share the payload's memory.
func (d *decoder) fit(ip *layers.IPv4, at time.Time) (pieces []*layers.IPv4) {
	src, dst := addrs4(ip.Contents)
	key := datagram{src, dst, ip.Id, ip.Protocol}
	h := d.datagrams[key]
	if h == nil || at.Sub(h.last) > fragmentLife {
		h = new(holding)
		d.datagrams[key] = h
	}
	h.last = at
	more := ip.Flags&layers.IPv4MoreFragments != 0
	from, size := int(ip.FragOffset)*8, len(ip.Payload)
	if more {
		size &^= 7 // the rest belongs to no fragment
	}
	for _, c := range h.parts(from, from+size) {
		p := *ip
		p.FragOffset, p.Payload = uint16(c.from/8), ip.Payload[c.from-from:c.to-from]
		p.Length = uint16(int(ip.IHL)*4 + c.to - c.from)
		if c.to < from+size {
			p.Flags |= layers.IPv4MoreFragments
		}
		pieces = append(pieces, &p)
	}
	return pieces
}
