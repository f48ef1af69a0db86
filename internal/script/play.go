package script

import (
	"strconv"
	"time"

	"github.com/msnscope/msnscope/decode"
	"github.com/msnscope/msnscope/decode/session"
)

// Player calls scripts for the events of a capture, as if these were live. It is for one goroutine.
type Player struct {
	// Delayed is how many commands scripts would have delayed.
	Delayed int

	set   *Set
	conns map[int]*playedConn
	last  time.Time // of the last tick
}

// NewPlayer returns a player of the scripts.
func NewPlayer(set *Set) *Player { return &Player{set: set, conns: map[int]*playedConn{}} }

// playedConn is a connection of a capture.
type playedConn struct {
	id             int
	client, server string
	facts          Facts
	trids          uint32
}

func (c *playedConn) ID() int        { return c.id }
func (c *playedConn) Client() string { return c.client }
func (c *playedConn) Server() string { return c.server }
func (c *playedConn) Facts() Facts   { return c.facts }

// firstTrID is where the numbers of injected requests begin, as in the proxy.
const firstTrID = 0xf0000000

func (c *playedConn) NewTrID() uint32 {
	c.trids++
	return firstTrID + c.trids
}

// Play calls the scripts for the next event, and before that tick if a second has passed since it
// was called last. It returns what there would have been in the event's place: the event, flagged
// if a script did something about it, and the commands that scripts would have sent before and
// after it. The events share memory with e, which it leaves as it is. Nothing waits: what would
// have been delayed or held stands in its place.
func (p *Player) Play(e *session.Event) []*session.Event {
	var before []*session.Event
	if !e.Time.IsZero() && e.Time.Sub(p.last) >= time.Second {
		if !p.last.IsZero() {
			before = p.carryOut(e, p.set.Tick(e.Time))
		}
		p.last = e.Time
	}
	if e.Conn == 0 {
		return append(before, e)
	}
	c := p.conn(e)
	switch e.Kind {
	case session.Open:
		return append(append(before, e), p.carryOut(e, p.set.Opened(c, e.Time))...)
	case session.Close:
		delete(p.conns, e.Conn)
		return append(append(before, e), p.carryOut(e, p.set.Closed(c, e.Time))...)
	case session.Command:
		return append(before, p.command(e, c)...)
	}
	return append(before, e)
}

// conn returns the connection of an event, as known now.
func (p *Player) conn(e *session.Event) *playedConn {
	c := p.conns[e.Conn]
	if c == nil {
		c = &playedConn{id: e.Conn}
		p.conns[e.Conn] = c
	}
	c.client, c.server = e.Client, e.Server
	c.facts = Facts{User: e.User, Session: e.Session, Dialect: e.Dialect, Role: e.Role}
	return c
}

// command plays a command.
func (p *Player) command(e *session.Event, c *playedConn) (all []*session.Event) {
	was := e.Out
	if was == nil {
		was = e.In.Raw
	}
	r := p.set.Command(e, was, c)
	if r.By == "" {
		return append(append(all, e), p.carryOut(e, r.Orders)...)
	}
	if r.Delay > 0 {
		p.Delayed++
	}
	for _, raw := range r.Before {
		all = append(all, injected(e, e.Dir, raw, r.By))
	}
	changed := *e
	changed.Text = r.By
	if e.Text != "" {
		changed.Text = e.Text + "; " + r.By
	}
	if string(r.Out) != string(was) {
		changed.Out, changed.Flags = r.Out, changed.Flags|session.Edited
	}
	if r.Drop {
		changed.Flags |= session.Dropped
	}
	if r.Hold {
		changed.Flags |= session.Held
	}
	all = append(all, &changed)
	for _, raw := range r.After {
		all = append(all, injected(e, e.Dir, raw, r.By))
	}
	for _, raw := range r.Reply {
		all = append(all, injected(e, e.Dir.Reverse(), raw, r.By))
	}
	return append(all, p.carryOut(e, r.Orders)...)
}

// carryOut returns the events of what scripts asked for at the time of e.
func (p *Player) carryOut(e *session.Event, orders []Order) (all []*session.Event) {
	for _, o := range orders {
		c := o.Conn.(*playedConn)
		at := session.Event{
			N: e.N, Time: e.Time, Conn: c.id, Client: c.client, Server: c.server, Role: c.facts.Role,
			Dialect: c.facts.Dialect, User: c.facts.User, Session: c.facts.Session,
		}
		if o.Close {
			at.Kind, at.Text = session.Note, "connection "+strconv.Itoa(c.id)+" closed by "+o.By
			all = append(all, &at)
			continue
		}
		all = append(all, injected(&at, o.Dir, o.Raw, o.By))
	}
	return all
}

// injected returns the event of a command that a script sent, at the time and on the connection of
// e, whose number it has.
func injected(e *session.Event, dir decode.Dir, raw []byte, by string) *session.Event {
	table := session.Table(e.Dialect)
	x := &session.Event{
		N: e.N, Time: e.Time, Conn: e.Conn, Client: e.Client, Server: e.Server, Role: e.Role, Dialect: e.Dialect,
		User: e.User, Session: e.Session, Via: e.Via, File: e.File, Dir: dir,
		In: decode.Parse(raw, dir, table.At(e.Role)), Flags: session.Injected, Text: by,
	}
	x.Row = table.Match(dir, e.Role, &x.In)
	if x.In.Verb.Code() != 0 {
		x.Flags |= session.Error
	}
	return x
}
