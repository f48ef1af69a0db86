package conformance

import (
	"context"
	"errors"
	"fmt"
	"io"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/msnscope/msnscope/decode/referral"
)

// Transcript is what came on each connection of a case.
type Transcript map[string]string

// Play plays the case against t as a server of the preset should pass it, and closes all its connections. The error says at which
// line of the script t did something else.
func (c *Case) Play(ctx context.Context, t Target, preset string) (Transcript, error) {
	if !c.Holds(preset) {
		return nil, fmt.Errorf("the case does not hold in preset %q", preset)
	}
	p := newPlayer(ctx, t)
	defer p.close()
	for i := range c.steps {
		s := &c.steps[i]
		if !s.in(preset) {
			continue
		}
		if err := p.step(s); err != nil {
			return p.transcript(), fmt.Errorf("line %d, %s: %w", s.line, s.source, err)
		}
	}
	return p.transcript(), p.quiet()
}

// player plays one case.
type player struct {
	words
	ctx      context.Context
	target   Target
	peers    []*peer
	referred map[string]string // to where a user was last sent, by user and kind of server
	online   map[string]bool
	trid     int   // of the commands that no script spells out
	busy     *peer // of a target that needs patience: what was sent here last may not be dealt with
}

func newPlayer(ctx context.Context, t Target) *player {
	p := &player{
		ctx: ctx, target: t, referred: map[string]string{}, online: map[string]bool{}, trid: 900,
		words: words{values: map[string]string{"nobody": t.Nobody}, passwords: map[string]string{}},
	}
	for _, u := range t.Users {
		p.values[u.Name], p.passwords[u.Name] = u.Handle, u.Password
	}
	return p
}

func (p *player) close() {
	for _, c := range p.peers {
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

func (p *player) transcript() Transcript {
	t := Transcript{}
	for _, c := range p.peers {
		t[c.name] = c.all()
	}
	return t
}

// step does what a line of the script says.
func (p *player) step(s *step) error {
	if s.conn == "all" || s.conn == "server" || s.conn == "time" {
		return p.world(s)
	}
	if s.op == ":" {
		return p.act(s.conn, s.text)
	}
	c, err := p.peer(s.conn)
	if err != nil {
		return err
	}
	switch s.op {
	case ">":
		return p.send(c, p.fill(s.text)+"\r\n"+p.fill(s.payload))
	case ">>":
		parts, err := quoted(s.text)
		if err != nil {
			return err
		}
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

// world does what a line says that is about no one connection.
func (p *player) world(s *step) error {
	switch {
	case s.conn == "all" && s.text == "forget":
		p.settle()
		for _, c := range p.peers {
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

// quoted returns the Go strings of a line.
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

// peer returns the connection with that name, and makes it when it is new.
func (p *player) peer(name string) (*peer, error) {
	if i := slices.IndexFunc(p.peers, func(c *peer) bool { return c.name == name }); i >= 0 {
		return p.peers[i], nil
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
		return nil, err
	}
	c := newPeer(name, nc)
	p.peers = append(p.peers, c)
	return c, nil
}

// send sends bytes in one segment, when what was sent on other connections has been dealt with. That the server has closed already
// shows in what the script expects next.
func (p *player) send(c *peer, bytes string) error {
	if p.busy != nil && p.busy != c {
		p.settle()
	}
	_, err := io.WriteString(c, bytes)
	if p.busy = c; p.target.Patience == 0 {
		p.settle()
	}
	if _, closed := c.unread(); closed {
		return nil
	}
	return err
}

// expect compares what comes next with a line and its payload.
func (p *player) expect(c *peer, want, payload string) error {
	if want == "(nothing)" || want == "(closed)" {
		return p.expectEnd(c, want == "(closed)")
	}
	payload = p.fill(payload)
	c.await(p.target.Patience, func(unread string, _ bool) bool {
		line, rest, whole := strings.Cut(unread, "\r\n")
		return whole && len(rest) >= payloadLen(payload, line)
	})
	unread, closed := c.unread()
	line, rest, whole := strings.Cut(unread, "\r\n")
	if !whole {
		return fmt.Errorf("want %q, got %q and then %s", p.fill(want), unread, map[bool]string{false: "nothing", true: "the end"}[closed])
	}
	if err := p.match(want, line); err != nil {
		return err
	}
	n := payloadLen(payload, line)
	if len(rest) < n {
		return fmt.Errorf("payload: want %q, got %q", payload, rest)
	}
	if err := p.match(payload, rest[:n]); err != nil {
		return fmt.Errorf("payload: %w", err)
	}
	p.note(c, line)
	c.skip(len(line) + 2 + n)
	p.answered(c)
	return nil
}

// answered notes that what was sent on c has been dealt with, since an answer is here.
func (p *player) answered(c *peer) {
	if p.busy == c {
		p.busy = nil
	}
}

// payloadLen returns how long the payload of a line must be that is wanted to be so: what the line says, where words stand in it.
func payloadLen(want, line string) int {
	f := strings.Fields(line)
	if !wordForm.MatchString(want) || len(f) == 0 {
		return len(want)
	}
	n, err := strconv.Atoi(f[len(f)-1])
	if err != nil || n < 0 {
		return len(want)
	}
	return n
}

// expectBytes compares what comes next with bytes.
func (p *player) expectBytes(c *peer, want string) error {
	c.await(p.target.Patience, func(unread string, _ bool) bool { return len(unread) >= len(want) })
	unread, _ := c.unread()
	if !strings.HasPrefix(unread, want) {
		return fmt.Errorf("want %q, got %q", want, unread)
	}
	c.skip(len(want))
	return nil
}

// expectEnd makes sure that nothing is unread, and that the connection is closed, or is not.
func (p *player) expectEnd(c *peer, end bool) error {
	if end {
		c.await(p.target.Patience, func(unread string, closed bool) bool { return closed || unread != "" })
	} else {
		p.settle()
	}
	return c.ended(end)
}

// ended is expectEnd when all is here.
func (c *peer) ended(end bool) error {
	unread, closed := c.unread()
	if unread != "" || closed != end {
		return fmt.Errorf("unread %q, closed %v", unread, closed)
	}
	c.expect = end
	return nil
}

// note keeps to where a line of the server refers the user of the connection (§7.4, §8.1, §8.4).
func (p *player) note(c *peer, line string) {
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

// forget passes over what is unread.
func (p *player) forget(c *peer) {
	unread, closed := c.unread()
	for line := range strings.SplitSeq(unread, "\r\n") {
		p.note(c, line)
	}
	c.skip(len(unread))
	c.expect = closed
}

// quiet reports what is unread at the end, and which connection the server closed although nobody expected it.
func (p *player) quiet() error {
	p.settle()
	var errs []error
	for _, c := range p.peers {
		unread, closed := c.unread()
		if unread != "" {
			errs = append(errs, fmt.Errorf("at the end %s has unread %q", c.name, unread))
		}
		if closed && !c.expect {
			errs = append(errs, fmt.Errorf("at the end %s is closed", c.name))
		}
	}
	return errors.Join(errs...)
}
