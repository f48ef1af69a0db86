package conformance

import (
	"context"
	"errors"
	"fmt"
	"net"
	"strings"
	"time"
)

// Remote is a server on a network. It is one for all cases: they must be played one after the other, each after a [Remote.Reset].
type Remote struct {
	// Address is where clients begin, host:port.
	Address string
	Users   []User // alice, bob, carol and dave: accounts that are there for nothing else
	Nobody  string // a handle without an account
	// Quiet is for how long nothing must come before nothing more is expected; 50 ms when 0.
	Quiet time.Duration
	// Patience is how long an answer may take; 2 s when 0.
	Patience time.Duration
}

// Probe signs the first user in to find out where the three kinds of server are. The target it returns is for [Case.Play], and
// cannot do what [Case.Special] speaks of.
func (r *Remote) Probe(ctx context.Context) (Target, error) {
	if len(r.Users) == 0 {
		return Target{}, errors.New("there are no users")
	}
	t := r.target()
	p := newPlayer(ctx, t)
	defer p.close()
	user := r.Users[0].Name
	if err := p.goOnline(user+".ns", "NLN"); err != nil {
		return t, fmt.Errorf("signing %s in at %s: %w", r.Users[0].Handle, r.Address, err)
	}
	if at := p.referred[user+".ns"]; at != "" {
		t.Dispatch, t.Notification = r.Address, at
	}
	if _, err := p.ask(user+".ns", "XFR", "SB"); err != nil {
		return t, fmt.Errorf("asking for a switchboard: %w", err)
	}
	t.Switchboard = p.referred[user+".sb"]
	return t, nil
}

func (r *Remote) target() Target {
	quiet, patience := r.Quiet, r.Patience
	if quiet == 0 {
		quiet = 50 * time.Millisecond
	}
	if patience == 0 {
		patience = 2 * time.Second
	}
	return Target{
		Dial: func(ctx context.Context, address string) (net.Conn, error) {
			return (&net.Dialer{Timeout: patience}).DialContext(ctx, "tcp", address)
		},
		Notification: r.Address, Users: r.Users, Nobody: r.Nobody, Patience: patience,
		Settle: func() { <-time.After(quiet) },
	}
}

// Reset makes the users what a case begins with: nobody on their lists, GTC and BLP at their defaults, and offline.
func (r *Remote) Reset(ctx context.Context, t Target) error {
	p := newPlayer(ctx, t)
	defer p.close()
	for _, u := range r.Users {
		if err := p.reset(u.Name + ".ns"); err != nil {
			return fmt.Errorf("emptying the lists of %s: %w", u.Handle, err)
		}
	}
	return nil
}

// reset empties the lists of a user, as far as SYN tells what there is.
func (p *player) reset(conn string) error {
	if err := p.logon(conn, "MSNP2"); err != nil {
		return err
	}
	c, err := p.peer(conn)
	if err != nil {
		return err
	}
	p.settle()
	p.forget(c)
	if err := p.send(c, "SYN 800 0\r\n"); err != nil {
		return err
	}
	p.settle()
	unread, _ := c.unread()
	for line := range strings.SplitSeq(unread, "\r\n") {
		f := strings.Fields(line)
		switch {
		case len(f) == 8 && f[0] == "LST" && f[2] != "RL":
			_, err = p.ask(conn, "REM", f[2], f[6])
		case len(f) == 4 && f[0] == "GTC" && f[3] != "A":
			_, err = p.ask(conn, "GTC", "A")
		case len(f) == 4 && f[0] == "BLP" && f[3] != "AL":
			_, err = p.ask(conn, "BLP", "AL")
		}
		if err != nil {
			return err
		}
	}
	return nil
}

// Skip says why the case cannot be played against the target, "" if it can.
func (c *Case) Skip(t Target) string {
	if why := c.Special(); why != "" && (t.Wait == nil || t.Do == nil) {
		return why
	}
	for _, role := range c.Roles() {
		if role == "ds" && t.Dispatch == "" {
			return "there is no dispatch server"
		}
	}
	return ""
}
