package eventlog

import (
	"encoding/binary"
	"time"

	"github.com/msnscope/msnscope/decode/session"
)

// extra holds the values of an event for which its entry has no space. It stands in front of the
// bytes in the spill file, as varints: first the set of the values that follow, then these.
type extra struct {
	has   uint64
	out   int    // the length of what was sent on, which follows what was received
	text  int    // the length of the text, which follows that
	reply uint64 // the number of the request
	rtt   int64
	n     uint64
	sec   int64
	nsec  uint64
	last  uint64 // the number of the last packet minus that of the first
	cuts  []int  // as in the event
}

// The parts of an extra.
const (
	extraOut = 1 << iota
	extraText
	extraReply
	extraNumber
	extraTime
	extraLast
	extraCuts
)

func (x *extra) append(b []byte) []byte {
	b = binary.AppendUvarint(b, x.has)
	if x.has&extraOut != 0 {
		b = binary.AppendUvarint(b, uint64(x.out))
	}
	if x.has&extraText != 0 {
		b = binary.AppendUvarint(b, uint64(x.text))
	}
	if x.has&extraReply != 0 {
		b = binary.AppendVarint(binary.AppendUvarint(b, x.reply), x.rtt)
	}
	if x.has&extraNumber != 0 {
		b = binary.AppendUvarint(b, x.n)
	}
	if x.has&extraTime != 0 {
		b = binary.AppendUvarint(binary.AppendVarint(b, x.sec), x.nsec)
	}
	if x.has&extraLast != 0 {
		b = binary.AppendUvarint(b, x.last)
	}
	if x.has&extraCuts != 0 {
		b = binary.AppendUvarint(b, uint64(len(x.cuts)))
		was := 0
		for _, at := range x.cuts {
			b, was = binary.AppendUvarint(b, uint64(at-was)), at
		}
	}
	return b
}

// read parses the extra at the start of b and returns the rest of b; ok is false if there is none.
func (x *extra) read(b []byte) (rest []byte, ok bool) {
	r := varints{b: b}
	*x = extra{has: r.uint()}
	if x.has&extraOut != 0 {
		x.out = int(r.uint())
	}
	if x.has&extraText != 0 {
		x.text = int(r.uint())
	}
	if x.has&extraReply != 0 {
		x.reply, x.rtt = r.uint(), r.int()
	}
	if x.has&extraNumber != 0 {
		x.n = r.uint()
	}
	if x.has&extraTime != 0 {
		x.sec, x.nsec = r.int(), r.uint()
	}
	if x.has&extraLast != 0 {
		x.last = r.uint()
	}
	if x.has&extraCuts != 0 {
		at := 0
		for n := min(r.uint(), uint64(len(r.b))); n > 0; n-- {
			at += int(r.uint())
			x.cuts = append(x.cuts, at)
		}
	}
	ok = !r.bad && x.out >= 0 && x.text >= 0 && x.out+x.text <= len(r.b)
	return r.b, ok
}

// set sets the fields of an event for which the extra has parts.
func (x *extra) set(e *session.Event) {
	if x.has&extraReply != 0 {
		e.ReplyTo, e.RTT = x.reply, time.Duration(x.rtt)
	}
	if x.has&extraNumber != 0 {
		e.N = x.n
	}
	if x.has&extraTime != 0 {
		e.Time = time.Unix(x.sec, int64(x.nsec)).In(e.Time.Location())
	}
	if x.has&extraLast != 0 {
		e.Packets.Last = e.Packets.First + x.last
	}
	e.Cuts = x.cuts
}

// varints reads varints. Reading past the end sets bad and returns zeros.
type varints struct {
	b   []byte
	s   string // all bytes as a string, for text
	bad bool
}

func (r *varints) uint() uint64 {
	v, n := binary.Uvarint(r.b)
	r.skip(n)
	return v
}

func (r *varints) int() int64 {
	v, n := binary.Varint(r.b)
	r.skip(n)
	return v
}

func (r *varints) skip(n int) {
	if n <= 0 || n > len(r.b) {
		r.b, r.bad = nil, true
		return
	}
	r.b = r.b[n:]
}

// text reads a length and a text of that many bytes, which shares the memory of s.
func (r *varints) text() string {
	n := r.uint()
	if n > uint64(len(r.b)) {
		r.b, r.bad = nil, true
		return ""
	}
	at := len(r.s) - len(r.b)
	r.b = r.b[n:]
	return r.s[at : at+int(n)]
}
