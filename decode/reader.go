package decode

import (
	"bytes"
	"errors"
	"io"
)

// Caps of what a Reader holds. Both are far above what clients and servers really send, and low enough that a thousand
// hostile connections do no harm.
const (
	// MaxLine is the longest command line in bytes, line end included. The draft sets no limit; the longest lines seen
	// are lists of later dialects with about 1 KB.
	MaxLine = 8192
	// MaxPayload is the longest payload in bytes. Real ones stay below 8 KB.
	MaxPayload = 1 << 20

	minRead = 4096    // what Fill offers to a read at least: a usual segment with room
	maxRead = 1 << 16 // and what it offers at most, where reads bring as much as they can
	keepBuf = 1 << 16 // an empty buffer larger than this is given back
)

// Reader cuts one direction of one connection into messages. Lines end in LF or CRLF (clients of 2000 sent a bare LF), a
// payload begins right after the line and nothing ends it (§8.7). How the stream was split into reads makes no difference
// to the messages.
//
// A Reader is for one goroutine. Its buffer starts small and never exceeds MaxLine + MaxPayload and one read.
type Reader struct {
	// Dir is the direction that the Reader reads.
	Dir Dir
	// Grammar is asked for each command. It may be changed between calls of Next, when the dialect becomes known.
	Grammar Grammar

	buf  []byte // buf[r:] is what has not been handed out
	r    int
	own  []byte  // the Reader's buffer while buf is borrowed
	room int     // what Fill offers to a read, 0 for minRead
	seen int     // how many bytes of buf[r:] are known to hold no LF
	need int     // how many bytes the command at r has in all, once known
	by   Grammar // what need was worked out by
	long bool    // inside a line that was too long
	lost bool    // out of step: see Lose

	last struct { // what the grammar said of the last verb that it was asked for: runs of one command are usual
		of    Grammar
		dir   Dir
		verb  Verb
		shape Shape
	}
}

// NewReader returns a Reader of the direction dir with the grammar g.
func NewReader(dir Dir, g Grammar) *Reader { return &Reader{Dir: dir, Grammar: g} }

// Feed appends p to what is to be framed. Slices of earlier messages become invalid.
func (r *Reader) Feed(p []byte) {
	r.compact(len(p))
	r.buf = append(r.buf, p...)
}

// Borrow is Feed without a copy where nothing is pending: what is framed are parts of p, until [Reader.Return]. Between the two is
// neither Feed nor Fill.
func (r *Reader) Borrow(p []byte) {
	if len(r.Pending()) > 0 {
		r.Feed(p)
		return
	}
	r.own, r.buf, r.r = r.buf[:0], p[:len(p):len(p)], 0
	if r.own == nil || cap(r.own) > keepBuf {
		r.own = []byte{}
	}
}

// Return keeps a copy of what is pending of what was borrowed. Slices of earlier messages become invalid.
func (r *Reader) Return() {
	if r.own == nil {
		return
	}
	r.own, r.buf, r.r = nil, append(r.own, r.Pending()...), 0
}

// Fill does one Read from src into the buffer and returns how many bytes came, with the error of src. Slices of earlier
// messages become invalid.
func (r *Reader) Fill(src io.Reader) (int, error) {
	room := max(r.room, minRead)
	if r.r == len(r.buf) && cap(r.buf) > 4*room {
		r.buf, r.r = nil, 0
	}
	r.compact(room)
	n, err := src.Read(r.buf[len(r.buf):cap(r.buf)])
	if n < 0 || n > cap(r.buf)-len(r.buf) {
		return 0, errors.New("decode: Read returned an impossible count")
	}
	switch {
	case n >= room:
		r.room = min(2*room, maxRead)
	case n < room/4:
		r.room = room / 2
	}
	r.buf = r.buf[:len(r.buf)+n]
	return n, err
}

// compact moves what is pending to the front and makes room for n more bytes.
func (r *Reader) compact(n int) {
	rest := len(r.buf) - r.r
	if rest == 0 && cap(r.buf) > keepBuf {
		r.buf, r.r = nil, 0
	}
	if r.r > 0 && (rest == 0 || cap(r.buf)-len(r.buf) < n) {
		copy(r.buf, r.buf[r.r:])
		r.buf, r.r = r.buf[:rest], 0
	}
	if room := cap(r.buf) - len(r.buf); room < n {
		grown := make([]byte, len(r.buf), max(2*cap(r.buf), len(r.buf)+n))
		copy(grown, r.buf)
		r.buf = grown
	}
}

// Pending returns the bytes that do not make a whole command yet. They are valid until the next call.
func (r *Reader) Pending() []byte { return r.buf[r.r:] }

// Next stores the next message in m and reports whether there was a whole one. m.Raw is a part of the Reader's buffer:
// valid until the next Fill or Feed.
func (r *Reader) Next(m *Message) bool {
	b := r.buf[r.r:]
	if r.need > 0 && r.Grammar != r.by {
		r.need = 0
	}
	if len(b) < r.need || len(b) == r.seen {
		return false
	}
	if r.seen == 0 && !r.long {
		// Most lines are short and have no control character but those at their end.
		blank, end := scan(b[:len(b):len(b)])
		if body := lineEnd(b, end); body > 0 {
			m.Raw = b[:body]
			m.setLine(end, body)
			m.splitMask(blank, end)
			return r.command(m, b, body)
		}
	}
	return r.nextLong(m, b)
}

// lineEnd returns where the line ends whose first control character is b[i], after its LF; 0 where that does not end the line.
func lineEnd(b []byte, i int) int {
	if i >= window || i >= len(b) {
		return 0
	}
	if b[i] == '\r' && i+1 < len(b) {
		i++
	}
	if b[i] != '\n' {
		return 0
	}
	return i + 1
}

// Verbs is a set of commands by their verbs, in letters of either case. It may have a few more, whose characters have the same
// lower bits: so it is for those that need no care. The zero value is empty.
type Verbs [1 << 15 / 64]uint64

// Add adds the verb.
func (s *Verbs) Add(v Verb) {
	i := verbBits(v[:])
	s[i/64] |= 1 << (i % 64)
}

// Has reports whether the verb is in the set.
func (s *Verbs) Has(v Verb) bool { return s.has(v[:]) }

func (s *Verbs) has(v []byte) bool {
	i := verbBits(v)
	return s[i/64]&(1<<(i%64)) != 0
}

func verbBits(v []byte) uint { return uint(v[0]&31)<<10 | uint(v[1]&31)<<5 | uint(v[2]&31) }

// Skim takes what Next would take as long as these are whole lines with verbs that are not in the set, and appends the
// length of each. Their words are not looked at: the caller knows that commands with other verbs have no payload. It is for who
// sends bytes on and has to know only where commands end. Lines that need a closer look are left to Next.
func (r *Reader) Skim(except *Verbs, sizes []uint32) []uint32 {
	if r.need > 0 || r.seen > 0 || r.long || r.lost {
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

// startsWithLetters reports whether a line begins with a verb of letters.
func startsWithLetters(line []byte) bool {
	if (line[0]|0x20)-'a' >= 26 || (line[1]|0x20)-'a' >= 26 || (line[2]|0x20)-'a' >= 26 {
		return false
	}
	return line[3] == ' ' || line[3] == '\t' || line[3] == '\n' || line[3] == '\r' && len(line) == 5
}

// nextLong is Next for a line of any length.
func (r *Reader) nextLong(m *Message, b []byte) bool {
	line := b[:min(len(b), MaxLine)]
	end := bytes.IndexByte(line[min(r.seen, len(line)):], '\n')
	if end < 0 {
		if len(line) < MaxLine {
			r.seen = len(b)
			return false
		}
		r.long = true
		r.take(m, MaxLine).setOpaque(LineTooLong)
		return true
	}
	end += r.seen
	if r.long {
		r.long = false
		r.take(m, end+1).setOpaque(LineTooLong)
		return true
	}
	m.Raw = b[:end+1]
	m.setLine(trimCR(b[:end]), end+1)
	m.split()
	return r.command(m, b, end+1)
}

// command takes the command whose line, in m already, ends at b[body].
func (r *Reader) command(m *Message, b []byte, body int) bool {
	rule := NoPayload
	if m.readVerb() {
		rule = m.shaped(r.shape(m.Verb))
	}
	total, why := body, m.Why
	if why == NotOpaque && rule != NoPayload {
		var size int
		size, why = m.payloadSize(rule)
		total += size
	}
	if r.lost && why == NotOpaque && !r.Grammar.Fits(r.Dir, m) {
		why = OutOfStep
	}
	switch {
	case why == EmptyLine:
		r.take(m, body).setOpaque(why)
	case why != NotOpaque:
		r.lost = true
		r.take(m, r.glued(b[:body])).setOpaque(why)
	case len(b) < total:
		// The line is looked at once more when all of it is there: it ends where it ended.
		r.need, r.seen, r.by = total, 0, r.Grammar
		return false
	default:
		r.lost = false
		r.take(m, total)
	}
	return true
}

// shape asks the grammar for the shape of a verb, unless it was the last to be asked for.
func (r *Reader) shape(v Verb) Shape {
	if l := &r.last; v != l.verb || r.Dir != l.dir || r.Grammar != l.of {
		l.of, l.dir, l.verb, l.shape = r.Grammar, r.Dir, v, r.Grammar.Shape(r.Dir, v)
	}
	return r.last.shape
}

// Lose tells that bytes are missing before the next ones, or that the stream begins in the middle. A Reader also loses its
// step at a line that is no command. Then the end of one message may stand before the next command without a line end
// between, since nothing ends a payload (§8.7), and lines of text may look like commands; so until a command is found that
// fits its grammar in every word, what does not is opaque, and each line is searched for such a command inside.
func (r *Reader) Lose() { r.lost, r.long = true, false }

// maxGlued is how many places in a line are looked at as the beginning of a command: a body of a text has few capitals.
const maxGlued = 64

// glued returns where in a line a command begins that fits, behind something else; the length of the line if none does.
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

// fits reports whether the line is surely a command: it fits, and has an argument or a TrID that shows it.
func (r *Reader) fits(line []byte) bool {
	m := Message{Raw: line}
	m.setLine(trimCR(line[:len(line)-1]), len(line))
	m.split()
	rule := m.read(r.Dir, r.Grammar)
	if m.Opaque() || m.count < 2 || !r.Grammar.Fits(r.Dir, &m) {
		return false
	}
	_, why := m.payloadSize(rule)
	return rule == NoPayload || why == NotOpaque
}

func upper(c byte) bool { return 'A' <= c && c <= 'Z' }

// payloadSize returns how many bytes follow the line under the rule.
func (m *Message) payloadSize(rule Payload) (int, Reason) {
	n := m.NumArgs()
	if rule == ThirdArgIfNumeric && n != 3 || rule == OnlyArgIfNumeric && (n != 1 || !m.HasTrID) {
		return 0, NotOpaque
	}
	last := m.Arg(n - 1)
	size, ok := parseUint(last, MaxPayload)
	switch {
	case ok:
		return int(size), NotOpaque
	case isDigits(last):
		return 0, LengthCap
	case rule == LastArg:
		return 0, BadLength
	}
	return 0, NotOpaque
}

// take makes the next n bytes m's, and moves on.
func (r *Reader) take(m *Message, n int) *Message {
	m.Raw = r.buf[r.r : r.r+n : r.r+n]
	r.r += n
	r.seen, r.need = 0, 0
	return m
}

// Flush stores what is pending, which no further byte will complete, as an opaque message, and reports whether there was
// anything. It is for the end of the stream, and before a gap in it. Where a payload was waited for and its length was wrong,
// commands may follow in what is pending: so call Next again after Flush, and both until neither has more.
func (r *Reader) Flush(m *Message) bool {
	pending := r.buf[r.r:]
	if len(pending) == 0 {
		return false
	}
	n := len(pending)
	if r.need > 0 {
		n = r.resume(pending)
		r.lost = true
	}
	r.long = false
	r.take(m, n).setOpaque(CutShort)
	return true
}

// resume returns where after the first line of b a command begins that fits, and the length of b if none does.
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
