package server

import (
	"slices"

	"github.com/msnscope/msnscope/server/accounts"
)

// properties are what PRP sets: telephone at home, at work, mobile; whether there is a mobile device, and one that may be paged.
var properties = []string{"PHH", "PHW", "PHM", "MOB", "MBE"}

// prp stores a property of the user, or takes it away where there is no value.
func (c *conn) prp(r *request) {
	property, value := r.arg(0), r.arg(1)
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
	serial, ok := c.changeMore(ctx, r, func(_ *accounts.User, m *more) failure {
		if m.Phones == nil {
			m.Phones = make(map[string]string)
		}
		if m.Phones[property] = value; value == "" {
			delete(m.Phones, property)
		}
		return none
	})
	if ok {
		c.send(line("PRP", withValue(value, r.id, serial, property)...))
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
