package session

import (
	"slices"
	"strings"
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
	table          *dialect.Table
	user, session  string
	via            int
	requests       []request
}

// request is a command that waits for an answer, or got one and may get more, as SYN and LST do.
type request struct {
	n        uint64
	at       time.Time
	hasTrID  bool
	trid     uint32
	replies  []string // verbs that answer it, besides errors
	answered bool
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
func (c *Conn) Dialect() string {
	if c.table == nil {
		return ""
	}
	return c.table.Name()
}

// Grammar returns the command table that frames the connection: the draft's until another dialect is agreed upon.
func (c *Conn) Grammar() *dialect.Table {
	if c.table == nil {
		return dialect.MSNP2
	}
	return c.table
}

// Track takes the next message in one direction and returns its event. The message is copied.
func (c *Conn) Track(dir decode.Dir, m *decode.Message, at time.Time) *Event {
	var row *dialect.Row
	if !m.Opaque() {
		row = c.match(dir, m)
	}
	if row != nil {
		c.learnRole(row)
		c.learn(dir, row, m)
	}
	e := c.event(at, Command, "")
	e.Dir, e.In, e.Row = dir, m.Clone(), row
	switch {
	case m.Opaque():
		e.Flags |= Opaque
	case dir == decode.FromClient:
		c.ask(e)
	default:
		c.answer(e)
	}
	if m.Verb.Code() != 0 {
		e.Flags |= Error
	}
	return e
}

// Close ends the connection; cause says why in words.
func (c *Conn) Close(at time.Time, cause string) *Event { return c.event(at, Close, cause) }

// Note returns an event about the connection that is no command.
func (c *Conn) Note(at time.Time, text string) *Event { return c.event(at, Note, text) }

// Gap returns the event of bytes that are missing in one direction.
func (c *Conn) Gap(at time.Time, dir decode.Dir, text string) *Event {
	e := c.event(at, Gap, text)
	e.Dir, e.Flags = dir, Missing
	return e
}

func (c *Conn) event(at time.Time, kind Kind, text string) *Event {
	return c.graph.number(&Event{
		Time: at, Kind: kind, Conn: c.id, Client: c.client, Server: c.server, Role: c.Role(), Dialect: c.Dialect(),
		User: c.user, Session: c.session, Via: c.via, Text: text,
	})
}

// match finds the row, at this connection's role first.
func (c *Conn) match(dir decode.Dir, m *decode.Message) *dialect.Row {
	if row := c.Grammar().Match(dir, c.roles, m); row != nil {
		return row
	}
	return c.Grammar().Match(dir, dialect.Any, m)
}

// learnRole narrows what the connection can be. Once it is one role it stays so: a command that does not belong there is a
// mistake of its sender.
func (c *Conn) learnRole(row *dialect.Row) {
	if c.roles.Known() {
		return
	}
	if both := c.roles & row.Roles; both != 0 {
		c.roles = both
	}
	if !c.roles.Known() && c.roles&row.Implies != 0 {
		c.roles = row.Implies
	}
}

// learn takes from the arguments what they tell of the connection and of those that follow it.
func (c *Conn) learn(dir decode.Dir, row *dialect.Row, m *decode.Message) {
	var cookie, address, session string
	self := false
	for i := range row.Args {
		word := string(m.Arg(i))
		if word == "" {
			break
		}
		switch row.Args[i].Kind {
		case dialect.Self:
			c.user, self = word, true
		case dialect.Session:
			session = word
		case dialect.Cookie:
			cookie = word
		case dialect.HostPort:
			address = word
		case dialect.Dialect:
			if dir == decode.FromServer {
				c.learnDialect(m)
			}
		}
	}
	if session != "" && c.roles == dialect.SB {
		c.session = session
	}
	switch {
	case dir == decode.FromServer && address != "" && cookie != "":
		c.graph.links.put(cookieKey(cookie, c.user), link{c.id, c.Dialect(), session})
	case dir == decode.FromServer && address != "" && address != "0":
		c.graph.links.put(userKey(c.user), link{c.id, "", ""})
	case dir == decode.FromClient && self:
		c.follow(cookie)
	}
}

// follow finds the referral that led here: by the cookie, or, on a notification server, by the user.
func (c *Conn) follow(cookie string) {
	if c.via != 0 || c.user == "" {
		return
	}
	key := userKey(c.user)
	if cookie != "" {
		key = cookieKey(cookie, c.user)
	}
	l, ok := c.graph.links.get(key)
	if !ok || l.conn == c.id {
		return
	}
	if cookie == "" {
		c.graph.links.drop(key) // who comes again begins again
	}
	c.via = l.conn
	if c.table == nil {
		c.table = dialect.Lookup(l.dialect)
	}
	if l.session != "" {
		c.session = l.session
	}
}

// learnDialect takes the first dialect of the server's VER that is one: CVR0 is none, 0 is a refusal (§7.1).
func (c *Conn) learnDialect(m *decode.Message) {
	for i := range m.NumArgs() {
		if t := dialect.Lookup(string(m.Arg(i))); t != nil {
			c.table = t
			return
		}
	}
}

// ask remembers a request.
func (c *Conn) ask(e *Event) {
	replies := []string{e.In.Verb.String()} // of a command that nobody knows
	if e.Row != nil {
		replies = e.Row.Replies
	}
	if !e.In.HasTrID && (e.Row == nil || len(replies) == 0) {
		return
	}
	if len(c.requests) == maxRequests {
		c.requests = slices.Delete(c.requests, 0, 1)
	}
	c.requests = append(c.requests, request{n: e.N, at: e.Time, hasTrID: e.In.HasTrID, trid: e.In.TrID, replies: replies})
}

// answer pairs what the server sent with the request that it answers (law: by connection, TrID and the request's replies):
// the oldest that has no answer yet, else the youngest that has one and may get more. A number that no request has stays
// alone, and 0 pairs with a request that waits for it only, since servers use it for what nobody asked for (§5.6).
func (c *Conn) answer(e *Event) {
	m := &e.In
	if m.Verb.Code() != 0 && !m.HasTrID {
		return // no request caused it (§7.11)
	}
	if e.Row != nil && e.Row.TrID == dialect.None && !c.awaits(m) {
		return
	}
	found := -1
	for i := range c.requests {
		r := &c.requests[i]
		if r.hasTrID != m.HasTrID || r.trid != m.TrID || !r.accepts(m.Verb) {
			continue
		}
		if !r.answered {
			found = i
			break
		}
		if m.Verb.Code() == 0 && m.TrID != 0 {
			found = i
		}
	}
	if found < 0 {
		return
	}
	r := &c.requests[found]
	r.answered = true
	e.ReplyTo, e.RTT = r.n, e.Time.Sub(r.at)
	if !r.hasTrID {
		c.requests = slices.Delete(c.requests, found, found+1)
	}
}

// awaits reports whether a request without a TrID waits for this verb, as PNG does for QNG.
func (c *Conn) awaits(m *decode.Message) bool {
	return slices.ContainsFunc(c.requests, func(r request) bool { return !r.hasTrID && r.accepts(m.Verb) })
}

// accepts reports whether the verb can answer the request.
func (r *request) accepts(v decode.Verb) bool {
	return v.Code() != 0 || slices.Contains(r.replies, v.String())
}

// Is reports whether the handle is the connection's user, without regard to case (§5.4).
func (c *Conn) Is(handle string) bool { return strings.EqualFold(c.user, handle) }
