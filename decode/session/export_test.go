package session

import "github.com/msnscope/msnscope/decode/dialect"

// Remembered returns how many requests of the connection and how many referrals of the graph are
// kept.
func (c *Conn) Remembered() (requests, links int) {
	return len(c.requests.ring), max(len(c.graph.links.byKey), len(c.graph.links.order))
}

// Remembered returns the number of pages, and the number of requests that wait on all connections.
func (t *Transactions) Remembered() (pages, waiting int) {
	for _, a := range t.conns.byKey {
		waiting += len(a.value.waiting)
	}
	return len(t.pages), waiting
}

// Remembered returns the number of States that are kept, and the sum of their weights.
func (t *Timeline) Remembered() (kept, weight int) { return len(t.kept), t.weight }

// Changes reports whether a State has a method for the effect.
func Changes(e dialect.Effect) bool { return changes[e] != nil }

// Entries returns the number of entries that the State has counted.
func (s *State) Entries() int { return s.entries }

// Recount returns the number of entries that the State really holds.
func (s *State) Recount() int {
	n := 0
	for _, u := range s.users {
		n += len(u.seen)
		for i := range u.lists {
			n += len(u.lists[i].entries)
		}
	}
	for _, c := range s.conns {
		n += len(c.Roster) + len(c.Invited) + len(c.endpoints)
		for i := range c.asked {
			n += len(c.asked[i].members)
		}
	}
	return n
}
