package pcap

import (
	"fmt"
	"io"
	"math/bits"
	"time"
)

// classic reads the records of a pcap file.
type classic struct {
	in   *input
	big  bool // the byte order
	link int
	unit int64 // nanoseconds of a record's second number
	head int   // bytes before the packet in each record
}

// The lengths of a record's head: in most files, in those of Linux distributions of 1999 to 2001
// (Red Hat 6.1 and later), and in those of SuSE 6.3. The longer ones go on with the interface, the
// protocol and the kind of the packet.
const (
	headUsual    = 16
	headModified = 24
	headSuSE     = 28
)

// magicModified begins most of the files with longer heads; the first of them have the usual one.
const magicModified = 0xa1b2cd34

// classicOrder recognizes a pcap file by its first four bytes. It returns the byte order, and the
// nanoseconds of a unit of the second time field; ok is false for any other file.
func classicOrder(magic []byte) (big bool, unit int64, ok bool) {
	for _, big := range []bool{false, true} {
		switch uint32of(magic, big) {
		case 0xa1b2c3d4, magicModified:
			return big, int64(time.Microsecond), true
		case 0xa1b23c4d:
			return big, int64(time.Nanosecond), true
		}
	}
	return false, 0, false
}

// uint32of is binary.ByteOrder.Uint32 without the call: four of them are a good part of what a
// packet costs.
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
	modified := uint32of(head, big) == magicModified
	link := int(uint32of(head[20:], big) & 0xffff) // the upper bits describe the frame check sequences of the packets
	if _, known := network(link, nil); !known {
		return nil, fmt.Errorf("%s: %w: %d", in.name, ErrLinkType, link)
	}
	c := &classic{in: in, big: big, unit: unit, link: link, head: headUsual}
	switch {
	case modified && !c.follows(headModified) && c.follows(headSuSE):
		c.head = headSuSE
	case modified, c.looksModified() && !c.follows(headUsual):
		c.head = headModified
	}
	return c, nil
}

// follows reports whether, with heads of the given length, the first record is followed by another
// one or by the end of the file.
func (c *classic) follows(head int) bool {
	first, err := c.in.peek(head)
	if err != nil {
		return false
	}
	n := int(min(uint32of(first[8:], c.big), maxWire))
	next, err := c.in.peek(head + n + headUsual)
	if err != nil {
		return err != io.EOF && len(next) == head+n
	}
	next = next[head+n:]
	return uint32of(next[4:], c.big) < 1e6 && uint32of(next[8:], c.big) <= maxWire
}

// looksModified reports whether the first packet begins with the fields that a longer head adds:
// the number of an interface, the type of a protocol, and the kind of the packet. Read as Ethernet
// addresses, these would belong to nobody.
func (c *classic) looksModified() bool {
	head, err := c.in.peek(headModified)
	if err != nil {
		return false
	}
	more := head[headUsual:]
	switch be.Uint16(more[4:]) {
	case typeIPv4, typeIPv6, typeARP:
		return uint32of(more, c.big) < 1<<8 && more[6] <= 4
	}
	return false
}

// next reads the next record into rec. It ignores the snapshot length in the file's head, because
// many programs write it wrong.
func (c *classic) next(rec *record) error {
	in := c.in
	start := in.off
	head := in.buf[in.from:in.to]
	if len(head) < 16 {
		var err error
		if head, err = in.peek(16); err != nil {
			return err
		}
	}
	sec, frac, n := uint32of(head, c.big), uint32of(head[4:], c.big), uint32of(head[8:], c.big)
	wire := uint32of(head[12:], c.big)
	if n > maxBlock {
		return in.broken(start, "a packet of %d bytes, at most %d are read", n, maxBlock)
	}
	size := c.head + int(n)
	b := in.buf[in.from:in.to]
	if len(b) < size {
		var err error
		if b, err = in.peek(size); err != nil {
			return err
		}
	}
	in.from += size
	in.off += int64(size)
	b = b[:size]
	// Field by field: a record has no comments or names here, and to copy a whole one costs as much
	// as to read it.
	rec.kind, rec.link, rec.data, rec.wire, rec.off = recordPacket, c.link, b[c.head:], int64(wire), start+int64(c.head)
	rec.time = time.Unix(int64(sec), int64(frac)*c.unit).UTC()
	return nil
}
