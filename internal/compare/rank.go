package compare

import (
	"strings"

	"github.com/msnscope/msnscope/decode/dialect"
	"github.com/msnscope/msnscope/decode/session"
)

// Rank says how well one command can stand for another, from not at all to in every byte that counts.
type Rank uint8

// The ranks.
const (
	Unrelated Rank = iota
	Loose          // the same command about the same thing under another TrID
	Weak           // an answer to the same request: an error instead of the answer, another form, another user
	Strong         // the same command, TrID and key arguments: LIST, handles, fixed words
	Exact          // Strong, and Message finds no difference
)

// Key is what a command is about. It is made once and compared often; it lasts as long as its event.
type Key struct {
	event  *session.Event
	about  string // verb and key arguments
	list   string // the list (§5.7) or property alone
	trid   string
	answer bool
	isErr  bool
	order  string
}

// keyArgs are the arguments of closed sets of words that say what a command is about, and not what it says of it.
var keyArgs = map[string]bool{"LIST": true, "Property": true}

// KeyOf returns the key of a command.
func KeyOf(e *session.Event) Key {
	m := &e.In
	k := Key{event: e, trid: string(m.TrIDText()), isErr: m.Verb.Code() != 0}
	k.answer = m.HasTrID && m.TrID != 0
	var about strings.Builder
	about.WriteString(verb(m))
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
		about.WriteString(" " + word)
	}
	k.about = about.String()
	switch {
	case k.answer:
		k.order = "answers"
	case who != "":
		k.order = "about " + who
	default:
		k.order = k.about
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

// Answer reports whether the command answers a request: it has a TrID other than 0.
func (k *Key) Answer() bool { return k.answer }

// Rank says how well got can stand for k.
func (k *Key) Rank(got *Key, o Options) Rank {
	switch {
	case k.event.In.Opaque() != got.event.In.Opaque():
		return Unrelated
	case k.trid == got.trid && k.about == got.about:
		if len(Message(k.event, got.event, o)) == 0 {
			return Exact
		}
		return Strong
	case k.answer && k.trid == got.trid && k.sameRequest(got):
		return Weak
	case k.about == got.about:
		return Loose
	}
	return Unrelated
}

// sameRequest reports whether both, whose TrID is the same, can be the answer to one request: TrIDs repeat, so that alone is
// not enough.
func (k *Key) sameRequest(got *Key) bool {
	if k.isErr || got.isErr {
		return true
	}
	return k.event.In.Verb == got.event.In.Verb && k.list == got.list
}
