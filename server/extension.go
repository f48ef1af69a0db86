package server

import (
	"context"
	"slices"
	"strconv"

	"github.com/msnscope/msnscope/server/accounts"
)

// What real clients of this dialect send beyond the draft, which leaves client versions and the directory out (§3).

// infoURL is given where a client wants the address of a page. There is none; .invalid never resolves.
const infoURL = "http://messenger.invalid/"

// cvr tells the client that its own version is the newest.
func (c *conn) cvr(r *request) { c.version("CVR", r) }

func (c *conn) version(verb string, r *request) {
	own := r.arg(5)
	c.send(line(verb, r.id(), own, own, own, infoURL, infoURL))
}

// rea changes the user's own name, which contacts see at once, or the name stored for a contact.
func (c *conn) rea(r *request) {
	handle, name := r.arg(0), r.arg(1)
	f := checkHandle(handle, noDomainList)
	if f == none && len(name) > maxName {
		f = badName
	}
	if f != none {
		c.fail(r, f)
		return
	}
	ctx, done := c.s.storeTime()
	defer done()
	own := accounts.Key(handle) == accounts.Key(c.user.Handle)
	var change accounts.Change
	var err error
	if own {
		change, err = c.s.store.Set(ctx, c.user.Handle, accounts.Name, name)
	} else {
		change, err = c.s.store.Rename(ctx, c.user.Handle, handle, name)
	}
	if err != nil {
		c.failErr(r, err)
		return
	}
	c.send(line("REA", r.id(), strconv.Itoa(change.After.Serial), accounts.Key(handle), name))
	if !own {
		return
	}
	if err := c.rename(ctx, &change.After); err != nil {
		c.log().Error("contacts do not learn of a new name", "user", c.user.Handle, "err", err)
	}
}

// rename gives the user the name that the account has now, and tells contacts (§7.9).
func (c *conn) rename(ctx context.Context, u *accounts.User) error {
	p := c.user.Presence
	p.Name = wireName(u.FriendlyName, u.Handle)
	if _, err := c.s.hub.Update(ctx, p, c); err != nil {
		return err
	}
	c.user.Presence = p
	if p.Seen() {
		c.announce(u)
	}
	return nil
}

// pages are the services that have a web page.
var pages = []string{"PASSWORD", "INBOX", "COMPOSE", "FOLDERS", "PERSON", "MESSAGE"}

// url names a web page that does not exist, in the form that clients want.
func (c *conn) url(r *request) {
	if !slices.Contains(pages, r.arg(0)) {
		c.fail(r, badValue)
		return
	}
	args := []string{r.id(), "/cgi-bin/HoTMaiL", infoURL}
	if c.since(siteIDs) {
		args = append(args, "2") // the number of the site
	}
	c.send(line("URL", args...))
}

// fnd finds nobody: this server has no directory.
func (c *conn) fnd(r *request) { c.send(line("FND", r.id(), "0", "0")) }

// snd takes an invitation by mail, which is not sent.
func (c *conn) snd(r *request) {
	if f := checkHandle(r.arg(0), noDomainList); f != none {
		c.fail(r, f)
		return
	}
	c.log().Info("an invitation was asked for; this server sends no mail", "user", c.user.Handle)
	c.send(line(r.m.Verb.String(), r.id(), "OK"))
}

// png answers a sign of life.
func (c *conn) png(*request) { c.send(line("QNG")) }
