package intercept

import (
	"context"
	"errors"
	"log/slog"
	"time"

	"github.com/msnscope/msnscope/decode"
	"github.com/msnscope/msnscope/internal/script"
	"github.com/msnscope/msnscope/proxy"
)

// scripts are the scripts of a proxy, a link of a [Chain].
type scripts struct {
	set      *script.Set // nil for none
	queue    *HoldQueue
	injector *Injector
	now      func() time.Time
	log      *slog.Logger
}

// Idle implements [Link].
func (s *scripts) Idle() bool { return s.set == nil }

// Wants implements the method of that name of [proxy.Interceptor].
func (s *scripts) Wants(dir decode.Dir) *decode.Verbs { return s.set.Wants(dir) }

// Intercept calls the scripts, and does with the command what they say.
func (s *scripts) Intercept(ctx context.Context, x *proxy.Exchange) {
	r := s.set.Command(x.In, x.Out, s.conn(x.Conn))
	x.Out, x.Drop = r.Out, r.Drop
	x.Before, x.After = append(x.Before, r.Before...), append(x.After, r.After...)
	x.Reply = append(x.Reply, r.Reply...)
	if r.By != "" {
		x.By(r.By)
	}
	s.do(r.Orders)
	if r.Delay > 0 {
		x.Flush()
		t := time.NewTimer(r.Delay)
		defer t.Stop()
		select {
		case <-t.C:
		case <-ctx.Done():
			return
		}
	}
	if r.Hold {
		s.queue.hold(ctx, x)
	}
}

// Opened tells the scripts of a new connection.
func (s *scripts) Opened(c *proxy.Conn) {
	if !s.Idle() {
		s.do(s.set.Opened(s.conn(c), s.now()))
	}
}

// Closed tells the scripts of the end of a connection.
func (s *scripts) Closed(c *proxy.Conn) {
	if !s.Idle() {
		s.do(s.set.Closed(s.conn(c), s.now()))
	}
}

// do carries out what scripts asked for.
func (s *scripts) do(orders []script.Order) {
	for _, o := range orders {
		c := o.Conn.(*scriptedConn)
		if o.Close {
			c.Kill(false, "closed by "+o.By)
			continue
		}
		if err := c.Inject(o.Dir, o.Raw, o.By); errors.Is(err, proxy.ErrWaiting) {
			s.log.Warn("what a script sends is lost", "script", o.By, "connection", c.ID(), "err", err)
		}
	}
}

// run tells the scripts the time, once a second, and loads those again whose files have changed,
// until ctx ends. changed is called after that.
func (s *scripts) run(ctx context.Context, changed func()) {
	t := time.NewTicker(time.Second)
	defer t.Stop()
	for {
		select {
		case <-t.C:
		case <-ctx.Done():
			return
		}
		if s.set.Reload() {
			changed()
		}
		s.do(s.set.Tick(s.now()))
	}
}

func (s *scripts) conn(c *proxy.Conn) *scriptedConn { return &scriptedConn{c, s.injector} }

// scriptedConn is a connection as scripts see it.
type scriptedConn struct {
	*proxy.Conn
	injector *Injector
}

// Facts implements [script.Conn].
func (c *scriptedConn) Facts() script.Facts {
	info := c.Info()
	return script.Facts{User: info.User, Session: info.Session, Dialect: info.Table.Name(), Role: info.Role}
}

// NewTrID implements [script.Conn].
func (c *scriptedConn) NewTrID() uint32 {
	c.injector.wake()
	return c.Conn.NewTrID()
}
