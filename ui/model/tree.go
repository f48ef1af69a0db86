package model

import (
	"net"
	"slices"
	"strings"

	"github.com/msnscope/msnscope/decode/dialect"
	"github.com/msnscope/msnscope/decode/session"
)

// maxConns is how many connections the tree knows: beyond it the oldest leave it, closed ones first; their events stay.
// At about 300 bytes each that is 5 MB, and a tree that is rebuilt within a frame.
const maxConns = 1 << 14

// Scope is a part of the tree: a group, or one connection; the zero Scope is everything.
type Scope struct {
	Group string // the key of a group
	Conn  int    // the number of a connection
}

func (s Scope) has(t *tree, e *session.Event) bool {
	switch {
	case s.Conn != 0:
		return e.Conn == s.Conn
	case s.Group != "":
		c := t.conns[e.Conn]
		return c != nil && c.group.key == s.Group
	}
	return true
}

// Conn is what the tree knows of a connection.
type Conn struct {
	ID       int
	Role     dialect.Role
	Session  string // of a switchboard, "" while unknown
	Client   string
	Server   string
	Closed   bool
	Commands int
	Errors   int

	first int // the position of its first event
	group *group
	gone  bool // it is about to leave the tree
}

// group is a user, or a client's address as long as its user is unknown.
type group struct {
	key, name string
	user      bool
	folded    bool
	conns     []*Conn
}

// tree is the connections by group, in the order in which they came.
type tree struct {
	groups map[string]*group
	order  []*group
	conns  map[int]*Conn
	ages   []*Conn // the connections, the oldest first
	cap    int

	cursor Scope // which row is selected
	rows   []TreeRow
	stale  bool
}

func newTree() tree {
	return tree{groups: map[string]*group{}, conns: map[int]*Conn{}, cap: maxConns, stale: true}
}

// moved says that a connection went from one group to another; first is the position of its first event.
type moved struct {
	from, to string
	first    int
}

// add takes an event at a position of the log. It returns where the connection went if the event changed whose it is.
func (t *tree) add(e *session.Event, position int) *moved {
	if e.Conn == 0 {
		return nil
	}
	t.stale = true
	c := t.conns[e.Conn]
	if c == nil {
		c = &Conn{ID: e.Conn, first: position}
		t.conns[e.Conn] = c
		t.ages = append(t.ages, c)
	}
	t.update(c, e)
	move := t.place(c, e)
	if len(t.conns) > t.cap {
		t.forget()
	}
	return move
}

func (t *tree) update(c *Conn, e *session.Event) {
	c.Role, c.Client, c.Server = e.Role, e.Client, e.Server
	if e.Session != "" {
		c.Session = e.Session
	}
	switch e.Kind {
	case session.Command:
		c.Commands++
	case session.Close:
		c.Closed = true
	}
	if e.Flags&session.Error != 0 {
		c.Errors++
	}
}

// place puts the connection into the group where it belongs.
func (t *tree) place(c *Conn, e *session.Event) *moved {
	key, name, user := groupOf(e)
	if c.group != nil && (c.group.key == key || !user) {
		return nil
	}
	g := t.groups[key]
	if g == nil {
		g = &group{key: key, name: name, user: user}
		t.groups[key] = g
		t.order = append(t.order, g)
	}
	old := c.group
	c.group = g
	g.conns = append(g.conns, c)
	if old == nil {
		return nil
	}
	t.leave(old, c)
	if t.cursor.Group == old.key && t.groups[old.key] == nil {
		t.cursor.Group = key
	}
	return &moved{from: old.key, to: key, first: c.first}
}

// groupOf returns the group that an event's connection belongs to: that of its user, whose handle is compared without regard
// to case (§5.4), or of its client's host.
func groupOf(e *session.Event) (key, name string, user bool) {
	if e.User != "" {
		return "u " + strings.ToLower(e.User), e.User, true
	}
	host, _, err := net.SplitHostPort(e.Client)
	if err != nil {
		host = e.Client
	}
	return "a " + host, host, false
}

// leave takes the connection out of the group, and the group out of the tree when that was its last.
func (t *tree) leave(g *group, c *Conn) {
	if g.conns = slices.DeleteFunc(g.conns, func(o *Conn) bool { return o == c }); len(g.conns) > 0 {
		return
	}
	delete(t.groups, g.key)
	t.order = slices.DeleteFunc(t.order, func(o *group) bool { return o == g })
}

// forget takes an eighth of the connections out of the tree: the oldest closed ones, and the oldest of all where too few are
// closed, as in a capture that misses their ends. One that speaks again comes back.
func (t *tree) forget() {
	left := max(1, t.cap/8)
	drop := func(c *Conn) bool {
		if left == 0 {
			return false
		}
		left--
		delete(t.conns, c.ID)
		c.gone = true
		return true
	}
	t.ages = slices.DeleteFunc(t.ages, func(c *Conn) bool { return c.Closed && drop(c) })
	t.ages = slices.DeleteFunc(t.ages, drop)
	t.order = slices.DeleteFunc(t.order, func(g *group) bool {
		g.conns = slices.DeleteFunc(g.conns, func(c *Conn) bool { return c.gone })
		if len(g.conns) == 0 {
			delete(t.groups, g.key)
		}
		return len(g.conns) == 0
	})
}
