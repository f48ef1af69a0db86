package session

import (
	"slices"

	"github.com/msnscope/msnscope/decode"
	"github.com/msnscope/msnscope/decode/dialect"
)

// Remembered tells the tests how much the graph keeps.
func (c *Conn) Remembered() (requests, links int) {
	return len(c.requests.ring), max(len(c.graph.links.byKey), len(c.graph.links.order))
}

// Remembered tells the tests how many pages there are, and how many requests wait on all connections.
func (t *Transactions) Remembered() (pages, waiting int) {
	for _, a := range t.conns.byKey {
		waiting += len(a.value.waiting)
	}
	return len(t.pages), waiting
}

// Remembered tells the tests how many States are kept and what they weigh.
func (t *Timeline) Remembered() (kept, weight int) { return len(t.kept), t.weight }

// Rules returns by the number of its rule what each row of a dialect changes: "S NLN" and the like.
func Rules(t *dialect.Table) [][]string {
	fits := make([][]string, len(rules))
	for i := range t.Rows() {
		r := &t.Rows()[i]
		var w words
		w.read(r, &decode.Message{})
		for _, role := range []dialect.Role{dialect.NS, dialect.SB} {
			if r.Roles&role == 0 {
				continue
			}
			e := &Event{Dir: r.Dir, Role: role, Row: r}
			if k := slices.IndexFunc(rules, func(r rule) bool { return r.fits(e, &w) }); k >= 0 && !slices.Contains(fits[k], r.Verb) {
				fits[k] = append(fits[k], r.Verb)
			}
		}
	}
	return fits
}

// Signals returns the commands that causes and effects are told by, as direction and verb.
func Signals() map[decode.Verb]decode.Dir {
	all := map[decode.Verb]decode.Dir{}
	for _, c := range chains {
		all[c.from.verb], all[c.to.verb] = c.from.dir, c.to.dir
	}
	delete(all, decode.Verb{}) // the end of a connection
	return all
}

// Entries tells the tests what is on the account.
func (s *State) Entries() int { return s.entries }

// Recount returns what the account should say.
func (s *State) Recount() int {
	n := 0
	for _, u := range s.users {
		n += len(u.seen)
		for i := range u.lists {
			n += len(u.lists[i].entries)
		}
	}
	for _, c := range s.conns {
		n += len(c.Roster) + len(c.Invited) + len(c.places)
		for i := range c.asked {
			n += len(c.asked[i].members)
		}
	}
	return n
}
