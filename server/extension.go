package server

import (
	"context"
	"errors"
	"log/slog"
	"slices"
	"strconv"

	"github.com/msnscope/msnscope/server/accounts"
)

// This file handles what real clients of MSNP2 send beyond the draft, which leaves out client
// versions and the directory (§3).

// infoURL is sent wherever a client expects the address of a web page. There is no page, and names
// in .invalid never resolve.
const infoURL = "http://messenger.invalid/"

// cvr handles CVR and answers that the client's own version is the newest.
func (c *conn) cvr(r *request) { c.version("CVR", r) }

// version answers a question for the newest client version with the version that the client has.
func (c *conn) version(verb string, r *request) {
	own := r.arg(5)
	if accounts.CheckProperty(own) != nil { // it is sent three times
		c.fail(r, badValue)
		return
	}
	c.send(line(verb, r.id(), own, own, own, infoURL, infoURL))
}

// rea handles REA: it changes the user's own name, which contacts see at once, or the name stored
// for a contact.
func (c *conn) rea(r *request) {
	handle, name := r.arg(0), r.arg(1)
	f := checkHandle(handle, noDomainList)
	if f == none {
		f = checkName(name)
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
	if err := c.rename(ctx, &change.After); err != nil && !errors.Is(err, ErrReplaced) {
		c.logOften(slog.LevelError, "cannot announce a user's new name to contacts", "user", c.user.Handle, "err", err)
	}
}

// rename gives the logged-on user the name that the account has now, and announces it to contacts
// (§7.9).
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

// pages are the services of which URL can name a web page.
var pages = []string{"PASSWORD", "INBOX", "COMPOSE", "FOLDERS", "PERSON", "MESSAGE"}

// url handles URL and names a web page that does not exist, in the form that clients expect.
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

// fnd handles FND and finds nobody: this server has no directory.
func (c *conn) fnd(r *request) { c.send(line("FND", r.id(), "0", "0")) }

// snd handles SND, an invitation by mail. It confirms and logs it; no mail is sent.
func (c *conn) snd(r *request) {
	if f := checkHandle(r.arg(0), noDomainList); f != none {
		c.fail(r, f)
		return
	}
	c.logOften(slog.LevelInfo, "ignored an invitation by mail: this server sends none", "user", c.user.Handle)
	c.send(line(r.m.Verb.String(), r.id(), "OK"))
}

// png answers a keep-alive.
func (c *conn) png(*request) { c.send(line("QNG")) }
