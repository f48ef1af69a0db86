// Package session turns messages into events: it knows of each connection its role, dialect, user and switchboard session,
// pairs answers with requests, and follows the referrals from one connection to the next:
//
//	DS --XFR NS--> NS --XFR SB, cookie--> SB        the caller
//	               NS --RNG, cookie, SessionID--> SB    the callee
//
// From the events it makes what a person asks for: [Transactions] say what a request led to, on whatever connection, a
// [State] what users, lists and talks are like after an event, and a [Timeline] the State after any event of a log.
//
// It is pure: a message goes in, an annotated [Event] comes out. It has no clock, no goroutine and no lock: a [Graph] and its
// connections belong to whoever guards them, and the order of calls is the order of events.
package session

import (
	"time"

	"github.com/msnscope/msnscope/decode/dialect"
)

// Caps of what a Graph remembers. Sessions need the latest entries only.
const (
	maxLinks    = 1 << 14 // referrals that may be followed yet
	maxRequests = 256     // requests of one connection
	maxRooms    = 32      // rooms for the requests of a connection, of 17 KB at most
)

// Graph is the connections of one capture and how they hang together. It is not safe for concurrent use.
type Graph struct {
	events uint64
	conns  int
	links  recent[string, link]
	key    []byte      // the key that is looked for, kept to save allocating it
	rooms  []*requests // of connections that ended, for the next ones
}

// link is a referral: what is known of the connection that will follow it. It is found by its cookie and handle, or by the
// handle alone.
type link struct {
	conn     int
	speaks   speech
	inferred bool
	evidence *evidence
	session  string
}

// linkKey returns the name of a referral, valid until the next call: handles are compared without case (§5.4).
func (g *Graph) linkKey(cookie []byte, user string) []byte {
	g.key = append(append(g.key[:0], cookie...), ' ')
	g.key = appendFold(g.key, user)
	return g.key
}

// appendFold appends s with the letters A to Z in lower case: handles are compared without case (§5.4).
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

// Open begins a connection between the two addresses, of which the server's may be empty until [Conn.To] names it. It
// returns the connection and its open event.
func (g *Graph) Open(at time.Time, client, server string) (*Conn, *Event) {
	g.conns++
	c := &Conn{graph: g, id: g.conns, client: client, server: server, roles: dialect.Any}
	return c, c.event(new(Event), at, Open, "")
}

// firstRequests is for how many requests there is room at first: most connections have few.
const firstRequests = 8

// room returns room for the requests of a connection.
func (g *Graph) room() *requests {
	n := len(g.rooms)
	if n == 0 {
		return &requests{ring: make([]request, 0, firstRequests)}
	}
	q := g.rooms[n-1]
	g.rooms = g.rooms[:n-1]
	return q
}

// give takes back the room of a connection that ended.
func (g *Graph) give(q *requests) {
	if q != nil && len(g.rooms) < maxRooms {
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
