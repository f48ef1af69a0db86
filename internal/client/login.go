package client

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/msnscope/msnscope/decode"
)

// These are the timeouts of what the client does on its own, without a caller's context. Two of
// them are a minute, for which servers honour a cookie.
const (
	moveTimeout   = time.Minute // a logon that the server asked for in mid-session
	answerTimeout = time.Minute // the automatic answer to an invitation
	// leaving a session that could not be set up: longer than a server takes to close
	leaveTimeout = 2 * time.Second
)

// Login signs a user in (§7.1 to §7.4) with VER, INF and USR, at the server in o and at each server
// that it is referred to, up to five. ctx limits the logon, not the client's life. A refusal by the
// server is a *ProtocolError, which matches ErrAuth if the handle or password is wrong.
func Login(ctx context.Context, o Options) (*Client, error) {
	c := newClient(o)
	host, port := splitAddr(o.Server)
	if _, err := c.logon(ctx, joinAddr(host, port), false); err != nil {
		c.Close()
		return nil, fmt.Errorf("log on as %s: %w", o.Handle, err)
	}
	return c, nil
}

// logon signs in at addr, or wherever that server refers to, and returns the adopted connection.
// referred says that addr came from a server.
func (c *Client) logon(ctx context.Context, addr string, referred bool) (*wire, error) {
	for range maxReferrals + 1 {
		w, err := c.connectNS(ctx, addr)
		if err != nil {
			return nil, err
		}
		next, err := c.logonAt(ctx, w, c.opts.SkipVER && referred)
		if err != nil {
			w.close()
			return nil, err
		}
		if next == "" {
			return w, nil
		}
		w.close() // a dispatch server closes too (§7.4)
		addr, referred = c.opts.target(next), true
	}
	return nil, ErrReferrals
}

// connectNS opens a connection to a dispatch or notification server.
func (c *Client) connectNS(ctx context.Context, addr string) (w *wire, err error) {
	err = c.connect(ctx, addr,
		func(fresh *wire) {
			w = fresh
			w.rest = func(m *decode.Message) { c.notified(w, m) }
		},
		func(w *wire) { c.nsOver(w) })
	return w, err
}

// logonAt signs in on one connection. It returns the address of a referral, "" when the user is
// signed in. A referral to the address 0 means to start again on the same connection.
func (c *Client) logonAt(ctx context.Context, w *wire, skipVER bool) (string, error) {
	for range maxReferrals + 1 {
		if !skipVER {
			if err := c.negotiate(ctx, w); err != nil {
				return "", err
			}
		}
		next, err := c.authenticate(ctx, w)
		if err != nil || next != "0" {
			return next, err
		}
		skipVER = false
	}
	return "", ErrReferrals
}

// negotiate agrees on a dialect, and checks that MD5 is among the security packages (§7.1, §7.2).
func (c *Client) negotiate(ctx context.Context, w *wire) error {
	m, err := w.ask(ctx, cmd("VER", c.opts.dialects()...), "VER")
	if err != nil {
		return err
	}
	if d := dialectOf(&m); !slices.ContainsFunc(c.opts.dialects(),
		func(o string) bool { return strings.EqualFold(o, d) }) {
		return fmt.Errorf("%w: the server answered %q to %v", ErrDialect, m.Line(), c.opts.dialects())
	}
	if m, err = w.ask(ctx, cmd("INF"), "INF"); err != nil {
		return err
	}
	// The draft separates packages by commas, servers by blanks.
	packages := strings.FieldsFunc(info(&m), func(r rune) bool { return r == ' ' || r == ',' })
	if !slices.Contains(packages, "MD5") {
		return fmt.Errorf("the server does not offer the security package MD5, only %q", packages)
	}
	return nil
}

// dialectOf returns the dialect that a VER reply chose: its first word other than CVR0, "" for
// none.
func dialectOf(m *decode.Message) string {
	for i := range m.NumArgs() {
		if d := arg(m, i); !strings.EqualFold(d, "CVR0") {
			return d
		}
	}
	return ""
}

// authenticate proves the password by MD5 (§7.3), or returns the address of the referral that the
// server answers with.
func (c *Client) authenticate(ctx context.Context, w *wire) (next string, err error) {
	var challenge string
	take := func(m *decode.Message) verdict {
		switch verb := m.Verb.String(); {
		case verb == "XFR" && arg(m, 0) == "NS":
			next = arg(m, 1)
		case verb == "USR" && arg(m, 0) == "OK":
			c.adopt(w, text(m, 2))
		case verb == "USR" && arg(m, 1) == "S":
			challenge = arg(m, 2)
		default:
			return notMine
		}
		return done
	}
	err = w.request(ctx, cmd("USR", "MD5", "I", c.opts.Handle), take)
	if err == nil && challenge != "" {
		err = w.request(ctx, cmd("USR", "MD5", "S", decode.MD5Response(challenge, c.opts.Password)), take)
	}
	switch {
	case err != nil:
		return "", err
	case next != "":
		c.referred(next)
	}
	return next, nil
}

// adopt makes w the connection to the notification server. It runs on the goroutine that reads w,
// before the next message, so that a referral right after the logon finds it done. After the first
// logon w is ready at once, after a move once the state is set.
func (c *Client) adopt(w *wire, name string) {
	c.update(func() {
		c.ns, c.name = w, name
		if c.state == "FLN" {
			c.ready = w
		}
	})
}

// move follows a referral in mid-session (§7.4): it closes the connection to the old server and
// logs on at the new one in the background.
func (c *Client) move(old *wire, m *decode.Message) {
	addr := arg(m, 1)
	if arg(m, 0) != "NS" || addr == "" {
		c.opts.emit(odd(nil, m))
		return
	}
	c.referred(addr)
	if addr == "0" {
		addr = old.conn.RemoteAddr().String() // start again, on a new connection
	}
	current := false
	c.update(func() {
		if current = c.ns == old; current {
			c.ns = nil
		}
	})
	if !current {
		return
	}
	old.close()
	// fails only if the client has ended, and then it need not move
	_ = c.spawn(func() { c.follow(c.opts.target(addr)) })
}

// follow logs on at addr and restores the user's state.
func (c *Client) follow(addr string) {
	ctx, cancel := context.WithTimeout(c.ctx, moveTimeout)
	defer cancel()
	w, err := c.logon(ctx, addr, true)
	if err != nil {
		c.finish(fmt.Errorf("move to %s: %w", addr, err))
		return
	}
	var state string
	movedOn := false
	c.view(func() { movedOn, state = c.ns != w, c.state })
	if movedOn {
		return // another follow has taken over
	}
	if state != "FLN" {
		if err := c.setState(ctx, w, state); err != nil {
			w.close() // ends the client, unless it has moved on
			return
		}
		c.update(func() { c.ready = w })
	}
	c.opts.emit(Moved{Addr: addr})
}

// nsOver ends the client when its connection to the notification server has ended for another
// reason than a move.
func (c *Client) nsOver(w *wire) {
	var current bool
	c.view(func() { current = c.ns == w })
	if current {
		c.finish(w.err)
	}
}
