package server

import (
	"errors"
	"time"

	"github.com/msnscope/msnscope/decode/dialect"
	"github.com/msnscope/msnscope/server/accounts"
)

const (
	// A user who calls more often in a row, without a word between, is too active; a pause makes the row end.
	maxCalls  = 5
	callPause = 10 * time.Second
)

// seat is a user's place at a switchboard. It does not change once taken, but for what session.mu guards.
type seat struct {
	handle, key, name string
	says              []byte // how a message of the user begins, up to its length (§8.8)
	session           *session
	waited            bool // in vain, for somebody to read
	calls             int  // how many CAL in a row, guarded by session.mu
	called            time.Time
}

// usrCookie lets a user in with the cookie of an XFR, to a session of its own (§8.2).
func (c *conn) usrCookie(r *request) {
	u, ok := c.enter(r, "")
	if !ok {
		return
	}
	c.sit(&u)
	c.s.board.open(c)
	c.send(line("USR", r.id(), "OK", c.seat.handle, c.seat.name))
}

// ans lets a user in with the cookie of a RNG, to the session that it was called to, and tells it who is there (§8.4). Then
// the others learn of it (§8.5).
func (c *conn) ans(r *request) {
	id := r.arg(2)
	if c.s.board.has(id, accounts.Key(r.arg(0))) {
		c.fail(r, badCookie)
		return
	}
	u, ok := c.enter(r, id)
	if !ok {
		return
	}
	c.sit(&u)
	joi := line("JOI", c.seat.handle, c.seat.name)
	others, f := c.s.board.join(c, id, joi.bytes())
	if f != none { // since the look above the user came by another connection, or its place has gone to another one
		c.fail(r, f)
		c.finish()
		return
	}
	c.send(roster(r, others))
	if c.s.set.JoiToJoiner {
		c.send(joi)
	}
}

// enter checks handle and cookie and uses the cookie up, or answers why not. An empty session is one of the user's own.
func (c *conn) enter(r *request, session string) (accounts.User, bool) {
	ctx, done := c.s.storeTime()
	defer done()
	u, err := c.s.lookup(ctx, r.arg(0))
	if err != nil && !errors.Is(err, accounts.ErrNoUser) {
		c.failErr(r, err)
		return u, false
	}
	valid := false
	if err == nil {
		t := Ticket{Cookie: r.arg(1), Handle: u.Handle, Switchboard: c.s.o.Switchboard, Session: session}
		if valid, err = c.s.hub.Redeem(ctx, t); err != nil {
			c.failErr(r, err)
			return u, false
		}
	}
	if !valid {
		c.fail(r, badCookie)
	}
	return u, valid
}

// sit makes the connection that of a user whom a cookie admitted.
func (c *conn) sit(u *accounts.User) {
	c.seat.handle, c.seat.key, c.seat.name = u.Handle, accounts.Key(u.Handle), wireName(u.FriendlyName, u.Handle)
	c.seat.says = []byte("MSG " + c.seat.handle + " " + c.seat.name + " ")
	c.state = dialect.Joined
}

// roster returns who is in the session, and the answer to ANS (§8.4).
func roster(r *request, others []*conn) *lines {
	l := new(lines)
	for i, o := range others {
		l.e.Command("IRO").Arg(r.id()).Int(i+1).Int(len(others)).Arg(o.seat.handle, o.seat.name).End()
	}
	l.add("ANS", r.id(), "OK")
	return l
}

// cal invites a user to the session, if it lets the caller (§8.3).
func (c *conn) cal(r *request) {
	handle := r.arg(0)
	if f := checkHandle(handle, noDomainCall); f != none {
		c.fail(r, f)
		return
	}
	if f := c.seat.session.ring(c, accounts.Key(handle), c.s.o.MaxParticipants, c.s.set.RingTimeout); f != none {
		c.fail(r, f)
		return
	}
	if f, err := c.call(handle); f != none {
		c.seat.session.unring(accounts.Key(handle))
		if err != nil {
			c.log().Error("a user could not be called", "user", c.seat.handle, "err", err)
		}
		c.fail(r, f)
		return
	}
	c.send(line("CAL", r.id(), "RINGING", c.seat.session.id))
}

// call rings a user at its notification server, or returns why that cannot be.
func (c *conn) call(handle string) (failure, error) {
	ctx, done := c.s.storeTime()
	defer done()
	callee, err := c.s.lookup(ctx, handle)
	if err != nil {
		if f := failureOf(err); f != noAccount {
			return f, err
		}
		return notReachable, nil
	}
	if !callee.Permits(c.seat.handle) {
		return notReachable, nil
	}
	cookie, err := dotted(c.s.o.Rand, 9, 10, 10)
	if err != nil {
		return internalError, err
	}
	here, id := c.s.o.Switchboard, c.seat.session.id
	t := Ticket{Cookie: cookie, Handle: callee.Handle, Switchboard: here, Session: id}
	if err := c.s.hub.Issue(ctx, t, c.s.set.CookieTTL); err != nil {
		return noSwitchboard, err
	}
	rng := line("RNG", id, here, "CKI", cookie, c.seat.handle, c.seat.name) // §8.4
	rung, err := c.s.hub.Deliver(ctx, callee.Handle, Notice{Kind: Rung, Lines: rng.bytes()})
	switch {
	case err != nil:
		return noSwitchboard, err
	case !rung:
		_, err = c.s.hub.Redeem(ctx, t) // nobody has it
		return notReachable, err
	}
	return none, nil
}
