package model

import "slices"

// TreeRow is one line of the sessions tree.
type TreeRow struct {
	// Scope is what the line stands for: the zero Scope for the first line, which is everything.
	Scope Scope
	// Name is a group's: a handle where User is set, else an address.
	Name   string
	User   bool
	Folded bool
	// Conn is the connection of a line that is one, else nil. It is the model's: read only, until the next Step.
	Conn *Conn
	// Conns, Commands and Errors are the sums of what is below.
	Conns, Open, Commands, Errors int
}

// Tree returns the lines of the tree from top to bottom: all, then each group with its connections. The slice is the
// model's, valid until the next call of a method that is not a getter.
func (m *Model) Tree() []TreeRow {
	t := &m.tree
	if t.stale {
		t.build(m.stats)
		t.stale = false
	}
	return t.rows
}

func (t *tree) build(all Stats) {
	t.rows = append(t.rows[:0], TreeRow{Conns: all.Connections, Open: all.Open, Commands: all.Commands, Errors: all.Errors})
	for _, g := range t.order {
		at := len(t.rows)
		t.rows = append(t.rows, TreeRow{Scope: Scope{Group: g.key}, Name: g.name, User: g.user, Folded: g.folded, Conns: len(g.conns)})
		for _, c := range g.conns {
			head := &t.rows[at]
			head.Commands += c.Commands
			head.Errors += c.Errors
			if !c.Closed {
				head.Open++
			}
			if !g.folded {
				t.rows = append(t.rows, TreeRow{Scope: Scope{g.key, c.ID}, Conn: c, Conns: 1, Commands: c.Commands, Errors: c.Errors})
			}
		}
	}
}

// TreeCursor returns the selected line of the tree.
func (m *Model) TreeCursor() int {
	rows, at := m.Tree(), m.tree.cursor
	find := func(s Scope) int { return slices.IndexFunc(rows, func(r TreeRow) bool { return r.Scope == s }) }
	if i := find(at); i >= 0 {
		return i
	}
	if at.Conn != 0 { // it went to another group, or its group is folded
		if i := slices.IndexFunc(rows, func(r TreeRow) bool { return r.Conn != nil && r.Conn.ID == at.Conn }); i >= 0 {
			return i
		}
		at.Conn = 0
	}
	return max(0, find(at))
}

// SelectTree selects a line of the tree, the nearest where there is none.
func (m *Model) SelectTree(i int) {
	rows := m.Tree()
	m.tree.cursor = rows[max(0, min(i, len(rows)-1))].Scope
}

// Fold folds or unfolds the group of the selected line and selects its line.
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

// ScopeName returns what the rows are limited to in words: the path into the tree, nil for everything. Group is its user or
// address; conn is nil unless the scope is one connection.
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
