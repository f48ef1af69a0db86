package server

import (
	"context"
	"crypto/subtle"
	"errors"
	"fmt"
	"strings"
	"time"

	"github.com/msnscope/msnscope/decode"
	"github.com/msnscope/msnscope/decode/dialect"
	"github.com/msnscope/msnscope/server/accounts"
)

// refusalTime is what the answer to a failed logon takes at least, whatever was wrong: how long the store looked for a user
// does not tell whether there is one.
const refusalTime = 20 * time.Millisecond

// user is who is logged on, or logging on, by a notification connection.
type user struct {
	Presence                // as the hub has it; zero before the logon
	wants, challenge string // the handle that is logging on, and its challenge
	proof            string // the challenge of CHL, "" before the first
	proven           bool   // which was answered
	refused          bool   // the last password was wrong
	referred         bool   // sent to another notification server: neither answered nor told anything
}

// usrRespond checks the answer to the challenge (§7.3). A wrong one leads back to the start of the authentication.
func (c *conn) usrRespond(r *request) {
	if r.arg(0) != "MD5" {
		c.fail(r, badPackage)
		return
	}
	if r.arg(2) == "" {
		c.fail(r, missingArgs)
		return
	}
	start, challenge := time.Now(), c.user.challenge
	c.user.challenge, c.state = "", dialect.Negotiated
	if c.s.failures.tooMany(c.user.wants, c.nc.RemoteAddr()) {
		c.fail(r, busy)
		return
	}
	ctx, done := c.s.storeTime()
	defer done()
	u, err := c.s.lookup(ctx, c.user.wants)
	if err != nil && !errors.Is(err, accounts.ErrNoUser) {
		c.failErr(r, err)
		return
	}
	want := decode.MD5Response(challenge, u.Password)
	right := subtle.ConstantTimeCompare([]byte(want), []byte(strings.ToLower(r.arg(2)))) == 1
	if err != nil || !right {
		c.refuseLogon(r, start)
		return
	}
	if to := c.s.drainedTo(c.addr); to != c.addr { // since the challenge (§7.4)
		c.send(c.referral(r.id(), to))
		c.finish()
		return
	}
	c.welcome(ctx, r, &u)
}

func (c *conn) refuseLogon(r *request, start time.Time) {
	c.s.failures.count(c.user.wants, c.nc.RemoteAddr())
	time.Sleep(time.Until(start.Add(refusalTime)))
	c.fail(r, badLogon)
	c.user.refused = true
	switch after := c.s.set.CloseAfter911; {
	case after == 0:
		c.finish()
	case after > 0:
		c.due = time.Now().Add(after)
	}
}

// welcome logs the user on, and whoever was logged on as that user before off (§7.10), or refuses it.
func (c *conn) welcome(ctx context.Context, r *request, u *accounts.User) {
	p := Presence{Handle: u.Handle, Name: wireName(u.FriendlyName, u.Handle), State: offline}
	c.out.show(offline)
	before, err := c.s.hub.Enter(ctx, p, c, !c.s.set.SecondLogin)
	if err != nil {
		c.failErr(r, err)
		return
	}
	c.state, c.user.Presence = dialect.Offline, p
	c.s.enlist(c)
	c.send(c.usrOK(r.id(), u))
	if c.s.set.ProfileMsg {
		c.send(message("Hotmail", "Hotmail", profile(c.s.o.Now())))
	}
	if before.Seen() {
		c.announce(u)
	}
}

// usrOK returns the answer to a logon that succeeded (§7.3); from MSNP6 on it says that the address is verified.
func (c *conn) usrOK(id string, u *accounts.User) *lines {
	args := []string{id, "OK", u.Handle, wireName(u.FriendlyName, u.Handle)}
	if c.since(proofs) {
		args = append(args, "1")
	}
	return line("USR", args...)
}

// profile returns what the server tells a client of its user after the logon, in the form of servers of the time.
func profile(now time.Time) []byte {
	return fmt.Appendf(nil, "MIME-Version: 1.0\r\nContent-Type: text/x-msmsgsprofile; charset=UTF-8\r\nLoginTime: %d\r\n\r\n", now.Unix())
}

// chg sets the user's state (§7.7).
func (c *conn) chg(r *request) {
	if err := c.setState(r.id(), r.arg(0)); err != nil {
		c.failErr(r, err)
		return
	}
	c.challengeClient()
}

// setState sets the user's state and tells the client so, with id for a TrID. Who comes out of FLN, as everybody does with
// the first CHG, even if into hiding, learns which contacts are online (§7.9). Contacts learn of the user.
func (c *conn) setState(id, state string) error {
	ctx, done := c.s.storeTime()
	defer done()
	u, err := c.s.lookup(ctx, c.user.Handle)
	if err != nil {
		return err
	}
	p := c.user.Presence
	p.State = state
	c.out.show(state) // from now on what others have for the user is for the new state, and waits until CHG is there
	before, err := c.s.hub.Update(ctx, p, c)
	if err != nil {
		c.out.show(c.user.State)
		return err
	}
	reply := line("CHG", id, state)
	if before.State == offline && state != offline {
		c.addContacts(ctx, reply, id, &u)
	}
	c.send(reply)
	c.user.Presence, c.state = p, clientState(state)
	if (before.Seen() || p.Seen()) && before.State != state {
		c.announce(&u)
	}
	return nil
}

// clientState is what the table calls a state of §7.7.
func clientState(word string) dialect.State {
	switch word {
	case offline:
		return dialect.Offline
	case hidden:
		return dialect.Hidden
	}
	return dialect.Online
}

// xfr refers the user to the switchboard, with a cookie that admits it once (§8.1).
func (c *conn) xfr(r *request) {
	cookie, err := dotted(c.s.o.Rand, 8, 10, 10)
	if err != nil {
		c.internal(r, err)
		return
	}
	ctx, done := c.s.storeTime()
	defer done()
	t := Ticket{Cookie: cookie, Handle: c.user.Handle, Switchboard: c.s.o.Switchboard}
	if err := c.s.hub.Issue(ctx, t, c.s.set.CookieTTL); err != nil {
		c.log().Error("no cookie could be issued", "user", c.user.Handle, "err", err)
		c.fail(r, noSwitchboard)
		return
	}
	c.send(line("XFR", r.id(), "SB", c.s.o.Switchboard, "CKI", cookie))
}

// logoff takes the user of a connection that ended offline.
func (c *conn) logoff() {
	if c.user.Handle == "" {
		return
	}
	c.s.discharge(c)
	ctx, done := c.s.storeTime()
	defer done()
	before, err := c.s.hub.Update(ctx, Presence{Handle: c.user.Handle}, c)
	if err != nil || !before.Seen() || c.s.isClosing() {
		return
	}
	switch u, err := c.s.lookup(ctx, c.user.Handle); {
	case err == nil:
		c.announce(&u)
	case !errors.Is(err, accounts.ErrNoUser): // of one that was deleted contacts have learned already
		c.log().Error("the store failed: contacts do not learn that a user left", "user", c.user.Handle, "err", err)
	}
}
