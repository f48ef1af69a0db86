package server

import (
	"context"
	"slices"
	"strconv"
	"strings"

	"github.com/msnscope/msnscope/server/accounts"
)

const (
	// groupZero is the group that everybody has: who is in no other is in that one.
	groupZero     = "0"
	groupZeroName = "~"
	maxGroups     = 30 // as servers had it
	maxGroupName  = 61 // bytes in escaped form, as servers had it
)

// group is one of a user's groups (MSNP7).
type group struct {
	ID   string `json:"id"`
	Name string `json:"name"` // as on the wire
}

// groups returns all groups, group 0 first.
func (m *more) groups() []group {
	if i := m.group(groupZero); i >= 0 {
		return m.Groups
	}
	return append([]group{{groupZero, groupZeroName}}, m.Groups...)
}

// group returns the place of a group among those that are stored, -1 where it is not.
func (m *more) group(id string) int {
	return slices.IndexFunc(m.Groups, func(g group) bool { return g.ID == id })
}

func (m *more) has(id string) bool { return id == groupZero || m.group(id) >= 0 }

// named returns the failure of a group's new name, none if it may be had.
func (m *more) named(name string) failure {
	switch {
	case len(name) > maxGroupName:
		return badGroupName
	case slices.ContainsFunc(m.groups(), func(g group) bool { return g.Name == name }):
		return groupExists
	}
	return none
}

// in returns the groups that a contact is in.
func (m *more) in(handle string) []string {
	if ids := m.In[accounts.Key(handle)]; len(ids) > 0 {
		return ids
	}
	return []string{groupZero}
}

// put says which groups a contact is in.
func (m *more) put(handle string, ids ...string) {
	if m.In == nil {
		m.In = make(map[string][]string)
	}
	if m.In[accounts.Key(handle)] = ids; slices.Equal(ids, []string{groupZero}) {
		delete(m.In, accounts.Key(handle))
	}
}

func (l *lines) addGroups(id, serial string, m *more) {
	all := m.groups()
	for i, g := range all {
		l.add("LSG", id, serial, strconv.Itoa(i+1), strconv.Itoa(len(all)), g.ID, g.Name, "0")
	}
}

// lsg sends the groups.
func (c *conn) lsg(r *request) {
	ctx, done := c.s.storeTime()
	defer done()
	u, err := c.s.lookup(ctx, c.user.Handle)
	var m *more
	if err == nil {
		m, err = moreOf(&u)
	}
	if err != nil {
		c.failErr(r, err)
		return
	}
	reply := new(lines)
	reply.addGroups(r.id, strconv.Itoa(u.Serial), m)
	c.send(reply)
}

// adg makes a group, with the least number that is free.
func (c *conn) adg(r *request) {
	ctx, done := c.s.storeTime()
	defer done()
	g := group{Name: r.arg(0)}
	serial, ok := c.changeMore(ctx, r, func(_ *accounts.User, m *more) failure {
		if f := m.named(g.Name); f != none {
			return f
		}
		if len(m.groups()) >= maxGroups {
			return tooManyGroups
		}
		n := 1
		for m.has(strconv.Itoa(n)) {
			n++
		}
		g.ID = strconv.Itoa(n)
		m.Groups = append(m.Groups, g)
		return none
	})
	if ok {
		c.send(line("ADG", r.id, serial, g.Name, g.ID, "0"))
	}
}

// rmg takes an empty group away.
func (c *conn) rmg(r *request) {
	ctx, done := c.s.storeTime()
	defer done()
	id := r.arg(0)
	serial, ok := c.changeMore(ctx, r, func(u *accounts.User, m *more) failure {
		switch {
		case id == groupZero:
			return theGroupZero
		case !m.has(id):
			return noGroup
		case slices.ContainsFunc(u.Lists[accounts.Forward], func(e accounts.Entry) bool { return slices.Contains(m.in(e.Handle), id) }):
			return groupNotEmpty
		}
		i := m.group(id)
		m.Groups = slices.Delete(m.Groups, i, i+1)
		return none
	})
	if ok {
		c.send(line("RMG", r.id, serial, id))
	}
}

// reg renames a group.
func (c *conn) reg(r *request) {
	ctx, done := c.s.storeTime()
	defer done()
	g := group{r.arg(0), r.arg(1)}
	serial, ok := c.changeMore(ctx, r, func(_ *accounts.User, m *more) failure {
		if f := m.named(g.Name); f != none {
			return f
		}
		switch i := m.group(g.ID); {
		case i >= 0:
			m.Groups[i].Name = g.Name
		case g.ID == groupZero:
			m.Groups = append([]group{g}, m.Groups...)
		default:
			return noGroup
		}
		return none
	})
	if ok {
		c.send(line("REG", r.id, serial, g.ID, g.Name, "0"))
	}
}

// enterGroup is an ADD to the forward list by a client that knows groups. A contact who is there already is put into the group, too,
// and that is all; it reports whether nothing is left to do.
func (c *conn) enterGroup(ctx context.Context, r *request, handle string) (done bool) {
	id := or(r.arg(3), groupZero)
	there := false
	var e accounts.Entry
	f := func(u *accounts.User, m *more) failure {
		i := u.Find(accounts.Forward, handle)
		switch there = i >= 0; {
		case !m.has(id):
			return noGroup
		case there && slices.Contains(m.in(handle), id):
			return alreadyThere
		case there:
			e = u.Lists[accounts.Forward][i]
			m.put(handle, append(slices.Clone(m.in(handle)), id)...)
		default:
			m.put(handle, id)
		}
		return none
	}
	if !c.groupMatters(ctx, handle, id) {
		return false // a new contact in group 0: that is what everybody is in
	}
	serial, ok := c.changeMore(ctx, r, f)
	if ok && there {
		c.send(line("ADD", r.id, accounts.Forward.String(), serial, e.Handle, wireName(e.Name, e.Handle), id))
	}
	return !ok || there
}

// groupMatters reports whether an ADD to the group is more than one to the list.
func (c *conn) groupMatters(ctx context.Context, handle, id string) bool {
	u, err := c.s.lookup(ctx, c.user.Handle)
	if err != nil {
		return true // which fails again, and is answered then
	}
	m, err := moreOf(&u)
	return err != nil || id != groupZero || u.Has(accounts.Forward, handle) || m.In[accounts.Key(handle)] != nil
}

// leaveGroup is a REM from one group of the forward list. Who is in no other leaves the list; it reports whether nothing is left to
// do.
func (c *conn) leaveGroup(ctx context.Context, r *request, handle string) (done bool) {
	id := r.arg(2)
	u, err := c.s.lookup(ctx, c.user.Handle)
	var m *more
	if err == nil {
		m, err = moreOf(&u)
	}
	if err != nil {
		c.failErr(r, err)
		return true
	}
	in := m.in(handle)
	switch {
	case !m.has(id):
		c.fail(r, noGroup)
		return true
	case !u.Has(accounts.Forward, handle):
		return false
	case !slices.Contains(in, id):
		c.fail(r, notInGroup)
		return true
	case len(in) == 1:
		return false
	}
	serial, ok := c.changeMore(ctx, r, func(_ *accounts.User, m *more) failure {
		m.put(handle, slices.DeleteFunc(slices.Clone(in), func(g string) bool { return g == id })...)
		return none
	})
	if ok {
		c.send(line("REM", r.id, accounts.Forward.String(), serial, accounts.Key(handle), id))
	}
	return true
}

// groupsOf returns what tells the groups of a contact, for an entry of the forward list and a client that knows groups, else "".
func (c *conn) groupsOf(u *accounts.User, l accounts.List) func(handle string) string {
	if l != accounts.Forward || !c.since(grouping) {
		return func(string) string { return "" }
	}
	m, err := moreOf(u)
	if err != nil {
		c.log().Error("a user sees all contacts in one group", "user", u.Handle, "err", err)
		m = new(more)
	}
	return func(handle string) string { return strings.Join(m.in(handle), ",") }
}
