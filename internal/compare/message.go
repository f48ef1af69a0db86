package compare

import (
	"fmt"
	"slices"
	"strings"

	"github.com/msnscope/msnscope/decode"
	"github.com/msnscope/msnscope/decode/dialect"
	"github.com/msnscope/msnscope/decode/referral"
	"github.com/msnscope/msnscope/decode/session"
)

// Fields that are no arguments, as they stand in [Diff] and in [Options.Ignore].
const (
	FieldCommand = "Command" // the verb
	FieldTrID    = "TrID"    // its digits
	FieldPayload = "payload" // the bytes after the line
	FieldOrder   = "order"   // came before what it should follow
	FieldBytes   = "bytes"   // of what is no command
)

// Diff is one difference. Want and Got are as on the wire, not made printable; "" means that there is nothing. What is long is
// cut.
type Diff struct {
	Field string `json:"field"`
	Want  string `json:"want"`
	Got   string `json:"got"`
}

// Options say what to leave out. The zero value compares everything.
type Options struct {
	// Ignore are the names of arguments ("Ser") or payload headers, or one of the Field constants, in any case, that make no
	// difference, not even by being absent.
	Ignore []string
}

func (o Options) ignores(field string) bool {
	return slices.ContainsFunc(o.Ignore, func(name string) bool {
		return strings.EqualFold(strings.TrimPrefix(name, "args."), field)
	})
}

// Message returns how got differs from want, nil when it does not. Both are compared as they were received
// ([session.Event].In). Commands with different verbs have that one difference.
func Message(want, got *session.Event, o Options) []Diff {
	w, g := &want.In, &got.In
	diffs := list{options: o, dir: want.Dir}
	switch {
	case w.Opaque() && g.Opaque():
		diffs.add(FieldBytes, string(w.Raw), string(g.Raw))
		return diffs.found
	case w.Verb != g.Verb:
		diffs.add(FieldCommand, verb(w), verb(g))
		return diffs.found
	}
	diffs.add(FieldTrID, string(w.TrIDText()), string(g.TrIDText()))
	for i := range max(w.NumArgs(), g.NumArgs()) {
		arg, name := argument(want, got, i)
		diffs.argument(arg, name, w, g, i)
	}
	diffs.payload(w.Payload(), g.Payload())
	return diffs.found
}

// verb names a message for a difference.
func verb(m *decode.Message) string {
	if m.Opaque() {
		return "no command"
	}
	return m.Verb.String()
}

// list collects differences.
type list struct {
	options Options
	dir     decode.Dir
	found   []Diff
}

// maxShown is how many bytes of a value a Diff keeps: enough to recognise a body, little enough for one line.
const maxShown = 240

func (l *list) add(field, want, got string) {
	if want == got || l.options.ignores(field) {
		return
	}
	l.found = append(l.found, Diff{Field: field, Want: cut(want), Got: cut(got)})
}

func cut(s string) string {
	if len(s) <= maxShown {
		return s
	}
	return s[:maxShown] + "..."
}

// argument returns what is known of argument i, and its name: that of the recorded command, numbered where it repeats.
func argument(want, got *session.Event, i int) (dialect.Arg, string) {
	row := want.Row
	if row == nil {
		row = got.Row
	}
	if row != nil {
		if arg, ok := row.Arg(i); ok {
			name := arg.Name
			if first := len(row.Args) - 1; arg.Many && i > first {
				name = fmt.Sprintf("%s[%d]", name, i-first+1)
			}
			return arg, name
		}
	}
	return dialect.Arg{}, fmt.Sprintf("argument %d", i+1)
}

func (l *list) argument(arg dialect.Arg, name string, w, g *decode.Message, i int) {
	want, got := string(w.Arg(i)), string(g.Arg(i))
	switch {
	case arg.Many && l.options.ignores(arg.Name):
		return
	case arg.Kind == dialect.Length && (w.Payload() != nil || g.Payload() != nil):
		return // the payload itself is compared
	case want != "" && got != "" && form(arg.Kind, l.dir, want) == form(arg.Kind, l.dir, got):
		return
	}
	l.add(name, want, got)
}

// form returns what is compared of a value: of those that are new in every session what kind of value it is, of all others
// the value.
func form(kind dialect.Kind, dir decode.Dir, value string) string {
	switch kind {
	case dialect.Cookie, dialect.Session:
		return "any"
	case dialect.Secret:
		if dir == decode.FromServer {
			return "any"
		}
	case dialect.HostPort:
		return addressForm(value)
	}
	return value
}

// addressForm tells apart what clients tell apart: no address, one with a port and one without, which several clients cannot
// use (§7.4). What is none of these is compared by value.
func addressForm(value string) string {
	full, ok := referral.Normalize(value)
	switch {
	case !ok:
		return value
	case full == value:
		return "host:port"
	}
	return "host"
}
