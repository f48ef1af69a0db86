package proxy

import (
	"fmt"
	"net/netip"
	"strings"
	"time"

	"github.com/msnscope/msnscope/decode/dialect"
	"github.com/msnscope/msnscope/decode/referral"
)

const (
	// followTime is how long a client may take to follow a referral. Real ones take a second;
	// servers forget their cookies after one or two minutes.
	followTime = 30 * time.Second
	// maxPendingReferrals bounds the pending referrals: as many as clients may be connected.
	maxPendingReferrals = maxConns
)

// pendingReferral identifies a referral that a client was given and has not followed yet: by its
// user and IP address, and the cookie of a switchboard, "" for a notification server.
type pendingReferral struct {
	user, cookie string
	client       netip.Addr
}

func pendingReferralOf(user, cookie string, client netip.Addr) pendingReferral {
	handle, _, _ := strings.Cut(user, ";")
	return pendingReferral{strings.ToLower(handle), cookie, client}
}

// expect waits for the client to follow s, if that answers a request: nobody has to answer a ring.
// p.mu is held.
func (c *Conn) expect(s *sentOn) {
	p, r := c.p, s.Referral
	if !s.asked || len(p.pendingReferrals) >= maxPendingReferrals {
		return
	}
	key := pendingReferralOf(c.sess.User(), r.Cookie, c.from.Addr())
	p.followed(key) // the referral before
	w := new(wait)
	w.timer = time.AfterFunc(followTime, func() { p.expired(key, w, r) }) // holds nothing of the connection
	p.pendingReferrals[key] = w
}

// wait is the time that a client has for a pending referral.
type wait struct{ timer *time.Timer }

// followed ends the wait for a client that came. p.mu is held.
func (p *Proxy) followed(key pendingReferral) {
	if w := p.pendingReferrals[key]; w != nil {
		w.timer.Stop()
		delete(p.pendingReferrals, key)
	}
}

// expired warns, in the log and in a note, that a client did not follow a referral in time: perhaps
// it found a way around the proxy.
func (p *Proxy) expired(key pendingReferral, w *wait, r referral.Referral) {
	p.mu.Lock()
	if p.pendingReferrals[key] != w || p.ctx.Err() != nil {
		p.mu.Unlock()
		return
	}
	delete(p.pendingReferrals, key)
	what := map[dialect.Role]string{dialect.NS: "notification server", dialect.SB: "switchboard"}[r.Role]
	text := fmt.Sprintf("%s was sent to the %s %s through this proxy and never came: it may have gone around",
		key.user, what, r.Address)
	p.bypassed, p.latest = p.bypassed+1, text
	p.conns.Add(1) // the journal stays open until the note is added
	p.mu.Unlock()
	defer p.conns.Done()
	p.log.Warn("a client did not follow a referral", "user", key.user, "client", key.client, "server",
		r.Address)
	p.journal.remark(p.opts.Now(), text)
}

// Bypassed returns how many signs there were that traffic goes past the proxy, and the text of the
// latest: a referral that a client did not follow within half a minute, an offer of a direct
// connection between two clients, a server where clients speak TLS.
func (p *Proxy) Bypassed() (n int, latest string) {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.bypassed, p.latest
}
