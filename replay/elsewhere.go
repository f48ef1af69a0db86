package replay

import (
	"strings"

	"github.com/msnscope/msnscope/decode/dialect"
	"github.com/msnscope/msnscope/decode/referral"
	"github.com/msnscope/msnscope/decode/session"
)

// ask has another server answer a command of a guest. It refuses commands of users who cannot sign
// in there, and those for which there is no room.
func (h *host) ask(g *guest, e *session.Event) {
	d := h.doubleFor(g, e)
	if d == nil || d.over {
		h.refuse(g, e)
		return
	}
	select {
	case d.said <- words{from: g, request: e}:
	default:
		h.refuse(g, e)
	}
}

// doubleFor returns the double that is to say a guest's command, nil for none.
func (h *host) doubleFor(g *guest, e *session.Event) *double {
	switch {
	case h.o.Dial == nil:
		return nil
	case g.part == nil:
		h.strange(g, e)
		return g.double
	case g.double != nil:
		return g.double
	}
	plan := &connPlan{role: g.part.plan.role, user: g.part.plan.user, dialect: e.Dialect}
	switch plan.role {
	case dialect.NS:
		return h.doubleOf(plan.user, e.Dialect)
	case dialect.SB:
		if user := h.doubleOf(plan.user, e.Dialect); user != nil {
			g.double = h.newDouble(g, plan, entering(user))
		}
	default:
		g.double = h.newDouble(g, plan, repeating(h.o.To, before(g.said, e)))
	}
	return g.double
}

// doubleOf returns the double of a user, nil for nobody.
func (h *host) doubleOf(user, speaks string) *double {
	if user == "" {
		return nil
	}
	d := h.doubles[userKey(user)]
	if d == nil {
		d = h.newDouble(nil, &connPlan{role: dialect.NS, user: user, logon: user, dialect: speaks}, signingIn)
		h.doubles[userKey(user)] = d
	}
	return d
}

// strange gives a guest whom the recording does not know a double at the server to which the other
// server referred it, as its cookie or its user shows, or else where sessions begin.
func (h *host) strange(g *guest, e *session.Event) {
	user, cookie := introduces(e)
	key := userKey(user)
	if cookie != "" {
		key = cookieKey(cookie, user)
	}
	to, referred := h.leads[key]
	if g.double != nil && !referred {
		return
	}
	delete(h.leads, key)
	if !referred {
		to = h.o.To
	}
	if g.double != nil { // it began before its user was known
		g.double.cancel()
	}
	g.double = h.newDouble(g, &connPlan{user: user, dialect: e.Dialect}, repeating(to, before(g.said, e)))
}

// introduces returns the user and the cookie with which a command says whose connection it is, ""
// for none.
func introduces(e *session.Event) (user, cookie string) {
	if e.Row == nil {
		return "", ""
	}
	return strings.ToLower(string(e.Row.Find(&e.In, dialect.Self))), string(e.Row.Find(&e.In, dialect.Cookie))
}

// before returns the commands before e.
func before(said []*session.Event, e *session.Event) []*session.Event {
	if n := len(said); n > 0 && said[n-1] == e {
		said = said[:n-1]
	}
	return append([]*session.Event(nil), said...)
}

// invites are the kinds of arguments of the one command without a request that a user's double
// passes on: a ring (§8.3). Of presence and lists the recording tells.
var invites = dialect.KindsOf(dialect.HostPort, dialect.Cookie)

// answered handles what a double passes on: what its server said, or that the double has ended.
func (h *host) answered(d *double, answer *session.Event) {
	if answer == nil {
		h.forsake(d)
		return
	}
	g := d.guest
	if g == nil && (answer.In.TrID != 0 || answer.Row != nil && answer.Row.Kinds()&invites == invites) {
		g = h.notified(d.user)
	}
	if g == nil || g.closed || d.guest != nil && g.double != d {
		return
	}
	h.lead(answer)
	h.write(g, h.readdress(g, answer))
}

// lead remembers where a referral of the other server leads.
func (h *host) lead(e *session.Event) {
	if e.Row == nil {
		return
	}
	to, ok := referral.Normalize(string(e.Row.Find(&e.In, dialect.HostPort)))
	if !ok {
		return
	}
	key := userKey(e.User)
	if cookie := e.Row.Find(&e.In, dialect.Cookie); cookie != nil {
		key = cookieKey(string(cookie), e.User)
	}
	limit(h.leads)
	h.leads[key] = to
}

// notified returns the guest of a user at a notification server, nil for none.
func (h *host) notified(user string) *guest {
	for _, g := range h.guests {
		if g.part != nil && g.part.plan.role == dialect.NS && strings.EqualFold(g.part.plan.user, user) {
			return g
		}
	}
	return nil
}

// forsake refuses what a double that has ended was to say and did not. A stranger has no server
// without it.
func (h *host) forsake(d *double) {
	d.over = true
	for len(d.said) > 0 {
		if w := <-d.said; w.from != nil && !w.from.closed {
			h.refuse(w.from, w.request)
		}
	}
	if g := d.guest; g != nil && g.part == nil && g.double == d {
		h.dismiss(g, "closed by the server")
	}
}

// alone ends the doubles of a guest that is gone.
func (h *host) alone(g *guest) {
	if g.double != nil {
		g.double.cancel()
	}
	if g.part == nil {
		return
	}
	key := userKey(g.part.plan.user)
	if d := h.doubles[key]; d != nil && !h.present(g.part.plan.user) {
		d.cancel()
		delete(h.doubles, key)
	}
}
