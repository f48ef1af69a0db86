package decode

import (
	"bytes"
	"errors"
	"io"
	"sync"
)

// Limits of what a Reader holds. They are far above what real clients and servers send, and low
// enough that a thousand hostile connections do no harm.
const (
	// MaxLine is the length of the longest command line in bytes, line end included. The draft sets
	// no limit; the longest lines seen in practice are lists of later dialects, with about 1 KB.
	MaxLine = 8192
	// MaxPayload is the length of the longest payload in bytes that a message holds. Real ones stay
	// below 8 KB. A longer one is delivered in parts: see [Reader.Next].
	MaxPayload = 1 << 20
	// MaxPart is the length in bytes of each of these parts except the last.
	MaxPart = 32 << 10

	// maxAnnounced is the largest payload length that is counted down. A line may announce more,
	// but no connection lives long enough to carry it: all that follows belongs to the payload
	// until the stream ends.
	maxAnnounced = 1 << 59

	minRead = 4096    // the smallest room in bytes that Fill gives a read: a usual segment and more
	maxRead = 1 << 16 // the largest, once reads have filled smaller ones
	keepBuf = 1 << 16 // an empty buffer of more bytes than this is released
)

// Reader cuts one direction of one connection into messages. Lines end in LF or CRLF (clients of
// 2000 sent a bare LF); a payload begins right after the line, and nothing marks its end (§8.7).
// How the stream was split into reads makes no difference to the messages.
//
// A Reader is not safe for concurrent use. Its buffer starts small and never holds more than
// MaxLine + MaxPayload bytes and one read.
type Reader struct {
	// Dir is the direction of the stream: the sender of its commands.
	Dir Dir
	// Grammar supplies the shape of each command. It may be replaced between calls of Next, for
	// example when the dialect becomes known.
	Grammar Grammar

	buf  []byte // buf[r:] has not been returned by Next yet
	r    int
	own  []byte  // the Reader's own buffer while buf is borrowed, else nil
	room int     // how many bytes Fill gives the next read; less than minRead counts as that
	seen int     // the first bytes of buf[r:] that are known to contain no LF
	need int     // the length of the whole command at r, 0 while unknown
	by   Grammar // the grammar by which need was computed
	rest uint64  // bytes still to come of a payload of more than MaxPayload
	long bool    // inside a line of more than MaxLine bytes
	lost bool    // framing is lost: see Lose
	// blocks reports whether all that follows is blocks of a file.
	blocks bool

	// last caches the shape of the previous command, since runs of one verb are common.
	last struct {
		of    Grammar
		dir   Dir
		verb  Verb
		shape Shape
	}
}

// NewReader returns a Reader for the direction dir with the grammar g.
func NewReader(dir Dir, g Grammar) *Reader { return &Reader{Dir: dir, Grammar: g} }

// Feed appends a copy of p to the stream. It invalidates the slices of earlier messages.
func (r *Reader) Feed(p []byte) {
	r.compact(len(p))
	r.buf = append(r.buf, p...)
}

// Borrow is like Feed, but does not copy p if nothing is pending. The messages then refer to p,
// which must not change until [Reader.Return] is called. Between the two calls, neither Feed nor
// Fill may be called.
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

// Return ends a Borrow: the Reader copies the pending bytes and no longer refers to the borrowed
// ones. It invalidates the slices of earlier messages.
func (r *Reader) Return() {
	if r.own == nil {
		return
	}
	r.own, r.buf, r.r = nil, append(r.own, r.Pending()...), 0
}

// Fill reads from src once and returns the number of bytes and the error of that read. It
// invalidates the slices of earlier messages.
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
	case n == 0: // nothing is learned about the size of reads
	case n >= room:
		r.room = min(2*room, maxRead)
	case n < room/4:
		r.room = room / 2
	}
	r.buf = r.buf[:len(r.buf)+n]
	return n, err
}

// spare holds buffers that Release has given back.
var spare = sync.Pool{New: func() any { return new([minRead]byte) }}

// Release gives a small buffer without pending bytes to whichever Reader needs one next, so that a
// connection that waits for data has none. It invalidates the slices of earlier messages.
func (r *Reader) Release() {
	if r.own == nil && r.r == len(r.buf) && cap(r.buf) == minRead {
		spare.Put((*[minRead]byte)(r.buf[:minRead]))
		r.buf, r.r = nil, 0
	}
}

// compact makes room for n more bytes: it moves the pending bytes to the front, or grows the
// buffer.
func (r *Reader) compact(n int) {
	rest := len(r.buf) - r.r
	if rest == 0 && cap(r.buf) > keepBuf {
		r.buf, r.r = nil, 0
	}
	if r.r > 0 && (rest == 0 || cap(r.buf)-len(r.buf) < n) {
		copy(r.buf, r.buf[r.r:])
		r.buf, r.r = r.buf[:rest], 0
	}
	if cap(r.buf) == 0 && n <= minRead {
		r.buf = spare.Get().(*[minRead]byte)[:0]
	}
	if room := cap(r.buf) - len(r.buf); room < n {
		grown := make([]byte, len(r.buf), max(2*cap(r.buf), len(r.buf)+n))
		copy(grown, r.buf)
		r.buf = grown
	}
}

// Idle reports whether the stream is between two commands and its framing is not lost: a Reader for
// another stream of the same direction would return the same for what follows.
func (r *Reader) Idle() bool {
	return r.r == len(r.buf) && r.rest == 0 && !r.lost && !r.long && !r.blocks
}

// Pending returns the bytes that were fed but not returned by Next: less than a whole command, once
// Next has returned false. They are valid until the next call on the Reader.
func (r *Reader) Pending() []byte { return r.buf[r.r:] }

// InParts reports whether the next bytes belong to a payload of more than MaxPayload bytes, and are
// therefore no command whatever they look like.
func (r *Reader) InParts() bool { return r.rest > 0 }

// Next stores the next message in m and reports whether there was a whole one. m.Raw is part of the
// Reader's buffer and is valid until the next call of Fill, Feed, Borrow or Return.
//
// A command whose payload is longer than MaxPayload becomes several opaque messages: its line
// ([LengthCap]), then the payload in parts of MaxPart bytes ([OverlongPart]) up to the length that
// the line announces. So text in the payload that looks like a command is not taken for one, and
// the command after it is found.
func (r *Reader) Next(m *Message) bool {
	b := r.buf[r.r:]
	if r.rest > 0 {
		return r.nextPart(m, b)
	}
	if len(b) > 0 && (r.blocks || b[0] <= 1) && r.mayBlock(b) {
		return r.nextBlock(m, b)
	}
	if r.need > 0 && r.Grammar != r.by {
		r.need = 0
	}
	if len(b) < r.need || len(b) == r.seen {
		return false
	}
	if r.seen == 0 && !r.long {
		// Most lines are short, and their first control character is the line end.
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

// lineEnd returns the offset after the line end that begins at b[i], the first control character of
// b. It returns 0 if b[i] begins no line end, or lies outside the first window.
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

// nextPart implements Next inside a payload of more than MaxPayload bytes.
func (r *Reader) nextPart(m *Message, b []byte) bool {
	n := min(r.rest, MaxPart)
	if uint64(len(b)) < n {
		return false
	}
	r.rest -= n
	r.take(m, int(n)).setOpaque(r.partReason())
	return true
}

// nextLong implements Next for lines of any length.
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

// command completes the message m, whose line ends before b[body] and is already split into words.
// It returns false if the payload has not arrived completely.
func (r *Reader) command(m *Message, b []byte, body int) bool {
	rule := NoPayload
	if m.readVerb() {
		rule = m.shaped(r.shape(m.Verb))
	}
	size, why := uint64(0), m.Why
	if why == NotOpaque && rule != NoPayload && rule < Blocks {
		size, why = m.payloadSize(rule)
	}
	if r.lost && (why == NotOpaque || why == LengthCap) && !r.Grammar.Fits(r.Dir, m) {
		why = OutOfStep
	}
	switch total := body + int(size); {
	case why == EmptyLine:
		r.take(m, body).setOpaque(why)
	case why == LengthCap:
		r.lost, r.rest = false, size
		r.take(m, body).setOpaque(why)
	case why != NotOpaque:
		r.lost = true
		r.take(m, r.glued(b[:body])).setOpaque(why)
	case len(b) < total:
		// The line is parsed again when its payload is complete; it will end at the same place.
		r.need, r.seen, r.by = total, 0, r.Grammar
		return false
	default:
		r.lost, r.blocks = false, rule == Blocks
		r.take(m, total)
	}
	return true
}

// shape returns the grammar's shape of a verb. It remembers the latest answer.
func (r *Reader) shape(v Verb) Shape {
	if l := &r.last; v != l.verb || r.Dir != l.dir || r.Grammar != l.of {
		l.of, l.dir, l.verb, l.shape = r.Grammar, r.Dir, v, r.Grammar.Shape(r.Dir, v)
	}
	return r.last.shape
}

// payloadSize returns the number of payload bytes according to the rule. The reason is LengthCap if
// they are more than MaxPayload, BadLength if the rule requires a length and there is none.
func (m *Message) payloadSize(rule Payload) (uint64, Reason) {
	i := rule.LengthArg(m)
	if i < 0 && rule == LastArg {
		return 0, BadLength
	}
	if i < 0 {
		return 0, NotOpaque
	}
	size, _ := parseUint(m.Arg(i), maxAnnounced)
	if size > MaxPayload {
		return size, LengthCap
	}
	return size, NotOpaque
}

// take sets m.Raw to the next n bytes and consumes them.
func (r *Reader) take(m *Message, n int) *Message {
	m.Raw = r.buf[r.r : r.r+n : r.r+n]
	r.r += n
	r.seen, r.need = 0, 0
	return m
}

// Flush stores the pending bytes, which no further byte will complete, in m as an opaque message,
// and reports whether there were any. Call it at the end of the stream and before a gap in it.
//
// If the pending bytes are a command with a wrong payload length, more commands may follow in them.
// So call Next again after Flush, and repeat both until neither returns a message. Commands found
// that way are guesses: they may be shown, but must not be acted upon.
func (r *Reader) Flush(m *Message) bool {
	pending := r.buf[r.r:]
	if r.rest > 0 {
		r.Lose()
	}
	if len(pending) == 0 {
		return false
	}
	n, why := len(pending), CutShort
	if r.need > 0 {
		n = r.resume(pending)
		r.lost = true
	}
	if r.blocks && r.rest > 0 {
		why = NoBlock
	}
	r.long = false
	r.take(m, n).setOpaque(why)
	return true
}
