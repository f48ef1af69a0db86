package model

import (
	"slices"
	"strconv"
	"time"

	"github.com/msnscope/msnscope/internal/format"
)

// TreeRow is one line of the sessions tree.
type TreeRow struct {
	// Scope is what the line stands for: the zero Scope for the first line, which is everything.
	Scope Scope
	// Name is the name of a group: a handle where User is set, else an address.
	Name   string
	User   bool
	Folded bool
	// Logon says that the line stands for one logon of a user, which began at Begun. Only users who
	// logged on more than once have such lines. Depth is how far the line is indented, in steps.
	Logon bool
	Begun time.Time
	Depth int
	// Conn is the connection of a line that stands for one, else nil. It belongs to the model:
	// callers must not change it, and may read it until the next Step.
	Conn *Conn
	// Conns, Open, Commands, Errors and Findings are the sums over what is below the line.
	Conns, Open, Commands, Errors, Findings int
}

// Tree returns the lines of the tree from top to bottom: everything, then each group with its
// connections. The slice is the model's, valid until the next call of a method that changes the
// model.
func (m *Model) Tree() []TreeRow {
	t := &m.tree
	if t.stale {
		t.build(m.stats, m.lints.total)
		t.stale = false
	}
	return t.rows
}

func (t *tree) build(all Stats, findings int) {
	t.rows = append(t.rows[:0], TreeRow{
		Conns: all.Connections, Open: all.Open, Commands: all.Commands, Errors: all.Errors, Findings: findings,
	})
	for _, g := range t.order {
		head := TreeRow{Scope: Scope{Group: g.key}, Name: g.name, User: g.user, Folded: g.folded, Depth: 1}
		for _, c := range g.conns {
			head.count(c)
		}
		t.rows = append(t.rows, head)
		if g.folded {
			continue
		}
		logons := g.logons()
		for _, l := range logons {
			if len(logons) > 1 {
				t.rows = append(t.rows, l.head)
			}
			for _, c := range l.conns {
				row := TreeRow{Scope: Scope{Group: g.key, Conn: c.ID}, Conn: c, Depth: l.head.Depth}
				row.count(c)
				t.rows = append(t.rows, row)
			}
		}
	}
}

// count adds a connection to the sums of a line.
func (r *TreeRow) count(c *Conn) {
	r.Conns++
	r.Commands += c.Commands
	r.Errors += c.Errors
	r.Findings += c.Findings
	if !c.Closed {
		r.Open++
	}
}

// logon is one logon of a user: its line, and its connections.
type logon struct {
	head  TreeRow
	conns []*Conn
}

// logons returns the logons of a group in the order in which they began. Where there are several,
// their connections stand one step further in.
func (g *group) logons() []*logon {
	var all []*logon
	byID := map[int]*logon{}
	for _, c := range g.conns {
		l := byID[c.logon]
		if l == nil {
			l = &logon{head: TreeRow{Scope: Scope{Group: g.key, Logon: c.logon}, Logon: true, Begun: c.begun, Depth: 2}}
			byID[c.logon] = l
			all = append(all, l)
		}
		l.head.count(c)
		l.conns = append(l.conns, c)
	}
	if len(all) > 1 && g.user {
		for _, l := range all {
			l.head.Depth++
		}
		return all
	}
	one := &logon{head: TreeRow{Depth: 2}, conns: g.conns}
	return []*logon{one}
}

// TreeCursor returns the selected line of the tree.
func (m *Model) TreeCursor() int {
	rows, at := m.Tree(), m.tree.cursor
	find := func(s Scope) int { return slices.IndexFunc(rows, func(r TreeRow) bool { return r.Scope == s }) }
	if i := find(at); i >= 0 {
		return i
	}
	if at.Conn != 0 { // the connection went to another group, or its group is folded
		if i := slices.IndexFunc(rows, func(r TreeRow) bool { return r.Conn != nil && r.Conn.ID == at.Conn }); i >= 0 {
			return i
		}
		at.Conn = 0
	}
	at.Logon = 0
	return max(0, find(at))
}

// SelectTree selects a line of the tree, the nearest where there is none.
func (m *Model) SelectTree(i int) {
	rows := m.Tree()
	m.tree.cursor = rows[max(0, min(i, len(rows)-1))].Scope
}

// Fold hides or shows the connections of the group to which the selected line belongs, and selects
// the group's line.
func (m *Model) Fold(folded bool) {
	row := m.Tree()[m.TreeCursor()]
	g := m.tree.groups[row.Scope.Group]
	if g == nil {
		return
	}
	if folded {
		m.tree.cursor = Scope{Group: g.key}
	}
	g.folded = folded
	m.tree.stale = true
}

// Crumbs returns the path of the scope into the tree, printable, as in "Sessions>alice>NS#2"; ""
// for everything.
func (m *Model) Crumbs() string {
	group, conn := m.ScopeName()
	text := ""
	if group != "" {
		text = "Sessions>" + format.Printable(group)
	}
	if conn != nil {
		text += ">" + conn.Role.String() + "#" + strconv.Itoa(conn.ID)
	}
	return text
}

// ScopeName returns the path of the scope into the tree: the user or address of a group, "" for
// everything, and the connection, nil unless the scope is one.
func (m *Model) ScopeName() (group string, conn *Conn) {
	if g := m.tree.groups[m.scope.Group]; g != nil {
		group = g.name
	}
	if m.scope.Conn != 0 {
		conn = m.tree.conns[m.scope.Conn]
		if conn != nil {
			group = conn.group.name
		}
	}
	return group, conn
}
