package server

import (
	"github.com/msnscope/msnscope/decode"
	events "github.com/msnscope/msnscope/decode/session"
	star "github.com/msnscope/msnscope/internal/script"
)

// scripted lets the scripts see a command of the client before it is served, and reports whether it
// is to be. What they changed is in w.m then. The caller holds the turn.
func (c *conn) scripted(w *work) bool {
	table := c.table
	at := &scriptedConn{
		id: c.id, client: addrString(c.client), server: c.addr,
		facts: star.Facts{User: c.who(), Session: c.sessionID(), Dialect: table.Name(), Role: c.role},
	}
	e := &events.Event{
		Time: c.s.o.Now(), Conn: c.id, Client: at.client, Server: at.server, Dir: decode.FromClient,
		Role: c.role, Dialect: table.Name(), User: at.facts.User, Session: at.facts.Session, In: w.m,
		Row: table.Match(decode.FromClient, c.role, &w.m),
	}
	r := c.s.o.Scripts.Command(e, e.In.Raw, at)
	for _, raw := range r.Reply {
		c.sendRaw(raw)
	}
	for _, o := range r.Orders {
		switch {
		case o.Close:
			c.finish()
		case o.Dir == decode.FromServer:
			c.sendRaw(o.Raw)
		}
	}
	if r.Drop {
		return false
	}
	if len(r.Out) != len(e.In.Raw) || &r.Out[0] != &e.In.Raw[0] {
		w.m = decode.Parse(r.Out, decode.FromClient, table)
	}
	return true
}

// sendRaw queues a whole command for the client.
func (c *conn) sendRaw(raw []byte) {
	c.relay()
	c.queue(raw)
}

// sessionID returns the number of the switchboard session, "" for none.
func (c *conn) sessionID() string {
	if c.seat.session == nil {
		return ""
	}
	return c.seat.session.id
}

// scriptedConn is a connection as it was when a script was called.
type scriptedConn struct {
	id             int
	client, server string
	facts          star.Facts
}

// ID implements [star.Conn].
func (c *scriptedConn) ID() int { return c.id }

// Client implements [star.Conn].
func (c *scriptedConn) Client() string { return c.client }

// Server implements [star.Conn].
func (c *scriptedConn) Server() string { return c.server }

// Facts implements [star.Conn].
func (c *scriptedConn) Facts() star.Facts { return c.facts }

// NewTrID implements [star.Conn]. No request goes from the server to the client.
func (c *scriptedConn) NewTrID() uint32 { return 0 }

// ScriptLimits are what scripts cannot do at the server, with the reasons.
var ScriptLimits = map[string]string{
	"delay": inProxy, "hold": inProxy, "before": inProxy, "after": inProxy,
}

const inProxy = "the server serves a command at once, and alone: this takes the proxy"
