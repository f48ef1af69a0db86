package client

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"slices"
	"sync"

	"github.com/msnscope/msnscope/decode"
)

// Client is a user that is signed in. It is safe for concurrent use. It ends by Close or Logout, or
// when the server ends it.
type Client struct {
	opts    Options
	ctx     context.Context // ends with the client; used for what it does on its own
	cancel  context.CancelFunc
	running sync.WaitGroup
	done    chan struct{}

	gate                     // guards what follows
	wires map[*wire]struct{} // all connections that are still read
	ns    *wire              // to the notification server; nil while moving to another one (§7.4)
	// ns, once the user's state is restored there: requests wait for that
	ready   *wire
	leaving bool // Logout has begun, so the end that follows is not reported
	ended   bool // no new connections or goroutines may start
	err     error
	reason  string // of the server's last OUT (§7.10)

	name, state string
	props       Properties
	sessions    map[*Switchboard]struct{}
	open        int // sessions reserved or open, at most maxSessions
	addrs       []string
}

func newClient(o Options) *Client {
	c := &Client{
		opts: o, done: make(chan struct{}), state: "FLN",
		wires: make(map[*wire]struct{}), sessions: make(map[*Switchboard]struct{}),
	}
	if o.Cache != nil {
		c.props = o.Cache.clone()
	}
	c.ctx, c.cancel = context.WithCancel(context.Background())
	return c
}

// Handle returns the user's handle, as given in Options.
func (c *Client) Handle() string { return c.opts.Handle }

// Name returns the user's own friendly name, unescaped: from the answer to the logon, or as set by
// Rename.
func (c *Client) Name() (name string) {
	c.view(func() { name = c.name })
	return name
}

// State returns the user's own state: "FLN" before the first SetState (§7.7).
func (c *Client) State() (state string) {
	c.view(func() { state = c.state })
	return state
}

// Referrals returns every address in an XFR NS, XFR SB or RNG (§7.4, §8.1, §8.4) that this client
// has received, as it was written, each once and in the order of first appearance; it leaves out
// the 0 that means no address. Only the first 1024 are kept. The caller owns the slice.
func (c *Client) Referrals() (addrs []string) {
	c.view(func() { addrs = slices.Clone(c.addrs) })
	return addrs
}

// referred records an address for Referrals.
func (c *Client) referred(addr string) {
	c.update(func() {
		if addr != "0" && len(c.addrs) < maxAddrs && !slices.Contains(c.addrs, addr) {
			c.addrs = append(c.addrs, addr)
		}
	})
}

// Done returns a channel that is closed when the client has ended, for whatever reason.
func (c *Client) Done() <-chan struct{} { return c.done }

// Err returns why the client ended. It is nil while the client runs, and after Close or Logout.
func (c *Client) Err() (err error) {
	c.view(func() { err = c.err })
	return err
}

// Logout leaves the switchboards, sends OUT (§7.10), and waits until the server has closed the
// connection or ctx ends. The client is closed in any case.
func (c *Client) Logout(ctx context.Context) error {
	for _, s := range c.Sessions() {
		_ = s.Leave(ctx) // a session that has ended already needs no leaving
	}
	w, err := c.conn(ctx)
	if err == nil {
		c.update(func() { c.leaving = true })
		err = w.leave(ctx)
	}
	c.Close()
	return err
}

// Close ends the client at once, as if its program were killed: it closes all connections, and
// returns when all of the client's goroutines have ended. A second Close does nothing.
func (c *Client) Close() {
	c.finish(nil)
	c.running.Wait()
}

// finish ends the client; err says why, and is nil when the caller asked for it. Only the first
// call has an effect.
func (c *Client) finish(err error) {
	var wires []*wire
	var out Out
	news := false
	c.update(func() {
		if c.ended {
			return
		}
		news = err != nil && !c.leaving
		if news {
			c.err = err
		}
		c.ended = true
		close(c.done)
		wires = slices.Collect(maps.Keys(c.wires))
		out = Out{Reason: c.reason, Err: err}
	})
	c.cancel()
	for _, w := range wires {
		w.close()
	}
	if news {
		c.opts.emit(out)
	}
}

// spawn runs f on a goroutine that Close waits for. It fails if the client has ended.
func (c *Client) spawn(f func()) (err error) {
	c.update(func() {
		if c.ended {
			err = c.closedErr()
			return
		}
		c.running.Go(f)
	})
	return err
}

// closedErr returns an ErrClosed that says why the client has ended. The gate must be locked.
func (c *Client) closedErr() error {
	switch {
	case c.err == nil:
		return ErrClosed
	case errors.Is(c.err, ErrClosed):
		return c.err
	}
	return fmt.Errorf("%w: %w", ErrClosed, c.err)
}

// connect opens a connection and starts reading it. It calls prepare before anything is read, and
// over when the connection has ended.
func (c *Client) connect(ctx context.Context, addr string, prepare, over func(*wire)) error {
	conn, err := c.opts.dial(ctx, addr)
	if err != nil {
		return fmt.Errorf("%w %s: %w", ErrConnect, addr, err)
	}
	w := newWire(conn, c.opts.BareLF)
	prepare(w)
	c.update(func() { c.wires[w] = struct{}{} })
	err = c.spawn(func() {
		w.read()
		c.update(func() { delete(c.wires, w) })
		over(w)
	})
	if err != nil { // the client has ended
		w.close()
	}
	return err
}

// conn returns the connection to the notification server. While the client moves to another one,
// conn waits until the user's state is set there, so that no request overtakes it.
func (c *Client) conn(ctx context.Context) (w *wire, err error) {
	ended := c.await(ctx, func() bool {
		w = c.ns
		if c.ended {
			err = c.closedErr()
		}
		return c.ended || c.ns != nil && c.ns == c.ready
	})
	return w, errors.Join(ended, err)
}

// ask sends a request to the notification server and returns the reply, which must have one of the
// verbs.
func (c *Client) ask(ctx context.Context, co command, verbs ...string) (decode.Message, error) {
	w, err := c.conn(ctx)
	if err != nil {
		return decode.Message{}, fmt.Errorf("%s: %w", co.verb, err)
	}
	return w.ask(ctx, co, verbs...)
}
