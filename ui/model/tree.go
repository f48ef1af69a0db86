package model

import (
	"cmp"
	"net"
	"slices"
	"strings"
	"time"

	"github.com/msnscope/msnscope/decode"
	"github.com/msnscope/msnscope/decode/dialect"
	"github.com/msnscope/msnscope/decode/session"
)

// maxConns is how many connections the tree holds. Beyond it the oldest are removed, closed ones
// first; their events stay in the log. At about 300 bytes each that is 5 MB, and a tree that can be
// rebuilt within a frame.
const maxConns = 1 << 14

// Scope is a part of the tree: a group, one logon of its user, or one connection. The zero Scope is
// everything.
type Scope struct {
	Group string // the key of a group
	Logon int    // the number of the first connection of a logon
	Conn  int    // the number of a connection
}

func (s Scope) has(t *tree, e *session.Event) bool {
	switch {
	case s.Conn != 0:
		return e.Conn == s.Conn
	case s.Group != "":
		c := t.conns[e.Conn]
		return c != nil && s.holds(c)
	}
	return true
}

// holds reports whether a connection is in the scope.
func (s Scope) holds(c *Conn) bool {
	if s.Conn != 0 {
		return s.Conn == c.ID
	}
	return (s.Group == "" || s.Group == c.group.key) && (s.Logon == 0 || s.Logon == c.logon)
}

// Conn is the tree's record of one connection.
type Conn struct {
	ID      int
	Role    dialect.Role
	Session string // of a switchboard, "" while unknown
	Client  string
	Server  string
	// ServerName is the name that a capture gives to Server, "" for none.
	ServerName string
	Closed     bool
	Commands   int
	Errors     int
	Findings   int    // of lint
	User       string // its handle, "" while unknown
	// Figure counts its commands, bytes and answers.
	Figure Figure
	// Waits says what an unfinished command on it waits for, "" if there is none.
	Waits string
	// With has the handles of the first others who were at a switchboard, or of the other end of a
	// file transfer.
	With []string

	waiting  decode.Dir // the direction of the unfinished command
	last     string     // the user whom the latest event that named one named
	spoke    bool       // its client has sent a command
	referral uint64     // the number of the event that sent the client here, 0 while unknown
	refers   []uint64   // the numbers of the first referrals on it, which sent the client elsewhere
	first    int        // the position of its first event
	begun    time.Time
	via      int // the connection that led to it, 0 while unknown
	logon    int // the first connection of the logon to which it belongs
	group    *group
	gone     bool // whether it is being removed from the tree
}

// group is the connections of one user or, as long as the user is unknown, of one client address.
type group struct {
	key, name string
	user      bool
	folded    bool
	conns     []*Conn
}

// tree holds the connections by group, in the order in which they came.
type tree struct {
	groups map[string]*group
	order  []*group
	conns  map[int]*Conn
	ages   []*Conn // the connections, the oldest first
	cap    int

	cursor Scope // the selected row
	rows   []TreeRow
	stale  bool
	shape  int  // counts what changes the lanes of a ladder
	forgot bool // whether connections have been removed
}

func newTree() tree {
	return tree{groups: map[string]*group{}, conns: map[int]*Conn{}, cap: maxConns, stale: true}
}

// moved says that a connection has moved from one group to another; first is the position in the
// log of its first event.
type moved struct {
	from, to string
	first    int
}

// add adds the event at a position of the log. Where the event reveals whose connection it is on,
// add returns the move of the connection to another group, else nil.
func (t *tree) add(e *session.Event, position int) *moved {
	if e.Conn == 0 {
		return nil
	}
	t.stale = true
	c := t.conns[e.Conn]
	if c == nil {
		c = &Conn{ID: e.Conn, first: position, begun: e.Time}
		t.conns[e.Conn] = c
		t.ages = append(t.ages, c)
		t.shape++
	}
	shape := t.shape
	t.update(c, e)
	move := t.assign(c, e)
	if t.shape != shape && t.enlist(c) && move == nil {
		move = &moved{from: c.group.key, to: c.group.key, first: c.first}
	}
	if len(t.conns) > t.cap {
		t.forget()
	}
	return move
}

func (t *tree) update(c *Conn, e *session.Event) {
	if c.Role != e.Role || c.Server != e.Server || c.via != e.Via || e.Session != "" && c.Session != e.Session ||
		e.ServerName != "" && c.ServerName != e.ServerName {
		t.shape++
	}
	c.Role, c.Client, c.Server, c.via = e.Role, e.Client, e.Server, e.Via
	c.ServerName = cmp.Or(e.ServerName, c.ServerName)
	if e.Session != "" {
		c.Session = e.Session
	}
	if e.User != "" {
		c.User = e.User
	}
	if via := t.conns[c.via]; c.Role == dialect.FT && via != nil && len(via.With) == 1 {
		c.With = via.With // who sends the file is not said on its connection
	}
	switch e.Kind {
	case session.Command:
		c.Commands++
		c.meet(e)
		if e.Dir == c.waiting {
			c.Waits, c.waiting = "", 0
		}
	case session.Wait:
		c.Waits, c.waiting = e.Text, e.Dir
	case session.Close:
		c.Closed, c.Waits = true, ""
	}
	if e.Flags&session.Error != 0 {
		c.Errors++
	}
}

// assign puts a connection into the group to which it belongs.
func (t *tree) assign(c *Conn, e *session.Event) *moved {
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
	t.shape++
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

// enlist finds the logon to which a connection belongs: that of the connection whose referral led
// to it; for a switchboard of which that is not known, the latest of its user. Another connection
// begins a logon of its own. It reports whether the connection belonged to another one before.
func (t *tree) enlist(c *Conn) bool {
	was := c.logon
	c.logon = c.ID
	if via := t.conns[c.via]; via != nil && via.group == c.group {
		c.logon = via.logon
	} else if c.Talks() {
		for i := len(c.group.conns) - 1; i >= 0; i-- {
			if o := c.group.conns[i]; !o.Talks() && o.ID < c.ID {
				c.logon = o.logon
				break
			}
		}
	}
	return was != 0 && was != c.logon
}

// groupOf returns the group of an event's connection: its user, whose handle is compared without
// regard to case (§5.4), or its client's host.
func groupOf(e *session.Event) (key, name string, user bool) {
	if e.User != "" {
		return "u " + strings.ToLower(e.User), e.User, true
	}
	host, _, err := net.SplitHostPort(e.Client)
	if err != nil {
		host = e.Client
	}
	return "a " + host, cmp.Or(e.ClientName, host), false
}

// leave removes a connection from its group, and a group without connections from the tree.
func (t *tree) leave(g *group, c *Conn) {
	if g.conns = slices.DeleteFunc(g.conns, func(o *Conn) bool { return o == c }); len(g.conns) > 0 {
		return
	}
	delete(t.groups, g.key)
	t.order = slices.DeleteFunc(t.order, func(o *group) bool { return o == g })
}

// forget removes an eighth of the connections: the oldest closed ones, and the oldest of all where
// too few are closed, as in a capture that lacks their ends. A connection that speaks again comes
// back.
func (t *tree) forget() {
	t.shape++
	t.forgot = true
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
