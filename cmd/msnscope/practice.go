package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net"
	"strings"
	"sync"
	"time"

	"github.com/msnscope/msnscope/decode/dialect"
	"github.com/msnscope/msnscope/decode/session"
	"github.com/msnscope/msnscope/internal/client"
	"github.com/msnscope/msnscope/internal/eventlog"
	"github.com/msnscope/msnscope/internal/lesson"
	"github.com/msnscope/msnscope/internal/memnet"
	"github.com/msnscope/msnscope/proxy"
	"github.com/msnscope/msnscope/server/accounts"
	"github.com/msnscope/msnscope/ui"
	"github.com/msnscope/msnscope/ui/model"
)

// practiceAddress is where the proxy of an exercise listens, in a network in memory.
const practiceAddress = "127.0.0.1:1863"

// practiceTime bounds the beginning of an exercise: within one process it takes milliseconds.
const practiceTime = 30 * time.Second

// practice is a server with an exercise's users, behind a proxy, all in memory.
type practice struct {
	network memnet.Network
	server  *embedded
	proxy   *proxy.Proxy
	log     *eventlog.Log
	clients []*client.Client
	begun   chan struct{} // closed when the log has all that happened before the learner's turn
	serving sync.WaitGroup

	mu    sync.Mutex
	conns map[dialect.Role]net.Conn // the learner's
	on    dialect.Role              // where the last line went
}

var _ ui.Practice = (*practice)(nil)

// practise begins an exercise: it signs in everybody who is to be signed in, and returns when the
// log shows that.
func (e *env) practise(ctx context.Context, x *lesson.Exercise) (_ ui.Practice, err error) {
	ctx, cancel := context.WithTimeout(ctx, practiceTime)
	defer cancel()
	p := &practice{
		log: eventlog.New(eventlog.Options{}), conns: map[dialect.Role]net.Conn{}, on: x.Begin,
		begun: make(chan struct{}),
	}
	defer func() {
		if err != nil {
			p.Close()
		}
	}()
	quiet := slog.New(slog.DiscardHandler)
	flags := serverFlags{preset: "lenient", notifications: 1}
	if p.server, err = flags.embedWith(quiet, acquainted()); err != nil {
		return nil, err
	}
	p.proxy = proxy.New(proxy.Options{
		Upstream: p.server.entry, Dial: p.server.dial, Role: p.server.role, Publish: p.publish, Log: quiet,
	})
	l, err := p.network.Listen(practiceAddress)
	if err != nil {
		return nil, err
	}
	p.serving.Go(func() { _ = p.proxy.Serve(l) }) // it ends with Close
	for _, handle := range x.With {
		if err := p.signIn(ctx, client.Options{Handle: handle, Dial: p.network.DialContext}); err != nil {
			return nil, err
		}
	}
	if x.Begin == dialect.NS {
		o := client.Options{Handle: x.You, Dial: p.dialFor(dialect.NS), OnRing: func(*client.Ring) {}}
		if err := p.signIn(ctx, o); err != nil {
			return nil, err
		}
	}
	p.proxy.Note("It is your turn.")
	select {
	case <-p.begun:
		return p, nil
	case <-ctx.Done():
		return nil, context.Cause(ctx)
	}
}

// acquainted returns accounts whose users have each other on their forward and allow lists.
func acquainted() *accounts.Memory {
	store := accounts.Defaults()
	for _, name := range lesson.Users() {
		for _, other := range lesson.Users() {
			if other == name {
				continue
			}
			for _, list := range []accounts.List{accounts.Forward, accounts.Allow} {
				// cannot fail: both accounts exist, and the lists have room
				_ = store.ChangeOutside(accounts.News{
					What: accounts.Added, Handle: lesson.Handle(name), List: list,
					Entry: accounts.Entry{Handle: lesson.Handle(other), Name: other},
				})
			}
		}
	}
	return store
}

// publish adds an event to the log. The first note says that the learner's turn has come.
func (p *practice) publish(e *session.Event) {
	p.log.Append(e)
	if e.Kind == session.Note {
		select {
		case <-p.begun:
		default:
			close(p.begun)
		}
	}
}

// dialFor returns a dial function that keeps the connection which it opens last as the learner's to
// a server of the role: the learner's lines go there too.
func (p *practice) dialFor(role dialect.Role) func(context.Context, string, string) (net.Conn, error) {
	return func(ctx context.Context, network, addr string) (net.Conn, error) {
		c, err := p.network.DialContext(ctx, network, addr)
		if err == nil {
			p.mu.Lock()
			p.conns[role] = c
			p.mu.Unlock()
		}
		return c, err
	}
}

// signIn signs a user in, synchronizes and goes online. The client reads whatever comes from then
// on, and answers calls unless the options say otherwise.
func (p *practice) signIn(ctx context.Context, o client.Options) error {
	name, _, _ := strings.Cut(o.Handle, "@")
	o.Server, o.Password = practiceAddress, name+"pw"
	c, err := client.Login(ctx, o)
	if err != nil {
		return fmt.Errorf("sign %s in: %w", o.Handle, err)
	}
	p.clients = append(p.clients, c)
	if err := c.Sync(ctx); err != nil {
		return err
	}
	return c.SetState(ctx, "NLN")
}

// Log implements ui.Practice.
func (p *practice) Log() model.Log { return p.log }

// Send implements ui.Practice.
func (p *practice) Send(on dialect.Role, raw []byte) (err error) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if on == 0 {
		on = p.on
	}
	p.on = on
	c := p.conns[on]
	if c == nil {
		if c, err = p.network.DialContext(context.Background(), "tcp", practiceAddress); err != nil {
			return err
		}
		p.conns[on] = c
		p.serving.Go(func() { p.drain(on, c) })
	}
	// Nothing waits here: the buffer of the connection has room for many lines that the proxy has
	// not read.
	if _, err = c.Write(raw); err != nil {
		c.Close()
		delete(p.conns, on)
		return errors.New("the connection is closed; the next line opens a new one")
	}
	return nil
}

// drain reads what the server says, which the log shows, until the connection ends.
func (p *practice) drain(on dialect.Role, c net.Conn) {
	_, _ = io.Copy(io.Discard, c)
	c.Close()
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.conns[on] == c {
		delete(p.conns, on)
	}
}

// Close implements ui.Practice.
func (p *practice) Close() {
	for _, c := range p.clients {
		c.Close()
	}
	p.mu.Lock()
	for _, c := range p.conns {
		c.Close()
	}
	p.mu.Unlock()
	if p.proxy != nil {
		p.proxy.Close()
	}
	p.serving.Wait()
	if p.server != nil {
		p.server.Close()
	}
	_ = p.log.Close() // a temporary file at most
}
