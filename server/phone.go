package server

import (
	"context"
	"slices"
	"strconv"

	"github.com/msnscope/msnscope/server/accounts"
)

// properties are the properties that PRP sets: telephone at home, at work, mobile; whether the user
// has a mobile device, and one that can be paged.
var properties = []string{"PHH", "PHW", "PHM", "MOB", "MBE"}

// prp handles PRP: it stores a property of the user, or removes it where no value is given.
func (c *conn) prp(r *request) {
	property, value := r.arg(0), storable(r.arg(1))
	switch {
	case !slices.Contains(properties, property):
		c.fail(r, badValue)
		return
	case value != "" && accounts.CheckProperty(value) != nil:
		c.fail(r, badName)
		return
	}
	ctx, done := c.s.storeTime()
	defer done()
	after, ok := c.changeExtras(ctx, r, accounts.More, func(_ *accounts.User, m *extras) failure {
		if m.Phones == nil {
			m.Phones = make(map[string]string)
		}
		if m.Phones[property] = value; value == "" {
			delete(m.Phones, property)
		}
		return none
	})
	if ok {
		c.send(line("PRP", withValue(value, r.id(), strconv.Itoa(after.Serial), property)...))
		c.tellContacts(ctx, property, value)
	}
}

// tellContacts sends a BPR with the property to all who see the user and whose dialect has
// telephones, each with that contact's own serial.
func (c *conn) tellContacts(ctx context.Context, property, value string) {
	u, err := c.s.lookup(ctx, c.user.Handle)
	if err != nil || !c.user.Seen() {
		return // contacts get it with a later SYN
	}
	for _, e := range u.Lists[accounts.Reverse] {
		watcher, err := c.s.lookup(ctx, e.Handle)
		if err != nil || !u.Permits(e.Handle) {
			continue
		}
		bpr := line("BPR", withValue(value, strconv.Itoa(watcher.Serial), u.Handle, property)...)
		c.deliver(e.Handle, Notice{Kind: Said, Lines: bpr.bytes(), Since: phones})
	}
}

// pag handles PAG, a page to a telephone. It fails always: no user here takes pages.
func (c *conn) pag(r *request) {
	f := checkHandle(r.arg(0), noDomainList)
	if f == none {
		f = noPages
	}
	c.fail(r, f)
}
