package decode

import (
	"encoding/binary"
	"math/bits"
)

// Framing examines eight bytes at a time. Each test below sets the top bit of every byte of a word
// for which it holds; no carry crosses from one byte to the next.
const (
	each = 0x0101010101010101
	tops = 0x80 * each
	lows = 0x7f * each
	// Multiplying a word whose bytes are 0 or 1 by gather collects these bits in the top byte.
	gather = 0x0102040810204080
	// window is the number of bytes that one mask covers, a bit each.
	window = 64
)

// scan examines b up to its first control character, but at most a window. It returns a mask with a
// bit set for each blank and control character, and the index of the first control character. The
// index is len(b) or more if there is none.
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

// blanks returns a mask with a bit set for each of the first bytes of b, a window at most, that is
// a space or a tab. Positions after the end of b count as blank.
func blanks(b []byte) uint64 {
	n := min(len(b), window)
	mask := ^uint64(0) << n // 0 for a whole window: a shift by the width leaves no bit
	for i := 0; i < n; i += 8 {
		x := load(b, i)
		space, tab := x^' '*each, x^'\t'*each
		found := ^(space&lows+lows|space)&tops | ^(tab&lows+lows|tab)&tops
		mask |= found >> 7 * gather >> 56 << i
	}
	return mask
}

// load returns the eight bytes that begin at b[i] as a little-endian word, with zeros after the end
// of b.
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

// splitMask sets the words of a line of less than a window, given the mask of its blanks.
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
	m.count = int32(n)
	if m.more != nil {
		m.more = nil
	}
}

// split sets the words of a line of any length.
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
