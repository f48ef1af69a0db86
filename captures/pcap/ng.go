package pcap

import (
	"encoding/binary"
	"fmt"
	"math"
	"math/bits"
	"net/netip"
	"strings"
	"time"
)

// maxInterfaces is how many interfaces a section may have: real files have a few, and the list must
// not fill the memory.
const maxInterfaces = 1 << 16

// ng reads the records of a pcapng file.
type ng struct {
	in         *input
	order      binary.ByteOrder
	interfaces []iface // of the current section
}

type iface struct {
	link   int
	snap   uint32
	units  uint64 // units of a second; 0 if they are finer than 64 bits hold
	offset int64  // seconds to add
}

// next reads the next record into rec, and skips blocks that are of no interest here.
func (s *ng) next(rec *record) error {
	for {
		start := s.in.off
		typ, body, err := s.block()
		if err != nil {
			return err
		}
		*rec = record{off: start + 8} // of the body
		if body == nil {
			rec.odd = oddBlock
			return nil
		}
		if complaint := s.record(typ, body, rec); complaint != "" {
			return s.in.broken(start, "%s", complaint)
		}
		if rec.kind != recordNone {
			return nil
		}
	}
}

// block reads one whole block and returns its body, valid until the next call. For a block of more
// than maxBlock bytes whose type is not known here the body is nil.
func (s *ng) block() (typ uint32, body []byte, err error) {
	start := s.in.off
	head, err := s.in.peek(12) // the shortest block
	if err != nil {
		return 0, nil, err
	}
	if le.Uint32(head) == blockSection {
		switch uint32(byteOrderMagic) {
		case le.Uint32(head[8:]):
			s.order = le
		case be.Uint32(head[8:]):
			s.order = be
		default:
			return 0, nil, s.in.broken(start, "a section without byte order")
		}
	}
	typ = s.order.Uint32(head)
	n := s.order.Uint32(head[4:])
	if n > maxBlock && n%4 == 0 && !known(typ) {
		return typ, nil, s.pass(n)
	}
	if n < 12 || n%4 != 0 || n > maxBlock {
		return 0, nil, s.in.broken(start, "a block of %d bytes (12 to %d, by fours)", n, maxBlock)
	}
	b, err := s.in.take(int(n))
	if err != nil {
		return 0, nil, err
	}
	if again := s.order.Uint32(b[n-4:]); again != n {
		return 0, nil, s.in.broken(start, "a block of %d bytes says %d at its end", n, again)
	}
	return typ, b[8 : n-4], nil
}

// known reports whether blocks of a type are read here.
func known(typ uint32) bool {
	return typ >= blockInterface && typ <= blockPacket || typ == blockSection
}

// pass skips a block of n bytes.
func (s *ng) pass(n uint32) error {
	start := s.in.off
	if err := s.in.skip(int64(n) - 4); err != nil {
		return err
	}
	b, err := s.in.take(4)
	if err != nil {
		return err
	}
	if again := s.order.Uint32(b); again != n {
		return s.in.broken(start, "a block of %d bytes says %d at its end", n, again)
	}
	return nil
}

// record parses the body of one block; rec.kind stays recordNone for a block that is of no
// interest. complaint is empty if all is well.
func (s *ng) record(typ uint32, body []byte, rec *record) (complaint string) {
	switch typ {
	case blockSection:
		if len(body) < 16 {
			return "a section header that is too short"
		}
		s.interfaces = s.interfaces[:0]
		rec.comments = s.comments(body[16:])
	case blockInterface:
		if complaint := s.addInterface(body); complaint != "" {
			return complaint
		}
		rec.comments = s.comments(body[8:])
	case blockPacket, blockOldPacket:
		return s.packet(typ, body, rec)
	case blockSimple:
		return s.simple(body, rec)
	case blockNames:
		s.names(body, rec)
		return ""
	case blockStatistics:
		return s.statistics(body, rec)
	}
	if len(rec.comments) > 0 {
		rec.kind = recordNote
	}
	return ""
}

// options calls f for each option until the list or the bytes end.
func (s *ng) options(b []byte, f func(code uint16, value []byte)) {
	for len(b) >= 4 {
		code, n := s.order.Uint16(b), int(s.order.Uint16(b[2:]))
		if code == optEnd || n > len(b)-4 {
			return
		}
		f(code, b[4:4+n])
		b = b[min(len(b), 4+(n+3)&^3):]
	}
}

func (s *ng) comments(b []byte) (comments []string) {
	if len(b) < 4 {
		return nil
	}
	s.options(b, func(code uint16, value []byte) {
		if code == optComment {
			comments = append(comments, string(value))
		}
	})
	return comments
}

func (s *ng) addInterface(body []byte) (complaint string) {
	if len(body) < 8 {
		return "an interface description that is too short"
	}
	if len(s.interfaces) == maxInterfaces {
		return fmt.Sprintf("a section of more than %d interfaces", maxInterfaces)
	}
	i := iface{link: int(s.order.Uint16(body)), snap: s.order.Uint32(body[4:]), units: 1e6}
	s.options(body[8:], func(code uint16, value []byte) {
		switch {
		case code == optResolution && len(value) == 1:
			i.units = resolution(value[0])
		case code == optTimeOffset && len(value) == 8:
			i.offset = int64(s.order.Uint64(value))
		}
	})
	s.interfaces = append(s.interfaces, i)
	return ""
}

// resolution returns how many units a second has, 0 if too many: a negative power of 2 if the top
// bit is set, else of 10.
func resolution(b byte) uint64 {
	base, exp := uint64(10), int(b&0x7f)
	if b&0x80 != 0 {
		base = 2
	}
	units := uint64(1)
	for range exp {
		hi, lo := bits.Mul64(units, base)
		if hi != 0 {
			return 0
		}
		units = lo
	}
	return units
}

// maxSeconds is the latest time that is believed: what an int64 holds in nanoseconds, to 2262. A
// program that takes one unit for another writes later ones.
const maxSeconds = math.MaxInt64 / int64(time.Second)

// at turns a time stamp into a time, without rounding beyond the nanosecond. It returns the zero
// time where the file does not say when it was, or says what cannot be.
func (i iface) at(hi, lo uint32) time.Time {
	if i.units == 0 {
		return time.Time{}
	}
	t := uint64(hi)<<32 | uint64(lo)
	h, l := bits.Mul64(t%i.units, uint64(time.Second))
	ns, _ := bits.Div64(h, l, i.units)
	whole := t / i.units
	if whole >= uint64(maxSeconds) || i.offset >= maxSeconds || i.offset <= -maxSeconds {
		return time.Time{}
	}
	if sec := int64(whole) + i.offset; sec >= 0 && sec < maxSeconds {
		return time.Unix(sec, int64(ns)).UTC()
	}
	return time.Time{}
}

func (s *ng) packet(typ uint32, body []byte, rec *record) (complaint string) {
	if len(body) < 20 {
		return "a packet block that is too short"
	}
	id := s.order.Uint32(body)
	if typ == blockOldPacket { // a number of drops stands in the other half
		id = uint32(s.order.Uint16(body))
	}
	if int64(id) >= int64(len(s.interfaces)) {
		return "a packet of an interface that was not described"
	}
	n, rest := s.order.Uint32(body[12:]), body[20:]
	if int64(n) > int64(len(rest)) {
		return "a packet longer than its block"
	}
	i := s.interfaces[id]
	rec.kind, rec.link, rec.data = recordPacket, i.link, rest[:n]
	rec.off, rec.wire = rec.off+20, int64(s.order.Uint32(body[16:]))
	if rec.time = i.at(s.order.Uint32(body[4:]), s.order.Uint32(body[8:])); rec.time.IsZero() {
		rec.odd = oddTime
	}
	rec.comments = s.comments(rest[min(len(rest), int(n+3)&^3):])
	return ""
}

func (s *ng) simple(body []byte, rec *record) (complaint string) {
	if len(body) < 4 || len(s.interfaces) == 0 {
		return "a simple packet block without length or interface"
	}
	i, data := s.interfaces[0], body[4:]
	n := s.order.Uint32(body)
	rec.wire = int64(n)
	if i.snap != 0 {
		n = min(n, i.snap)
	}
	rec.kind, rec.link, rec.data = recordPacket, i.link, data[:min(int64(n), int64(len(data)))]
	rec.off += 4
	return ""
}

// statistics recognizes the Writer's notes: statistics blocks with comments and without counts.
// Capture programs write comments of their own beside their counts.
func (s *ng) statistics(body []byte, rec *record) (complaint string) {
	if len(body) < 12 {
		return "an interface statistics block that is too short"
	}
	counted := false
	s.options(body[12:], func(code uint16, value []byte) {
		counted = counted || code != optComment
	})
	if counted {
		return ""
	}
	if rec.comments = s.comments(body[12:]); len(rec.comments) > 0 {
		rec.kind = recordNote
	}
	if id := s.order.Uint32(body); int64(id) < int64(len(s.interfaces)) {
		rec.time = s.interfaces[id].at(s.order.Uint32(body[4:]), s.order.Uint32(body[8:]))
	}
	return ""
}

// maxBlockNames is how many names of one block are read. A block of 16 MB may hold millions.
const maxBlockNames = 1 << 16

// names parses the records of a name resolution block: an address and one or more names, each ended
// by a zero.
func (s *ng) names(body []byte, rec *record) {
	s.options(body, func(typ uint16, value []byte) {
		size := map[uint16]int{nameIP4: 4, nameIP6: 16}[typ]
		if size == 0 || len(value) < size || len(rec.names) >= maxBlockNames {
			return
		}
		addr, _ := netip.AddrFromSlice(value[:size])
		for name := range strings.SplitSeq(string(value[size:]), "\x00") {
			n := Named{addr.Unmap(), name}
			if name == "" || len(rec.names) > 0 && *rec.names[len(rec.names)-1] == n {
				continue // the Writer's second record of an IPv4 address
			}
			rec.kind = recordNames
			rec.names = append(rec.names, &n)
		}
	})
}
