package decode

import (
	"encoding/binary"
	"math/bits"
)

// Framing looks at eight bytes at a time: each test below has, in the top bit of each byte of a word, whether that byte
// passes. No carry goes from byte to byte.
const (
	each   = 0x0101010101010101
	tops   = 0x80 * each
	lows   = 0x7f * each
	gather = 0x0102040810204080 // times a word with bits at the bottom of its bytes: these bits together in the top byte
	window = 64                 // how many bytes have their bits in one mask
)

// scan looks at the first bytes of b, a window at most, up to the first control character. It returns where blanks are, and
// control characters, one bit a byte, and where the first control character is: at the end of b or beyond if there is none.
func scan(b []byte) (blank uint64, end int) {
	for i := 0; i < window; i += 8 {
		x := load(b, i)
		low := x & lows
		control := ^(low + (0x80-0x20)*each | x) & tops
		upTo20 := ^(low + (0x80-0x21)*each | x) & tops
		blank |= upTo20 >> 7 * gather >> 56 << i
		if control != 0 {
			return blank, i + bits.TrailingZeros64(control)/8
		}
	}
	return blank, window
}

// blanks returns where the first bytes of b, a window at most, are spaces and tabs; what is past the end counts as blank.
func blanks(b []byte) uint64 {
	n := min(len(b), window)
	mask := ^uint64(0) << n // all for a window: shifts past the width give 0
	for i := 0; i < n; i += 8 {
		x := load(b, i)
		space, tab := x^' '*each, x^'\t'*each
		found := ^(space&lows+lows|space)&tops | ^(tab&lows+lows|tab)&tops
		mask |= found >> 7 * gather >> 56 << i
	}
	return mask
}

// load returns eight bytes from b[i] on, zeros where b ends before.
func load(b []byte, i int) uint64 {
	if len(b)-i >= 8 {
		return binary.LittleEndian.Uint64(b[i:])
	}
	var x uint64
	for k := len(b) - 1; k >= i; k-- {
		x = x<<8 | uint64(b[k])
	}
	return x
}

// splitMask takes the words of a line of less than a window, whose blanks are given.
func (m *Message) splitMask(blank uint64, line int) {
	in := ^blank & (1<<line - 1)
	starts, ends := in&^(in<<1), in<<1&^in
	if bits.OnesCount64(starts) > inlineWords {
		m.split()
		return
	}
	n := 0
	for starts != 0 && n < inlineWords {
		m.words[n] = span{uint16(bits.TrailingZeros64(starts)), uint16(bits.TrailingZeros64(ends))}
		starts &= starts - 1
		ends &= ends - 1
		n++
	}
	m.count = n
	if m.more != nil {
		m.more = nil
	}
}

// split takes the words of any line.
func (m *Message) split() {
	line := m.Raw[:m.line]
	m.count, m.more = 0, nil
	inside, start := uint64(0), 0
	for base := 0; base <= len(line); base += window {
		in := ^blanks(line[base:])
		edges := in ^ (in<<1 | inside)
		for ; edges != 0; edges &= edges - 1 {
			at := base + bits.TrailingZeros64(edges)
			if inside ^= 1; inside != 0 {
				start = at
			} else {
				m.addWord(span{uint16(start), uint16(at)})
			}
		}
	}
}

func (m *Message) addWord(s span) {
	if m.count < inlineWords {
		m.words[m.count] = s
	} else {
		m.more = append(m.more, s)
	}
	m.count++
}
