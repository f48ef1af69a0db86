package pcap

import (
	"fmt"
	"math/bits"
	"time"
)

// classic reads the records of a pcap file.
type classic struct {
	in   *input
	big  bool // the byte order
	link int
	unit int64 // nanoseconds of a record's second number
}

// classicOrder tells a pcap file by its first four bytes; ok is false when it is none.
func classicOrder(magic []byte) (big bool, unit int64, ok bool) {
	for _, big := range []bool{false, true} {
		switch uint32of(magic, big) {
		case 0xa1b2c3d4:
			return big, int64(time.Microsecond), true
		case 0xa1b23c4d:
			return big, int64(time.Nanosecond), true
		}
	}
	return false, 0, false
}

// uint32of is a binary.ByteOrder's Uint32 without a call: four of them are a good part of what a packet costs.
func uint32of(b []byte, big bool) uint32 {
	n := le.Uint32(b)
	if big {
		n = bits.ReverseBytes32(n)
	}
	return n
}

func newClassic(in *input, big bool, unit int64) (*classic, error) {
	head, err := in.take(24)
	if err != nil {
		return nil, err
	}
	link := int(uint32of(head[20:], big) & 0xffff) // the upper bits tell of check sequences behind the packets
	if _, known := network(link, nil); !known {
		return nil, fmt.Errorf("%s: %w: %d", in.name, ErrLinkType, link)
	}
	return &classic{in: in, big: big, unit: unit, link: link}, nil
}

// next fills in the next record. The head's snapshot length is not believed: many programs write it wrong.
func (c *classic) next(rec *record) error {
	start := c.in.off
	head, err := c.in.peek(16)
	if err != nil {
		return err
	}
	sec, frac, n := uint32of(head, c.big), uint32of(head[4:], c.big), uint32of(head[8:], c.big)
	wire := uint32of(head[12:], c.big)
	if n > maxBlock {
		return c.in.broken(start, "a packet of %d bytes, at most %d are read", n, maxBlock)
	}
	b, err := c.in.take(16 + int(n))
	if err != nil {
		return err
	}
	// Field by field: a record has no comments or names here, and to copy a whole one costs as much as to read it.
	rec.kind, rec.link, rec.data, rec.wire, rec.off = recordPacket, c.link, b[16:], int64(wire), start+16
	rec.time = time.Unix(int64(sec), int64(frac)*c.unit).UTC()
	return nil
}
