package proxy

import (
	"cmp"
	"context"
	"fmt"
	"net/netip"
	"time"

	"github.com/msnscope/msnscope/decode"
)

// connect chooses the upstream by v, what the client has said, and connects to it.
func (c *Conn) connect(v verdict) error {
	now := c.p.opts.Now()
	t := c.p.known(cmp.Or(c.fixed, c.entry()))
	c.p.mu.Lock()
	if c.fixed == "" {
		t = c.p.choose(v, c.from.Addr(), now, t)
		c.logon = v.kind == logon && v.user == ""
	}
	if c.http != nil && c.http.up != nil {
		t.role = c.http.open.Role
	}
	c.aim(t)
	c.p.mu.Unlock()
	if guessed := c.logon && t.referee; !guessed {
		return c.dial(t.address, 0, dialTime)
	}
	if err := c.dial(t.address, 0, guessTime); err != nil && c.ctx.Err() == nil {
		return c.connectElse(t.address, now)
	}
	return nil
}

// connectElse connects to the configured upstream, since the server at guessed cannot be reached:
// it may be the server of another user at the client's address. If it is this user's, rehome
// returns the error.
func (c *Conn) connectElse(guessed string, now time.Time) error {
	t := c.p.known(c.entry())
	c.p.mu.Lock()
	c.aim(t)
	c.p.mu.Unlock()
	c.p.journal.note(c, now, fmt.Sprintf(
		"nobody answers at %s, to which somebody at this address was referred: on to %s", guessed, t.address))
	return c.dial(t.address, 0, dialTime)
}

// aim records where the connection goes. p.mu is held.
func (c *Conn) aim(t target) {
	c.at = t.address
	c.sess.To(t.address, t.role)
	c.framing.Store(&framing{c.sess.Framing()})
	c.p.journal.to(c, t.address, t.role)
}

// dial opens an upstream, which may take so long to accept, and starts its pump, which swallows the
// first skip answers.
func (c *Conn) dial(address string, skip int, patience time.Duration) error {
	ctx, cancel := context.WithTimeout(c.ctx, patience)
	defer cancel()
	if c.p.leadsHere(address, c.local.Addr()) {
		return c.loop(address)
	}
	nc, err := c.reach(ctx, address)
	if err == nil && c.p.leadsHere(nc.RemoteAddr().String(), c.local.Addr()) { // the address was a name
		nc.Close()
		return c.loop(address)
	}
	if err != nil {
		c.p.log.Error("cannot reach the server", "server", address, "client", c.from, "err", err)
		return fmt.Errorf("cannot reach the server %s: %w", address, err)
	}
	c.p.mu.Lock()
	c.reached = nc.RemoteAddr().String()
	c.p.mu.Unlock()
	up := &upstream{Conn: nc, address: address, skip: skip, retired: make(chan struct{}), done: make(chan struct{})}
	c.mu.Lock()
	c.up = up
	c.mu.Unlock()
	c.pace.restart()
	c.receiver(decode.FromClient).aim(nc)
	if ctx.Err() != nil { // the proxy stopped meanwhile, and closed the upstream that it knew
		nc.Close()
	}
	go c.serverPump(up)
	return nil
}

// clientKey is the key of the client's address in the context of Options.Dial.
type clientKey struct{}

// ClientOf returns the address of the client for which [Options.Dial] was called with ctx, and
// false where that is not known: an upstream in the same process can treat the client as if it had
// come there by itself.
func ClientOf(ctx context.Context) (netip.AddrPort, bool) {
	from, _ := ctx.Value(clientKey{}).(netip.AddrPort)
	return from, from.IsValid()
}

// loop logs and returns the error of an address that would make the proxy its own client,
// endlessly.
func (c *Conn) loop(address string) error {
	c.p.log.Error("the server address leads back to this proxy", "server", address, "client", c.from)
	return fmt.Errorf("the server address %s leads back to this proxy", address)
}

// rehome moves the connection to the upstream where user belongs, if it is at another one: it
// repeats VER and INF there, and keeps as many answers to itself as the client has seen already.
func (c *Conn) rehome(user string) error {
	c.logon = false
	now := c.p.opts.Now()
	old := c.upstream()
	t := c.p.known(c.entry())
	c.p.mu.Lock()
	t = c.p.home(user, c.from.Addr(), now, t)
	c.p.mu.Unlock()
	if t.address == old.address {
		return nil
	}
	close(old.retired)
	old.Close()
	<-old.done
	c.p.mu.Lock()
	c.aim(t)
	c.p.mu.Unlock()
	c.p.journal.note(c, now, fmt.Sprintf("%s belongs to %s, not to %s: what was said so far is repeated there",
		user, t.address, old.address))
	if err := c.dial(t.address, old.passed, dialTime); err != nil {
		return err
	}
	if err := c.repeat(c.upstream()); err != nil {
		return fmt.Errorf("write to %s: %w", t.address, err)
	}
	return nil
}
