package server

import (
	"crypto/subtle"
	"errors"
	"fmt"
	"log/slog"
	"strings"
	"time"

	"github.com/msnscope/msnscope/decode"
	"github.com/msnscope/msnscope/decode/dialect"
	"github.com/msnscope/msnscope/server/accounts"
)

// refusalTime is the least time between a failed logon and its answer, whatever was wrong, so that
// the time of the store's lookup does not reveal whether the user exists.
const refusalTime = 20 * time.Millisecond

// user is the user of a notification connection, who is logged on or logging on.
type user struct {
	Presence                // as the hub has it; zero before the logon
	wants, challenge string // the handle that is logging on, and its challenge
	proof            string // the challenge of the last CHL, "" before the first
	proven           bool   // whether that challenge was answered
	refused          bool   // whether the last password was wrong
	// referred to another notification server: the server ignores the client and sends nothing more
	referred bool
}

// usrRespond handles USR S and checks the response to the challenge (§7.3). After a wrong one the
// authentication must start again.
func (c *conn) usrRespond(r *request) {
	if r.arg(0) != "MD5" {
		c.fail(r, badPackage)
		return
	}
	if r.arg(2) == "" {
		c.fail(r, missingArgs)
		return
	}
	c.s.counts.signIns[c.signIn(r)].Add(1)
}

// signIn answers the response to the challenge, and returns the outcome.
func (c *conn) signIn(r *request) SignIn {
	start, challenge := time.Now(), c.user.challenge
	c.user.challenge, c.state = "", dialect.Negotiated
	u, right, err := c.authenticate(challenge, r.arg(2))
	if err != nil {
		c.failErr(r, err)
		return SignInFailed
	}
	if right { // from here on turnBack finds the user
		c.s.arrive(c, accounts.Key(u.Handle))
		defer c.s.arrived(c)
	}
	wait := c.s.guesses.judge(addressOf(c.client), accounts.Key(c.user.wants), right, start)
	if wait > 0 {
		if !c.await(r, wait) {
			return SignInRefused
		}
		// the account may have been removed meanwhile
		if u, right, err = c.authenticate(challenge, r.arg(2)); err != nil {
			c.failErr(r, err)
			return SignInFailed
		}
	}
	if !right {
		c.rest(time.Until(start.Add(refusalTime)))
		c.refuseLogon(r)
		return WrongPassword
	}
	if to := c.s.drainedTo(c.addr, c.user.wants); to != c.addr { // drained since the challenge (§7.4)
		c.send(c.referral(r.id(), to))
		c.finish()
		return SentElsewhere
	}
	if f := c.s.shares.logon(c, accounts.Key(u.Handle), false); f != none {
		c.fail(r, f)
		return SignInRefused
	}
	if c.s.set.Welcome {
		ctx, done := c.s.storeTime()
		u, err = c.s.greet(ctx, u)
		done()
		if err != nil {
			c.failErr(r, err)
			return SignInFailed
		}
	}
	return c.welcome(r, &u)
}

// authenticate looks up the user who is logging on, and reports whether the response to the
// challenge is right. An unknown user is no error: right is false.
func (c *conn) authenticate(challenge, response string) (u accounts.User, right bool, err error) {
	ctx, done := c.s.storeTime()
	defer done()
	u, err = c.s.lookup(ctx, c.user.wants)
	if err != nil && !errors.Is(err, accounts.ErrNoUser) {
		return u, false, err
	}
	want := decode.MD5Response(challenge, u.Password)
	right = subtle.ConstantTimeCompare([]byte(want), []byte(strings.ToLower(response))) == 1
	return u, right && err == nil, nil
}

// await delays the answer to a logon by wait, or refuses the logon where too many of the client's
// address are waiting. It reports whether the logon is still to be answered.
func (c *conn) await(r *request, wait time.Duration) bool {
	if !c.s.shares.await(c) {
		c.fail(r, busy)
		return false
	}
	defer c.s.shares.arrive(c)
	wait = wait.Round(time.Millisecond)
	c.logOften(slog.LevelInfo, "delaying the answer to a logon after many wrong passwords",
		"user", c.user.wants, "wait", wait)
	if !c.rest(wait) {
		c.finish()
		return false
	}
	return true
}

// rest gives the turn to others for d. It reports false, at once, when the connection or the server
// ends meanwhile. Only the connection's own goroutine may call it, holding the turn.
func (c *conn) rest(d time.Duration) bool {
	c.turn.Unlock()
	defer c.turn.Lock()
	over := time.NewTimer(d)
	defer over.Stop()
	select {
	case <-over.C:
		return true
	case <-c.closed:
	case <-c.s.news.Done():
	}
	return false
}

// refuseLogon answers a wrong password, and sets how long the client may stay connected.
func (c *conn) refuseLogon(r *request) {
	c.fail(r, badLogon)
	c.user.refused = true
	switch after := c.s.set.CloseAfter911; {
	case after == 0:
		c.finish()
	case after > 0:
		c.due = time.Now().Add(after)
	}
}

// welcome logs the user on and answers the client. A previous connection of the user is logged off
// (§7.10), or, where the settings say so, the new logon is refused. It returns the outcome.
func (c *conn) welcome(r *request, u *accounts.User) SignIn {
	ctx, done := c.s.storeTime()
	defer done()
	p := Presence{Handle: u.Handle, Name: wireName(u.FriendlyName, u.Handle), State: offline}
	c.out.show(offline)
	before, err := c.s.hub.Enter(ctx, p, c, !c.s.set.SecondLogin)
	if err != nil {
		c.failErr(r, err)
		if failureOf(err) == alreadyOn {
			return SignInRefused
		}
		return SignInFailed
	}
	c.state, c.user.Presence = dialect.Offline, p
	c.s.enlist(c)
	if !c.s.arrived(c) || !c.s.still(ctx, u) {
		c.fail(r, badLogon)
		c.finish()
		return SignInRefused
	}
	c.send(c.usrOK(r.id(), u))
	if c.s.set.ProfileMsg {
		c.send(message("Hotmail", "Hotmail", profile(c.s.o.Now())))
	}
	if before.Seen() {
		c.announce(u)
	}
	return SignedIn
}

// usrOK returns the answer to a successful logon (§7.3); from MSNP6 on it has a 1: the address is
// verified.
func (c *conn) usrOK(id string, u *accounts.User) *lines {
	args := []string{id, "OK", u.Handle, wireName(u.FriendlyName, u.Handle)}
	if c.since(proofs) {
		args = append(args, "1")
	}
	return line("USR", args...)
}

// profile returns the payload of the message about the user that follows a logon, in the form of
// the servers of the time.
func profile(now time.Time) []byte {
	return fmt.Appendf(nil,
		"MIME-Version: 1.0\r\nContent-Type: text/x-msmsgsprofile; charset=UTF-8\r\nLoginTime: %d\r\n\r\n", now.Unix())
}

// chg handles CHG and sets the user's state (§7.7).
func (c *conn) chg(r *request) {
	if err := c.setState(c.reply(), r.id(), r.arg(0)); err != nil {
		c.failErr(r, err)
		return
	}
	c.challengeClient()
}

// setState sets the user's state, sends the client a CHG with id as TrID in reply, which must be
// empty, and announces the state to contacts. A user who leaves FLN, which everybody does with the
// first CHG, even for HDN, learns which contacts are online (§7.9).
func (c *conn) setState(reply *lines, id, state string) error {
	ctx, done := c.s.storeTime()
	defer done()
	u, err := c.s.lookup(ctx, c.user.Handle)
	if err != nil {
		return err
	}
	p := c.user.Presence
	p.State = state
	// from here on, notices are judged by the new state, and wait until CHG is queued
	c.out.show(state)
	before, err := c.s.hub.Update(ctx, p, c)
	if err != nil {
		c.out.show(c.user.State)
		return err
	}
	c.user.Presence, c.state = p, clientState(state)
	reply.add("CHG", id, state)
	if before.State == offline && state != offline {
		c.addContacts(ctx, reply, id, &u)
	}
	c.send(reply)
	if (before.Seen() || p.Seen()) && before.State != state {
		c.announce(&u)
	}
	return nil
}

// clientState returns the dialect.State for a state of §7.7.
func clientState(word string) dialect.State {
	switch word {
	case offline:
		return dialect.Offline
	case hidden:
		return dialect.Hidden
	}
	return dialect.Online
}

// xfr handles XFR SB: it refers the user to the switchboard, with a cookie that admits it once
// (§8.1).
func (c *conn) xfr(r *request) {
	if c.s.shares.sessionsFull(c) {
		c.fail(r, manySessions)
		return
	}
	cookie, err := dotted(c.s.o.Rand, 8, 10, 10)
	if err != nil {
		c.internal(r, err)
		return
	}
	ctx, done := c.s.storeTime()
	defer done()
	to := c.s.o.Switchboard
	if place := c.s.o.Placement; place != nil {
		to = place.Switchboard(c.user.Handle)
	}
	t := Ticket{Cookie: cookie, Handle: c.user.Handle, Switchboard: to}
	if err := c.s.hub.Issue(ctx, t, c.s.set.CookieTTL); err != nil {
		c.logOften(slog.LevelError, "cannot issue a cookie", "user", c.user.Handle, "err", err)
		c.fail(r, noSwitchboard)
		return
	}
	c.send(line("XFR", r.id(), "SB", to, "CKI", cookie))
}

// logoff logs off the user of a connection that has ended, and announces that to contacts.
func (c *conn) logoff() {
	if c.user.Handle == "" {
		return
	}
	c.s.discharge(c)
	ctx, done := c.s.storeTime()
	defer done()
	before, err := c.s.hub.Update(ctx, Presence{Handle: c.user.Handle}, c)
	// Who is logged on to a server that closes need not hear that the others leave.
	if err != nil || !before.Seen() || c.s.isClosing() && c.s.o.Placement == nil {
		return
	}
	switch u, err := c.s.lookup(ctx, c.user.Handle); {
	case err == nil:
		c.announce(&u)
	case !errors.Is(err, accounts.ErrNoUser): // contacts of a deleted user have been told already
		c.logOften(slog.LevelError, "the store failed: contacts are not told that a user has left",
			"user", c.user.Handle, "err", err)
	}
}
