// Package session turns messages into events: it knows of each connection its role, dialect, user and switchboard session,
// pairs answers with requests, and follows the referrals from one connection to the next:
//
//	DS --XFR NS--> NS --XFR SB, cookie--> SB        the caller
//	               NS --RNG, cookie, SessionID--> SB    the callee
//
// It is pure: a message goes in, an annotated [Event] comes out. It has no clock, no goroutine and no lock: a [Graph] and its
// connections belong to whoever guards them, and the order of calls is the order of events.
package session

import (
	"strings"
	"time"

	"github.com/msnscope/msnscope/decode/dialect"
)

// Caps of what a Graph remembers. Sessions need the latest entries only.
const (
	maxLinks    = 1 << 14 // referrals that were not followed yet
	maxRequests = 256     // requests of one connection
)

// Graph is the connections of one capture and how they hang together. It is not safe for concurrent use.
type Graph struct {
	events uint64
	conns  int
	links  links
}

// link is a referral: what is known of the connection that will follow it.
type link struct {
	conn             int
	dialect, session string
}

// links remembers referrals by their cookie and handle, the latest maxLinks of them.
type links struct {
	byKey map[string]link
	order []string
}

func (l *links) put(key string, v link) {
	if l.byKey == nil {
		l.byKey = map[string]link{}
	}
	if _, old := l.byKey[key]; !old {
		l.order = append(l.order, key)
	}
	l.byKey[key] = v
	if len(l.order) > maxLinks {
		delete(l.byKey, l.order[0])
		l.order = l.order[1:]
	}
}

func (l *links) get(key string) (link, bool) {
	v, ok := l.byKey[key]
	return v, ok
}

func (l *links) drop(key string) { delete(l.byKey, key) }

// cookieKey and userKey are the two names under which a referral is found: handles are compared without case (§5.4).
func cookieKey(cookie, user string) string { return "c " + cookie + " " + strings.ToLower(user) }

func userKey(user string) string { return "u " + strings.ToLower(user) }

// Open begins a connection between the two addresses, of which the server's may be empty until [Conn.To] names it. It
// returns the connection and its open event.
func (g *Graph) Open(at time.Time, client, server string) (*Conn, *Event) {
	g.conns++
	c := &Conn{graph: g, id: g.conns, client: client, server: server, roles: dialect.Any}
	return c, c.event(at, Open, "")
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
