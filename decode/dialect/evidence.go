package dialect

import "github.com/msnscope/msnscope/decode"

// Evidence infers the dialect of a conversation whose VER was not seen. It relies on commands that
// have a valid form in some dialects and not in others, such as an IRO with capabilities (MSNP12 to
// MSNP15) or a handle with an endpoint (MSNP16 and later). Its size does not grow with the number
// of commands. The zero Evidence is empty and ready for use. It is not safe for concurrent use.
type Evidence struct {
	seen uint32            // the number of commands that fit some dialects and not others
	fits [maxTables]uint32 // how many of them fit each table
	// The results of Best, updated by Add.
	best *Table
	sure bool
}

// Add takes a command into account that was sent at one of the given roles (Any if unknown). A
// command that fits all dialects, or none, is no evidence. It makes no difference by which grammar
// m was parsed, and so whether a number became a TrID.
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

// Best returns the dialect that fits most of the commands, the oldest of several that do, and nil
// if there was no evidence yet. It is sure if that dialect fits all commands and no other one does.
func (e *Evidence) Best() (t *Table, sure bool) { return e.best, e.sure }

// Fits returns the set of dialects that have a row in whose form m is written: bit i stands for
// element i of [All].
func Fits(dir decode.Dir, roles Role, m *decode.Message) uint32 {
	var set uint32
	for _, s := range shared[side(dir)][tables[0].ids.of(m.Verb)] {
		if s.tables&^set != 0 && s.row.Roles&roles != 0 && s.row.admits(m) {
			set |= s.tables
		}
	}
	return set
}

// sharedRow is a row and the set of tables that have a copy of it.
type sharedRow struct {
	row    *Row
	tables uint32
}

// shared holds the distinct rows of all tables, by direction and the verb's number. They are a
// tenth as many as the tables have together.
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

// admits reports whether m has the form of the row in every word, whether or not its parser took
// the first number for a TrID.
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
