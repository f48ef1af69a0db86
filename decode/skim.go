package decode

import "bytes"

// Verbs is a set of verbs, without regard to case. Other characters with the same lower five bits
// count as the same verb, so the set may contain more than was added to it: use it only where a
// false positive does no harm. The zero value is an empty set.
type Verbs [1 << 15 / 64]uint64

// Add adds v to the set.
func (s *Verbs) Add(v Verb) {
	i := verbBits(v[:])
	s[i/64] |= 1 << (i % 64)
}

// AddAll adds all verbs of another set.
func (s *Verbs) AddAll(other *Verbs) {
	for i := range s {
		s[i] |= other[i]
	}
}

// Has reports whether v, or a verb that the set cannot distinguish from it, was added.
func (s *Verbs) Has(v Verb) bool { return s.has(v[:]) }

func (s *Verbs) has(v []byte) bool {
	i := verbBits(v)
	return s[i/64]&(1<<(i%64)) != 0
}

func verbBits(v []byte) uint { return uint(v[0]&31)<<10 | uint(v[1]&31)<<5 | uint(v[2]&31) }

// Skim consumes commands without parsing them, and appends the length of each to sizes. It stops
// where Next is needed: at a verb in except, at a line that is incomplete or malformed, or while
// framing is lost. The caller must know that no command with another verb has a payload. Skim
// serves forwarding, which only needs to know where commands end.
func (r *Reader) Skim(except *Verbs, sizes []uint32) []uint32 {
	if r.need > 0 || r.seen > 0 || r.rest > 0 || r.long || r.lost || r.blocks {
		return sizes
	}
	for {
		b := r.buf[r.r:]
		n := bytes.IndexByte(b[:min(len(b), MaxLine)], '\n') + 1
		if n < 4 || !startsWithLetters(b[:n]) || except.has(b) {
			return sizes
		}
		r.r += n
		sizes = append(sizes, uint32(n))
	}
}

// startsWithLetters reports whether a line begins with three letters followed by a blank or the
// line end.
func startsWithLetters(line []byte) bool {
	if (line[0]|0x20)-'a' >= 26 || (line[1]|0x20)-'a' >= 26 || (line[2]|0x20)-'a' >= 26 {
		return false
	}
	return line[3] == ' ' || line[3] == '\t' || line[3] == '\n' || line[3] == '\r' && len(line) == 5
}
