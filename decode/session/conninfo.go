package session

import "github.com/msnscope/msnscope/decode/dialect"

// ConnInfo is what an event says about its connection, without the number of the connection. Infos
// can be compared with ==.
type ConnInfo struct {
	Client, Server         string // the addresses of the two ends
	Role                   dialect.Role
	Dialect, User, Session string
	Inferred               bool // whether Dialect is not agreed upon: see Event
	Via                    int  // the number of the connection that referred the client here, 0 for none
}

// InfoOf returns what the event says about its connection.
func InfoOf(e *Event) ConnInfo {
	return ConnInfo{e.Client, e.Server, e.Role, e.Dialect, e.User, e.Session, e.Inferred, e.Via}
}

// Is reports whether InfoOf(e) equals the info, without copying it; the fields that differ most
// often are compared first.
func (c *ConnInfo) Is(e *Event) bool {
	return c.Role == e.Role && c.Via == e.Via && c.Inferred == e.Inferred && c.Client == e.Client &&
		c.Server == e.Server && c.User == e.User && c.Session == e.Session && c.Dialect == e.Dialect
}

// Set sets the fields of the event that describe its connection.
func (c *ConnInfo) Set(e *Event) {
	e.Client, e.Server, e.Role, e.Via = c.Client, c.Server, c.Role, c.Via
	e.Dialect, e.User, e.Session, e.Inferred = c.Dialect, c.User, c.Session, c.Inferred
}

// Over returns the info with those of its fields that are zero taken from an earlier info of the
// same connection: role, dialect, user, session and referring connection. The addresses stay as
// they are.
func (c ConnInfo) Over(earlier ConnInfo) ConnInfo {
	fill(&c.Role, earlier.Role)
	if c.Dialect == "" {
		c.Dialect, c.Inferred = earlier.Dialect, earlier.Inferred
	}
	fill(&c.User, earlier.User)
	fill(&c.Session, earlier.Session)
	fill(&c.Via, earlier.Via)
	return c
}

// fill sets to to value if to is zero.
func fill[T comparable](to *T, value T) {
	var zero T
	if *to == zero {
		*to = value
	}
}
