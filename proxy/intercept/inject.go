package intercept

import (
	"context"
	"errors"
	"fmt"
	"strconv"
	"strings"
	"sync/atomic"

	"github.com/msnscope/msnscope/decode"
	"github.com/msnscope/msnscope/decode/session"
	"github.com/msnscope/msnscope/internal/steer"
	"github.com/msnscope/msnscope/proxy"
)

// Injector sends commands that people make up, and keeps from the client what the server answers to those that have a TrID of
// the proxy's own. It is a link of a chain, busy from the first such TrID on; its methods are safe for concurrent use.
type Injector struct {
	proxy *proxy.Proxy
	busy  atomic.Bool
	woken func()
}

// NewInjector returns one for the connections of p. It calls woken when it becomes busy, before the command is sent whose answer
// it waits for; nil for nobody.
func NewInjector(p *proxy.Proxy, woken func()) *Injector { return &Injector{proxy: p, woken: woken} }

// Idle implements [Link].
func (i *Injector) Idle() bool { return !i.busy.Load() }

// Intercept drops answers to injected requests: the client has asked for nothing.
func (i *Injector) Intercept(_ context.Context, x *proxy.Exchange) {
	if x.In.Dir == decode.FromServer && x.Conn.Ours(&x.In.In) {
		x.Drop, x.Flags, x.Rule = true, x.Flags|session.Injected, "answers an injected command"
	}
}

// injected is the rule that injected commands name.
const injected = "injected by hand"

// Inject sends a command, as [steer.Injection] describes it.
func (i *Injector) Inject(in steer.Injection) error {
	c := i.proxy.Conn(in.Conn)
	if c == nil {
		return fmt.Errorf("connection %d: %w", in.Conn, steer.ErrNoConn)
	}
	about := c.About()
	text, err := i.fill(in.Text, c, &about)
	if err != nil {
		return err
	}
	raw, err := steer.Typed(text)
	if err != nil {
		return err
	}
	if err := allowed(raw, in.Dir, &about); err != nil && !in.Anyway {
		return &steer.NotAllowedError{Err: err}
	}
	if err := c.Inject(in.Dir, raw, injected); err != nil {
		return fmt.Errorf("connection %d: %w", in.Conn, err)
	}
	return nil
}

// allowed checks each command against the table of the connection.
func allowed(raw []byte, dir decode.Dir, about *proxy.About) error {
	r := decode.NewReader(dir, about.Table.At(about.Role))
	r.Feed(raw)
	var m decode.Message
	for r.Next(&m) {
		if err := about.Table.Check(dir, about.Role, &m); err != nil {
			return err
		}
	}
	if rest := r.Pending(); len(rest) > 0 {
		return fmt.Errorf("%q is not a whole command: a line ends in \\r\\n, and a payload is as long as the line says", decode.Quote(rest))
	}
	return nil
}

// fill puts what is known of the connection in the places that a template has for it.
func (i *Injector) fill(text string, c *proxy.Conn, about *proxy.About) (string, error) {
	var out strings.Builder
	for rest := text; ; {
		before, after, found := strings.Cut(rest, "{")
		out.WriteString(before)
		name, tail, closed := strings.Cut(after, "}")
		if !found {
			return out.String(), nil
		}
		value, known := "", false
		if closed {
			value, known = i.value(name, c, about)
		}
		switch {
		case !known: // braces stand in later dialects' commands too
			out.WriteString("{")
			rest = after
			continue
		case value == "":
			return "", fmt.Errorf("{%s}: %w", name, errUnknown)
		}
		out.WriteString(value)
		rest = tail
	}
}

var errUnknown = errors.New("nothing on this connection has told that yet")

func (i *Injector) value(name string, c *proxy.Conn, about *proxy.About) (value string, known bool) {
	switch name {
	case "trid":
		if !i.busy.Swap(true) && i.woken != nil {
			i.woken()
		}
		return strconv.FormatUint(uint64(c.NewTrID()), 10), true
	case "user":
		return about.User, true
	case "session":
		return about.Session, true
	case "cookie":
		return about.Cookie, true
	}
	return "", false
}
