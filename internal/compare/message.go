package compare

import (
	"fmt"
	"slices"
	"strings"

	"github.com/msnscope/msnscope/decode"
	"github.com/msnscope/msnscope/decode/body"
	"github.com/msnscope/msnscope/decode/dialect"
	"github.com/msnscope/msnscope/decode/session"
)

// These are the fields of a [Diff], and of [Options.Ignore], that are not arguments.
const (
	FieldCommand = "Command" // the verb
	FieldTrID    = "TrID"    // its digits
	FieldPayload = "payload" // the bytes after the line
	FieldOrder   = "order"   // it came before what it should follow
	FieldBytes   = "bytes"   // of bytes that are no command
	FieldTime    = "time"    // it came later than it may
)

// Diff is one difference. Want and Got are as on the wire, not made printable, cut off if they are
// long, and without what looks like a credential; "" means absent.
type Diff struct {
	Field string `json:"field"`
	Want  string `json:"want"`
	Got   string `json:"got"`
}

// Options say what to ignore. The zero value compares everything.
type Options struct {
	// Ignore has the names, in any case, of arguments ("Ser") or payload headers, or the Field
	// constants, that make no difference, not even if one side lacks them.
	Ignore []string
}

// Ignores reports whether differences of the field do not count.
func (o Options) Ignores(field string) bool {
	return slices.ContainsFunc(o.Ignore, func(name string) bool {
		return strings.EqualFold(strings.TrimPrefix(name, "args."), field)
	})
}

// Message returns how got differs from want, nil when it does not. Both are compared as they were
// received ([session.Event].In). Commands with different verbs have that one difference.
func Message(want, got *session.Event, o Options) []Diff {
	w, g := &want.In, &got.In
	diffs := list{options: o}
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

// verb returns the name of a message in a difference.
func verb(m *decode.Message) string {
	if m.Opaque() {
		return "no command"
	}
	return m.Verb.String()
}

// list collects the differences of two messages.
type list struct {
	options Options
	found   []Diff
}

// maxShown is the number of bytes of a value that a Diff keeps: enough to recognise a body, little
// enough for one line.
const maxShown = 240

func (l *list) add(field, want, got string) {
	if want == got || l.options.Ignores(field) {
		return
	}
	w, g := shown(want), shown(got)
	if w == g && strings.Contains(g, body.Masked) {
		g += " (another)"
	}
	l.found = append(l.found, Diff{Field: field, Want: w, Got: g})
}

// shown returns a value without what looks like a credential, cut off if it is long.
func shown(s string) string {
	if len(s) <= maxShown {
		return body.Mask(s)
	}
	return body.Mask(s[:maxShown]) + "..."
}

// argument returns the description of argument i and its name: that in the recorded command,
// numbered if it repeats.
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
	case arg.Many && l.options.Ignores(arg.Name):
		return
	case arg.Kind == dialect.Length && (w.Payload() != nil || g.Payload() != nil):
		return // the payload itself is compared
	case want != "" && got != "" && form(arg.Kind, want) == form(arg.Kind, got):
		return
	}
	if arg.Kind.Sensitive() && want != got {
		want, got = masked(want, got)
	}
	l.add(name, want, got)
}

// masked returns what stands for two secrets that differ: that there is one, and another one.
func masked(want, got string) (w, g string) {
	if want != "" {
		w = body.Masked
	}
	if got != "" {
		g = body.Masked + " (another)"
	}
	return w, g
}
