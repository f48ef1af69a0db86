package server

import (
	"crypto/subtle"
	"errors"
	"fmt"
	"strings"
	"time"

	"github.com/msnscope/msnscope/decode"
	"github.com/msnscope/msnscope/decode/dialect"
	"github.com/msnscope/msnscope/server/accounts"
)

// usrRespond checks the answer to the challenge (§7.3). A wrong one leads back to the start of the authentication, for a
// moment and a few times.
func (c *conn) usrRespond(r *request) {
	if r.arg(0) != "MD5" {
		c.fail(r, badPackage)
		return
	}
	if r.arg(2) == "" {
		c.fail(r, missingArgs)
		return
	}
	u, err := c.s.o.Store.Lookup(c.ctx, c.wants)
	if err != nil && !errors.Is(err, accounts.ErrNoUser) {
		c.failErr(r, err)
		return
	}
	want := decode.MD5Response(c.challenge, u.Password)
	right := subtle.ConstantTimeCompare([]byte(want), []byte(strings.ToLower(r.arg(2)))) == 1
	c.challenge = ""
	if err != nil || !right {
		c.refuseLogon(r)
		return
	}
	c.state = dialect.Offline
	name := wireName(u.FriendlyName, u.Handle)
	wasSeen := c.s.hub.logon(c, &u, line("USR", r.id, "OK", u.Handle, name))
	if c.s.set.profile {
		c.send(message("Hotmail", "Hotmail", profile(c.s.o.Now())))
	}
	if wasSeen {
		c.announceTruth()
	}
}

func (c *conn) refuseLogon(r *request) {
	c.state = dialect.Negotiated
	c.fail(r, badLogon)
	c.deadline = time.Now().Add(retryTime)
	if c.tries++; c.tries >= maxTries {
		c.finish()
	}
}

// profile returns what the server tells a client of its user after the logon, in the form of servers of the time.
func profile(now time.Time) []byte {
	return fmt.Appendf(nil, "MIME-Version: 1.0\r\nContent-Type: text/x-msmsgsprofile; charset=UTF-8\r\nLoginTime: %d\r\n\r\n", now.Unix())
}

// chg sets the user's state (§7.7). Who comes out of FLN, as everybody does with the first CHG, even if into hiding, learns
// which contacts are online (§7.9).
func (c *conn) chg(r *request) {
	state := r.arg(0)
	var contacts []accounts.User
	if c.state == dialect.Offline && state != "FLN" {
		var err error
		if contacts, err = c.contacts(); err != nil {
			c.failErr(r, err)
			return
		}
	}
	before, after := c.s.hub.setState(c, r, state, contacts)
	again := c.stateWord == state
	c.stateWord = state
	switch state {
	case "FLN":
		c.state = dialect.Offline
	case "HDN":
		c.state = dialect.Hidden
	default:
		c.state = dialect.Online
	}
	if (before || after) && !again {
		c.announceTruth()
	}
}

// contacts returns those on the user's forward list who let the user see them. The user itself, who may be there too, is
// told of its own change like everybody else.
func (c *conn) contacts() ([]accounts.User, error) {
	u, err := c.s.o.Store.Lookup(c.ctx, c.handle)
	if err != nil {
		return nil, err
	}
	var visible []accounts.User
	for _, e := range u.Lists[accounts.Forward] {
		contact, err := c.s.o.Store.Lookup(c.ctx, e.Handle)
		switch {
		case errors.Is(err, accounts.ErrNoUser): // deleted since
		case err != nil:
			return nil, err
		case contact.Permits(c.handle) && contact.Handle != c.handle:
			visible = append(visible, contact)
		}
	}
	return visible, nil
}

// announceTruth tells all who may see the user what its state is.
func (c *conn) announceTruth() {
	// The connection may be ending, the others still want to know.
	u, err := c.s.o.Store.Lookup(c.s.ctx, c.handle)
	if err != nil {
		c.log.Error("the store failed: contacts do not learn of a change", "user", c.handle, "err", err)
		return
	}
	c.s.hub.announce(&u, func(handle string) view {
		if u.Permits(handle) {
			return truth
		}
		return unchanged
	})
}

// announceLeft takes the user of a connection that ended offline.
func (c *conn) announceLeft() {
	if c.s.hub.logoff(c) && !c.s.isClosing() {
		c.announceTruth()
	}
}

// announcePrivacy tells those whose right to see the user has changed.
func (c *conn) announcePrivacy(before, after *accounts.User) {
	if !c.isSeen() {
		return
	}
	c.s.hub.announce(after, func(handle string) view {
		switch was, is := before.Permits(handle), after.Permits(handle); {
		case is && !was:
			return truth
		case was && !is:
			return offline
		}
		return unchanged
	})
}

// xfr refers the user to the switchboard, with a cookie that admits it once (§8.1).
func (c *conn) xfr(r *request) {
	cookie, err := dotted(c.s.o.Rand, 8, 10, 10)
	if err != nil {
		c.internal(r, err)
		return
	}
	c.s.hub.admit(&ticket{cookie: cookie, key: c.key})
	c.send(line("XFR", r.id, "SB", c.s.o.Switchboard, "CKI", cookie))
}
