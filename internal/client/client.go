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

// Client is a user that is signed in. It is safe for concurrent use. Close, or Logout, ends it; so does the server.
type Client struct {
	opts    Options
	ctx     context.Context // ends with the client; for what it does by itself
	cancel  context.CancelFunc
	running sync.WaitGroup
	done    chan struct{}

	gate                       // guards what follows
	wires   map[*wire]struct{} // all connections that are read
	ns      *wire              // the notification server; nil while moving to another one (§7.4)
	ready   *wire              // the same once the state is restored there: requests wait for that
	leaving bool               // Logout: the end that follows is no news
	ended   bool               // no more connections and goroutines
	err     error
	reason  string // of the server's last OUT (§7.10)

	name, state string
	props       Properties
	sessions    map[*Switchboard]struct{}
	open        int // places for sessions that are taken, at most maxSessions
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

// Handle returns the user's handle, as Options have it.
func (c *Client) Handle() string { return c.opts.Handle }

// Name returns the user's own friendly name, unescaped: what the server said at the logon, or Rename set.
func (c *Client) Name() (name string) {
	c.view(func() { name = c.name })
	return name
}

// State returns the user's own state: "FLN" before the first SetState (§7.7).
func (c *Client) State() (state string) {
	c.view(func() { state = c.state })
	return state
}

// Referrals returns every address that a server ever gave this client, as it came, in the order of first sight and each
// once: those of XFR NS, XFR SB and RNG (§7.4, §8.1, §8.4); not the 0
// that means no address. Of more than 1024 the first are kept. The slice is the caller's.
func (c *Client) Referrals() (addrs []string) {
	c.view(func() { addrs = slices.Clone(c.addrs) })
	return addrs
}

func (c *Client) referred(addr string) {
	c.update(func() {
		if addr != "0" && len(c.addrs) < maxAddrs && !slices.Contains(c.addrs, addr) {
			c.addrs = append(c.addrs, addr)
		}
	})
}

// Done returns a channel that is closed when the client has ended, whoever ended it.
func (c *Client) Done() <-chan struct{} { return c.done }

// Err returns why the client ended: nil before, and after Close or Logout.
func (c *Client) Err() (err error) {
	c.view(func() { err = c.err })
	return err
}

// Logout leaves politely (§7.10): switchboards first, then OUT, and waits until the server has closed, at most until ctx
// ends. The client is closed in any case.
func (c *Client) Logout(ctx context.Context) error {
	for _, s := range c.Sessions() {
		_ = s.Leave(ctx) // one that ended by itself has been left too
	}
	w, err := c.conn(ctx)
	if err == nil {
		c.update(func() { c.leaving = true })
		err = w.leave(ctx)
	}
	c.Close()
	return err
}

// Close ends the client at once, as a program that is killed does: all connections are closed, and when it returns all of
// the client's goroutines have ended. A second Close does nothing.
func (c *Client) Close() {
	c.finish(nil)
	c.running.Wait()
}

// finish ends everything; err says why, nil when the caller wished it. Only the first call counts.
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

// spawn runs f on a goroutine that Close waits for, unless the client has ended.
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

// closedErr says that the client has ended, and why. The lock is held.
func (c *Client) closedErr() error {
	switch {
	case c.err == nil:
		return ErrClosed
	case errors.Is(c.err, ErrClosed):
		return c.err
	}
	return fmt.Errorf("%w: %w", ErrClosed, c.err)
}

// connect opens a connection. prepare is called before anything is read, over when the connection has ended.
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

// conn returns the connection to the notification server; while the client moves to another one it waits, so
// that no request comes there before the user's state.
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

// ask sends a request to the notification server and returns its reply.
func (c *Client) ask(ctx context.Context, co command, verbs ...string) (decode.Message, error) {
	w, err := c.conn(ctx)
	if err != nil {
		return decode.Message{}, fmt.Errorf("%s: %w", co.verb, err)
	}
	return w.ask(ctx, co, verbs...)
}
