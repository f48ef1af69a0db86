package pcap

import (
	"encoding/binary"
	"fmt"
	"time"
)

// classic reads the records of a pcap file.
type classic struct {
	in    *input
	order binary.ByteOrder
	link  int
	unit  int64 // nanoseconds of a record's second number
}

// classicOrder tells a pcap file by its first four bytes; ok is false when it is none.
func classicOrder(magic []byte) (order binary.ByteOrder, unit int64, ok bool) {
	for _, o := range []binary.ByteOrder{binary.LittleEndian, binary.BigEndian} {
		switch o.Uint32(magic) {
		case 0xa1b2c3d4:
			return o, int64(time.Microsecond), true
		case 0xa1b23c4d:
			return o, int64(time.Nanosecond), true
		}
	}
	return nil, 0, false
}

func newClassic(in *input, order binary.ByteOrder, unit int64) (*classic, error) {
	head, err := in.take(24)
	if err != nil {
		return nil, err
	}
	link := int(order.Uint32(head[20:]) & 0xffff) // the upper bits tell of check sequences behind the packets
	if _, known := network(link, nil); !known {
		return nil, fmt.Errorf("%s: %w: %d", in.name, ErrLinkType, link)
	}
	return &classic{in: in, order: order, unit: unit, link: link}, nil
}

// next fills in the next record. The head's snapshot length is not believed: many programs write it wrong.
func (c *classic) next(rec *record) error {
	start := c.in.off
	head, err := c.in.peek(16)
	if err != nil {
		return err
	}
	sec, frac, n := c.order.Uint32(head), c.order.Uint32(head[4:]), c.order.Uint32(head[8:])
	wire := c.order.Uint32(head[12:])
	if n > maxBlock {
		return c.in.broken(start, "a packet of %d bytes, at most %d are read", n, maxBlock)
	}
	b, err := c.in.take(16 + int(n))
	if err != nil {
		return err
	}
	*rec = record{kind: recordPacket, link: c.link, data: b[16:], wire: int64(wire), off: start + 16, time: time.Unix(int64(sec), int64(frac)*c.unit).UTC()}
	return nil
}
