package compare

import (
	"strings"

	"github.com/msnscope/msnscope/decode/dialect"
	"github.com/msnscope/msnscope/decode/session"
)

// Rank says how well one command can stand for another, from not at all to equal in every byte that
// counts.
type Rank uint8

// These are the ranks.
const (
	Unrelated Rank = iota
	Loose          // the same command about the same thing under another TrID
	Weak           // an answer to the same request: an error instead of the answer, another form, another user
	Strong         // the same command, TrID and key arguments: LIST, handles, fixed words
	Exact          // Strong, and Message finds no difference
)

// Key says what a command is about, so that it is determined once and compared often. It holds on
// to its event.
type Key struct {
	event   *session.Event
	subject string // verb and key arguments
	list    string // the list (§5.7) or property alone
	trid    string
	answer  bool
	isErr   bool
	order   string
}

// keyArgs are the arguments with a closed set of words that say what a command is about rather than
// what it says about that.
var keyArgs = map[string]bool{"LIST": true, "Property": true}

// KeyOf returns the key of a command.
func KeyOf(e *session.Event) Key {
	m := &e.In
	k := Key{event: e, trid: string(m.TrIDText()), isErr: m.Verb.Code() != 0}
	k.answer = m.HasTrID && m.TrID != 0
	var subject strings.Builder
	subject.WriteString(verb(m))
	who := ""
	for i := range m.NumArgs() {
		arg, ok := rowArg(e.Row, i)
		if !ok {
			break
		}
		word := string(m.Arg(i))
		switch {
		case keyArgs[arg.Name]:
			k.list += " " + word
		case arg.Kind == dialect.Handle || arg.Kind == dialect.Self:
			word = strings.ToLower(word) // §5.4
			if who == "" {
				who = word
			}
		case arg.Is == "" || arg.Is != word:
			continue
		}
		subject.WriteString(" " + word)
	}
	k.subject = subject.String()
	switch {
	case k.answer:
		k.order = "answers"
	case who != "":
		k.order = "about " + who
	default:
		k.order = k.subject
	}
	return k
}

func rowArg(row *dialect.Row, i int) (dialect.Arg, bool) {
	if row == nil {
		return dialect.Arg{}, false
	}
	return row.Arg(i)
}

// Event returns the event that the key was made of.
func (k *Key) Event() *session.Event { return k.event }

// Answer reports whether the command is an answer: whether it has a TrID other than 0.
func (k *Key) Answer() bool { return k.answer }

// SameSubject reports whether the two are the same command about the same thing, whatever their
// TrIDs and what they say about it.
func (k *Key) SameSubject(other *Key) bool { return k.subject == other.subject }

// Rank returns how well got can stand for k.
func (k *Key) Rank(got *Key, o Options) Rank {
	switch {
	case k.event.In.Opaque() != got.event.In.Opaque():
		return Unrelated
	case k.trid == got.trid && k.subject == got.subject:
		if len(Message(k.event, got.event, o)) == 0 {
			return Exact
		}
		return Strong
	case k.answer && k.trid == got.trid && k.sameRequest(got):
		return Weak
	case k.subject == got.subject:
		return Loose
	}
	return Unrelated
}

// sameRequest reports whether two answers with the same TrID can belong to the same request: TrIDs
// repeat, so an equal TrID alone is not enough.
func (k *Key) sameRequest(got *Key) bool {
	if k.isErr || got.isErr {
		return true
	}
	return k.event.In.Verb == got.event.In.Verb && k.list == got.list
}
