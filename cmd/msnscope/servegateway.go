package main

import (
	"errors"
	"net"
	"net/http"

	"github.com/msnscope/msnscope/decode/dialect"
	"github.com/msnscope/msnscope/internal/gateway"
	"github.com/msnscope/msnscope/server"
)

// webGateway is the gateway of serve: the sessions of clients over HTTP are connections to the
// notification server and to the switchboard.
type webGateway struct {
	on      net.Listener
	web     *http.Server
	gateway *gateway.Gateway
	ns, sb  *gateway.Listener
}

// webParts is how many results webGateway.serve sends at most.
const webParts = 3

// openGateway listens for clients over HTTP; it returns nil for no address. They are told that the
// gateway is at host.
func openGateway(
	addr, host string, proxies []string, listen func(addr string) (net.Listener, error),
) (*webGateway, error) {
	if addr == "" {
		return nil, nil
	}
	if len(proxies) > 0 {
		return nil, usage("--gateway and --proxy-protocol-from exclude each other: HTTP has no PROXY header")
	}
	on, err := listen(addr)
	if err != nil {
		return nil, err
	}
	g := &webGateway{on: on, ns: gateway.NewListener(on.Addr()), sb: gateway.NewListener(on.Addr())}
	g.gateway = &gateway.Gateway{Accept: g.accept, Host: func(net.Addr) string { return host }}
	g.web = g.gateway.Server()
	return g, nil
}

func (g *webGateway) accept(c *gateway.Conn, o gateway.Open) {
	if o.Role == dialect.SB {
		g.sb.Give(c)
	} else {
		g.ns.Give(c)
	}
}

// serve starts serving, and sends to ends what ends.
func (g *webGateway) serve(e *env, srv *server.Server, ends chan<- error) {
	if g == nil {
		return
	}
	e.say("gateway on %s", g.on.Addr())
	go func() { ends <- srv.Serve(dialect.NS, g.ns) }()
	go func() { ends <- srv.Serve(dialect.SB, g.sb) }()
	go func() {
		if err := g.web.Serve(g.on); !errors.Is(err, http.ErrServerClosed) {
			ends <- err
		}
	}()
}

// close ends the sessions, and refuses new ones.
func (g *webGateway) close() {
	if g == nil {
		return
	}
	g.gateway.Close()
	_ = g.web.Close()
	_ = g.on.Close() // where it was not served
}
