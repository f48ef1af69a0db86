package intercept

import (
	"context"
	"sync"

	"github.com/msnscope/msnscope/decode"
	"github.com/msnscope/msnscope/proxy"
)

// Chain applies interceptors one after the other, each to what those before it left; once one drops
// the command, the rest do not see it. While all links are idle, the proxy has no interceptor.
type Chain struct {
	proxy *proxy.Proxy
	links []Link

	mu        sync.Mutex
	installed bool
}

// Link is an interceptor of a [Chain]. While Idle reports true, Intercept is not called. Idle must
// be safe for concurrent use. A link that has Wants is not called for other commands only as long
// as no busy link sees them.
type Link interface {
	proxy.Interceptor
	Idle() bool
}

// NewChain returns a chain of the links in their order, at work on p. Call Update after each change
// that makes one of them idle or busy.
func NewChain(p *proxy.Proxy, links ...Link) *Chain {
	c := &Chain{proxy: p, links: links}
	c.Update()
	return c
}

// Update installs the chain as the proxy's interceptor if one of its links is busy, for the
// commands that the busy ones want to see, and removes it if all are idle.
func (c *Chain) Update() {
	c.mu.Lock()
	defer c.mu.Unlock()
	busy := false
	for _, l := range c.links {
		busy = busy || !l.Idle()
	}
	switch {
	case busy:
		c.proxy.Intercept(c)
	case !busy && c.installed:
		c.proxy.Intercept(nil)
	}
	c.installed = busy
}

// Intercept implements [proxy.Interceptor].
func (c *Chain) Intercept(ctx context.Context, x *proxy.Exchange) {
	for _, l := range c.links {
		if x.Drop {
			return
		}
		if !l.Idle() {
			l.Intercept(ctx, x)
		}
	}
}

// Wants implements the method of that name of [proxy.Interceptor].
func (c *Chain) Wants(dir decode.Dir) *decode.Verbs {
	var all decode.Verbs
	for _, l := range c.links {
		if l.Idle() {
			continue
		}
		chooser, ok := l.(interface {
			Wants(decode.Dir) *decode.Verbs
		})
		if !ok {
			return nil
		}
		wants := chooser.Wants(dir)
		if wants == nil {
			return nil
		}
		all.AddAll(wants)
	}
	return &all
}

// Opened implements the method of that name of [proxy.Interceptor] for all links that have it.
func (c *Chain) Opened(conn *proxy.Conn) {
	for _, l := range c.links {
		if l, ok := l.(interface{ Opened(*proxy.Conn) }); ok {
			l.Opened(conn)
		}
	}
}

// Ended implements the method of that name of [proxy.Interceptor] for all links that have it.
func (c *Chain) Ended(conn *proxy.Conn, dir decode.Dir) {
	for _, l := range c.links {
		if l, ok := l.(interface {
			Ended(*proxy.Conn, decode.Dir)
		}); ok {
			l.Ended(conn, dir)
		}
	}
}

// Closed implements the method of that name of [proxy.Interceptor] for all links that have it.
func (c *Chain) Closed(conn *proxy.Conn) {
	for _, l := range c.links {
		if l, ok := l.(interface{ Closed(*proxy.Conn) }); ok {
			l.Closed(conn)
		}
	}
}
