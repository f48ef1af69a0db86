package proxy

import (
	"fmt"
	"net"
	"net/netip"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/msnscope/msnscope/decode"
	"github.com/msnscope/msnscope/decode/body"
	"github.com/msnscope/msnscope/decode/dialect"
	"github.com/msnscope/msnscope/decode/referral"
	"github.com/msnscope/msnscope/decode/session"
)

// mayInvite reports whether the proxy decides by what users say in m: a step of an invitation, or
// an offer of a direct connection. It is cheap for other messages.
func mayInvite(m *decode.Message) bool {
	p := m.Payload()
	return len(p) > 0 && !m.Block() && (body.MayInvite(p) || body.OffersDirect(p))
}

// invite handles a step of an invitation to a file transfer in e, from either side. It returns the
// bytes of the command with the proxy's address in place of the sender's, nil if they pass as they
// are.
func (c *Conn) invite(e *session.Event, now time.Time) []byte {
	if e.Role != dialect.SB || e.Row == nil || e.In.Opaque() || !mayInvite(&e.In) {
		return nil
	}
	v, ok := body.ReadInvite(e.In.Payload())
	if !ok {
		if body.OffersDirect(e.In.Payload()) {
			c.bypasses(now, "%s offers a direct connection between two clients (MSNSLP): it does not pass this proxy",
				c.speaker(e))
		}
		return nil
	}
	who := userKey(c.speaker(e))
	t, p := &c.p.transfers, c.p
	p.mu.Lock()
	talk := c.talk()
	said := offered{talk, v.Cookie, who, v.OffersFile(), now}
	var guests []string
	file := false
	switch {
	case v.Command == "INVITE":
		t.invites = say(t.invites, said)
	case v.Listens() && v.AuthCookie != "" && !v.SenderConnects && t.offersFile(talk, v.Cookie, who):
		guests, file = t.guests(talk, v.Cookie, who), true
		if e.Dir == decode.FromServer { // of those who accepted, only this client is told
			t.locate(v.AuthCookie, userKey(c.sess.User()), c.from.Addr())
			guests = slices.DeleteFunc(guests, func(g string) bool { return g != userKey(c.sess.User()) })
		}
	case v.Accepts():
		t.accepts = say(t.accepts, said)
	}
	p.mu.Unlock()
	switch {
	case file:
		return c.inviteFile(e, &v, who, guests, now)
	case v.Listens() && v.SenderConnects:
		c.bypasses(now, "%s accepts a file and wants its sender to connect (Sender-Connect): that connection does not "+
			"pass this proxy", who)
	case v.Listens() || v.Command == "INVITE" && !v.OffersFile():
		c.bypasses(now, "%s offers a connection between two clients that is no file transfer, or none that can be "+
			"followed: it does not pass this proxy", who)
	}
	return nil
}

// speaker returns the handle of the user who says what is in e.
func (c *Conn) speaker(e *session.Event) string {
	if e.Dir == decode.FromServer {
		return string(e.Row.Find(&e.In, dialect.Handle))
	}
	return e.User
}

// talk identifies the switchboard session of the connection. p.mu is held.
func (c *Conn) talk() string {
	if s := c.sess.Session(); s != "" {
		return s
	}
	return "c" + strconv.Itoa(c.id)
}

// inviteFile makes the guests come through this proxy for the file that who offers.
func (c *Conn) inviteFile(e *session.Event, v *body.Invite, who string, guests []string,
	now time.Time,
) []byte {
	at := net.JoinHostPort(v.Host(), v.Port)
	listens, err := netip.ParseAddrPort(at)
	switch {
	case err != nil || listens.Port() == 0:
		c.note(now, "an invitation to a file transfer that nobody can follow passed as it came: no client listens "+
			"at %s", decode.Quote([]byte(at)))
		return nil
	case c.p.leadsHere(at, c.local.Addr()): // the other side has rewritten it
		return nil
	case len(guests) == 0:
		c.bypasses(now, "%s tells where to fetch a file that nobody has accepted through this proxy", who)
		return nil
	}
	i := &invitation{authCookie: v.AuthCookie, sender: who, until: now.Add(inviteTime)}
	if e.Dir == decode.FromClient {
		// Behind a proxy some clients offer the proxy's address, or another that is not theirs.
		i.targets = append(i.targets, netip.AddrPortFrom(c.from.Addr(), listens.Port()).String())
	}
	to := c.p.opts.Routes.To(at)
	if !slices.Contains(i.targets, to) && (to != at || near(listens.Addr(), c.from.Addr())) {
		i.targets = append(i.targets, to)
	}
	for _, handle := range guests {
		g := guest{handle: handle}
		if e.Dir == decode.FromServer {
			g.from = c.from.Addr()
		}
		i.guests = append(i.guests, g)
	}
	here := c.p.here(c.local)
	host, port, _ := net.SplitHostPort(here)
	out := referral.RewriteInvite(e.Row, &e.In, host, port)
	if out == nil {
		return nil
	}
	c.p.mu.Lock()
	c.p.own[referral.Canonical(here)] = true
	i.timer = time.AfterFunc(inviteTime, func() { c.p.missed(i) })
	c.p.transfers.admit(i, now)
	c.p.mu.Unlock()
	return out
}

// bypasses notes that traffic goes, or may go, past the proxy, which the inspector shows as a sign.
func (c *Conn) bypasses(now time.Time, form string, args ...any) {
	text := fmt.Sprintf(form, args...)
	c.p.mu.Lock()
	again := c.bypassed == text // clients say such things several times
	c.bypassed = text
	c.p.mu.Unlock()
	if !again {
		c.note(now, "%s", text)
		c.p.countBypass(text)
	}
}

// countBypass counts a sign that traffic goes past the proxy.
func (p *Proxy) countBypass(text string) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.bypassed, p.latest = p.bypassed+1, text
}

// missed tells, once the time of an invitation is over, who of its guests never came.
func (p *Proxy) missed(i *invitation) {
	p.mu.Lock()
	var never []string
	for _, g := range i.guests {
		if !g.came {
			never = append(never, g.handle)
		}
	}
	if len(never) == 0 || p.ctx.Err() != nil {
		p.mu.Unlock()
		return
	}
	p.conns.Add(1) // the journal stays open until the note is added
	p.mu.Unlock()
	defer p.conns.Done()
	p.journal.remark(p.opts.Now(), strings.Join(never, ", ")+" accepted a file of "+i.sender+
		" and never came for it through this proxy")
}

// near reports whether the client itself could connect to the address without a network that is its
// own: nobody makes the proxy connect to its own machine, or to all machines, for a client that is
// elsewhere.
func near(address, client netip.Addr) bool {
	address = address.Unmap()
	switch {
	case address.IsUnspecified(), address.IsMulticast():
		return false
	case address.IsLoopback():
		return client.IsLoopback()
	}
	return !address.IsLinkLocalUnicast() || client.IsLinkLocalUnicast()
}
