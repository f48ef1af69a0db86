package decode

import (
	"bytes"
	"slices"
)

// Dir is the sender of a command: 'C' for the client, 'S' for the server, as the draft writes them
// (§7.1).
type Dir byte

// The two directions of a connection.
const (
	FromClient Dir = 'C'
	FromServer Dir = 'S'
)

// String returns "C" or "S".
func (d Dir) String() string { return string(rune(d)) }

// Reverse returns the other direction.
func (d Dir) Reverse() Dir { return FromClient + FromServer - d }

// Verb is the name of a command: three capitals, or three digits for an error (§5.2, §7.11). The
// zero Verb stands for no command.
type Verb [3]byte

// V returns the verb with the given name, in letters of either case, and the zero Verb if s is
// neither three letters nor three digits.
func V(s string) Verb {
	if len(s) != 3 || !isVerb([]byte(s)) {
		return Verb{}
	}
	return verbOf([]byte(s))
}

// verbOf returns the verb with the name w, for which isVerb must be true.
func verbOf(w []byte) Verb {
	v := Verb(w)
	if v[0] >= 'A' {
		v[0], v[1], v[2] = v[0]&^0x20, v[1]&^0x20, v[2]&^0x20
	}
	return v
}

// String returns the three characters, or "" for the zero Verb.
func (v Verb) String() string {
	if v == (Verb{}) {
		return ""
	}
	return string(v[:])
}

// Code returns the code of an error (§7.11), and 0 for any other verb.
func (v Verb) Code() int {
	if v[0] < '0' || v[0] > '9' {
		return 0
	}
	return int(v[0]-'0')*100 + int(v[1]-'0')*10 + int(v[2]-'0')
}

// isVerb reports whether w is three letters or three digits. Letters of either case will do, since
// one server compares without regard to case: [Message.Malformed] tells of lower case.
func isVerb(w []byte) bool {
	if len(w) != 3 {
		return false
	}
	if (w[0]|0x20)-'a' < 26 && (w[1]|0x20)-'a' < 26 && (w[2]|0x20)-'a' < 26 {
		return true
	}
	return isDigits(w)
}

// inlineWords is how many words of a line a Message holds without allocating. No command of the
// draft has more than eight, those of later dialects have a few more. A VER with many dialects
// allocates, which is once a connection; each word here is copied with every event.
const inlineWords = 12

// span is a range of Raw. Since a line has at most MaxLine bytes, 16 bits are enough.
type span struct{ start, end uint16 }

// Message is one command as it was on the wire or, if Verb is zero, bytes that are not a command.
//
// All slices that its methods return are parts of Raw. A Message from [Reader.Next] is valid until
// the next call on that Reader; [Message.Clone] makes a copy that stays valid. Any number of
// goroutines may read a Message that nobody changes.
type Message struct {
	// Raw is all bytes of the message: the command line, its line end and the payload.
	Raw []byte
	// Verb is the name of the command, zero for an opaque message. It is in capitals even if the
	// sender wrote it otherwise.
	Verb Verb
	// HasTrID reports whether the command carries a transaction identifier (§5.6); TrID is its
	// value. A number that cannot be one, such as 4294967296 or -1, is neither a TrID nor an
	// argument: TrIDText returns it.
	HasTrID bool
	TrID    uint32
	// Why is the reason why an opaque message is not a command; NotOpaque for a command.
	Why Reason

	line, body   uint32 // the length of the line without its end; the offset of the payload
	count, first int32  // the number of words in the line; the index of the first argument among them
	words        [inlineWords]span
	more         []span // the words after the first inlineWords
}

// Opaque reports whether the message is not a command.
func (m *Message) Opaque() bool { return m.Why != NotOpaque }

// Line returns the command line without its line end. For an opaque message it returns all bytes,
// except for a line end at the very end.
func (m *Message) Line() []byte { return m.Raw[:m.line] }

// LineEnd returns the line end: "\r\n", "\n", or nothing.
func (m *Message) LineEnd() []byte { return m.Raw[m.line:m.body] }

// Payload returns the bytes after the line, nil when the command has none (§8.7).
func (m *Message) Payload() []byte {
	if int(m.body) >= len(m.Raw) {
		return nil
	}
	return m.Raw[m.body:]
}

// TrIDText returns the TrID as it was on the wire, also one that is out of range, and nil when
// there is none.
func (m *Message) TrIDText() []byte {
	if m.first != 2 {
		return nil
	}
	return m.Raw[m.words[1].start:m.words[1].end]
}

// InCapitals reports whether the sender wrote the verb in capitals, as the draft does (§5.2).
func (m *Message) InCapitals() bool {
	return m.count > 0 && string(m.Raw[m.words[0].start:m.words[0].end]) == string(m.Verb[:]) || m.Block()
}

// Malformed says in words what is wrong with the verb or the TrID of a command, and returns "" if
// nothing is. Such a command is nevertheless read as its sender must have meant it.
func (m *Message) Malformed() string {
	lower := !m.Opaque() && !m.InCapitals()
	number := m.first == 2 && !m.HasTrID
	switch {
	case lower && number:
		return lowerCase + "; " + notATrID
	case lower:
		return lowerCase
	case number:
		return notATrID
	}
	return ""
}

const (
	lowerCase = "the command is not in capitals (§5.2)"
	notATrID  = "the TrID is not a number from 0 to 4294967295 (§5.6)"
)

// NumArgs returns the number of arguments: the words after the verb and the TrID.
func (m *Message) NumArgs() int { return int(m.count - m.first) }

// Arg returns argument i, counted from 0, as it was on the wire, and nil if there are not that
// many.
func (m *Message) Arg(i int) []byte {
	s, ok := m.span(i)
	if !ok {
		return nil
	}
	return m.Raw[s.start:s.end]
}

// ArgSpan returns the offsets in Raw at which argument i begins and ends, and 0, 0 if there are not
// that many arguments.
func (m *Message) ArgSpan(i int) (start, end int) {
	s, _ := m.span(i)
	return int(s.start), int(s.end)
}

func (m *Message) span(i int) (span, bool) {
	word := i + int(m.first)
	switch {
	case i < 0 || word >= int(m.count):
		return span{}, false
	case word < inlineWords:
		return m.words[word], true
	}
	return m.more[word-inlineWords], true
}

// Clone returns a copy that shares no memory with m.
func (m *Message) Clone() Message {
	c := *m
	c.Raw = bytes.Clone(m.Raw)
	c.more = slices.Clone(m.more)
	return c
}

// Parse parses raw as exactly one command: the line up to the first line feed (or all of it), and
// the rest as payload. It is for bytes that are known to be one command, such as a stored one; a
// stream needs a [Reader]. The result refers to raw.
func Parse(raw []byte, dir Dir, g Grammar) Message {
	var m Message
	m.Parse(raw, dir, g)
	return m
}

// Parse sets m to what the function [Parse] returns, without allocating a Message.
func (m *Message) Parse(raw []byte, dir Dir, g Grammar) {
	m.Raw = raw
	if len(raw) > 0 && raw[0] <= 1 && g.Shape(dir, blockVerb()).Payload == OneBlock {
		m.setBlock()
		return
	}
	blank, short := scan(raw[:len(raw):len(raw)])
	if body := lineEnd(raw, short); body > 0 {
		m.setLine(short, body)
		m.splitMask(blank, short)
	} else if !m.splitLong() {
		return
	}
	if m.read(dir, g); m.Opaque() {
		m.setOpaque(m.Why)
	}
}

// splitLong finds the end of m's line and splits it into words. A line that is too long makes m
// opaque; then it returns false.
func (m *Message) splitLong() bool {
	end := bytes.IndexByte(m.Raw, '\n')
	if end < 0 {
		m.setLine(len(m.Raw), len(m.Raw))
	} else {
		m.setLine(trimCR(m.Raw[:end]), end+1)
	}
	if m.body > MaxLine || end < 0 && len(m.Raw) >= MaxLine {
		m.setOpaque(LineTooLong)
		return false
	}
	m.split()
	return true
}

// Blob returns an opaque message that holds raw, with the given reason. It refers to raw.
func Blob(raw []byte, why Reason) Message {
	m := Message{Raw: raw}
	m.setOpaque(why)
	return m
}

func (m *Message) setLine(line, body int) { m.line, m.body = uint32(line), uint32(body) }

// setOpaque makes m an opaque message of all of Raw.
func (m *Message) setOpaque(why Reason) {
	raw := m.Raw
	*m = Message{Raw: raw, Why: why}
	end := len(raw)
	if end > 0 && raw[end-1] == '\n' {
		end = trimCR(raw[:end-1])
	}
	m.setLine(end, len(raw))
}

// trimCR returns the length of b, less one if it ends in a carriage return.
func trimCR(b []byte) int {
	if n := len(b); n > 0 && b[n-1] == '\r' {
		return n - 1
	}
	return len(b)
}

// read assigns the words of the line to the verb, the TrID if the grammar has one there, and the
// arguments. It returns the payload rule of the grammar. Words are separated by any number of
// spaces and tabs (§5.2).
func (m *Message) read(dir Dir, g Grammar) Payload {
	if !m.readVerb() {
		return NoPayload
	}
	return m.shaped(g.Shape(dir, m.Verb))
}

// readVerb sets the verb from the first word. It returns false, and sets Why, if there is none.
func (m *Message) readVerb() bool {
	m.HasTrID, m.TrID, m.Why, m.first = false, 0, NotOpaque, 1
	if m.count == 0 {
		m.Why = EmptyLine
		return false
	}
	w := m.Raw[m.words[0].start:m.words[0].end]
	if !isVerb(w) {
		m.Why = NoVerb
		return false
	}
	m.Verb = verbOf(w)
	return true
}

// shaped sets the TrID if the shape has one, and returns the shape's payload rule.
func (m *Message) shaped(shape Shape) Payload {
	if shape.TrID && m.count > 1 && (!shape.Serial || m.count > 2 && isDigits(m.Arg(1))) {
		m.setTrID(m.Raw[m.words[1].start:m.words[1].end])
	}
	return shape.Payload
}

// setTrID takes w, the second word, as the TrID if it is a decimal number of at most 2^32-1 (§5.6).
// Any other whole number stands in the place of the TrID without being one.
func (m *Message) setTrID(w []byte) {
	if n, ok := parseUint(w, 1<<32-1); ok {
		m.HasTrID, m.TrID, m.first = true, uint32(n), 2
	} else if c := w[0]; isDigits(w) || (c == '-' || c == '+') && isDigits(w[1:]) {
		m.first = 2
	}
}

// parseUint parses a decimal number and reports whether w is one that does not exceed limit, which
// must be less than 2^60. Leading zeros are allowed, signs are not. Of a number that is too large
// it returns limit+1.
func parseUint(w []byte, limit uint64) (uint64, bool) {
	var n uint64
	for _, c := range w {
		d := uint64(c - '0')
		if d > 9 {
			return 0, false
		}
		n = min(n*10+d, limit+1)
	}
	return n, n <= limit && len(w) > 0
}

func isDigits(w []byte) bool {
	for _, c := range w {
		if c < '0' || c > '9' {
			return false
		}
	}
	return len(w) > 0
}
