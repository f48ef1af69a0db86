// Package dialect is the one table of commands: a row for every verb, direction, kind of server and form, one file a
// protocol version. Framing, field names, rewriting, pairing, the server's checks, the documentation and the tests all read
// it; nothing else in the program distinguishes commands by their verbs.
package dialect

import (
	"slices"
	"strconv"
	"strings"

	"github.com/msnscope/msnscope/decode"
)

// Table is the commands of one protocol version. It never changes after it was made and is safe for concurrent use.
//
// As a [decode.Grammar] it frames a connection of which nobody knows to what kind of server it goes; [Table.At] gives the
// grammar of one kind.
type Table struct {
	name   string
	number int
	rows   []Row
	index
}

// newTable makes a table of the dialect with the number. The slice becomes the table's.
func newTable(number int, rows []Row) *Table {
	for i := range rows {
		if rows[i].origin == 0 {
			rows[i].origin = number<<16 | i + 1
		}
		rows[i].settle()
	}
	return &Table{name: "MSNP" + strconv.Itoa(number), number: number, rows: rows}
}

// gone are commands that a dialect has no longer: these verbs, sent by dir (0: by either), of rows that are legal at no other
// roles than these (0: any).
type gone struct {
	verbs string
	dir   decode.Dir
	roles Role
}

func (g gone) has(r *Row) bool {
	return (g.dir == 0 || g.dir == r.Dir) && (g.roles == 0 || r.Roles&^g.roles == 0) && strings.Contains(g.verbs, r.Verb)
}

// with returns the table of a later version: this one's rows without those that are gone, and the new rows. A new row takes the
// place of those with the same verb, direction and form at the same role. Without a section of the draft it is an extension.
func (t *Table) with(number int, less []gone, rows ...Row) *Table {
	all := slices.DeleteFunc(slices.Clone(t.rows), func(old Row) bool {
		if slices.ContainsFunc(less, func(g gone) bool { return g.has(&old) }) {
			return true
		}
		return slices.ContainsFunc(rows, func(r Row) bool {
			return r.Verb == old.Verb && r.Dir == old.Dir && r.Roles&old.Roles != 0 && r.Form() == old.Form()
		})
	})
	for i := range rows {
		rows[i].Extension = rows[i].Section == ""
	}
	return newTable(number, append(all, rows...))
}

// Name returns the dialect's name on the wire, "MSNP2".
func (t *Table) Name() string { return t.name }

// Number returns the dialect's number, 2 for MSNP2.
func (t *Table) Number() int { return t.number }

// Rows returns all rows. The slice and what it points to are the table's: read only.
func (t *Table) Rows() []Row { return t.rows }

// Match returns the row that describes m, sent at one of the given roles (Any where nobody knows): the first of its verb
// and direction whose role and fixed words fit and that allows as many arguments and the TrID, else the first whose fixed
// words fit, else the first at that role. It is nil for an opaque message and for a verb that no dialect has there.
func (t *Table) Match(dir decode.Dir, roles Role, m *decode.Message) *Row {
	id := t.ids.of(m.Verb)
	if i := place(roles); i >= 0 {
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

// Lookup returns the table of the dialect with the given name, in either case (§7.1), and nil for an unknown one. CVR0 is
// none: it asks for the newest client and speaks nothing.
func Lookup(name string) *Table {
	if name == "" { // that of a connection whose VER nobody saw
		return nil
	}
	for _, t := range tables { // as it is written nearly always
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

// All returns the tables, the oldest dialect first.
func All() []*Table { return slices.Clone(tables) }

// maxTables bounds the number of tables: a set of them is 32 bits.
const maxTables = 32

// tables are all dialects. Each is indexed when all are made, since it borrows rows from others.
var tables = link([]*Table{
	MSNP2, msnp3, msnp4, msnp5, msnp6, msnp7, msnp8, msnp9, msnp10, msnp11, msnp12, msnp13, msnp14, msnp15, msnp16, msnp17,
	msnp18, msnp19, msnp20, msnp21,
})

// Short forms for the rows of the tables.

func req(name string, k Kind) Arg { return Arg{Name: name, Kind: k} }

func opt(name string, k Kind) Arg { return Arg{Name: name, Kind: k, Optional: true} }

func many(name string, k Kind) Arg { return Arg{Name: name, Kind: k, Many: true} }

func is(name, word string) Arg { return Arg{Name: name, Is: word} }

func oneOf(name string, words ...string) Arg { return Arg{Name: name, Values: words} }

func verbs(words ...string) []string { return words }

// maybe makes the argument one that may be absent.
func maybe(a Arg) Arg {
	a.Optional = true
	return a
}

// as makes the argument one that is written so.
func as(p Pattern, a Arg) Arg {
	a.Pattern = p
	return a
}

// after makes the argument one with a prefix.
func after(prefix string, a Arg) Arg {
	a.Prefix = prefix
	return a
}
