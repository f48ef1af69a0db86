package captures

// numberSet is a set of numbers that mostly follow one another.
type numberSet struct {
	words map[uint64]uint64
	key   uint64 // of the last word, which is not in words yet
	word  uint64
}

// maxWords is how many runs of 64 numbers a numberSet holds: 40 MB, and 64 million numbers. Beyond
// it, it forgets them all.
const maxWords = 1 << 20

// add adds n and reports whether it was new.
func (s *numberSet) add(n uint64) bool {
	if s.key != n>>6 {
		if s.words == nil || len(s.words) >= maxWords {
			s.words = make(map[uint64]uint64)
		}
		s.words[s.key] = s.word
		s.key, s.word = n>>6, s.words[n>>6]
	}
	bit := uint64(1) << (n & 63)
	was := s.word & bit
	s.word |= bit
	return was == 0
}

// has reports whether n is in the set.
func (s *numberSet) has(n uint64) bool {
	word := s.word
	if s.key != n>>6 {
		word = s.words[n>>6]
	}
	return word>>(n&63)&1 != 0
}
