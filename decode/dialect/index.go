package dialect

import (
	"slices"

	"github.com/msnscope/msnscope/decode"
)

// index finds what a table says of a verb. It is on the way of every command, so that it looks nothing up in a map.
type index struct {
	ids *verbIDs
	own [2][]([]*Row) // by direction and the verb's number: the table's own rows
	// all are the same; where the table has none, those of the nearest dialect that has some: clients and servers did use commands,
	// payloads included, that their dialect officially did not have, or no longer.
	all  [2][]([]*Row)
	view [1 + 3]grammar   // for no known role, and for each
	sole [1 + 3][2][]*Row // likewise: by direction and the verb's number the row that is alone there, nil where none or several are
}

// Of returns the rows of a verb in a direction, in the order of the table; nil for a verb that the dialect does not have.
func (x *index) Of(dir decode.Dir, verb decode.Verb) []*Row { return x.own[side(dir)][x.ids.of(verb)] }

// Shape implements [decode.Grammar] for a connection to nobody knows what server. A verb that the dialect does not have has
// the shape that it has in the nearest dialect; errors have no payload.
func (x *index) Shape(dir decode.Dir, verb decode.Verb) decode.Shape {
	return x.view[0].Shape(dir, verb)
}

// Fits implements [decode.Grammar].
func (x *index) Fits(dir decode.Dir, m *decode.Message) bool { return Fits(dir, Any, m) != 0 }

// At returns the grammar of a connection to a server of the role, and the table itself for an unknown role. It does not
// allocate, and equal roles get equal grammars.
func (t *Table) At(role Role) decode.Grammar {
	if i := place(role); i > 0 {
		return &t.view[i]
	}
	return t
}

// places are the roles in the order of what is kept for each, Any for no known one.
var places = [...]Role{Any, DS, NS, SB}

// place returns where roles stand among the places, -1 for another set of them.
func place(roles Role) int { return placeOf[roles&Any] }

var placeOf = func() (of [Any + 1]int) {
	for roles := range of {
		of[roles] = slices.Index(places[:], Role(roles))
	}
	return of
}()

// grammar is a table as framing sees it at one role.
type grammar struct {
	ids    *verbIDs
	shapes [2][maxVerbs]decode.Shape
}

// Shape implements [decode.Grammar].
func (g *grammar) Shape(dir decode.Dir, verb decode.Verb) decode.Shape {
	return g.shapes[side(dir)][g.ids.of(verb)%maxVerbs]
}

// Fits implements [decode.Grammar]: a line that any dialect has is no chance.
func (g *grammar) Fits(dir decode.Dir, m *decode.Message) bool { return Fits(dir, Any, m) != 0 }

func side(dir decode.Dir) int {
	if dir == decode.FromServer {
		return 1
	}
	return 0
}

// link indexes the tables, which are in the order of their numbers, and returns them.
func link(tables []*Table) []*Table {
	ids, id := &verbIDs{}, uint16(0)
	for _, t := range tables {
		for i := range t.rows {
			ids.add(t.rows[i].Verb)
			id++
			t.rows[i].id = id
		}
	}
	for _, t := range tables {
		t.ids = ids
		for s := range t.own {
			t.own[s] = make([][]*Row, ids.n)
		}
		for i := range t.rows {
			r := &t.rows[i]
			rows := &t.own[side(r.Dir)][ids.of(verbOf(r.Verb))]
			*rows = append(*rows, r)
		}
	}
	for i, t := range tables {
		for s := range t.own {
			t.all[s] = make([][]*Row, ids.n)
			for id := range t.all[s] {
				t.all[s][id] = nearest(tables, i, s, id)
			}
		}
		for place, role := range places {
			t.view[place].fill(&t.index, role)
			for s := range t.all {
				t.sole[place][s] = soles(t.all[s], role)
			}
		}
	}
	return tables
}

// soles returns the only row of each verb at the roles.
func soles(all [][]*Row, roles Role) []*Row {
	alone := make([]*Row, len(all))
	for id, rows := range all {
		for _, r := range rows {
			if r.Roles&roles == 0 {
				continue
			}
			if alone[id] != nil {
				alone[id] = nil
				break
			}
			alone[id] = r
		}
	}
	return alone
}

// nearest returns the rows that tables[i] has of a verb, else those of the table next to it, the older one first.
func nearest(tables []*Table, i, side, id int) []*Row {
	for away := range tables {
		for _, at := range [2]int{i - away, i + away} {
			if at >= 0 && at < len(tables) && tables[at].own[side][id] != nil {
				return tables[at].own[side][id]
			}
		}
	}
	return nil
}

// fill sets the shapes of all verbs at a role, or at Any.
func (g *grammar) fill(x *index, role Role) {
	g.ids = x.ids
	for s := range g.shapes {
		for id := range g.shapes[s] {
			var rows []*Row
			if id < x.ids.n {
				rows = x.all[s][id]
			}
			g.shapes[s][id] = shapeOf(rows, role)
		}
	}
}

// shapeOf joins what the rows at a role say: a TrID where one has it, the weakest rule for the payload. A verb that has no row
// at the role has the shape of its rows elsewhere.
func shapeOf(rows []*Row, role Role) decode.Shape {
	var shape decode.Shape
	found := false
	for _, r := range rows {
		if r.Roles&role == 0 {
			continue
		}
		found = true
		shape.TrID = shape.TrID || r.TrID != None
		if r.Payload != decode.OnlyArgIfNumeric || role != Any {
			shape.Payload = max(shape.Payload, r.Payload)
		}
	}
	switch {
	case found:
		return shape
	case len(rows) > 0:
		return shapeOf(rows, Any)
	}
	return decode.Plain{}.Shape(0, decode.Verb{})
}

const (
	// errorVerb stands in a row's Verb for every three digits (§7.11).
	errorVerb = "###"
	// maxVerbs bounds how many verbs there are; slotBits and with it slots keep the search short.
	maxVerbs = 128
	slotBits = 9
	slots    = 1 << slotBits
)

// verbIDs numbers the verbs from 2. Number 0 are those that no dialect has, 1 the errors. It does not change once made.
type verbIDs struct {
	n     int
	slots [slots]uint32 // the verb in the lower 24 bits, its number above; 0 is free
}

func verbOf(name string) decode.Verb { return decode.Verb{name[0], name[1], name[2]} }

// add gives a verb a number.
func (ids *verbIDs) add(name string) {
	ids.n = max(ids.n, 2)
	if name == errorVerb || ids.of(verbOf(name)) != 0 {
		return
	}
	if ids.n == maxVerbs {
		panic("dialect: more verbs than maxVerbs")
	}
	i := slot(pack(verbOf(name)))
	for ids.slots[i] != 0 {
		i = (i + 1) % slots
	}
	ids.slots[i] = pack(verbOf(name)) | uint32(ids.n)<<24
	ids.n++
}

// of returns the number of a verb.
func (ids *verbIDs) of(v decode.Verb) int {
	if v[0]-'0' <= 9 || v[0] == '#' {
		return 1
	}
	key := pack(v) &^ 0x202020 // letters of either case: one client compares without it
	for i := slot(key); ; i = (i + 1) % slots {
		switch s := ids.slots[i]; {
		case s&0xffffff == key:
			return int(s >> 24)
		case s == 0:
			return 0
		}
	}
}

func pack(v decode.Verb) uint32 { return uint32(v[0]) | uint32(v[1])<<8 | uint32(v[2])<<16 }

// slot is where the search for a verb begins: the upper bits of a product, which all of its letters move.
func slot(key uint32) uint32 { return key * 0x9E3779B1 >> (32 - slotBits) }
