// Package dialect is the one table of commands: a row for every verb, direction, kind of server and form, one file a
// protocol version. Framing, field names, rewriting, pairing, the server's checks, the documentation and the tests all read
// it; nothing else in the program distinguishes commands by their verbs.
package dialect

import (
	"slices"
	"strings"

	"github.com/msnscope/msnscope/decode"
)

// Table is the commands of one protocol version. It never changes after it was made and is safe for concurrent use.
type Table struct {
	name   string
	number int
	rows   []Row
	byVerb map[key][]*Row
}

type key struct {
	verb decode.Verb
	dir  decode.Dir
}

// errorVerb stands in a row's Verb for every three digits (§7.11).
const errorVerb = "###"

// errorKey is where the row of the errors is found.
var errorKey = key{decode.Verb{'#', '#', '#'}, decode.FromServer}

// newTable indexes rows. The slice becomes the table's.
func newTable(name string, number int, rows []Row) *Table {
	t := &Table{name: name, number: number, rows: rows, byVerb: make(map[key][]*Row, len(rows))}
	for i := range rows {
		r := &rows[i]
		k := key{decode.V(r.Verb), r.Dir}
		if r.Verb == errorVerb {
			k = errorKey
		}
		t.byVerb[k] = append(t.byVerb[k], r)
	}
	return t
}

// with returns the table of a later version: this one's rows, of which those with the same verb and direction as a new row
// are left out, plus the new rows.
func (t *Table) with(name string, number int, rows ...Row) *Table {
	all := slices.Clone(t.rows)
	all = slices.DeleteFunc(all, func(old Row) bool {
		return slices.ContainsFunc(rows, func(r Row) bool { return r.Verb == old.Verb && r.Dir == old.Dir })
	})
	return newTable(name, number, append(all, rows...))
}

// Name returns the dialect's name on the wire, "MSNP2".
func (t *Table) Name() string { return t.name }

// Number returns the dialect's number, 2 for MSNP2.
func (t *Table) Number() int { return t.number }

// Rows returns all rows. The slice and what it points to are the table's: read only.
func (t *Table) Rows() []Row { return t.rows }

// Of returns the rows of a verb in a direction, in the order of the table; nil for a verb that the dialect does not have.
func (t *Table) Of(dir decode.Dir, verb decode.Verb) []*Row {
	k := key{verb, dir}
	if verb.Code() != 0 {
		k = key{errorKey.verb, dir}
	}
	return t.byVerb[k]
}

// known returns the rows of a verb, those of the latest dialect where this one has none: clients and servers did use commands,
// payloads included, that their dialect officially did not have.
func (t *Table) known(dir decode.Dir, verb decode.Verb) []*Row {
	if rows := t.Of(dir, verb); len(rows) > 0 {
		return rows
	}
	return latest.Of(dir, verb)
}

// Shape implements [decode.Grammar].
func (t *Table) Shape(dir decode.Dir, verb decode.Verb) decode.Shape {
	rows := t.known(dir, verb)
	if len(rows) == 0 {
		return decode.Plain{}.Shape(dir, verb)
	}
	shape := decode.Shape{TrID: rows[0].TrID != None}
	for _, r := range rows {
		shape.Payload = max(shape.Payload, r.Payload)
	}
	return shape
}

// Match returns the row that describes m, sent at one of the given roles (Any where nobody knows): the first of its verb
// and direction whose role and fixed words fit and that allows as many arguments, else the first whose fixed words fit,
// else the first at that role. It is nil for an opaque message and for a verb that no dialect has there.
func (t *Table) Match(dir decode.Dir, roles Role, m *decode.Message) *Row {
	var byWords, byRole *Row
	for _, r := range t.known(dir, m.Verb) {
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

// Lookup returns the table of the dialect with the given name, in either case (§7.1), and nil for an unknown one.
func Lookup(name string) *Table {
	for _, t := range tables {
		if strings.EqualFold(t.name, name) {
			return t
		}
	}
	return nil
}

// All returns the tables, the oldest dialect first.
func All() []*Table { return slices.Clone(tables) }

// tables are all dialects; latest is the one that knows the most commands.
var (
	tables = []*Table{MSNP2, msnp3, msnp4, msnp5}
	latest = msnp5
)

// Short forms for the rows of the tables.

func req(name string, k Kind) Arg { return Arg{Name: name, Kind: k} }

func opt(name string, k Kind) Arg { return Arg{Name: name, Kind: k, Optional: true} }

func many(name string, k Kind) Arg { return Arg{Name: name, Kind: k, Many: true} }

func is(name, word string) Arg { return Arg{Name: name, Is: word} }

func oneOf(name string, words ...string) Arg { return Arg{Name: name, Values: words} }

func verbs(words ...string) []string { return words }
