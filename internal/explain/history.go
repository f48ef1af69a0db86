package explain

import (
	"slices"
	"strings"
	"sync"

	"github.com/msnscope/msnscope/decode/dialect"
)

// Version is a form of a command as it is in a range of dialects.
type Version struct {
	// Row is a row of a table and must not be changed.
	Row *dialect.Row
	// Since and Until are the names of the first and the last dialect of the range; Until is "" if
	// the newest dialect belongs to it.
	Since, Until string
	// Change describes what differs from the version before, "" for the first one.
	Change string

	number int // the number of the last dialect of the range, while the history is being built
}

// Form is one form of a command through all dialects: rows with the same direction and fixed words,
// at the same servers.
type Form []Version // in the order of the dialects, never empty

// First returns the row of the oldest version: the draft's, if the draft has the command.
func (f Form) First() *dialect.Row { return f[0].Row }

// Forms returns the forms of a command, those that clients send first, and nil for a verb that no
// dialect has. The errors are named "###". The slice is shared and must not be changed.
func Forms(verb string) []Form { return histories().forms[verb] }

// Verbs returns all commands of all dialects in alphabetical order, without the errors. The caller
// owns the slice.
func Verbs() []string {
	return slices.DeleteFunc(slices.Clone(histories().verbs), func(v string) bool { return v == errorVerb })
}

// errorVerb is the Verb of the row that the errors share.
const errorVerb = "###"

// history holds all forms of all commands.
type history struct {
	forms map[string][]Form
	verbs []string // sorted
}

var histories = sync.OnceValue(func() *history {
	h := &history{forms: map[string][]Form{}}
	for _, table := range dialect.All() {
		rows := map[string][]*dialect.Row{}
		for i := range table.Rows() {
			row := &table.Rows()[i]
			rows[row.Verb] = append(rows[row.Verb], row)
		}
		for verb, rows := range rows {
			if h.forms[verb] == nil {
				h.verbs = append(h.verbs, verb)
			}
			h.forms[verb] = goOn(h.forms[verb], table, rows)
		}
	}
	newest := newestTable()
	for verb, forms := range h.forms {
		for _, f := range forms {
			if last := &f[len(f)-1]; last.Until == newest.Name() {
				last.Until = ""
			}
		}
		slices.SortStableFunc(h.forms[verb], func(a, b Form) int { return int(a.First().Dir) - int(b.First().Dir) })
	}
	slices.Sort(h.verbs)
	return h
})

func newestTable() *dialect.Table {
	all := dialect.All()
	return all[len(all)-1]
}

// goOn adds the rows of one verb in the next table to its forms. A row that equals the latest
// version of a form extends the range of that version. Of the other rows, the most similar ones
// become the next versions of forms; a row that resembles no form becomes a new one.
func goOn(forms []Form, t *dialect.Table, rows []*dialect.Row) []Form {
	for i, row := range rows {
		if f := repeated(forms, t, row); f != nil {
			last := &f[len(f)-1]
			last.Until, last.number, rows[i] = t.Name(), t.Number(), nil
		}
	}
	for {
		form, row, best := 0, 0, 0
		for i, f := range forms {
			for j, r := range rows {
				if last := f[len(f)-1]; r != nil && last.number != t.Number() && likeness(last.Row, r) > best {
					form, row, best = i, j, likeness(last.Row, r)
				}
			}
		}
		if best == 0 {
			break
		}
		next := newVersion(t, rows[row])
		if next.Change = difference(forms[form][len(forms[form])-1].Row, rows[row]); next.Change == "" {
			next.Change = "is back"
		}
		forms[form], rows[row] = append(forms[form], next), nil
	}
	for _, row := range rows {
		if row != nil {
			forms = append(forms, Form{newVersion(t, row)})
		}
	}
	return forms
}

func newVersion(t *dialect.Table, row *dialect.Row) Version {
	return Version{Row: row, Since: t.Name(), Until: t.Name(), number: t.Number()}
}

// repeated returns the form whose latest version belongs to the dialect before t and equals the
// row, nil if there is none.
func repeated(forms []Form, t *dialect.Table, row *dialect.Row) Form {
	for _, f := range forms {
		if last := &f[len(f)-1]; last.number != t.Number() && same(last.Row, row) && follows(last, t) {
			return f
		}
	}
	return nil
}

// likeness returns how much two rows have in common. It is 0 if they cannot be versions of one
// form, which must share the direction, the fixed words and a server.
func likeness(a, b *dialect.Row) int {
	if a.Dir != b.Dir || a.Form() != b.Form() || a.Roles&b.Roles == 0 {
		return 0
	}
	n := 1
	for i := range a.Args {
		if slices.ContainsFunc(b.Args, named(a.Args[i].Name)) {
			n += 2
		}
	}
	if a.TrID == b.TrID {
		n++
	}
	return n
}

// follows reports whether t is the dialect after the last one of the version.
func follows(v *Version, t *dialect.Table) bool {
	all := dialect.All()
	i := slices.IndexFunc(all, func(other *dialect.Table) bool { return other.Name() == v.Until })
	return i+1 < len(all) && all[i+1] == t
}

// difference describes how a row differs from an older one of the same form, "" if both describe
// the same bytes.
func difference(old, row *dialect.Row) string {
	var parts []string
	if more := missing(row.Args, old.Args); len(more) > 0 {
		parts = append(parts, "gains "+strings.Join(more, ", "))
	}
	if less := missing(old.Args, row.Args); len(less) > 0 {
		parts = append(parts, "loses "+strings.Join(less, ", "))
	}
	for i := range row.Args {
		if j := slices.IndexFunc(old.Args, named(row.Args[i].Name)); j >= 0 {
			parts = append(parts, changedArg(old.Args[j], row.Args[i])...)
		}
	}
	if old.TrID != row.TrID {
		parts = append(parts, "TrID: "+TrIDRule(row.TrID))
	}
	if old.Roles != row.Roles {
		parts = append(parts, "at "+roleWords(row.Roles))
	}
	if old.When != row.When {
		parts = append(parts, "when: "+StateWords(row.When))
	}
	if old.Payload != row.Payload {
		parts = append(parts, payloadWords[row.Payload])
	}
	if !slices.Equal(old.Replies, row.Replies) && len(row.Replies) > 0 {
		parts = append(parts, "answered by "+strings.Join(row.Replies, ", "))
	}
	if len(parts) == 0 && old.Grammar() != row.Grammar() {
		parts = append(parts, "the arguments are in another order")
	}
	return strings.Join(parts, "; ")
}

// missing returns the names of the arguments that are not in other.
func missing(args, other []dialect.Arg) []string {
	var names []string
	for i := range args {
		if !slices.ContainsFunc(other, named(args[i].Name)) {
			names = append(names, args[i].Name)
		}
	}
	return names
}

// changedArg describes what differs between two versions of an argument.
func changedArg(old, arg dialect.Arg) []string {
	var parts []string
	if !slices.Equal(old.Values, arg.Values) {
		parts = append(parts, arg.Name+" is "+valueList(arg))
	}
	if !old.Optional && arg.Optional {
		parts = append(parts, arg.Name+" may be absent")
	}
	if old.Optional && !arg.Optional {
		parts = append(parts, arg.Name+" is required")
	}
	if old.Prefix != arg.Prefix && arg.Prefix != "" {
		parts = append(parts, arg.Name+" begins with "+arg.Prefix)
	}
	if old.Pattern != arg.Pattern && patternWords[arg.Pattern] != "" {
		parts = append(parts, arg.Name+": "+patternWords[arg.Pattern])
	}
	return parts
}

func named(name string) func(dialect.Arg) bool {
	return func(a dialect.Arg) bool { return a.Name == name }
}

// Life returns the range of dialects that have the form, such as "since MSNP5" or "MSNP2 to MSNP7",
// and "" if all dialects have it.
func (f Form) Life() string { return span(f[0].Since, f[len(f)-1].Until) }

// Span returns the range of dialects that have the version, in the notation of [Form.Life].
func (v Version) Span() string { return span(v.Since, v.Until) }

func span(since, until string) string {
	switch oldest := dialect.All()[0].Name(); {
	case until == since:
		return since + " only"
	case until != "":
		return since + " to " + until
	case since != oldest:
		return "since " + since
	}
	return ""
}
