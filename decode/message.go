package decode

import (
	"bytes"
	"slices"
)

// Dir says who sent a command: 'C' the client, 'S' the server, as the draft writes them (§7.1).
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

// Verb is a command's name: three letters, or three digits for an error (§5.2, §7.11). The zero Verb is no command. Verbs
// are comparable and cost nothing to copy.
type Verb [3]byte

// V returns the verb with the given name, and the zero Verb when s does not have the form of one.
func V(s string) Verb {
	if len(s) != 3 || !isVerb([]byte(s)) {
		return Verb{}
	}
	return Verb{s[0], s[1], s[2]}
}

// String returns the three characters, or "" for the zero Verb.
func (v Verb) String() string {
	if v == (Verb{}) {
		return ""
	}
	return string(v[:])
}

// Code returns the number of an error (§7.11), and 0 for any other verb.
func (v Verb) Code() int {
	if v[0] < '0' || v[0] > '9' {
		return 0
	}
	return int(v[0]-'0')*100 + int(v[1]-'0')*10 + int(v[2]-'0')
}

// isVerb reports whether w is three letters or three digits. Letters of either case are taken (one server compares without
// case): what is wrong with lower case is for lint to say, not for framing.
func isVerb(w []byte) bool {
	if len(w) != 3 {
		return false
	}
	if (w[0]|0x20)-'a' < 26 && (w[1]|0x20)-'a' < 26 && (w[2]|0x20)-'a' < 26 {
		return true
	}
	return isDigits(w)
}

// inlineWords is how many words a Message holds without allocating: no command of the draft has more than eight; VER with all
// dialects ever spoken has twenty-two.
const inlineWords = 22

// span is a part of Raw. Lines are capped at MaxLine, so 16 bits do.
type span struct{ start, end uint16 }

// Message is one command as it was on the wire, or, when Verb is zero, bytes that are no command.
//
// All slices that its methods return are parts of Raw. A Message from [Reader.Next] is valid until the next call on that
// Reader; [Message.Clone] makes one that lasts. A Message that is no longer changed may be read by several goroutines.
type Message struct {
	// Raw is every byte: the command line, its line end and the payload.
	Raw []byte
	// Verb is the command, zero for an opaque message.
	Verb Verb
	// HasTrID says that the command carries a transaction identifier (§5.6), TrID its value.
	HasTrID bool
	TrID    uint32
	// Why says what keeps an opaque message from being a command; NotOpaque for a command.
	Why Reason

	line, body   uint32 // length of the line without its end; where the payload begins
	count, first int    // how many words the line has; which of them is the first argument
	words        [inlineWords]span
	more         []span // words past inlineWords
}

// Opaque reports whether the bytes are no command.
func (m *Message) Opaque() bool { return m.Why != NotOpaque }

// Line returns the command line without its end; of an opaque message, all bytes without a line end at their end.
func (m *Message) Line() []byte { return m.Raw[:m.line] }

// LineEnd returns what ended the line: "\r\n", "\n", or nothing.
func (m *Message) LineEnd() []byte { return m.Raw[m.line:m.body] }

// Payload returns the bytes after the line, nil when the command has none (§8.7).
func (m *Message) Payload() []byte {
	if int(m.body) >= len(m.Raw) {
		return nil
	}
	return m.Raw[m.body:]
}

// TrIDText returns the digits of the TrID as they were on the wire, nil when there is none.
func (m *Message) TrIDText() []byte {
	if !m.HasTrID {
		return nil
	}
	return m.Raw[m.words[1].start:m.words[1].end]
}

// NumArgs returns the number of arguments: the words after the verb and the TrID.
func (m *Message) NumArgs() int { return m.count - m.first }

// Arg returns argument i as it was on the wire, nil when there are not so many.
func (m *Message) Arg(i int) []byte {
	s, ok := m.span(i)
	if !ok {
		return nil
	}
	return m.Raw[s.start:s.end]
}

// ArgSpan returns where in Raw argument i begins and ends: 0, 0 when there are not so many.
func (m *Message) ArgSpan(i int) (start, end int) {
	s, _ := m.span(i)
	return int(s.start), int(s.end)
}

func (m *Message) span(i int) (span, bool) {
	word := i + m.first
	switch {
	case i < 0 || word >= m.count:
		return span{}, false
	case word < inlineWords:
		return m.words[word], true
	}
	return m.more[word-inlineWords], true
}

// Clone returns a copy that shares no bytes with m.
func (m *Message) Clone() Message {
	c := *m
	c.Raw = bytes.Clone(m.Raw)
	c.more = slices.Clone(m.more)
	return c
}

// Parse takes raw as one whole command: the line up to the first line feed (or all of it), the rest as payload. It is for
// bytes that are known to be one command, such as a stored one; a stream needs a [Reader]. The result shares raw.
func Parse(raw []byte, dir Dir, g Grammar) Message {
	var m Message
	m.Parse(raw, dir, g)
	return m
}

// Parse makes m what [Parse] returns, whatever it was: for who has the room already.
func (m *Message) Parse(raw []byte, dir Dir, g Grammar) {
	m.Raw = raw
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

// splitLong takes the line of m and its words, and reports whether there is one; else m is opaque.
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

// Blob returns an opaque message of raw, with the reason.
func Blob(raw []byte, why Reason) Message {
	m := Message{Raw: raw}
	m.setOpaque(why)
	return m
}

func (m *Message) setLine(line, body int) { m.line, m.body = uint32(line), uint32(body) }

// setOpaque makes all of Raw a line of no command.
func (m *Message) setOpaque(why Reason) {
	raw := m.Raw
	*m = Message{Raw: raw, Why: why}
	end := len(raw)
	if end > 0 && raw[end-1] == '\n' {
		end = trimCR(raw[:end-1])
	}
	m.setLine(end, len(raw))
}

// trimCR returns the length of b without one carriage return at its end.
func trimCR(b []byte) int {
	if n := len(b); n > 0 && b[n-1] == '\r' {
		return n - 1
	}
	return len(b)
}

// read makes of the words of the line a verb, a TrID where the grammar has one, and arguments. It returns what the grammar says
// of the payload. Words are separated by any number of spaces and tabs (§5.2).
func (m *Message) read(dir Dir, g Grammar) Payload {
	if !m.readVerb() {
		return NoPayload
	}
	return m.shaped(g.Shape(dir, m.Verb))
}

// readVerb takes the verb, and reports whether there is one.
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
	m.Verb = Verb(w)
	return true
}

// shaped takes the TrID where the shape has one, and returns what the shape says of the payload.
func (m *Message) shaped(shape Shape) Payload {
	if shape.TrID && m.count > 1 {
		m.setTrID(m.Raw[m.words[1].start:m.words[1].end])
	}
	return shape.Payload
}

// setTrID takes the second word as the TrID if it is one: decimal, at most 2^32-1 (§5.6).
func (m *Message) setTrID(w []byte) {
	if n, ok := parseUint(w, 1<<32-1); ok {
		m.HasTrID, m.TrID, m.first = true, uint32(n), 2
	}
}

// parseUint reads a decimal number of at most limit, which is less than 2^60. Leading zeros are fine; signs and anything else
// are not.
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
