package proxy

import (
	"bytes"
	"cmp"
	"fmt"
	"strings"
	"time"

	"github.com/msnscope/msnscope/decode"
	"github.com/msnscope/msnscope/decode/dialect"
	"github.com/msnscope/msnscope/decode/referral"
	"github.com/msnscope/msnscope/decode/session"
)

// maxTurns is the number of referrals in a row, each back to where the client came from, after
// which a note is published: fewer have had good reasons.
const maxTurns = 3

// sentOn is a referral that a client is about to get.
type sentOn struct {
	referral.Referral
	here  bool // it leads to this proxy, and so to where a logon begins
	asked bool // it answers a request
}

// refer returns where a command of the server refers the client, nil for nowhere, and the command's
// bytes with the proxy's address, nil if they pass as they are. A referral that nobody can follow
// passes as it came, with a note: otherwise a client led to the proxy could not be led on.
func (c *Conn) refer(e *session.Event, now time.Time) (*sentOn, []byte) {
	o, ok := referral.Read(e.Row, e.Role, &e.In)
	switch {
	case !ok:
		if answersLogon(e.Row) {
			c.p.mu.Lock()
			c.p.book.Arrived(e.User, c.from.Addr())
			c.p.mu.Unlock()
		}
		return nil, nil
	case o.Fault != "":
		c.note(now, "a referral that nobody can follow passed as it came: %s: %s", o.Fault, whereTo(e.In.Line()))
		return nil, nil
	}
	o.Address = c.p.opts.Routes.To(o.Address)
	if strings.HasSuffix(o.Address, ":443") {
		c.bypasses(now, "%s was sent to %s, where clients speak TLS: this proxy cannot read that", e.User, o.Address)
	}
	s := &sentOn{
		Referral: o.Referral, here: c.p.leadsHere(o.Address, c.local.Addr()),
		asked: e.Row != nil && e.Row.TrID != dialect.None,
	}
	if s.here {
		return s, nil
	}
	return s, o.Rewrite(func(address string) (string, bool) {
		return c.advertise(c.p.opts.Routes.To(address), now)
	})
}

// sends records that the client is sent the referral s, nil for none.
func (c *Conn) sends(s *sentOn, now time.Time) {
	if s == nil {
		return
	}
	c.p.mu.Lock()
	user, turns := c.sess.User(), 0
	if s.Role == dialect.NS {
		turns = c.turned(s, now)
	}
	if !s.here {
		c.p.book.Note(s.Referral, user, c.from.Addr(), now)
		c.expect(s)
		if s.Cookie != "" {
			c.cookie = s.Cookie
		}
	}
	c.p.mu.Unlock()
	if turns > 0 && turns%maxTurns == 0 {
		c.note(now, "%s was sent back to where it came from %d times in a row, now to %s: it does not get in",
			cmp.Or(user, "a client"), turns, s.Address)
	}
}

// whereTo quotes as much of a referral as tells where it leads. The cookie stands after that in
// every form: it lets into a switchboard, and belongs in no log.
func whereTo(line []byte) string {
	const words = 4
	all := bytes.Fields(line)
	if len(all) <= words {
		return decode.Quote(line)
	}
	return decode.Quote(bytes.Join(all[:words], []byte(" "))) + " ..."
}

// answersLogon reports whether a server that says this handles the user itself: it challenges the
// user, or lets the user in.
func answersLogon(row *dialect.Row) bool {
	return row != nil && row.Kinds()&dialect.KindsOf(dialect.Self, dialect.Secret) != 0
}

// turned counts how often in a row the user is sent back to where it came from, with s the latest
// time. p.mu is held.
func (c *Conn) turned(s *sentOn, now time.Time) int {
	by := c.at
	// A server that has a name may refer to its IP address.
	if s.here || referral.Canonical(c.reached) == referral.Canonical(s.Address) {
		by = s.Address
	}
	return c.p.book.Turned(by, s.Address, c.sess.User(), c.from.Addr(), now)
}

// note publishes a note about the connection, and logs it.
func (c *Conn) note(now time.Time, form string, args ...any) {
	text := fmt.Sprintf(form, args...)
	c.p.log.Warn(text, "client", c.from, "server", c.Server())
	c.p.journal.note(c, now, text)
}

// referAgain is refer for bytes that the server did not send as they are: in place of a command
// that referred the client as s says, nil for nowhere, or injected. An address that is the proxy's
// stands for that of s.
func (c *Conn) referAgain(s *sentOn, raw []byte, now time.Time) (*sentOn, []byte) {
	c.p.mu.Lock()
	e := session.Event{Dir: decode.FromServer, In: decode.Parse(raw, decode.FromServer, c.sess.Framing())}
	role := c.sess.Role()
	e.User, e.Role = c.sess.User(), role
	if role == 0 {
		role = dialect.Any
	}
	e.Row = c.sess.Grammar().Match(decode.FromServer, role, &e.In)
	c.p.mu.Unlock()
	again, out := c.refer(&e, now)
	if again != nil && again.here && s != nil && again.Role == s.Role {
		again.Address, again.here = s.Address, s.here
	}
	return again, out
}
