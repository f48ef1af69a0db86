package dialect

import "github.com/msnscope/msnscope/decode"

// Evidence gathers what tells the dialect of a conversation whose VER nobody saw: each command fits the forms of some
// dialects and not of others, such as an IRO with capabilities (12 to 15) or a handle with a place (16 and later). The zero
// Evidence is empty. It takes the same space however much is added. It is not safe for concurrent use.
type Evidence struct {
	seen uint32            // commands that fit some dialects and not others
	fits [maxTables]uint32 // how many of them each table fits
	// What Best says, found out when it changed.
	best *Table
	sure bool
}

// Add takes a command, sent at one of the given roles (Any where nobody knows). A command that fits all dialects, or none,
// says nothing. Which grammar cut off the TrID makes no difference.
func (e *Evidence) Add(dir decode.Dir, roles Role, m *decode.Message) {
	if m.Opaque() {
		return
	}
	set, all := Fits(dir, roles, m), uint32(1)<<len(tables)-1
	if set == 0 || set == all || e.seen == 1<<32-1 {
		return
	}
	e.seen++
	best, equal := 0, 0
	for i := range tables {
		e.fits[i] += set >> i & 1
		switch {
		case e.fits[i] > e.fits[best]:
			best, equal = i, 1
		case e.fits[i] == e.fits[best]:
			equal++
		}
	}
	e.best, e.sure = tables[best], equal == 1 && e.fits[best] == e.seen
}

// Best returns the dialect that fits most of what was added, the oldest where several do, and whether it is sure: that one
// alone fits, and fits everything. It is nil while nothing said anything.
func (e *Evidence) Best() (t *Table, sure bool) { return e.best, e.sure }

// Fits returns the set of dialects of which a row has the form of m: bit i is for element i of [All].
func Fits(dir decode.Dir, roles Role, m *decode.Message) uint32 {
	var set uint32
	for _, s := range shared[side(dir)][tables[0].ids.of(m.Verb)] {
		if s.tables&^set != 0 && s.row.Roles&roles != 0 && s.row.admits(m) {
			set |= s.tables
		}
	}
	return set
}

// sharedRow is a row and the set of tables that have it, each a copy.
type sharedRow struct {
	row    *Row
	tables uint32
}

// shared are the different rows of all tables, by direction and the verb's number: a tenth as many as the tables have together.
var shared = share(tables)

func share(tables []*Table) [2][]([]sharedRow) {
	var all [2][]([]sharedRow)
	for s := range all {
		all[s] = make([][]sharedRow, tables[0].ids.n)
		for id := range all[s] {
			for i, t := range tables {
				for _, r := range t.own[s][id] {
					all[s][id] = withRow(all[s][id], r, 1<<i)
				}
			}
		}
	}
	return all
}

func withRow(all []sharedRow, r *Row, table uint32) []sharedRow {
	for i := range all {
		if all[i].row.origin == r.origin {
			all[i].tables |= table
			return all
		}
	}
	return append(all, sharedRow{r, table})
}

// admits reports whether m has the form of the row in every word.
func (r *Row) admits(m *decode.Message) bool {
	w := wordsOf{m}
	skip := 0
	if r.TrID != None && w.len() > 0 && digits(w.word(0)) {
		skip = 1
	} else if r.TrID != None && r.TrID != Perhaps {
		return false
	}
	n := w.len() - skip
	if n < r.min || r.max >= 0 && n > r.max {
		return false
	}
	for i := range n {
		if a, ok := r.Arg(i); !ok || !a.admits(w.word(i+skip)) {
			return false
		}
	}
	return true
}
