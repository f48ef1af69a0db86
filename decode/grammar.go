package decode

// Grammar tells a Reader what it needs to know about commands in order to frame them. Package
// dialect implements it from its tables. Implementations are safe for concurrent use.
type Grammar interface {
	// Shape returns the shape of commands with that verb in that direction. An unknown verb has a
	// TrID if its second word is a number, and no payload.
	Shape(dir Dir, verb Verb) Shape
	// Fits reports whether m, a command line, is valid in some dialect, word by word: the number of
	// arguments, and numbers and handles where they belong. A Reader that has lost framing resumes
	// at the next command for which Fits returns true.
	Fits(dir Dir, m *Message) bool
}

// Shape is what framing needs to know about a command.
type Shape struct {
	// TrID reports whether the second word is the TrID, provided that it is a number (§5.6).
	TrID bool
	// Serial reports whether the command has a serial number first, after the TrID or without one:
	// then the second word is the TrID only if the third is a number too.
	Serial bool
	// Payload is the rule for the bytes that follow the line.
	Payload Payload
}

// Payload is a rule that says how many bytes follow a command line.
type Payload uint8

// The payload rules. The length is always the last argument, but not every number there is a
// length: that of QNG 60 or SYN 8 1 is not. Where several forms of a command have different rules,
// the one that is last in this list applies to all of them.
const (
	NoPayload        Payload = iota
	LastArg                  // the last argument is the length
	LastArgIfNumeric         // the last argument is the length if it is a number: not in ADL 5 OK
	// the last argument is the length if it is the third one and a number, as in UUN 7 bob@h.com 1
	// 12
	ThirdArgIfNumeric
	// the only argument after a TrID is the length if it is a number, as in the error 241 7 58
	OnlyArgIfNumeric
	// nothing belongs to the line, but all that follows in its direction is blocks of a file
	Blocks
	// the command is itself a block: a head of three octets that tells the length, without a line
	OneBlock
)

// LengthArg returns the index of the argument of m that is the length of its payload by the rule,
// -1 where m has none: the command has no payload then, or its line is wrong.
func (p Payload) LengthArg(m *Message) int {
	n := m.NumArgs()
	switch {
	case p == NoPayload, p == Blocks, p == OneBlock:
		return -1
	case p == ThirdArgIfNumeric && n != 3, p == OnlyArgIfNumeric && (n != 1 || !m.HasTrID):
		return -1
	case !isDigits(m.Arg(n - 1)):
		return -1
	}
	return n - 1
}

// Plain is a grammar that knows no commands: any second word that is a number is a TrID, and no
// command has a payload.
type Plain struct{}

// Shape implements [Grammar].
func (Plain) Shape(Dir, Verb) Shape { return Shape{TrID: true} }

// Fits implements [Grammar]: every message that is not opaque fits.
func (Plain) Fits(_ Dir, m *Message) bool { return !m.Opaque() }

// KnownTrID is the grammar for [Parse] of one stored command: the value says whether its second
// word is the TrID, or a number in place of one. All bytes after the line are its payload, so that
// no payload rule is needed.
type KnownTrID bool

// Shape implements [Grammar].
func (k KnownTrID) Shape(_ Dir, v Verb) Shape {
	if v == blockVerb() {
		return Shape{Payload: OneBlock}
	}
	return Shape{TrID: bool(k)}
}

// Fits implements [Grammar].
func (KnownTrID) Fits(Dir, *Message) bool { return true }

// Reason is why bytes are not a command.
type Reason uint8

// The reasons. Every reason but NotOpaque makes a message opaque.
const (
	NotOpaque    Reason = iota
	EmptyLine           // a line without a word
	NoVerb              // the first word is neither three letters nor three digits
	LineTooLong         // a line of more than MaxLine bytes
	BadLength           // the length of a required payload is not a number
	LengthCap           // the line of a command whose payload has more than MaxPayload bytes
	CutShort            // the stream ended inside a command
	OutOfStep           // framing is lost, and these bytes are not certainly a command
	OverlongPart        // a part of a payload that has more than MaxPayload bytes
	NoBlock             // no block, where only blocks of a file may stand
)

// String returns the reason in words, "" for NotOpaque.
func (r Reason) String() string {
	switch r {
	case NotOpaque:
		return ""
	case EmptyLine:
		return "empty line"
	case NoVerb:
		return "not a command: its first word is neither three letters nor three digits"
	case LineTooLong:
		return "line longer than 8192 bytes"
	case BadLength:
		return "the payload length is not a number"
	case LengthCap:
		return "payload longer than 1 MB"
	case OverlongPart:
		return "part of a payload longer than 1 MB"
	case NoBlock:
		return "no block of the file: its head is not 0 or 1 and a length"
	case CutShort:
		return "cut short: the stream ended inside a command"
	case OutOfStep:
		return "out of step: this may be part of a message"
	}
	return "unknown reason"
}
