package session

import (
	"time"

	"github.com/msnscope/msnscope/decode"
	"github.com/msnscope/msnscope/decode/dialect"
)

// Conn is what is known of one connection. It is not safe for concurrent use: see [Graph].
type Conn struct {
	graph          *Graph
	id             int
	client, server string
	roles          dialect.Role // what it can be
	speaks         speech
	inferred       bool // speaks is concluded from evidence
	told           bool // there was a VER: what it says is the dialect
	evidence       *evidence
	user, session  string
	via            int
	requests       *requests // nil before the first
}

// ID returns the connection's number.
func (c *Conn) ID() int { return c.id }

// To names the server that the connection goes to, and its role where the caller knows it; 0 where not: then what is said
// will tell.
func (c *Conn) To(server string, role dialect.Role) {
	c.server, c.roles = server, role
	if !role.Known() {
		c.roles = dialect.Any
	}
}

// Role returns the server's role, 0 while unknown.
func (c *Conn) Role() dialect.Role {
	if !c.roles.Known() {
		return 0
	}
	return c.roles
}

// User returns the handle of the connection's user, "" while unknown.
func (c *Conn) User() string { return c.user }

// Session returns the number of the switchboard session, "" while unknown.
func (c *Conn) Session() string { return c.session }

// Via returns the number of the connection whose referral led here, 0 if unknown.
func (c *Conn) Via() int { return c.via }

// Dialect returns the name of the dialect, "" while unknown.
func (c *Conn) Dialect() string { return c.speaks.name }

// Inferred reports whether the dialect is concluded from what was said, since no VER told it.
func (c *Conn) Inferred() bool { return c.inferred }

// Framing returns what frames the connection as far as its dialect and role are known by now: at some roles a command has a
// payload that it does not have at others. It differs from call to call; ask again after each [Conn.Track].
func (c *Conn) Framing() decode.Grammar { return c.Grammar().At(c.Role()) }

// Grammar returns the command table of the connection: the draft's until another dialect is agreed upon.
func (c *Conn) Grammar() *dialect.Table {
	if c.speaks.table == nil {
		return dialect.MSNP2
	}
	return c.speaks.table
}

// Track takes the next message in one direction and returns its event. The message is copied.
func (c *Conn) Track(dir decode.Dir, m *decode.Message, at time.Time) *Event {
	e := newEvent(m)
	c.Annotate(e, dir, at)
	return e
}

// Annotate is [Conn.Track] for who reads many messages and keeps few events. The message is e.In, and Annotate sets all other
// fields of e, whatever they were.
//
// Nothing is copied and nothing of e is kept: e.In.Raw stays what it was, mostly a part of a [decode.Reader]'s buffer and valid
// as long as that, and the caller may use e again for the next message. The strings and the Row may be kept. It allocates where
// something new is learnt, and nothing for most messages.
func (c *Conn) Annotate(e *Event, dir decode.Dir, at time.Time) {
	var row *dialect.Row
	if !e.In.Opaque() {
		c.infer(dir, &e.In)
		row = c.match(dir, &e.In)
	}
	if row != nil {
		c.learnRole(row)
		c.learn(dir, row, &e.In)
	}
	c.event(e, at, Command, "")
	e.Dir, e.Row, e.Out, e.ReplyTo, e.RTT, e.Flags, e.Packets = dir, row, nil, 0, 0, 0, Packets{}
	switch {
	case e.In.Opaque():
		e.Flags = Opaque
	case dir == decode.FromClient:
		c.ask(e)
	default:
		c.answer(e)
	}
	if e.In.Verb.Code() != 0 {
		e.Flags |= Error
	}
}

// inlineRaw is the length of a command that is kept beside its event, in one allocation: four of five are no longer, and
// both together fill what the allocator hands out.
const inlineRaw = 96

// newEvent returns an event with a copy of the message.
func newEvent(m *decode.Message) *Event {
	if len(m.Raw) > inlineRaw || m.NumArgs() > numArgs {
		return &Event{In: m.Clone()}
	}
	both := new(struct {
		event Event
		raw   [inlineRaw]byte
	})
	e := &both.event
	e.In = *m
	e.In.Raw = both.raw[:len(m.Raw):len(m.Raw)]
	copy(e.In.Raw, m.Raw)
	return e
}

// numArgs is how many arguments a message may have to be copied without [decode.Message.Clone]: all that it holds itself.
const numArgs = 16

// Close ends the connection; cause says why in words. Its requests are forgotten.
func (c *Conn) Close(at time.Time, cause string) *Event {
	c.graph.give(c.requests)
	c.requests = nil
	return c.event(new(Event), at, Close, cause)
}

// Note returns an event about the connection that is no command.
func (c *Conn) Note(at time.Time, text string) *Event { return c.event(new(Event), at, Note, text) }

// Gap returns the event of bytes that are missing in one direction.
func (c *Conn) Gap(at time.Time, dir decode.Dir, text string) *Event {
	e := c.event(new(Event), at, Gap, text)
	e.Dir, e.Flags = dir, Missing
	return e
}

// event fills in what is known by now.
func (c *Conn) event(e *Event, at time.Time, kind Kind, text string) *Event {
	e.Time, e.Kind, e.Text = at, kind, text
	e.Conn, e.Client, e.Server, e.Via = c.id, c.client, c.server, c.via
	e.Role, e.Dialect, e.Inferred = c.Role(), c.speaks.name, c.inferred
	e.User, e.Session = c.user, c.session
	return c.graph.number(e)
}

// match finds the row, at this connection's role first.
func (c *Conn) match(dir decode.Dir, m *decode.Message) *dialect.Row {
	if row := c.Grammar().Match(dir, c.roles, m); row != nil {
		return row
	}
	return c.Grammar().Match(dir, dialect.Any, m)
}
