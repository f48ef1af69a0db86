package server

import (
	"cmp"
	"context"
	"slices"
	"strconv"
	"strings"

	"github.com/msnscope/msnscope/server/accounts"
)

const (
	// groupZero is the group that every user has: contacts that are in no other group are in it.
	groupZero     = "0"
	groupZeroName = "~"
	maxGroups     = 30 // the limit of Microsoft's servers
)

// group is one of a user's groups of contacts (MSNP7).
type group struct {
	ID   string `json:"id"`
	Name string `json:"name"` // as on the wire
}

// groups returns all groups. Group 0 comes first unless it is stored, as it is after a renaming.
func (m *extras) groups() []group {
	if i := m.group(groupZero); i >= 0 {
		return m.Groups
	}
	return append([]group{{groupZero, groupZeroName}}, m.Groups...)
}

// group returns the index of a group in m.Groups, -1 where it is not stored.
func (m *extras) group(id string) int {
	return slices.IndexFunc(m.Groups, func(g group) bool { return g.ID == id })
}

// has reports whether there is a group with the number id.
func (m *extras) has(id string) bool { return id == groupZero || m.group(id) >= 0 }

// named returns the failure of giving a group the name, none if the name is valid and free.
func (m *extras) named(name string) failure {
	switch {
	case accounts.CheckGroupName(name) != nil:
		return badGroupName
	case slices.ContainsFunc(m.groups(), func(g group) bool { return g.Name == name }):
		return groupExists
	}
	return none
}

// in returns the numbers of the groups that a contact is in, at least one. The caller must not
// change the slice.
func (m *extras) in(handle string) []string {
	if ids := m.In[accounts.Key(handle)]; len(ids) > 0 {
		return ids
	}
	return []string{groupZero}
}

// put sets the groups that a contact is in.
func (m *extras) put(handle string, ids ...string) {
	if m.In == nil {
		m.In = make(map[string][]string)
	}
	if m.In[accounts.Key(handle)] = ids; slices.Equal(ids, []string{groupZero}) {
		delete(m.In, accounts.Key(handle))
	}
}

// addGroups appends an LSG for each group. id is the TrID, serial the user's.
func (l *lines) addGroups(id, serial string, m *extras) {
	all := m.groups()
	for i, g := range all {
		l.add("LSG", id, serial, strconv.Itoa(i+1), strconv.Itoa(len(all)), g.ID, g.Name, "0")
	}
}

// lsg handles LSG and sends the groups.
func (c *conn) lsg(r *request) {
	ctx, done := c.s.storeTime()
	defer done()
	u, err := c.s.lookup(ctx, c.user.Handle)
	if err != nil {
		c.failErr(r, err)
		return
	}
	reply := new(lines)
	reply.addGroups(r.id(), strconv.Itoa(u.Serial), c.s.readableExtras(&u))
	c.send(reply)
}

// adg handles ADG and makes a group, with the lowest number that is free.
func (c *conn) adg(r *request) {
	ctx, done := c.s.storeTime()
	defer done()
	g := group{Name: storable(r.arg(0))}
	after, ok := c.changeExtras(ctx, r, accounts.More, func(_ *accounts.User, m *extras) failure {
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
		c.send(line("ADG", r.id(), strconv.Itoa(after.Serial), g.Name, g.ID, "0"))
	}
}

// rmg handles RMG and removes a group, which must be empty.
func (c *conn) rmg(r *request) {
	ctx, done := c.s.storeTime()
	defer done()
	id := r.arg(0)
	after, ok := c.changeExtras(ctx, r, accounts.More, func(u *accounts.User, m *extras) failure {
		switch {
		case id == groupZero:
			return theGroupZero
		case !m.has(id):
			return noGroup
		case slices.ContainsFunc(u.Lists[accounts.Forward],
			func(e accounts.Entry) bool { return slices.Contains(m.in(e.Handle), id) }):
			return groupNotEmpty
		}
		i := m.group(id)
		m.Groups = slices.Delete(m.Groups, i, i+1)
		return none
	})
	if ok {
		c.send(line("RMG", r.id(), strconv.Itoa(after.Serial), id))
	}
}

// reg handles REG and renames a group.
func (c *conn) reg(r *request) {
	ctx, done := c.s.storeTime()
	defer done()
	g := group{r.arg(0), storable(r.arg(1))}
	after, ok := c.changeExtras(ctx, r, accounts.More, func(_ *accounts.User, m *extras) failure {
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
		c.send(line("REG", r.id(), strconv.Itoa(after.Serial), g.ID, g.Name, "0"))
	}
}

// enterGroup handles an ADD to the forward list by a client that knows groups: it puts a contact
// that is on the list already into one more group. It reports whether the request is done with;
// else the contact is still to be added to the list.
func (c *conn) enterGroup(ctx context.Context, r *request, handle string) (done bool) {
	u, m, ok := c.readExtras(ctx, r)
	if !ok {
		return true
	}
	id, i := cmp.Or(r.arg(3), groupZero), u.Find(accounts.Forward, handle)
	switch {
	case !m.has(id):
		c.fail(r, noGroup)
		return true
	case i < 0:
		return false
	case slices.Contains(m.in(handle), id):
		c.fail(r, alreadyThere)
		return true
	}
	after, ok := c.changeExtras(ctx, r, accounts.More, func(_ *accounts.User, m *extras) failure {
		m.put(handle, append(slices.Clone(m.in(handle)), id)...)
		return none
	})
	if ok {
		c.send(c.addLine(r.id(), accounts.Forward, after.Serial, u.Lists[accounts.Forward][i], id))
	}
	return true
}

// settle puts a contact that was just added into the group that the ADD named: both are one change
// with one serial (§7.5). It sets u to the user after the change. It reports whether the client is
// still to be answered.
func (c *conn) settle(ctx context.Context, r *request, u *accounts.User, handle string) bool {
	id := cmp.Or(r.arg(3), groupZero)
	m, err := c.s.extrasOf(u)
	if err != nil {
		c.failErr(r, err)
		return false
	}
	if slices.Equal(m.in(handle), []string{id}) {
		return true
	}
	after, ok := c.changeExtras(ctx, r, accounts.Rest, func(_ *accounts.User, m *extras) failure {
		m.put(handle, id)
		return none
	})
	if ok {
		*u = *after
	}
	return ok
}

// leaveGroup handles a REM from one group of the forward list. It reports whether the request is
// done with; else the contact is in no other group and is still to be removed from the list.
func (c *conn) leaveGroup(ctx context.Context, r *request, handle string) (done bool) {
	u, m, ok := c.readExtras(ctx, r)
	if !ok {
		return true
	}
	id, in, i := r.arg(2), m.in(handle), u.Find(accounts.Forward, handle)
	switch {
	case !m.has(id):
		c.fail(r, noGroup)
		return true
	case i < 0:
		return false
	case !slices.Contains(in, id):
		c.fail(r, notInGroup)
		return true
	case len(in) == 1:
		return false
	}
	after, ok := c.changeExtras(ctx, r, accounts.More, func(_ *accounts.User, m *extras) failure {
		m.put(handle, slices.DeleteFunc(slices.Clone(in), func(g string) bool { return g == id })...)
		return none
	})
	if ok {
		c.send(c.remLine(r.id(), accounts.Forward, after.Serial, u.Lists[accounts.Forward][i].Handle, id))
	}
	return true
}

// groupsOf returns a function that returns the groups of a contact, joined by commas, for an entry
// of the forward list and a client that knows groups; otherwise that function returns "".
func (c *conn) groupsOf(u *accounts.User, l accounts.List) func(handle string) string {
	if l != accounts.Forward || !c.since(grouping) {
		return func(string) string { return "" }
	}
	m := c.s.readableExtras(u)
	return func(handle string) string { return strings.Join(m.in(handle), ",") }
}
