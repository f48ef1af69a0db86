// Package dialect holds the table of commands: a row for every verb, direction, kind of server and
// form, in one file for each protocol version. Framing, field names, rewriting, pairing, the
// server's checks, the documentation and the tests all read it; nothing else in the program
// distinguishes commands by their verbs.
//
// Smaller tables relate commands to each other and to the conversation: what each does to the state
// of a session ([Row.Effect]), which command leads to which ([Causes]), and which are answered with
// an error code ([FailsWith]). Tests check them against the rows.
package dialect

import (
	"slices"
	"strconv"
	"strings"

	"github.com/msnscope/msnscope/decode"
)

// Table holds the commands of one protocol version. It never changes once it is made, and is safe
// for concurrent use.
//
// As a [decode.Grammar] it frames a connection to a server of unknown kind; [Table.At] returns the
// grammar for one kind.
type Table struct {
	name   string
	number int
	rows   []Row
	index
}

// newTable returns the table of the dialect with the given number. It takes ownership of rows, of
// which those of an earlier table are settled already.
func newTable(number int, rows []Row) *Table {
	for i := range rows {
		if rows[i].origin == 0 {
			rows[i].origin = number<<16 | i + 1
			rows[i].settle()
		}
	}
	return &Table{name: "MSNP" + strconv.Itoa(number), number: number, rows: rows}
}

// gone describes commands that a dialect no longer has: those with one of these verbs, sent by dir
// (0: by either side), whose rows are legal at no other roles than these (0: at any).
type gone struct {
	verbs string
	dir   decode.Dir
	roles Role
}

func (g gone) has(r *Row) bool {
	return (g.dir == 0 || g.dir == r.Dir) && (g.roles == 0 || r.Roles&^g.roles == 0) &&
		strings.Contains(g.verbs, r.Verb)
}

// with returns the table of a later version: the rows of t, except those that less describes, and
// the new rows. A new row replaces the rows with the same verb, direction and form at a role that
// they share. A new row without a section of the draft is marked as an extension.
func (t *Table) with(number int, less []gone, rows ...Row) *Table {
	all := make([]Row, 0, len(t.rows)+len(rows))
	for i := range t.rows {
		old := &t.rows[i]
		if !slices.ContainsFunc(less, func(g gone) bool { return g.has(old) }) && !replaced(old, rows) {
			all = append(all, *old)
		}
	}
	for i := range rows {
		rows[i].Extension = rows[i].Section == ""
	}
	return newTable(number, append(all, rows...))
}

// replaced reports whether one of the new rows takes the place of an old one.
func replaced(old *Row, rows []Row) bool {
	for i := range rows {
		r := &rows[i]
		if r.Verb == old.Verb && r.Dir == old.Dir && r.Roles&old.Roles != 0 && r.Form() == old.Form() {
			return true
		}
	}
	return false
}

// Name returns the dialect's name on the wire, "MSNP2".
func (t *Table) Name() string { return t.name }

// Number returns the dialect's number, 2 for MSNP2.
func (t *Table) Number() int { return t.number }

// Rows returns all rows. The slice and what it refers to belong to the table and must not be
// changed.
func (t *Table) Rows() []Row { return t.rows }

// Match returns the row that describes m, sent at one of the given roles (Any if unknown). Of the
// rows with its verb and direction at these roles, that is the first one whose fixed words, number
// of arguments and TrID all fit, else the first one whose fixed words fit, else the first one.
// Match returns nil for an opaque message, and for a verb that no dialect has there.
func (t *Table) Match(dir decode.Dir, roles Role, m *decode.Message) *Row {
	id := t.ids.of(m.Verb)
	if i := viewOf(roles); i >= 0 {
		if row := t.sole[i][side(dir)][id]; row != nil {
			return row
		}
	}
	return match(t.all[side(dir)][id], roles, m)
}

func match(rows []*Row, roles Role, m *decode.Message) *Row {
	var byWords, byRole *Row
	for _, r := range rows {
		if r.Roles&roles == 0 {
			continue
		}
		if r.fits(m) {
			if r.counts(m) {
				return r
			}
			if byWords == nil {
				byWords = r
			}
		}
		if byRole == nil {
			byRole = r
		}
	}
	if byWords != nil {
		return byWords
	}
	return byRole
}

// Lookup returns the table of the dialect with the given name, regardless of case (§7.1), and nil
// for an unknown one. CVR0 is not a dialect: it asks for the newest client.
func Lookup(name string) *Table {
	if name == "" { // common: a connection whose VER was not seen
		return nil
	}
	for _, t := range tables { // the fast path: names are nearly always in capitals
		if t.name == name {
			return t
		}
	}
	for _, t := range tables {
		if strings.EqualFold(t.name, name) {
			return t
		}
	}
	return nil
}

// All returns the tables, the oldest dialect first. The caller owns the slice.
func All() []*Table { return slices.Clone(tables) }

// maxTables is the largest possible number of tables, because a set of them is a uint32.
const maxTables = 32

// tables holds all dialects. They are indexed together, because a table borrows rows from others.
var tables = link([]*Table{
	MSNP2, msnp3, msnp4, msnp5, msnp6, msnp7, msnp8, msnp9, msnp10, msnp11, msnp12, msnp13, msnp14, msnp15, msnp16,
	msnp17,
	msnp18, msnp19, msnp20, msnp21,
})

// Short forms for the rows of the tables.

func req(name string, k Kind) Arg { return Arg{Name: name, Kind: k} }

func opt(name string, k Kind) Arg { return Arg{Name: name, Kind: k, Optional: true} }

func many(name string, k Kind) Arg { return Arg{Name: name, Kind: k, Many: true} }

func is(name, word string) Arg { return Arg{Name: name, Is: word} }

func oneOf(name string, words ...string) Arg { return Arg{Name: name, Values: words} }

func verbs(words ...string) []string { return words }

// maybe returns a as an optional argument.
func maybe(a Arg) Arg {
	a.Optional = true
	return a
}

// as returns a with the pattern p.
func as(p Pattern, a Arg) Arg {
	a.Pattern = p
	return a
}

// after returns a with the prefix.
func after(prefix string, a Arg) Arg {
	a.Prefix = prefix
	return a
}
