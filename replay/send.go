package replay

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"time"

	"github.com/msnscope/msnscope/decode"
	"github.com/msnscope/msnscope/decode/dialect"
	"github.com/msnscope/msnscope/decode/referral"
	"github.com/msnscope/msnscope/decode/session"
)

// send sends the recorded command e, in one write.
func (p *player) send(ctx context.Context, c *liveConn, s *step, e *session.Event) error {
	if err := p.pace(ctx, s); err != nil {
		return err
	}
	p.drain()
	if c.closed && !c.shut || c.conn == nil {
		p.fail(c, e, c.cause)
		return nil
	}
	if p.o.Step != nil {
		if err := p.o.Step(ctx, e); err != nil {
			return err
		}
	}
	if err := p.challenged(ctx, c, e); err != nil {
		return err
	}
	raw, err := p.translate(c, e)
	if err != nil {
		p.fail(c, e, err.Error())
		return nil
	}
	m := decode.Blob(raw, e.In.Why)
	if !e.In.Opaque() {
		m = decode.Parse(raw, decode.FromClient, c.sess.Framing())
	}
	p.sent, p.sentAt = time.Now(), s.at
	p.track(c, decode.FromClient, &m, p.sent)
	err = c.conn.SetWriteDeadline(p.sent.Add(p.o.timeout()))
	if ctx.Err() != nil { // after the deadline was set: the context's end sets one that has passed
		return context.Cause(ctx)
	}
	if err == nil {
		_, err = c.conn.Write(raw)
	}
	if err != nil {
		if ctx.Err() != nil {
			return context.Cause(ctx)
		}
		c.end(fmt.Sprintf("write to the server: %v", err))
		p.fail(c, e, c.cause)
		return nil
	}
	if s.is&leaves != 0 {
		c.parts()
		c.last = m.Verb
	}
	if s.is&answered == 0 && m.HasTrID {
		if c.open == nil {
			c.open = map[uint32]int64{}
		}
		c.open[m.TrID] = s.at
	}
	if p.o.Brief {
		p.count(Sent)
	} else {
		p.add(p.began(c, e, Sent))
	}
	return nil
}

// challenged waits for the live challenge that a command answers, where the recording does not show
// that there was one: it has the client's side only.
func (p *player) challenged(ctx context.Context, c *liveConn, e *session.Event) error {
	if c.plan.spoke || e.Row == nil || e.Row.Find(&e.In, dialect.Secret) == nil {
		return nil
	}
	end := time.Now().Add(p.o.timeout())
	for c.challenge == "" && !c.closed && time.Now().Before(end) {
		if err := p.receive(ctx, end); err != nil {
			return err
		}
	}
	return nil
}

// parts records that the client has said its last word.
func (c *liveConn) parts() {
	if !c.left {
		c.left, c.heard = true, c.came
	}
}

// fresh are the kinds of arguments of a client that are new in every session.
var fresh = dialect.KindsOf(dialect.Cookie, dialect.Session, dialect.Secret, dialect.Serial)

// translate returns the bytes of a recorded command in which the values that are new in every
// session are replaced by the live ones. All other bytes are the recorded ones.
func (p *player) translate(c *liveConn, e *session.Event) ([]byte, error) {
	m := e.Sent()
	if _, proves := p.plan.proofs[e.N]; e.Row == nil || m.Opaque() || e.Row.Kinds()&fresh == 0 && !proves {
		return m.Raw, nil
	}
	var out []byte
	done := 0
	for i := range m.NumArgs() {
		arg, _ := e.Row.Arg(i)
		word := string(m.Arg(i))
		live, err := word, error(nil)
		switch arg.Kind {
		case dialect.Serial:
			if now := p.values[valueKey(arg.Kind, word, e.User)]; now != "" {
				live = now
			}
		case dialect.Cookie, dialect.Session:
			live, err = p.value(arg, word, e.User)
		case dialect.Secret:
			live, err = p.secret(c, e, word)
		}
		if err != nil {
			return nil, err
		}
		if live != word {
			start, end := m.ArgSpan(i)
			out = append(append(out, m.Raw[done:start]...), live...)
			done = end
		}
	}
	if key, ok := p.plan.proofs[e.N]; ok && c.challenge != "" {
		head := len(m.Line()) + len(m.LineEnd())
		return append(append(out, m.Raw[done:head]...), decode.MD5Response(c.challenge, key)...), nil
	}
	return append(out, m.Raw[done:]...), nil
}

// value returns the live value for a recorded cookie or session number, or the recorded one if no
// server sent it, since then the client made it up.
func (p *player) value(arg dialect.Arg, word, user string) (string, error) {
	live, given := p.values[valueKey(arg.Kind, word, user)]
	switch {
	case !given:
		return word, nil
	case live == "":
		return "", fmt.Errorf("the server sent no replacement for the %s %s", arg.Name, word)
	}
	return live, nil
}

// valueKey returns the key of a value: a cookie and a serial belong to a user (§8.1, §7.5), a
// session number to everybody.
func valueKey(kind dialect.Kind, word, user string) string {
	switch kind {
	case dialect.Cookie:
		return cookieKey(word, user)
	case dialect.Serial:
		return "v " + word + " " + strings.ToLower(user)
	}
	return "s " + word
}

// secret returns the proof of the password: the answer to the live challenge, or a wrong answer of
// the same form if the recorded one was wrong.
func (p *player) secret(c *liveConn, e *session.Event, recorded string) (string, error) {
	l := p.plan.logons[e.N]
	password, known := p.o.password(l.user)
	wasRight := known && l.challenge != "" && strings.EqualFold(decode.MD5Response(l.challenge, password), recorded)
	wasWrong := l.fate == failed || l.fate == unknown && known && l.challenge != ""
	switch {
	case wasWrong && !wasRight:
		if known && strings.EqualFold(decode.MD5Response(c.challenge, password), recorded) {
			return spoil(recorded), nil
		}
		return recorded, nil
	case l.challenge == "" && c.plan.spoke:
		return recorded, nil // not an answer to a challenge
	case !known:
		return "", fmt.Errorf("%w: %s signs in; give it with --password %s=PASSWORD", ErrPassword, l.user, l.user)
	case c.challenge == "":
		return "", errors.New("the server sent no challenge")
	}
	digest := decode.MD5Response(c.challenge, password)
	if recorded == strings.ToUpper(recorded) && recorded != strings.ToLower(recorded) {
		digest = strings.ToUpper(digest)
	}
	return digest, nil
}

// spoil returns a wrong digest of the same form.
func spoil(digest string) string {
	last := "0"
	if strings.HasSuffix(digest, last) {
		last = "1"
	}
	return digest[:len(digest)-1] + last
}

// renewed are the kinds of arguments whose live values are needed later.
var renewed = dialect.KindsOf(dialect.Cookie, dialect.Session, dialect.HostPort, dialect.Serial)

// learn stores the live values that correspond to those of the recorded command.
func (p *player) learn(recorded, live *session.Event) {
	if recorded.Row == nil || recorded.Row.Kinds()&renewed == 0 {
		return
	}
	if live.Row == nil || live.In.Verb != recorded.In.Verb || live.Row.Form() != recorded.Row.Form() {
		p.lose(recorded)
		return
	}
	for i, arg := range recorded.Row.Args {
		if arg.Kind == dialect.Cookie || arg.Kind == dialect.Session || arg.Kind == dialect.Serial {
			if word := recorded.In.Arg(i); word != nil {
				p.values[valueKey(arg.Kind, string(word), recorded.User)] = string(live.In.Arg(i))
			}
		}
	}
	if !p.plan.referred[recorded.N] && !p.plan.grows {
		return
	}
	was, _ := referral.Normalize(string(recorded.Row.Find(&recorded.In, dialect.HostPort)))
	if address, ok := referral.Normalize(string(live.Row.Find(&live.In, dialect.HostPort))); ok {
		p.addresses[recorded.N] = address
		p.mu.Lock()
		p.servers[was] = address
		p.mu.Unlock()
	}
}

// lose records that the live values in place of a recorded command's never came.
func (p *player) lose(recorded *session.Event) {
	if recorded.Row == nil {
		return
	}
	for i, arg := range recorded.Row.Args {
		if arg.Kind != dialect.Cookie && arg.Kind != dialect.Session {
			continue
		}
		key := valueKey(arg.Kind, string(recorded.In.Arg(i)), recorded.User)
		if _, known := p.values[key]; !known {
			p.values[key] = ""
		}
	}
}
