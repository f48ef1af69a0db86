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
	"github.com/msnscope/msnscope/internal/edit"
	"github.com/msnscope/msnscope/proxy"
)

// Injector sends commands that people make up, and keeps from the client the server's answers to
// those that have a TrID of the proxy's own. It is a link of a [Chain], busy from the first such
// TrID on; its methods are safe for concurrent use.
type Injector struct {
	proxy *proxy.Proxy
	busy  atomic.Bool
	woken func()
}

// NewInjector returns an Injector for the connections of p. It calls woken when it becomes busy,
// before it sends the command whose answer it waits for; nil for no call.
func NewInjector(p *proxy.Proxy, woken func()) *Injector { return &Injector{proxy: p, woken: woken} }

// Idle implements [Link].
func (i *Injector) Idle() bool { return !i.busy.Load() }

// Wants implements the method of that name of [proxy.Interceptor]: it is about answers.
func (i *Injector) Wants(dir decode.Dir) *decode.Verbs {
	if dir == decode.FromClient {
		return &decode.Verbs{}
	}
	return nil
}

// Intercept drops answers to injected requests: the client has not asked for them.
func (i *Injector) Intercept(_ context.Context, x *proxy.Exchange) {
	if x.In.Dir == decode.FromServer && x.Conn.Ours(&x.In.In) {
		x.Drop, x.Flags, x.Rule = true, x.Flags|session.Injected, "answers an injected command"
	}
}

// wake makes the Injector busy: a command is about to be sent whose answer the client must not see.
func (i *Injector) wake() {
	if !i.busy.Swap(true) && i.woken != nil {
		i.woken()
	}
}

// injected is the rule that the events of injected commands name.
const injected = "injected by hand"

// Inject sends a command, as [edit.Injection] describes it. The error wraps [edit.ErrNoConn] for a
// connection that is not open, and is an [edit.NotAllowedError] for a command that the table of the
// connection's dialect does not allow.
func (i *Injector) Inject(in edit.Injection) error {
	c := i.proxy.Conn(in.Conn)
	if c == nil {
		return fmt.Errorf("connection %d: %w", in.Conn, edit.ErrNoConn)
	}
	info := c.Info()
	text, err := i.fill(in.Text, c, &info)
	if err != nil {
		return err
	}
	raw, err := edit.Typed(text)
	if err != nil {
		return err
	}
	if err := allowed(raw, in.Dir, &info); err != nil && !in.Anyway {
		return &edit.NotAllowedError{Err: err}
	}
	if err := c.Inject(in.Dir, raw, injected); err != nil {
		return fmt.Errorf("connection %d: %w", in.Conn, err)
	}
	return nil
}

// allowed checks each command against the table of the connection's dialect.
func allowed(raw []byte, dir decode.Dir, info *proxy.ConnInfo) error {
	r := decode.NewReader(dir, info.Table.At(info.Role))
	r.Feed(raw)
	var m decode.Message
	for r.Next(&m) {
		if err := info.Table.Check(dir, info.Role, &m); err != nil {
			return err
		}
	}
	if rest := r.Pending(); len(rest) > 0 {
		return fmt.Errorf("%q is not a whole command: a line ends in \\r\\n, and a payload is as long as the line "+
			"says", decode.Quote(rest))
	}
	return nil
}

// fill replaces the placeholders of a template, such as {user}, by what is known of the connection.
func (i *Injector) fill(text string, c *proxy.Conn, info *proxy.ConnInfo) (string, error) {
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
			value, known = i.value(name, c, info)
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

var errUnknown = errors.New("its value is not known yet on this connection")

func (i *Injector) value(name string, c *proxy.Conn, info *proxy.ConnInfo) (value string, known bool) {
	switch name {
	case "trid":
		i.wake()
		return strconv.FormatUint(uint64(c.NewTrID()), 10), true
	case "user":
		return info.User, true
	case "session":
		return info.Session, true
	case "cookie":
		return info.Cookie, true
	}
	return "", false
}
