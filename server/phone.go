package server

import (
	"context"
	"slices"
	"strconv"

	"github.com/msnscope/msnscope/server/accounts"
)

// properties are what PRP sets: telephone at home, at work, mobile; whether there is a mobile device, and one that may be paged.
var properties = []string{"PHH", "PHW", "PHM", "MOB", "MBE"}

// prp stores a property of the user, or takes it away where there is no value.
func (c *conn) prp(r *request) {
	property, value := r.arg(0), storable(r.arg(1))
	switch {
	case !slices.Contains(properties, property):
		c.fail(r, badValue)
		return
	case len(value) > maxName:
		c.fail(r, badName)
		return
	}
	ctx, done := c.s.storeTime()
	defer done()
	after, ok := c.changeMore(ctx, r, accounts.More, func(_ *accounts.User, m *more) failure {
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

// tellContacts tells those who see the user, and know telephones, of a property, each with its own version.
func (c *conn) tellContacts(ctx context.Context, property, value string) {
	u, err := c.s.lookup(ctx, c.user.Handle)
	if err != nil || !c.user.Seen() {
		return // a later SYN tells
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

// pag is a page to a telephone: nobody's takes any here.
func (c *conn) pag(r *request) {
	f := checkHandle(r.arg(0), noDomainList)
	if f == none {
		f = noPages
	}
	c.fail(r, f)
}
