package intercept

import (
	"context"
	"sync"

	"github.com/msnscope/msnscope/decode"
	"github.com/msnscope/msnscope/proxy"
)

// Chain applies interceptors one after the other, each to what those before it left; once one drops the command, the rest do not
// see it. A link that is Idle does nothing; while all are, the proxy has no interceptor.
type Chain struct {
	proxy *proxy.Proxy
	links []Link

	mu        sync.Mutex
	installed bool
}

// Link is an interceptor that may have nothing to do. Idle must be safe for concurrent use.
type Link interface {
	proxy.Interceptor
	Idle() bool
}

// NewChain returns a chain of the links in their order. Call Update after each change that makes one of them idle or busy.
func NewChain(p *proxy.Proxy, links ...Link) *Chain {
	c := &Chain{proxy: p, links: links}
	c.Update()
	return c
}

// Update puts the chain into the proxy, or takes it out.
func (c *Chain) Update() {
	c.mu.Lock()
	defer c.mu.Unlock()
	busy := false
	for _, l := range c.links {
		busy = busy || !l.Idle()
	}
	switch {
	case busy && !c.installed:
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

// Ended tells the links that one side of a connection has said its last command.
func (c *Chain) Ended(conn *proxy.Conn, dir decode.Dir) {
	for _, l := range c.links {
		if l, ok := l.(interface {
			Ended(*proxy.Conn, decode.Dir)
		}); ok {
			l.Ended(conn, dir)
		}
	}
}

// Closed tells the links that a connection has ended.
func (c *Chain) Closed(conn *proxy.Conn) {
	for _, l := range c.links {
		if l, ok := l.(interface{ Closed(*proxy.Conn) }); ok {
			l.Closed(conn)
		}
	}
}
