package session

import (
	"time"

	"github.com/msnscope/msnscope/decode"
	"github.com/msnscope/msnscope/decode/dialect"
)

// BegunBefore is the Text of an Open event for a connection whose beginning was not seen.
const BegunBefore = "it was open before the capture began"

// Conn holds what is known of one connection. It is not safe for concurrent use: see [Graph].
type Conn struct {
	graph          *Graph
	id             int
	client, server string
	roles          dialect.Role // the roles that the server can have
	speaks         speech
	offered        speech // what the client's VER offers first
	inferred       bool   // whether speaks is not what a server's VER named
	sawVER         bool   // whether a VER was seen, so that the dialect is not inferred
	evidence       *evidence
	user, session  string
	via            int
	file           *File     // of a file transfer, nil where it is not known
	requests       *requests // nil before the first request
}

// ID returns the connection's number.
func (c *Conn) ID() int { return c.id }

// To sets the address of the server to which the connection goes, and its role if the caller knows
// it. If role is 0, it is inferred from the commands.
func (c *Conn) To(server string, role dialect.Role) {
	c.server, c.roles = server, role
	switch {
	case !role.Known():
		c.roles = anyEnd
	case role == dialect.FT:
		c.transfers()
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

// Inferred reports whether the dialect is not agreed upon: it was inferred from commands because no
// VER was seen, or is what the client offered before the server answered.
func (c *Conn) Inferred() bool { return c.inferred }

// Framing returns the grammar that frames the connection, by the dialect and the role known so far:
// at some roles a command has a payload that it does not have at others. The result changes as more
// is learned, so callers must ask again after each [Conn.Track].
func (c *Conn) Framing() decode.Grammar { return c.Grammar().At(c.Role()) }

// Grammar returns the command table of the connection: until a dialect is agreed upon, that of the
// one that the client offered, since many clients do not wait for the answer. Without an offer it
// is the draft's.
func (c *Conn) Grammar() *dialect.Table {
	switch {
	case c.speaks.table != nil:
		return c.speaks.table
	case c.offered.table != nil:
		return c.offered.table
	}
	return dialect.MSNP2
}

// Track takes the next message in one direction and returns its event. The message is copied.
func (c *Conn) Track(dir decode.Dir, m *decode.Message, at time.Time) *Event {
	e := newEvent(m)
	c.Annotate(e, dir, at)
	return e
}

// Annotate is [Conn.Track] for callers that read many messages and keep few events. The caller sets
// e.In to the message; Annotate sets all other fields of e, whatever they were.
//
// Annotate copies no message and keeps nothing of e: e.In.Raw stays the caller's slice, mostly a
// part of a [decode.Reader]'s buffer and valid only as long as that, and the caller may use e again
// for the next message. The strings and the Row may be kept. Most messages cost no allocation; only
// one that teaches something new does.
func (c *Conn) Annotate(e *Event, dir decode.Dir, at time.Time) {
	var row *dialect.Row
	if c.speaks.table == nil && c.offered.table != nil {
		c.speaks, c.inferred = c.offered, true
	}
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
	if e.In.Malformed() != "" {
		e.Flags |= Malformed
	}
}

// inlineRaw is the length in bytes up to which a command is stored in the same allocation as its
// event: four out of five commands are not longer, and both together fill a size class of the
// allocator.
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

// numArgs is how many arguments a message holds without an allocation of its own. A message with at
// most that many is copied without [decode.Message.Clone].
const numArgs = 16

// Close ends the connection and returns its close event; cause says in words why it ended.
// Unanswered requests are forgotten.
func (c *Conn) Close(at time.Time, cause string) *Event {
	e := new(Event)
	c.End(e, at, cause)
	return e
}

// End is [Conn.Close] for callers that keep few events: it sets all fields of e, whatever they
// were, to the close event.
func (c *Conn) End(e *Event, at time.Time, cause string) {
	c.graph.give(c.requests)
	c.requests = nil
	*e = Event{}
	c.event(e, at, Close, cause)
}

// HalfClose returns the event that the end which sends in direction dir will send no more. The
// connection continues.
func (c *Conn) HalfClose(at time.Time, dir decode.Dir) *Event {
	e := new(Event)
	c.EndHalf(e, at, dir)
	return e
}

// EndHalf is [Conn.HalfClose] for callers that keep few events: it sets all fields of e, whatever
// they were, to that event.
func (c *Conn) EndHalf(e *Event, at time.Time, dir decode.Dir) {
	*e = Event{}
	c.event(e, at, HalfClose, "")
	e.Dir = dir
}

// Note returns an event about the connection that is not a command.
func (c *Conn) Note(at time.Time, text string) *Event { return c.event(new(Event), at, Note, text) }

// Wait returns the event that a command which began in direction dir is not complete yet; text says
// what it waits for.
func (c *Conn) Wait(at time.Time, dir decode.Dir, text string) *Event {
	e := c.event(new(Event), at, Wait, text)
	e.Dir = dir
	return e
}

// Gap returns the event that bytes are missing in one direction; text describes them.
func (c *Conn) Gap(at time.Time, dir decode.Dir, text string) *Event {
	e := c.event(new(Event), at, Gap, text)
	e.Dir, e.Flags = dir, Missing
	return e
}

// event fills in e with what is known of the connection now, and returns it.
func (c *Conn) event(e *Event, at time.Time, kind Kind, text string) *Event {
	e.Time, e.Kind, e.Text = at, kind, text
	e.Conn, e.Client, e.Server, e.Via = c.id, c.client, c.server, c.via
	e.Role, e.Dialect, e.Inferred = c.Role(), c.speaks.name, c.inferred
	e.User, e.Session = c.user, c.session
	return c.graph.number(e)
}

// anyEnd is what a connection of which nothing is known may lead to: a server of any kind, or a
// client that sends a file.
const anyEnd = dialect.Any | dialect.FT

// match returns the row that describes the message, of this connection's role if possible; nil for
// none. A file transfer has no commands of servers.
func (c *Conn) match(dir decode.Dir, m *decode.Message) *dialect.Row {
	if row := c.Grammar().Match(dir, c.roles, m); row != nil {
		return row
	}
	if c.roles == dialect.FT {
		return nil
	}
	return c.Grammar().Match(dir, dialect.Any, m)
}
