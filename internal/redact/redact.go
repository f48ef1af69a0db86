// Package redact replaces everything personal in the events of a session. The result is a session
// that could have been: the same commands at the same times, said by people who do not exist.
//
//	for each event: r.Learn(e)       who takes part
//	for each event: e = r.Event(e)   the same with stand-ins
//
// The kinds of arguments in the command table, and of fields in the table of content types, decide
// what is replaced:
//
//	handles      user07@example.com, numbered alphabetically, since servers sort lists by them
//	names        user07 where the name is the handle before the @, else name3
//	texts        text 12: messages, subjects, file names, notes, programs, fonts, and all fields
//	             of unknown kind
//	addresses    10.0.0.3, 2001:db8::3, host3.example, with their ports; 0 stays
//	secrets      other digits and letters in the same places; cookies, session numbers,
//	             account numbers and GUIDs too
//
// The same value gets the same stand-in everywhere in a session: in arguments, in payloads, in what
// was sent on, and in what events say about their connections. So referrals lead to their
// connections, relayed messages to their senders, and the session can be replayed. XML keeps its
// form, so that the lists in it are still lists. Values that are not personal stay: times, sizes,
// counts, states, lists, capabilities.
//
// A handle or a name that breaks the protocol's rules still breaks them afterwards: its letters and
// digits change, the rest stays. Such a value, and every value that is replaced by shape, still
// reveals the length of the original.
package redact

import (
	"bytes"
	"cmp"
	"slices"
	"strings"

	"github.com/msnscope/msnscope/decode"
	"github.com/msnscope/msnscope/decode/body"
	"github.com/msnscope/msnscope/decode/dialect"
	"github.com/msnscope/msnscope/decode/session"
)

// Redactor holds the stand-ins of one session. Its memory grows with the number of different
// values. It is not safe for concurrent use.
type Redactor struct {
	values values
	types  map[string]map[string]body.FieldInfo // content type -> field in lower case

	challenges map[int]string // the latest one of each connection
}

// New returns a Redactor that knows no values yet.
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

// Learn collects the handles in an event. It must be called for all events before the first
// [Redactor.Event].
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
		a, ok := argOf(row, i)
		switch {
		case !ok:
		case a.Kind == dialect.Self || a.Kind == dialect.Handle:
			r.values.learn(string(a.Value(m.Arg(i))))
		case a.Kind == dialect.Object:
			r.values.learnMarkup(decode.Unescape(string(m.Arg(i))))
		}
	}
	if p := m.Payload(); len(p) > 0 && !m.Opaque() && !m.Block() {
		r.learnBody(p)
	}
}

// Event returns a copy of the event with stand-ins; e does not change.
func (r *Redactor) Event(e *session.Event) *session.Event {
	v := &r.values
	v.settle()
	now := *e
	now.Client, now.Server, now.User = v.endpoint(e.Client), v.endpoint(e.Server), v.handle(e.User)
	now.Session, now.ClientName, now.ServerName, now.File = v.shape(e.Session), "", "", ""
	if now.Text = v.words(e.Text); e.Kind == session.Note || e.Kind == session.Command {
		now.Text = v.text(e.Text) // it may be written by a person, as rules are
	}
	if e.Kind != session.Command {
		return &now
	}
	if e.Row != nil && e.Dir == decode.FromServer {
		if c := e.Row.Find(&e.In, dialect.Secret); c != nil {
			r.challenges[e.Conn] = string(c)
		}
	}
	switch {
	case carries(e, &e.In):
		now.In = decode.Blob(blankFile(&e.In), e.In.Why)
	case e.In.Opaque():
		now.In = decode.Blob(r.incomplete(e), e.In.Why)
	default:
		now.In = reparse(r.message(&e.In, e.Row, e.Conn), &e.In, e.Dir)
	}
	if e.Out != nil {
		sent := e.Sent()
		if carries(e, &sent) {
			now.Out = blankFile(&sent)
		} else {
			now.Out = r.message(&sent, rowOf(e, &sent), e.Conn)
		}
		if now.Out == nil {
			now.Out = []byte{}
		}
	}
	return &now
}

// carries reports whether m, which came or was sent on, has content of a file that is no whole
// block: what was cut short, or follows a head that is none.
func carries(e *session.Event, m *decode.Message) bool {
	return e.Role == dialect.FT && e.Dir == decode.FromServer && m.Opaque() && len(m.Raw) > 0 &&
		(m.Why == decode.NoBlock || m.Raw[0] <= 1 || e.In.Block())
}

// blankFile returns the bytes of such content with nothing of the file in them. A head stays. What
// has none gets letters: zeros would look like a block.
func blankFile(m *decode.Message) []byte {
	if m.Why == decode.NoBlock || m.Raw[0] > 1 {
		return bytes.Repeat([]byte("x"), len(m.Raw))
	}
	out := make([]byte, len(m.Raw))
	copy(out, m.Raw[:min(3, len(m.Raw))])
	return out
}

// rowOf returns the row that describes what was sent on.
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

// message returns the bytes of a command with stand-ins. Everything between the words stays: blanks
// and the line end.
func (r *Redactor) message(m *decode.Message, row *dialect.Row, conn int) []byte {
	if m.Opaque() {
		return []byte(r.values.shape(string(m.Raw)))
	}
	if m.Block() { // the content of a file
		return append(bytes.Clone(m.Raw[:len(m.Raw)-len(m.Payload())]), make([]byte, len(m.Payload()))...)
	}
	return r.command(m, row, conn, false)
}

// incomplete returns the bytes with stand-ins of a command that was cut short, or of whose payload
// only the first bytes are here. Verb, TrID and length stay: the rest has as many bytes as before.
func (r *Redactor) incomplete(e *session.Event) []byte {
	m := e.In
	if m.Why == decode.CutShort || m.Why == decode.LengthCap {
		table := session.Table(e.Dialect)
		c := decode.Parse(m.Raw, e.Dir, table.At(e.Role))
		if row := table.Match(e.Dir, cmp.Or(e.Role, dialect.Any), &c); row != nil {
			return r.command(&c, row, e.Conn, true)
		}
	}
	return []byte(r.values.shape(string(m.Raw)))
}

// command returns the bytes of a command with stand-ins. If it is partial, its payload is replaced
// by one of the same length.
func (r *Redactor) command(m *decode.Message, row *dialect.Row, conn int, partial bool) []byte {
	var payload []byte
	if p := m.Payload(); partial {
		payload = []byte(r.values.shape(string(p)))
	} else if len(p) > 0 {
		if payload = r.proof(m, conn); payload == nil {
			payload = r.body(p)
		}
	}
	out, done := make([]byte, 0, len(m.Raw)+64), 0
	for i := range m.NumArgs() {
		start, end := m.ArgSpan(i)
		if a, ok := argOf(row, i); partial && ok && a.Kind == dialect.Length {
			continue
		}
		out = append(out, m.Raw[done:start]...)
		out = append(out, r.argument(row, i, m, len(payload))...)
		done = end
	}
	out = append(append(out, m.Line()[min(done, len(m.Line())):]...), m.LineEnd()...)
	return append(out, payload...)
}

// proof returns the answer to the stand-in of a challenge if the program answered the original
// challenge correctly, else nil. The key is that of the program, the same for all users.
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
			return word // the TrID of an unknown command
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

// reparse parses raw, the stand-in of the command was.
func reparse(raw []byte, was *decode.Message, dir decode.Dir) decode.Message {
	return decode.Parse(raw, dir, decode.KnownTrID(was.TrIDText() != nil))
}
