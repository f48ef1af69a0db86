package proxy

import (
	"fmt"
	"net/netip"
	"strings"
	"time"

	"github.com/msnscope/msnscope/decode/dialect"
	"github.com/msnscope/msnscope/decode/referral"
	"github.com/msnscope/msnscope/decode/session"
)

const (
	// claimTime is how long a client may take to come to where it was sent. Real ones take a second; servers forget their
	// cookies after one or two minutes.
	claimTime = 30 * time.Second
	// maxClaims bounds how many are waited for at once: as many as may be connected.
	maxClaims = maxConns
)

// claim is a referral that a client was given and has not followed yet: a user at a client address, with the cookie of a
// switchboard or, for a notification server, without.
type claim struct {
	user, cookie string
	client       netip.Addr
}

func claimOf(user, cookie string, client netip.Addr) claim {
	handle, _, _ := strings.Cut(user, ";")
	return claim{strings.ToLower(handle), cookie, client}
}

// expect waits for the client to come. Nobody has to answer a ring, so the referral must be the answer to a request. p.mu is held.
func (c *Conn) expect(e *session.Event, r referral.Referral) {
	p := c.p
	if e.Row == nil || e.Row.TrID == dialect.None || len(p.claims) >= maxClaims {
		return
	}
	key := claimOf(c.sess.User(), r.Cookie, c.from.Addr())
	p.met(key) // the referral before
	w := new(wait)
	w.timer = time.AfterFunc(claimTime, func() { p.missed(key, w, r) }) // holds nothing of the connection
	p.claims[key] = w
}

// wait is for the client of a claim. Its timer gives it up.
type wait struct{ timer *time.Timer }

// met notes that a client came. p.mu is held.
func (p *Proxy) met(key claim) {
	if w := p.claims[key]; w != nil {
		w.timer.Stop()
		delete(p.claims, key)
	}
}

// missed says that a client did not come: perhaps it found a way around the proxy.
func (p *Proxy) missed(key claim, w *wait, r referral.Referral) {
	p.mu.Lock()
	if p.claims[key] != w || p.ctx.Err() != nil {
		p.mu.Unlock()
		return
	}
	delete(p.claims, key)
	what := map[dialect.Role]string{dialect.NS: "notification server", dialect.SB: "switchboard"}[r.Role]
	text := fmt.Sprintf("%s was sent to the %s %s through this proxy and never came: it may have gone around", key.user, what, r.Address)
	p.bypassed, p.latest = p.bypassed+1, text
	p.conns.Add(1) // the story goes on as long as somebody tells
	p.mu.Unlock()
	defer p.conns.Done()
	p.log.Warn("a client did not come to where it was sent", "user", key.user, "client", key.client, "server", r.Address)
	p.story.remark(p.opts.Now(), text)
}

// Bypassed returns how many referrals were given and not followed within half a minute, and what is known of the latest: clients
// that do not come back through the proxy connect past it, or not at all.
func (p *Proxy) Bypassed() (n int, latest string) {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.bypassed, p.latest
}
