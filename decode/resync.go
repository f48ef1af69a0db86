package decode

import "bytes"

// Lose tells the Reader that bytes are missing before the next ones, or that the stream begins in
// the middle of a command. A Reader also loses framing by itself, at a line that is not a command.
//
// Until framing is found again, lines of text may look like commands; and since nothing marks the
// end of a payload (§8.7), a command may follow the rest of a message without a line end between.
// So each line is searched for a command that fits the grammar in every word, and everything before
// the first such command is opaque.
//
// Among the blocks of a file, nothing tells where the next block begins: all that follows is
// opaque.
func (r *Reader) Lose() {
	r.lost, r.long, r.rest = true, false, 0
	if r.blocks {
		r.rest = maxAnnounced
	}
}

// maxGlued is the number of positions in a line that are tried as the beginning of a command. Text
// has few runs of capitals, so real lines stay far below it.
const maxGlued = 64

// glued returns the offset of the first command inside a line that fits the grammar, and the length
// of the line if there is none. It does not consider offset 0.
func (r *Reader) glued(line []byte) int {
	tries := 0
	for i := 1; i+4 < len(line) && tries < maxGlued; i++ {
		if line[i+3] != ' ' || !upper(line[i]) || !upper(line[i+1]) || !upper(line[i+2]) {
			continue
		}
		tries++
		if r.fits(line[i:]) {
			return i
		}
	}
	return len(line)
}

// fits reports whether the line is certainly a command: it fits the grammar, and has a TrID or an
// argument to prove it.
func (r *Reader) fits(line []byte) bool {
	m := Message{Raw: line}
	m.setLine(trimCR(line[:len(line)-1]), len(line))
	m.split()
	rule := m.read(r.Dir, r.Grammar)
	if m.Opaque() || m.count < 2 || !r.Grammar.Fits(r.Dir, &m) {
		return false
	}
	_, why := m.payloadSize(rule)
	return rule == NoPayload || rule >= Blocks || why == NotOpaque
}

func upper(c byte) bool { return 'A' <= c && c <= 'Z' }

// resume returns the offset of the first command after the first line of b that fits the grammar,
// and the length of b if there is none.
func (r *Reader) resume(b []byte) int {
	at := bytes.IndexByte(b, '\n') + 1
	for {
		n := bytes.IndexByte(b[at:], '\n') + 1
		switch {
		case n == 0:
			return len(b)
		case n > MaxLine:
		case r.fits(b[at : at+n]):
			return at
		default:
			if i := r.glued(b[at : at+n]); i < n {
				return at + i
			}
		}
		at += n
	}
}
