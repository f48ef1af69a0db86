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
func (p *player) send(ctx context.Context, c *peer, e *session.Event) error {
	p.drain()
	if c.closed {
		p.fail(c, e, c.cause)
		return nil
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
	c.sess.Track(decode.FromClient, &m, time.Now())
	err = c.conn.SetWriteDeadline(time.Now().Add(p.o.timeout()))
	if ctx.Err() != nil { // after the deadline was set: the context's end sets one that has passed
		return ctx.Err()
	}
	if err == nil {
		_, err = c.conn.Write(raw)
	}
	if err != nil {
		if ctx.Err() != nil {
			return ctx.Err()
		}
		c.end(fmt.Sprintf("write to the server: %v", err))
		p.fail(c, e, c.cause)
		return nil
	}
	if m.Verb == out && !c.left {
		c.left, c.heard = true, c.came
	}
	p.add(p.began(c, e, Sent))
	return nil
}

// out is what a client says when it leaves.
var out = decode.V("OUT")

// translate returns the bytes of a recorded command with the values in it that are new in every session replaced by the live
// ones. All other bytes are the recorded ones.
func (p *player) translate(c *peer, e *session.Event) ([]byte, error) {
	m := e.Sent()
	if e.Row == nil || m.Opaque() {
		return m.Raw, nil
	}
	var out []byte
	done := 0
	for i := range m.NumArgs() {
		arg, _ := e.Row.Arg(i)
		word := string(m.Arg(i))
		live, err := word, error(nil)
		switch arg.Kind {
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

// value returns the live value for a recorded cookie or session number: itself where no server gave it, for then the client
// made it up.
func (p *player) value(arg dialect.Arg, word, user string) (string, error) {
	live, given := p.values[valueKey(arg.Kind, word, user)]
	switch {
	case !given:
		return word, nil
	case live == "":
		return "", fmt.Errorf("the server gave nothing in place of the %s %s", arg.Name, word)
	}
	return live, nil
}

// valueKey names a value: a cookie is its user's (§8.1), a session number everybody's.
func valueKey(kind dialect.Kind, word, user string) string {
	if kind == dialect.Cookie {
		return cookieKey(word, user)
	}
	return "s " + word
}

// secret returns the proof of the password: the answer to the live challenge, or a wrong one of the recorded form where the
// recorded one was wrong.
func (p *player) secret(c *peer, e *session.Event, recorded string) (string, error) {
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
	case l.challenge == "":
		return recorded, nil // not an answer to a challenge
	case !known:
		return "", fmt.Errorf("%w: %s signs in; give it with --password %s=PASSWORD", ErrPassword, l.user, l.user)
	case c.challenge == "":
		return "", errors.New("the server sent no challenge")
	}
	digest := decode.MD5Response(c.challenge, password)
	if recorded == strings.ToUpper(recorded) {
		digest = strings.ToUpper(digest)
	}
	return digest, nil
}

// spoil makes another digest of the same form.
func spoil(digest string) string {
	last := "0"
	if strings.HasSuffix(digest, last) {
		last = "1"
	}
	return digest[:len(digest)-1] + last
}

// learn takes from a live command the values that stand for the recorded ones.
func (p *player) learn(recorded, live *session.Event) {
	if recorded.Row == nil {
		return
	}
	if live.Row == nil || live.In.Verb != recorded.In.Verb || live.Row.Form() != recorded.Row.Form() {
		p.lose(recorded)
		return
	}
	for i, arg := range recorded.Row.Args {
		if arg.Kind == dialect.Cookie || arg.Kind == dialect.Session {
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
		p.addresses[recorded.N], p.servers[was] = address, address
	}
}

// lose notes that the values of a recorded command never came.
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
