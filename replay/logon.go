package replay

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/msnscope/msnscope/decode"
	"github.com/msnscope/msnscope/decode/dialect"
	"github.com/msnscope/msnscope/decode/referral"
	"github.com/msnscope/msnscope/decode/session"
)

// logonSteps are the commands with which a client signs in (§7.1 to §7.7), with placeholders for
// the handle and the proof. Their TrIDs are higher than those of any client, so that no answer to
// them is mistaken for another.
var logonSteps = []string{
	"VER 4294967001 %[3]s\r\n",
	"INF 4294967002\r\n",
	"USR 4294967003 MD5 I %[1]s\r\n",
	"USR 4294967004 MD5 S %[2]s\r\n",
	"CHG 4294967005 NLN\r\n",
}

// The commands with which a signed-in user gets a cookie for a switchboard and enters there (§8.1,
// §8.2), and the lowest TrID of all commands that no client sent.
const (
	askCookie    = "XFR 4294967006 SB\r\n"
	enterTrID    = "4294967007"
	enter        = "USR " + enterTrID + " %s %s\r\n"
	firstOwnTrID = 4294967001
)

// maxHops is how often a server may refer a client on in a logon.
const maxHops = 4

// signIn signs in the user of a connection whose beginning the recording does not have, and leaves
// the connection in the state of an online client. What the server said is no part of the replay.
func (p *player) signIn(ctx context.Context, c *liveConn) error {
	password, known := p.o.password(c.plan.logon)
	if !known {
		return fmt.Errorf("%w: %s signs in", ErrPassword, c.plan.logon)
	}
	speaks := c.plan.dialect
	if speaks == "" {
		speaks = dialect.MSNP2.Name()
	}
	for range maxHops {
		next, err := p.hop(ctx, c, password, speaks)
		if err != nil || next == "" {
			return err
		}
		p.hangOff(c)
		conn, err := p.o.dial(ctx, next)
		if err != nil {
			return fmt.Errorf("connect to %s: %w", next, err)
		}
		p.begin(ctx, c, conn, next)
	}
	return errors.New("the servers refer in a circle")
}

// hangOff closes a connection and resets its state for the one that takes its place.
func (p *player) hangOff(c *liveConn) {
	p.leave(c)
	c.closed, c.cause, c.challenge, c.pending, c.size = false, "", "", nil, 0
}

// hop sends the logon on one connection. It returns the address to which the server refers the
// client, "" when the user is online.
func (p *player) hop(ctx context.Context, c *liveConn, password, speaks string) (next string, err error) {
	for _, form := range logonSteps {
		raw := fmt.Appendf(nil, form+"%[4]s", c.plan.logon, decode.MD5Response(c.challenge, password), speaks, "")
		m := decode.Parse(raw, decode.FromClient, c.sess.Framing())
		p.track(c, decode.FromClient, &m, time.Now())
		if _, err := c.conn.Write(raw); err != nil {
			return "", fmt.Errorf("write to the server: %w", err)
		}
		answer, err := p.answer(ctx, c, m.TrIDText())
		if err != nil {
			return "", fmt.Errorf("sign in %s: %s: %w", c.plan.logon, m.Verb, err)
		}
		if answer.Row == nil {
			continue
		}
		if to, ok := referral.Normalize(string(answer.Row.Find(&answer.In, dialect.HostPort))); ok {
			return to, nil
		}
	}
	end := time.Now().Add(p.o.settle())
	for time.Now().Before(end) { // the list of who is online comes now
		if err := p.receive(ctx, end); err != nil {
			return "", err
		}
	}
	c.pending, c.size = nil, 0
	return "", nil
}

// answer waits for the answer with a TrID, and drops everything that comes before it.
func (p *player) answer(ctx context.Context, c *liveConn, trid []byte) (*session.Event, error) {
	end := time.Now().Add(p.o.timeout())
	for {
		for len(c.pending) > 0 {
			e := c.remove(0).event
			if !bytes.Equal(e.In.TrIDText(), trid) {
				continue
			}
			if code := e.In.Verb.Code(); code != 0 {
				return nil, fmt.Errorf("the server answers %d", code)
			}
			return e, nil
		}
		switch {
		case c.closed:
			return nil, errors.New(c.cause)
		case !time.Now().Before(end):
			return nil, ErrTimeout
		}
		if err := p.receive(ctx, end); err != nil {
			return nil, err
		}
	}
}
