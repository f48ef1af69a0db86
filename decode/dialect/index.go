package dialect

import (
	"slices"

	"github.com/msnscope/msnscope/decode"
)

// index looks up the rows and the shape of a verb. Since every command needs it, it uses arrays
// indexed by the verb's number, not maps.
type index struct {
	ids *verbIDs
	own [2][]([]*Row) // the table's own rows, by direction and the verb's number
	// all is own completed: a verb that the table does not have gets the rows of the nearest
	// dialect that has it. Clients and servers did use commands, payloads included, that their
	// dialect officially did not have yet, or no longer.
	all  [2][]([]*Row)
	view [len(roleViews)]grammar // the grammars for the roles of roleViews
	// sole holds, for the same roles, by direction and the verb's number, the row that is the only
	// one of its verb there, nil if there are none or several.
	sole [len(roleViews)][2][]*Row
}

// Of returns the rows of a verb in a direction, in the order of the table, and nil for a verb that
// the dialect does not have. The slice belongs to the table and must not be changed.
func (x *index) Of(dir decode.Dir, verb decode.Verb) []*Row { return x.own[side(dir)][x.ids.of(verb)] }

// Shape implements [decode.Grammar] for a connection to a server of unknown kind. A verb that the
// dialect does not have gets its shape in the nearest dialect. Errors have no payload.
func (x *index) Shape(dir decode.Dir, verb decode.Verb) decode.Shape {
	return x.view[0].Shape(dir, verb)
}

// Fits implements [decode.Grammar].
func (x *index) Fits(dir decode.Dir, m *decode.Message) bool { return Fits(dir, Any, m) != 0 }

// At returns the grammar for connections to a server of the role; for an unknown role that is the
// table itself. It does not allocate, and equal roles get equal grammars.
func (t *Table) At(role Role) decode.Grammar {
	if i := viewOf(role); i > 0 {
		return &t.view[i]
	}
	return t
}

// roleViews lists the roles for which a table keeps a grammar, in the order of index.view; Any
// stands for an unknown role.
var roleViews = [...]Role{Any, DS, NS, SB, FT}

// viewOf returns the index in roleViews of the roles, -1 for any other set of them.
func viewOf(roles Role) int { return viewIndex[roles&anyEnd] }

var viewIndex = func() (of [anyEnd + 1]int) {
	for roles := range of {
		of[roles] = slices.Index(roleViews[:], Role(roles))
	}
	return of
}()

// grammar implements [decode.Grammar] for one table at one role.
type grammar struct {
	ids    *verbIDs
	roles  Role // whose commands Fits considers
	shapes [2][maxVerbs]decode.Shape
}

// Shape implements [decode.Grammar].
func (g *grammar) Shape(dir decode.Dir, verb decode.Verb) decode.Shape {
	return g.shapes[side(dir)][g.ids.of(verb)%maxVerbs]
}

// Fits implements [decode.Grammar]. It considers all dialects: a line that is valid in any of them
// is hardly there by chance. A server's role does not limit them, but a file transfer has no
// commands of servers.
func (g *grammar) Fits(dir decode.Dir, m *decode.Message) bool { return Fits(dir, g.roles, m) != 0 }

func side(dir decode.Dir) int {
	if dir == decode.FromServer {
		return 1
	}
	return 0
}

// link indexes the tables, which must be in the order of their numbers, and returns them.
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
		for v, role := range roleViews {
			t.view[v].fill(&t.index, role)
			for s := range t.all {
				t.sole[v][s] = soles(t.all[s], role)
			}
		}
	}
	return tables
}

// soles returns, by the verb's number, the row of each verb that has only one at these roles, nil
// for the others.
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

// nearest returns the rows that tables[i] has for a verb. If it has none, nearest returns those of
// the closest table in the list that has some, preferring the older one of two.
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

// fill sets the shapes of all verbs at a role, which may be Any.
func (g *grammar) fill(x *index, role Role) {
	g.ids, g.roles = x.ids, Any
	if role == FT {
		g.roles = FT
	}
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

// shapeOf combines the rows that are legal at a role: the shape has a TrID if one of them has it,
// and the weakest of their payload rules. A verb without rows at the role gets the shape of its
// rows at other servers; a file transfer has none of these.
func shapeOf(rows []*Row, role Role) decode.Shape {
	var shape decode.Shape
	found, bare := false, false // bare: a row has a serial number and no TrID before it
	for _, r := range rows {
		if r.Roles&role == 0 {
			continue
		}
		found = true
		shape.TrID = shape.TrID || r.TrID != None
		bare = bare || r.TrID == None && len(r.Args) > 0 && r.Args[0].Kind == Serial
		if r.Payload != decode.OnlyArgIfNumeric || role != Any {
			shape.Payload = max(shape.Payload, r.Payload)
		}
	}
	switch {
	case found:
		shape.Serial = shape.TrID && bare
		return shape
	case len(rows) > 0 && role&^Any == 0 && role != Any:
		return shapeOf(rows, Any)
	}
	return decode.Plain{}.Shape(0, decode.Verb{})
}

const (
	// errorVerb stands in a row's Verb for every three digits (§7.11).
	errorVerb = "###"
	// maxVerbs bounds the number of verbs; slots, a power of two well above it, keeps searches
	// short.
	maxVerbs = 128
	slotBits = 9
	slots    = 1 << slotBits
)

// verbIDs numbers the verbs, in a hash table with open addressing. Number 0 stands for a verb that
// no dialect has, 1 for the errors, and the verbs follow from 2. It does not change once the tables
// are linked.
type verbIDs struct {
	n     int
	slots [slots]uint32 // the verb in the lower 24 bits, its number above; 0 marks a free slot
}

func verbOf(name string) decode.Verb { return decode.Verb{name[0], name[1], name[2]} }

// add assigns the next number to a verb that has none yet.
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

// of returns the number of a verb, 0 if no dialect has it.
func (ids *verbIDs) of(v decode.Verb) int {
	if v[0]-'0' <= 9 || v[0] == '#' {
		return 1
	}
	key := pack(v)
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

// slot returns the slot in which the search for a verb begins: the upper bits of a product, on
// which all of its letters have an influence.
func slot(key uint32) uint32 { return key * 0x9E3779B1 >> (32 - slotBits) }
