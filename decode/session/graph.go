// Package session turns messages into events: it tracks the role, dialect, user and switchboard
// session of each connection, pairs answers with requests, and follows the referrals from one
// connection to the next:
//
//	DS --XFR NS--> NS --XFR SB, cookie--> SB        the caller
//	               NS --RNG, cookie, SessionID--> SB    the callee
//
// From the events it derives what people ask for: [Transactions] tell what a request led to, on any
// connection; a [State] holds users, lists and conversations as they are after an event; a
// [Timeline] returns the State after any event of a log.
//
// The package has no clock, no goroutines and no locks. A [Graph] and its connections must be
// guarded by their owner, and the order of calls is the order of events.
package session

import (
	"time"
)

// Limits of what a Graph remembers. Sessions need only the latest entries.
const (
	maxLinks    = 1 << 14 // referrals that may still be followed
	maxRequests = 256     // requests of one connection
	maxRooms    = 32      // spare buffers for the requests of a connection, of 17 KB at most
)

// Graph holds the connections of one capture and the referrals between them. It is not safe for
// concurrent use.
type Graph struct {
	events uint64
	conns  int
	links  recent[string, link]
	offers offers
	key    []byte      // the key of the latest look-up, kept to save allocations
	rooms  []*requests // buffers of connections that have ended, for reuse
}

// link is a referral: what it tells in advance about the connection that will follow it. A dialect
// is that of the connection with the referral, and holds until a VER tells another. Its key is
// the cookie and the handle, or the handle alone.
type link struct {
	conn     int
	speaks   speech
	inferred bool
	evidence *evidence
	session  string
}

// linkKey returns the key of a referral, valid until the next call. The handle is in lower case,
// since handles are compared without case (§5.4).
func (g *Graph) linkKey(cookie []byte, user string) []byte {
	g.key = append(append(g.key[:0], cookie...), ' ')
	g.key = appendFold(g.key, user)
	return g.key
}

// appendFold appends s with the letters A to Z in lower case: handles are compared without case
// (§5.4).
func appendFold[T string | []byte](dst []byte, s T) []byte {
	for i := range len(s) {
		c := s[i]
		if 'A' <= c && c <= 'Z' {
			c += 'a' - 'A'
		}
		dst = append(dst, c)
	}
	return dst
}

// refer remembers a referral.
func (g *Graph) refer(cookie []byte, user string, l link) {
	if g.links.byKey == nil {
		g.links = newRecent[string, link](maxLinks)
	}
	g.links.put(string(g.linkKey(cookie, user)), l)
}

// Open begins a connection between two addresses, and returns it with its open event. The server's
// address may be empty until [Conn.To] sets it.
func (g *Graph) Open(at time.Time, client, server string) (*Conn, *Event) {
	e := new(Event)
	return g.Begin(e, at, client, server), e
}

// Begin is [Graph.Open] for callers that keep few events: it sets all fields of e, whatever they
// were, to the open event.
func (g *Graph) Begin(e *Event, at time.Time, client, server string) *Conn {
	g.conns++
	c := &Conn{graph: g, id: g.conns, client: client, server: server, roles: anyEnd}
	*e = Event{}
	c.event(e, at, Open, "")
	return c
}

// room returns empty requests for a connection, reused from one that ended if possible.
func (g *Graph) room() *requests {
	n := len(g.rooms)
	if n == 0 {
		return new(requests)
	}
	q := g.rooms[n-1]
	g.rooms = g.rooms[:n-1]
	return q
}

// give takes back the requests of a connection that ended, for reuse.
func (g *Graph) give(q *requests) {
	if q != nil && len(g.rooms) < maxRooms {
		if q.index != nil {
			*q.index = index{}
		}
		*q = requests{ring: q.ring[:0]}
		g.rooms = append(g.rooms, q)
	}
}

// Note returns an event that belongs to no connection.
func (g *Graph) Note(at time.Time, text string) *Event {
	return g.number(&Event{Time: at, Kind: Note, Text: text})
}

func (g *Graph) number(e *Event) *Event {
	g.events++
	e.N = g.events
	return e
}
