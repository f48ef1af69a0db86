// Package redact makes of the events of a session those of one that could have been: the same commands at the same times,
// said by people who do not exist.
//
//	for each event: r.Learn(e)       who takes part
//	for each event: e = r.Event(e)   the same with stand-ins
//
// What is replaced follows from the kinds of the command table and of the table of content types:
//
//	handles      user07@example.com, numbered in the order of the alphabet, since servers sort lists by them
//	names        user07 for who is called as the handle before the @, else name3
//	texts        text 12: messages, subjects, file names, notes; whatever nobody knows as well
//	addresses    10.0.0.3, 2001:db8::3, host3.example, with their ports; 0 stays
//	secrets, cookies, session numbers, account numbers, GUIDs: other digits and letters in the same places
//
// The same value becomes the same stand-in everywhere in a session: in arguments, payloads, what was sent on, and what the
// events tell of their connections. So referrals lead to their connections, relayed messages to their senders, and the
// session can be replayed. What is no value of a person stays: times, sizes, numbers that count, states, lists, versions of
// programs, fonts.
//
// A handle or a name that breaks the protocol's rules breaks them afterwards too: its letters and digits change, the rest
// stays. Such a value, and all that is replaced in its places, still tells how long the original was.
package redact

import (
	"slices"
	"strings"

	"github.com/msnscope/msnscope/decode"
	"github.com/msnscope/msnscope/decode/body"
	"github.com/msnscope/msnscope/decode/dialect"
	"github.com/msnscope/msnscope/decode/session"
)

// Redactor holds the stand-ins of one session. Memory grows with how many different values there are. It is not safe for
// concurrent use.
type Redactor struct {
	values values
	types  map[string]map[string]body.FieldInfo // content type -> field in lower case

	challenges map[int]string // of each connection, the last one
}

// New returns a Redactor.
func New() *Redactor {
	r := &Redactor{values: newValues(), types: map[string]map[string]body.FieldInfo{}, challenges: map[int]string{}}
	for _, t := range body.Types() {
		fields := map[string]body.FieldInfo{}
		for _, f := range t.Fields {
			fields[strings.ToLower(f.Name)] = f
		}
		for _, name := range append(t.Also, t.Type) {
			r.types[name] = fields
		}
	}
	return r
}

// Learn notes who takes part. Call it for all events before the first [Redactor.Event].
func (r *Redactor) Learn(e *session.Event) {
	r.values.learn(e.User)
	if e.Kind != session.Command {
		return
	}
	r.learn(&e.In, e.Row)
	if e.Out != nil {
		sent := e.Sent()
		r.learn(&sent, rowOf(e, &sent))
	}
}

func (r *Redactor) learn(m *decode.Message, row *dialect.Row) {
	for i := range m.NumArgs() {
		if a, ok := argOf(row, i); ok && (a.Kind == dialect.Self || a.Kind == dialect.Handle) {
			r.values.learn(string(a.Value(m.Arg(i))))
		}
	}
	if p := m.Payload(); len(p) > 0 && !m.Opaque() {
		r.learnBody(p)
	}
}

// Event returns the event with stand-ins; e stays as it is.
func (r *Redactor) Event(e *session.Event) *session.Event {
	v := &r.values
	v.settle()
	now := *e
	now.Client, now.Server, now.User = v.endpoint(e.Client), v.endpoint(e.Server), v.handle(e.User)
	now.Session = v.shape(e.Session)
	if now.Text = v.words(e.Text); e.Kind == session.Note || e.Kind == session.Command {
		now.Text = v.text(e.Text) // a person's, or a rule that a person wrote
	}
	if e.Kind != session.Command {
		return &now
	}
	if e.Row != nil && e.Dir == decode.FromServer {
		if c := e.Row.Find(&e.In, dialect.Secret); c != nil {
			r.challenges[e.Conn] = string(c)
		}
	}
	now.In = reparse(r.message(&e.In, e.Row, e.Conn), &e.In, e.Dir)
	if e.Out != nil {
		sent := e.Sent()
		now.Out = r.message(&sent, rowOf(e, &sent), e.Conn)
		if now.Out == nil {
			now.Out = []byte{}
		}
	}
	return &now
}

// rowOf returns the row of what was sent on.
func rowOf(e *session.Event, sent *decode.Message) *dialect.Row {
	if sent.Opaque() {
		return nil
	}
	if sent.Verb == e.In.Verb {
		return e.Row
	}
	return session.Table(e.Dialect).Match(e.Dir, e.Role, sent)
}

func argOf(row *dialect.Row, i int) (dialect.Arg, bool) {
	if row == nil {
		return dialect.Arg{}, false
	}
	return row.Arg(i)
}

// message returns the bytes of a command with stand-ins. All between the words stays: blanks, the line's end.
func (r *Redactor) message(m *decode.Message, row *dialect.Row, conn int) []byte {
	if m.Opaque() {
		return []byte(r.values.shape(string(m.Raw)))
	}
	var payload []byte
	if p := m.Payload(); len(p) > 0 {
		if payload = r.proof(m, conn); payload == nil {
			payload = r.body(p)
		}
	}
	out, done := make([]byte, 0, len(m.Raw)+64), 0
	for i := range m.NumArgs() {
		start, end := m.ArgSpan(i)
		out = append(out, m.Raw[done:start]...)
		out = append(out, r.argument(row, i, m, len(payload))...)
		done = end
	}
	out = append(append(out, m.Line()[min(done, len(m.Line())):]...), m.LineEnd()...)
	return append(out, payload...)
}

// proof returns the right answer of a program to the stand-in of its challenge where it gave the right one, else nil: the key
// is that of all who use the program.
func (r *Redactor) proof(m *decode.Message, conn int) []byte {
	key, ok := decode.ClientKey(string(m.Arg(0)))
	if !ok || !strings.EqualFold(string(m.Payload()), decode.MD5Response(r.challenges[conn], key)) {
		return nil
	}
	return []byte(decode.MD5Response(r.values.shape(r.challenges[conn]), key))
}

// argument returns the stand-in of one argument.
func (r *Redactor) argument(row *dialect.Row, i int, m *decode.Message, payload int) string {
	v, word := &r.values, string(m.Arg(i))
	a, known := argOf(row, i)
	if !known {
		if i == 0 && row == nil && number(word) {
			return word // the TrID of a command that nobody knows
		}
		return v.unknown(word)
	}
	if a.Kind == dialect.Length && len(m.Payload()) > 0 {
		return itoa(payload)
	}
	value := string(a.Value([]byte(word)))
	at := strings.Index(word, value)
	before, after := word[:at], word[at+len(value):]
	if slices.Contains(a.Values, value) || value == a.Is {
		return word
	}
	return before + v.argument(&a, value) + v.shape(after)
}

// reparse returns the message of which these bytes are the stand-in.
func reparse(raw []byte, was *decode.Message, dir decode.Dir) decode.Message {
	if was.Opaque() {
		return decode.Blob(raw, was.Why)
	}
	return decode.Parse(raw, dir, trid(was.HasTrID))
}

// trid is a grammar that knows whether there is a TrID.
type trid bool

// Shape implements [decode.Grammar].
func (t trid) Shape(decode.Dir, decode.Verb) decode.Shape { return decode.Shape{TrID: bool(t)} }

// Fits implements [decode.Grammar].
func (t trid) Fits(decode.Dir, *decode.Message) bool { return true }
