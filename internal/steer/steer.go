// Package steer is what the parts that hold, change and send live commands say to each other: the proxy, which does it, the
// inspector and the control API, through which people ask for it.
package steer

import (
	"bytes"
	"errors"
	"fmt"
	"strconv"
	"time"

	"github.com/msnscope/msnscope/decode"
	"github.com/msnscope/msnscope/decode/dialect"
	"github.com/msnscope/msnscope/decode/session"
)

// Held is a command that waits for a person. It is in no log before it goes on, or is dropped.
type Held struct {
	// ID names it as long as it waits.
	ID uint64
	// Event is the command as it came, Out as it would go on now, with all that was known of its connection then; it has no
	// number. It must not be changed.
	Event *session.Event
	// Since is when it came, Until when it goes on by itself.
	Since, Until time.Time
	// Gone says that its sender has hung up meanwhile. The command, and what was said behind it, can go on all the same; then
	// the receiver sees the end too.
	Gone bool
}

// Injection is a command that a person makes up.
type Injection struct {
	// Conn is the connection, Dir who shall seem to have sent it: what is from the client goes to the server.
	Conn int
	Dir  decode.Dir
	// Text is the command as [decode.Quote] writes it; a line end is added where there is none and no payload. In it {trid} is a
	// TrID that the connection has not used, {user} its handle, {session} the number of its switchboard session, {cookie} the
	// cookie of its last referral.
	Text string
	// Anyway sends it although the table of the dialect does not allow it.
	Anyway bool
}

// The errors of steering.
var (
	ErrGone   = errors.New("that command does not wait any more")
	ErrNoConn = errors.New("there is no such open connection")
)

// NotAllowedError is the error for a command that the table does not allow; Injection.Anyway sends it all the same.
type NotAllowedError struct{ Err error }

// Error returns what is wrong with the command.
func (e *NotAllowedError) Error() string { return e.Err.Error() }

// Unwrap returns what is wrong.
func (e *NotAllowedError) Unwrap() error { return e.Err }

// Waiting returns the command that keys act on: the oldest that waits on the connection, else the oldest of all; false where
// none waits.
func Waiting(held []Held, conn int) (Held, bool) {
	for _, h := range held {
		if h.Event.Conn == conn {
			return h, true
		}
	}
	if len(held) > 0 {
		return held[0], true
	}
	return Held{}, false
}

// Field is a part of a held command that a person can change.
type Field struct {
	Name  string // the argument's, "TrID", or "" for the payload
	Value string // as a person reads it; the payload as decode.Quote writes it
}

// Fields returns the parts of a command, as it would go on, that its row names, in their order, with the payload last. Of a command that no row
// describes there are none.
func Fields(e *session.Event) []Field {
	if e.Row == nil || e.In.Opaque() {
		return nil
	}
	m := e.Sent()
	var fields []Field
	if m.HasTrID {
		fields = append(fields, Field{"TrID", string(m.TrIDText())})
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

// Typed returns the bytes of a command that was typed as [decode.Quote] writes it: a line that has no end gets one.
func Typed(text string) ([]byte, error) {
	raw, err := decode.Unquote(text)
	if err == nil && len(raw) > 0 && bytes.IndexByte(raw, '\n') < 0 {
		raw = append(raw, '\r', '\n')
	}
	return raw, err
}

// Refit returns what was typed in place of before, which goes where e does, with its length made to fit (§8.7) if the payload is
// another one and the length still the old one; a length that was typed, however wrong, stays.
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

// Whole returns what is wrong with the bytes that shall be sent in place of e, if they are not whole commands: what follows them
// on the connection would be taken for a part of them.
func Whole(e *session.Event, raw []byte) error {
	r := decode.NewReader(e.Dir, session.Table(e.Dialect).At(e.Role))
	r.Feed(raw)
	for m := (decode.Message{}); r.Next(&m); {
		if m.Opaque() {
			return fmt.Errorf("%q is no command: %v", decode.Quote(m.Raw), m.Why)
		}
	}
	if rest := r.Pending(); len(rest) > 0 {
		return fmt.Errorf("%q is not a whole command: a line ends in \\r\\n, and a payload is as long as the line says", decode.Quote(rest))
	}
	return nil
}

// Rewrite returns the bytes of the command with those fields changed that differ from what [Fields] returns for it.
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
