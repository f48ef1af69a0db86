package model

import (
	"slices"
	"strings"

	"github.com/msnscope/msnscope/decode"
	"github.com/msnscope/msnscope/decode/dialect"
	"github.com/msnscope/msnscope/decode/session"
)

// maxWith is how many other users at a switchboard the tree names: more do not fit into a line.
const maxWith = 4

// Talks reports whether the connection is one to a switchboard, where users talk.
func (c *Conn) Talks() bool { return c.Role == dialect.SB }

// Conn returns the tree's record of a connection, nil for an unknown one. It is the model's, to be
// read until the next Step.
func (m *Model) Conn(id int) *Conn { return m.tree.conns[id] }

// meet adds to With the user who, by an event, is at the switchboard too.
func (c *Conn) meet(e *session.Event) {
	if e.Kind != session.Command || e.Dir != decode.FromServer || e.Row == nil || !c.Talks() ||
		e.Row.Effect(e.Role) != dialect.IsThere {
		return
	}
	who := e.Row.Find(&e.In, dialect.Handle)
	if len(who) == 0 || c.last == string(who) {
		return
	}
	c.last = string(who)
	switch {
	case strings.EqualFold(c.last, e.User):
	case slices.ContainsFunc(c.With, func(h string) bool { return strings.EqualFold(h, c.last) }):
	case len(c.With) < maxWith:
		c.With = append(c.With, c.last)
	}
}

// TalkOf returns the connection to the switchboard on which the conversation of an event takes
// place: its own, or the first one to which its transaction led; 0 if there is none.
func (m *Model) TalkOf(e *session.Event) int {
	if e.Role == dialect.SB {
		return e.Conn
	}
	x, _ := m.Transaction(e.N)
	for _, n := range x.Consequences {
		if o := m.Event(n); o != nil && o.Role == dialect.SB {
			return o.Conn
		}
	}
	return 0
}
