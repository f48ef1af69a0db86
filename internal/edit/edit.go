// Package edit defines the values that are exchanged between the proxy, which holds, changes and
// sends live commands, and the inspector and the control API, through which people ask it to.
package edit

import (
	"bytes"
	"errors"
	"fmt"
	"strconv"
	"strings"
	"time"

	"github.com/msnscope/msnscope/decode"
	"github.com/msnscope/msnscope/decode/dialect"
	"github.com/msnscope/msnscope/decode/session"
)

// Held is a command that waits for a person's decision. Until it is sent on or dropped, it is in no
// log.
type Held struct {
	// ID identifies the command while it waits.
	ID uint64
	// Event is the command as it was received, with Out as it would be sent now, and with all that
	// was known about its connection. It has no number and must not be changed.
	Event *session.Event
	// Since is the time when the command came, Until the time when it will be sent on without a
	// decision.
	Since, Until time.Time
	// Gone reports whether its sender has closed the connection in the meantime. The command and
	// those after it can still be sent on; after them the receiver sees the end, too.
	Gone bool
}

// Injection is a command that a person has composed.
type Injection struct {
	// Conn is the number of the connection. Dir is the end that seems to send the command: one from
	// the client goes to the server.
	Conn int
	Dir  decode.Dir
	// Text is the command in the notation of [decode.Quote]; a line end is added if it has neither
	// a line end nor a payload. The words {trid}, {user}, {session} and {cookie} stand for an
	// unused TrID of the connection, its user's handle, the number of its switchboard session, and
	// the cookie of its latest referral.
	Text string
	// Anyway sends the command even if the table of the dialect does not allow it.
	Anyway bool
}

// The errors of holding, changing and sending commands.
var (
	ErrGone   = errors.New("that command is no longer waiting")
	ErrNoConn = errors.New("there is no such open connection")
	ErrEmpty  = errors.New("there is no command: the text is empty")
)

// NotAllowedError is the error for a command that the table does not allow. Injection.Anyway sends
// such a command nevertheless.
type NotAllowedError struct{ Err error }

// Error returns what is wrong with the command.
func (e *NotAllowedError) Error() string { return e.Err.Error() }

// Unwrap returns the underlying error.
func (e *NotAllowedError) Unwrap() error { return e.Err }

// Field is a part of a held command that a person can change.
type Field struct {
	Name  string // the argument's, "TrID", or "" for the payload
	Value string // unescaped; a payload in the notation of decode.Quote
}

// Fields returns the parts of a command, as it would be sent on, that its row names, in order, with
// the payload last. A command that no row describes has none.
func Fields(e *session.Event) []Field {
	if e.Row == nil || e.In.Opaque() {
		return nil
	}
	m := e.Sent()
	var fields []Field
	if text := m.TrIDText(); text != nil {
		fields = append(fields, Field{"TrID", string(text)})
	}
	for i := range min(m.NumArgs(), len(e.Row.Args)) {
		a := &e.Row.Args[i]
		if a.Is == "" && a.Kind != dialect.Length {
			fields = append(fields, Field{a.Name, decode.Unescape(string(a.Value(m.Arg(i))))})
		}
	}
	if e.Row.Payload != decode.NoPayload && m.Payload() != nil {
		fields = append(fields, Field{"", decode.Quote(m.Payload())})
	}
	return fields
}

// Typed returns the bytes of a command that a person typed in the notation of [decode.Quote]. A
// line without a line end gets one. The error is [ErrEmpty] for no bytes at all.
func Typed(text string) ([]byte, error) {
	raw, err := decode.Unquote(text)
	if err != nil {
		return nil, err
	}
	return Line(string(raw))
}

// Line returns the bytes of a command, with a line end if there is none. The error is [ErrEmpty]
// for no bytes at all.
func Line(raw string) ([]byte, error) {
	switch {
	case raw == "":
		return nil, ErrEmpty
	case strings.IndexByte(raw, '\n') < 0:
		raw += "\r\n"
	}
	return []byte(raw), nil
}

// Refit returns raw, which a person typed to replace before, the bytes of e, with its length
// corrected (§8.7) if the payload has changed and the length has not. A length that was typed
// stays, even if it is wrong.
func Refit(e *session.Event, before, raw []byte) []byte {
	m := decode.Parse(before, e.Dir, session.Table(e.Dialect).At(e.Role))
	line, payload, ok := bytes.Cut(raw, []byte{'\n'})
	words := bytes.TrimRight(line, "\r")
	last := words[bytes.LastIndexByte(words, ' ')+1:]
	switch {
	case !ok, m.Opaque(), m.Payload() == nil, m.NumArgs() == 0, len(payload) == len(m.Payload()):
		return raw
	case string(last) != string(m.Arg(m.NumArgs()-1)), string(last) != strconv.Itoa(len(m.Payload())):
		return raw
	}
	out := append([]byte{}, words[:len(words)-len(last)]...)
	out = strconv.AppendInt(out, int64(len(payload)), 10)
	return append(append(append(out, line[len(words):]...), '\n'), payload...)
}

// Whole returns an error unless raw, which is to be sent in place of e, consists of whole commands:
// otherwise the bytes that follow on the connection would become part of the last one.
func Whole(e *session.Event, raw []byte) error {
	_, err := count(e, raw)
	return err
}

// One returns an error unless raw is one whole command of the sender of e, on its connection.
func One(e *session.Event, raw []byte) error {
	n, err := count(e, raw)
	if err == nil && n != 1 {
		return fmt.Errorf("%q is %d commands: it must be one", decode.Quote(raw), n)
	}
	return err
}

// count returns the number of commands that raw consists of.
func count(e *session.Event, raw []byte) (n int, err error) {
	r := decode.NewReader(e.Dir, session.Table(e.Dialect).At(e.Role))
	r.Feed(raw)
	for m := (decode.Message{}); r.Next(&m); n++ {
		if m.Opaque() {
			return n, fmt.Errorf("%q is not a command: %v", decode.Quote(m.Raw), m.Why)
		}
	}
	if rest := r.Pending(); len(rest) > 0 {
		return n, fmt.Errorf("%q is not a whole command: a line ends in \\r\\n, and a payload is as long as the line "+
			"says", decode.Quote(rest))
	}
	return n, nil
}

// Rewrite returns the bytes of the command e with those fields changed that differ from what
// [Fields] returns for it.
func Rewrite(e *session.Event, fields []Field) ([]byte, error) {
	was := make(map[string]string)
	for _, f := range Fields(e) {
		was[f.Name] = f.Value
	}
	edit := dialect.Edit{Args: map[string]string{}}
	for _, f := range fields {
		switch {
		case f.Value == was[f.Name]:
		case f.Name != "":
			edit.Args[f.Name] = f.Value
		default:
			payload, err := decode.Unquote(f.Value)
			if err != nil {
				return nil, err
			}
			edit.Payload = append([]byte{}, payload...)
		}
	}
	m := e.Sent()
	return e.Row.Apply(&m, edit)
}

// WithText returns a message's payload with text in place of what follows its headers (§8.8). The
// result shares no memory with payload.
func WithText(payload []byte, text string) []byte {
	head, _, found := strings.Cut(string(payload), "\r\n\r\n")
	if !found {
		return []byte(text)
	}
	return []byte(head + "\r\n\r\n" + text)
}
