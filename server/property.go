package server

import (
	"cmp"
	"strconv"

	"github.com/msnscope/msnscope/server/accounts"
)

// syn handles SYN and sends all stored properties, unless the client has the latest version of them
// (§7.5): GTC, BLP, the properties of later dialects, then the four lists, each with at least one
// line. All share the TrID, and nothing comes between them.
func (c *conn) syn(r *request) {
	have, err := strconv.ParseUint(r.arg(0), 10, 64)
	if err != nil {
		c.fail(r, badValue)
		return
	}
	ctx, done := c.s.storeTime()
	defer done()
	u, err := c.s.lookup(ctx, c.user.Handle)
	if err != nil {
		c.failErr(r, err)
		return
	}
	serial := strconv.Itoa(u.Serial)
	reply := c.reply()
	reply.add("SYN", r.id(), serial)
	if have != uint64(u.Serial) {
		reply.add("GTC", r.id(), serial, u.GTC)
		reply.add("BLP", r.id(), serial, u.BLP)
		c.addExtras(reply, r.id(), &u)
		for _, l := range []accounts.List{accounts.Forward, accounts.Allow, accounts.Block, accounts.Reverse} {
			c.addList(reply, r.id(), &u, l)
		}
		c.addContactPhones(reply, &u)
	}
	c.send(reply)
}

// addList appends a list, one line for each entry; an empty list takes a line too (§7.6).
func (c *conn) addList(l *lines, id string, u *accounts.User, list accounts.List) {
	groups := c.groupsOf(u, list)
	serial, total := strconv.Itoa(u.Serial), strconv.Itoa(len(u.Lists[list]))
	for i, e := range u.Lists[list] {
		args := []string{id, list.String(), serial, strconv.Itoa(i + 1), total, e.Handle, wireName(e.Name, e.Handle)}
		l.add("LST", withValue(groups(e.Handle), args...)...)
	}
	if total == "0" {
		l.add("LST", id, list.String(), serial, "0", "0")
	}
}

// lst handles LST and sends one list (§7.6).
func (c *conn) lst(r *request) {
	list, ok := accounts.ParseList(r.arg(0))
	if !ok {
		c.fail(r, badValue)
		return
	}
	ctx, done := c.s.storeTime()
	defer done()
	u, err := c.s.lookup(ctx, c.user.Handle)
	if err != nil {
		c.failErr(r, err)
		return
	}
	reply := c.reply()
	c.addList(reply, r.id(), &u, list)
	c.send(reply)
}

// gtc handles GTC and stores whether the client asks its user when somebody adds it (§7.6).
func (c *conn) gtc(r *request) {
	ctx, done := c.s.storeTime()
	defer done()
	change, err := c.s.store.Set(ctx, c.user.Handle, accounts.GTC, r.arg(0))
	if err != nil {
		c.failErr(r, err)
		return
	}
	c.send(line("GTC", r.id(), strconv.Itoa(change.After.Serial), change.After.GTC))
}

// blp handles BLP and stores who may contact and see the user by default (§7.6).
func (c *conn) blp(r *request) {
	ctx, done := c.s.storeTime()
	defer done()
	change, err := c.s.store.Set(ctx, c.user.Handle, accounts.BLP, r.arg(0))
	if err != nil {
		c.failErr(r, err)
		return
	}
	c.send(line("BLP", r.id(), strconv.Itoa(change.After.Serial), change.After.BLP))
	c.announcePrivacy(&change.Before, &change.After)
}

// add handles ADD and puts a user on a list (§7.8), under the handle where no name is given. An
// addition to the forward list also sends the contact's state, and changes the contact's reverse
// list.
func (c *conn) add(r *request) {
	list, ok := accounts.ParseList(r.arg(0))
	e := accounts.Entry{Handle: r.arg(1), Name: cmp.Or(r.arg(2), r.arg(1))}
	switch f := checkHandle(e.Handle, noDomainList); {
	case !ok:
		c.fail(r, badValue)
		return
	case f != none:
		c.fail(r, f)
		return
	case checkName(e.Name) != none:
		c.fail(r, badName)
		return
	}
	ctx, done := c.s.storeTime()
	defer done()
	if list == accounts.Forward && c.since(grouping) && c.enterGroup(ctx, r, e.Handle) {
		return
	}
	change, err := c.s.store.Add(ctx, c.user.Handle, list, e, c.s.set.ListLimit)
	if err != nil {
		c.failErr(r, err)
		return
	}
	entries := change.After.Lists[list]
	added := entries[len(entries)-1]
	if list == accounts.Forward && c.since(grouping) && !c.settle(ctx, r, &change.After, added.Handle) {
		return
	}
	reply := c.addLine(r.id(), list, change.After.Serial, added, c.groupsOf(&change.After, list)(added.Handle))
	if list == accounts.Forward && c.user.State != offline {
		for _, p := range c.visible(ctx, []string{added.Handle}) {
			reply.add("ILN", r.id(), p.State, p.Handle, p.Name) // §7.9
		}
	}
	c.send(reply)
	if o := change.Other; o != nil {
		e := accounts.Entry{Handle: c.user.Handle, Name: change.After.FriendlyName}
		c.deliver(o.Handle, Notice{Kind: Said, Lines: c.addLine("0", accounts.Reverse, o.Serial, e, "").bytes()})
	}
	c.announcePrivacy(&change.Before, &change.After)
}

// rem handles REM and removes a user from a list (§7.8).
func (c *conn) rem(r *request) {
	list, ok := accounts.ParseList(r.arg(0))
	if !ok {
		c.fail(r, badValue)
		return
	}
	if f := checkHandle(r.arg(1), noDomainList); f != none {
		c.fail(r, f)
		return
	}
	ctx, done := c.s.storeTime()
	defer done()
	group := ""
	if list == accounts.Forward && c.since(grouping) {
		group = r.arg(2)
	}
	if group != "" && c.leaveGroup(ctx, r, r.arg(1)) {
		return
	}
	change, err := c.s.store.Remove(ctx, c.user.Handle, list, r.arg(1))
	if err != nil {
		c.failErr(r, err)
		return
	}
	handle := r.arg(1)
	if i := change.Before.Find(list, handle); i >= 0 {
		handle = change.Before.Lists[list][i].Handle
	}
	c.send(c.remLine(r.id(), list, change.After.Serial, handle, group))
	if o := change.Other; o != nil {
		c.deliver(o.Handle,
			Notice{Kind: Said, Lines: c.remLine("0", accounts.Reverse, o.Serial, c.user.Handle, "").bytes()})
	}
	c.announcePrivacy(&change.Before, &change.After)
}
