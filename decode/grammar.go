package decode

// Grammar says what framing needs to know of a command. Package dialect implements it from its tables. Implementations are
// safe for concurrent use.
type Grammar interface {
	// Shape returns what is known of the verb in that direction; for a verb that nobody knows, a TrID where the second
	// word is a number, and no payload.
	Shape(dir Dir, verb Verb) Shape
	// Fits reports whether m, a command line, is one that some dialect has, in every word: number of arguments, numbers and
	// handles where they belong. A Reader that is out of step finds the next command by it.
	Fits(dir Dir, m *Message) bool
}

// Shape is what framing needs to know of a command.
type Shape struct {
	// TrID says that the second word is the TrID where it is a number (§5.6).
	TrID bool
	// Payload says whether bytes follow the line.
	Payload Payload
}

// Payload says how many bytes follow a command line.
type Payload uint8

// The payload rules. The length is always the last argument; a number there alone means nothing, as in QNG 60 or SYN 8 1.
// Where several forms of a command have different rules, the last of them here goes for all.
const (
	NoPayload         Payload = iota
	LastArg                   // the last argument is the length
	LastArgIfNumeric          // the last argument is the length unless it is a word, as in ADL 5 OK
	ThirdArgIfNumeric         // the third argument is the length where there is one and it is the last, as in UUN 7 bob@h.com 1 12
	OnlyArgIfNumeric          // one argument after a TrID is the length unless it is a word, as in the error 241 7 58
)

// Plain is the grammar that knows no command: every second word that is a number is a TrID, nothing has a payload.
type Plain struct{}

// Shape implements [Grammar].
func (Plain) Shape(Dir, Verb) Shape { return Shape{TrID: true} }

// Fits implements [Grammar]: whatever looks like a command may be one.
func (Plain) Fits(_ Dir, m *Message) bool { return !m.Opaque() }

// Reason says why bytes are no command.
type Reason uint8

// The reasons. All but NotOpaque make a message opaque.
const (
	NotOpaque   Reason = iota
	EmptyLine          // a line without a word
	NoVerb             // the first word is neither three letters nor three digits
	LineTooLong        // a line of more than MaxLine bytes
	BadLength          // a command that must have a payload has no number there
	LengthCap          // a payload of more than MaxPayload bytes
	CutShort           // the stream ended inside
	OutOfStep          // framing is lost, and this is no command that is known for sure
)

// String returns the reason in words.
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
		return "the payload length is no number"
	case LengthCap:
		return "payload longer than 1 MB"
	case CutShort:
		return "cut short: the stream ended inside a command"
	case OutOfStep:
		return "out of step: it may be a part of a message"
	}
	return "unknown reason"
}
