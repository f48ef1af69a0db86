package server

import (
	"errors"
	"log/slog"
	"strconv"
	"time"

	"github.com/msnscope/msnscope/decode/dialect"
	"github.com/msnscope/msnscope/server/accounts"
)

const (
	// A user who sends more than maxCalls invitations in a row, without a message in between, is
	// too active; a pause of callPause starts a new row.
	maxCalls  = 5
	callPause = 10 * time.Second
)

// seat is a user's place at a switchboard. Once taken it does not change, except for the fields
// that session.mu guards.
type seat struct {
	handle, key, name string
	host              string // key of who invited the user, "" for nobody; known before the others
	says              []byte // what precedes the length in a MSG from this user (§8.8)
	session           *session
	waited            bool // whether pace has waited in vain for another member to read
	calls             int  // CALs in a row; session.mu guards it and called
	called            time.Time
}

// usrCookie handles USR with a cookie of an XFR, and puts the user into a session of its own
// (§8.2).
func (c *conn) usrCookie(r *request) {
	u, ok := c.enter(r, "")
	if !ok {
		return
	}
	c.sit(&u)
	c.s.board.open(c)
	if !c.stays(r, &u) {
		return
	}
	c.send(line("USR", r.id(), "OK", c.seat.handle, c.seat.name))
}

// ans handles ANS with a cookie of a RNG: it puts the user into the session that it was invited to,
// sends it the roster (§8.4), and sends the other members a JOI (§8.5).
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
	// since the check above, the user joined on another connection, or the place was taken
	if f != none {
		c.fail(r, f)
		c.finish()
		return
	}
	if !c.stays(r, &u) {
		return
	}
	c.send(c.roster(r, others))
	if c.s.set.JoiToJoiner {
		c.send(joi)
	}
}

// enter checks the handle and the cookie of a request, uses the cookie up, and logs the user on; or
// it answers why not and returns false. An empty session means one of the user's own.
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
		c.s.arrive(c, accounts.Key(u.Handle))
		t := Ticket{Cookie: r.arg(1), Handle: u.Handle, Switchboard: c.s.o.Switchboard, Session: session}
		if valid, err = c.s.hub.Redeem(ctx, t); err != nil {
			c.failErr(r, err)
			return u, false
		}
	}
	f := badCookie
	if valid { // only a valid cookie takes one of the user's connections
		key := accounts.Key(u.Handle)
		c.seat.host = c.s.board.host(guest{session, key})
		if f = c.s.shares.logon(c, key, true); f == manySessions && c.s.board.endLonely(key, c.seat.host) {
			f = c.s.shares.logon(c, key, true)
		}
	}
	if f != none {
		c.s.arrived(c)
		c.fail(r, f)
		c.finish()
	}
	return u, f == none
}

// stays reports whether a user who has just taken a seat may keep it: the account is unchanged, and
// the user was not kicked since the cookie was checked. If not, it answers the client.
func (c *conn) stays(r *request, u *accounts.User) bool {
	ctx, done := c.s.storeTime()
	defer done()
	ok := c.s.arrived(c) && c.s.still(ctx, u)
	if !ok {
		c.fail(r, badCookie)
	}
	return ok
}

// sit sets the user of a connection that a cookie admitted.
func (c *conn) sit(u *accounts.User) {
	c.seat.handle, c.seat.key, c.seat.name = u.Handle, accounts.Key(u.Handle), wireName(u.FriendlyName, u.Handle)
	c.seat.says = []byte("MSG " + c.seat.handle + " " + c.seat.name + " ")
	c.state = dialect.Joined
}

// roster returns an IRO for each other member and the answer to ANS (§8.4).
func (c *conn) roster(r *request, others []*conn) *lines {
	l, n := c.reply(), strconv.Itoa(len(others))
	for i, o := range others {
		l.add("IRO", r.id(), strconv.Itoa(i+1), n, o.seat.handle, o.seat.name)
	}
	l.add("ANS", r.id(), "OK")
	return l
}

// cal handles CAL and invites a user to the session, if that user permits the caller (§8.3).
func (c *conn) cal(r *request) {
	handle := r.arg(0)
	if f := checkHandle(handle, noDomainCall); f != none {
		c.fail(r, f)
		return
	}
	if f := c.s.board.ring(c, accounts.Key(handle), c.s.set.RingTimeout); f != none {
		c.fail(r, f)
		return
	}
	if f, err := c.call(handle); f != none {
		c.s.board.unring(c, accounts.Key(handle))
		if err != nil {
			c.logOften(slog.LevelError, "cannot ring a user", "user", c.seat.handle, "err", err)
		}
		c.fail(r, f)
		return
	}
	c.send(line("CAL", r.id(), "RINGING", c.seat.session.id))
}

// call rings a user at its notification server, or returns why it cannot: err, if not nil, is for
// the log.
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
	t := Ticket{Cookie: cookie, Handle: callee.Handle, Switchboard: here, Session: id, Caller: c.seat.handle}
	if err := c.s.hub.Issue(ctx, t, c.s.set.CookieTTL); err != nil {
		return noSwitchboard, err
	}
	c.s.board.invited(guest{id, accounts.Key(callee.Handle)}, c.seat.key, time.Now().Add(c.s.set.CookieTTL))
	rng := line("RNG", id, here, "CKI", cookie, c.seat.handle, c.seat.name) // §8.4
	rung, err := c.s.hub.Deliver(ctx, callee.Handle, Notice{Kind: Rung, Lines: rng.bytes()})
	switch {
	case err != nil:
		return noSwitchboard, err
	case !rung:
		_, err = c.s.hub.Redeem(ctx, t) // nobody got the cookie
		return notReachable, err
	}
	return none, nil
}
