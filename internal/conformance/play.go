package conformance

import (
	"context"
	"errors"
	"fmt"
	"os"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/msnscope/msnscope/decode/referral"
)

// Transcript is what came on each connection of a case, by the connection's name.
type Transcript map[string]string

// Play plays the case against t, which should behave as the preset says, and closes all its
// connections. The error says at which line of the script t did something else.
func (c *Case) Play(ctx context.Context, t Target, preset string) (Transcript, error) {
	if !c.Holds(preset) {
		return nil, fmt.Errorf("the case is not played in preset %q", preset)
	}
	p := newPlayer(ctx, t)
	defer p.close()
	done := 0
	for i := range c.steps {
		s := &c.steps[i]
		if !s.in(preset) {
			continue
		}
		if err := p.step(s); err != nil {
			return p.transcript(), &stepError{done, s.line, s.source, err}
		}
		done++
	}
	return p.transcript(), p.quiet()
}

// stepError says at which line of its script a case fails.
type stepError struct {
	done   int // lines of the script that went well
	line   int // in the file of the cases
	source string
	err    error
}

func (e *stepError) Error() string { return fmt.Sprintf("line %d, %s: %v", e.line, e.source, e.err) }
func (e *stepError) Unwrap() error { return e.err }

// player plays one case.
type player struct {
	placeholders
	ctx      context.Context
	target   Target
	conns    []*scriptConn
	referred map[string]string // where a user was last referred to, by user and kind of server
	online   map[string]bool
	trid     int // last TrID of the commands that no script spells out
	// for a target that needs patience: the connection whose last command may still be in progress
	busy *scriptConn
}

func newPlayer(ctx context.Context, t Target) *player {
	p := &player{
		ctx: ctx, target: t, referred: map[string]string{}, online: map[string]bool{}, trid: 900,
		placeholders: placeholders{
			values: map[string]string{"nobody": t.Nobody}, passwords: map[string]string{}, proofs: map[string]bool{},
		},
	}
	for _, u := range t.Users {
		p.values[u.Name], p.passwords[u.Name] = u.Handle, u.Password
	}
	return p
}

func (p *player) close() {
	for _, c := range p.conns {
		_ = c.Close()
	}
	p.settle()
}

func (p *player) settle() {
	p.busy = nil
	if p.target.Settle != nil {
		p.target.Settle()
	}
}

// deadline returns when a wait for an answer that begins now ends; zero for a target that needs no
// patience.
func (p *player) deadline() time.Time {
	if p.target.Patience == 0 {
		return time.Time{}
	}
	return time.Now().Add(p.target.Patience)
}

func (p *player) transcript() Transcript {
	t := Transcript{}
	for _, c := range p.conns {
		t[c.name] = c.all()
	}
	return t
}

// step carries out a line of the script.
func (p *player) step(s *step) error {
	if s.conn == "all" || s.conn == "server" || s.conn == "time" {
		return p.world(s)
	}
	if s.op == ":" {
		return p.act(s.conn, s.text)
	}
	c, err := p.conn(s.conn)
	if err != nil {
		return err
	}
	switch s.op {
	case ">":
		c.segments = ""
		return p.send(c, p.fill(s.text)+"\r\n"+p.fill(s.payload))
	case ">>":
		parts, err := quoted(s.text)
		if err != nil {
			return err
		}
		c.shape(parts)
		for _, part := range parts {
			if err := p.send(c, p.fill(part)); err != nil {
				return err
			}
		}
		return nil
	case "<<":
		parts, err := quoted(s.text)
		if err != nil {
			return err
		}
		return p.expectBytes(c, p.fill(strings.Join(parts, "")))
	}
	return p.expect(c, s.text, s.payload)
}

// world carries out a line that is not about a single connection.
func (p *player) world(s *step) error {
	switch {
	case s.conn == "all" && s.text == "forget":
		p.settle()
		for _, c := range p.conns {
			p.forget(c)
		}
		return nil
	case s.conn == "server" && p.target.Do != nil:
		err := p.target.Do(p.fill(s.text))
		p.settle()
		return err
	case s.conn == "time" && p.target.Wait != nil:
		d, err := time.ParseDuration(s.text)
		if err == nil {
			p.target.Wait(d)
			p.settle()
		}
		return err
	}
	return errors.New("the target cannot do this")
}

// quoted parses the Go strings of a line.
func quoted(text string) ([]string, error) {
	var parts []string
	for text = strings.TrimSpace(text); text != ""; text = strings.TrimSpace(text) {
		prefix, err := strconv.QuotedPrefix(text)
		if err != nil {
			return nil, fmt.Errorf("%s: %w", text, err)
		}
		part, err := strconv.Unquote(prefix)
		if err != nil {
			return nil, fmt.Errorf("%s: %w", prefix, err)
		}
		parts, text = append(parts, part), text[len(prefix):]
	}
	return parts, nil
}

// conn returns the connection with that name, and dials it first if it is new.
func (p *player) conn(name string) (*scriptConn, error) {
	if i := slices.IndexFunc(p.conns, func(c *scriptConn) bool { return c.name == name }); i >= 0 {
		return p.conns[i], nil
	}
	user, role := userOf(name), roleOf(name)
	address := map[string]string{"ds": p.target.Dispatch, "ns": p.target.Notification, "sb": p.target.Switchboard}[role]
	if at, ok := p.referred[user+"."+role]; ok {
		address = at
	}
	if full, ok := referral.Normalize(address); ok {
		address = full // an address without a port means 1863
	}
	nc, err := p.target.Dial(p.ctx, address)
	if err != nil {
		return nil, &dialError{name, address, err}
	}
	c := newScriptConn(name, nc)
	p.conns = append(p.conns, c)
	return c, nil
}

// dialError means that a connection could not be made.
type dialError struct {
	conn, address string
	err           error
}

func (e *dialError) Error() string {
	return fmt.Sprintf("%s: connect to %s: %v", e.conn, e.address, e.err)
}
func (e *dialError) Unwrap() error { return e.err }

// send sends bytes in one segment, once what was sent before has been handled: some servers take
// whatever one read brings for one command. If the server has closed the connection, that is no
// error here; the next step of the script shows it.
func (p *player) send(c *scriptConn, bytes string) error {
	if p.busy != nil && !(p.busy == c && c.inside) {
		p.settle()
	}
	err := c.write(bytes, p.target.Patience)
	if p.busy = c; p.target.Patience == 0 {
		p.settle()
	}
	switch {
	case err == nil, c.over():
		return nil
	case errors.Is(err, os.ErrDeadlineExceeded):
		return p.wrong(c, c.asked+notTaken, "%s: %w", c.name, err)
	case p.closedAt(c):
		return nil
	}
	return err
}

// closedAt reports whether the connection is at its end, after an error of a write. The reader may
// learn of it a moment later than the writer.
func (p *player) closedAt(c *scriptConn) bool {
	c.await(p.ctx, p.deadline(), func() bool { return false })
	return c.over()
}

// deviates returns a deviation that has no credentials in its text.
func (p *player) deviates(cause, form string, args ...any) error {
	return &deviation{p.mask(cause), brief(p.mask(fmt.Errorf(form, args...).Error()))}
}

// note records where a line of the server refers the connection's user to (§7.4, §8.1, §8.4).
func (p *player) note(c *scriptConn, line string) {
	f := strings.Fields(line)
	switch {
	case len(f) > 3 && f[0] == "XFR" && f[2] == "NS" && f[3] != "0":
		p.referred[c.user()+".ns"] = f[3]
	case len(f) > 3 && f[0] == "XFR" && f[2] == "SB":
		p.referred[c.user()+".sb"] = f[3]
	case len(f) > 2 && f[0] == "RNG":
		p.referred[c.user()+".sb"] = f[2]
	}
}

// forget consumes what is unread, and accepts that the connection may be closed.
func (p *player) forget(c *scriptConn) {
	unread, closed := c.unread()
	for line := range strings.SplitSeq(unread, "\r\n") {
		p.note(c, line)
	}
	c.skip(len(unread))
	c.expect = closed
}
