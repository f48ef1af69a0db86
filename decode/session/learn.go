package session

import (
	"github.com/msnscope/msnscope/decode"
	"github.com/msnscope/msnscope/decode/dialect"
)

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

// telling are the kinds of arguments that tell something of a connection: few commands have one.
var telling = dialect.KindsOf(dialect.Self, dialect.Session, dialect.Cookie, dialect.HostPort, dialect.Dialect)

// learn takes from the arguments what they tell of the connection and of those that follow it.
func (c *Conn) learn(dir decode.Dir, row *dialect.Row, m *decode.Message) {
	if row.Kinds()&telling == 0 {
		return
	}
	var cookie, address, number []byte
	self := false
	for i := range row.Args {
		word := m.Arg(i)
		if len(word) == 0 {
			break
		}
		switch row.Args[i].Kind {
		case dialect.Self:
			set(&c.user, row.Args[i].Value(word))
			self = true
		case dialect.Session:
			number = word
		case dialect.Cookie:
			cookie = word
		case dialect.HostPort:
			if address == nil {
				address = word // a second one is where the client is
			}
		case dialect.Dialect:
			c.told = true
			if dir == decode.FromServer {
				c.learnDialect(m)
			}
		}
	}
	if number != nil && c.roles == dialect.SB {
		set(&c.session, number)
	}
	switch {
	case dir == decode.FromClient && self:
		c.follow(cookie)
	case dir == decode.FromServer && address != nil:
		c.refer(cookie, address, number)
	}
}

// set changes s if word says something else: most words say what is known.
func set(s *string, word []byte) {
	if *s != string(word) {
		*s = string(word)
	}
}

// refer remembers that the server sends the user on: to a switchboard with a cookie, or to a notification server, which has
// a dialect of its own.
func (c *Conn) refer(cookie, address, number []byte) {
	switch {
	case cookie != nil:
		l := link{conn: c.id, speaks: c.speaks, inferred: c.inferred, evidence: c.evidence, session: string(number)}
		c.graph.refer(cookie, c.user, l)
	case string(address) != "0" && c.user != "":
		c.graph.refer(nil, c.user, link{conn: c.id})
	}
}

// follow finds the referral that led here: by the cookie, or, on a notification server, by the user. A cookie leads to its
// referral however often it is used; who comes again without one begins again.
func (c *Conn) follow(cookie []byte) {
	if c.via != 0 || c.user == "" {
		return
	}
	g := c.graph
	l, ok := g.links.get(string(g.linkKey(cookie, c.user)))
	if !ok || l.conn == c.id {
		return
	}
	if cookie == nil {
		g.links.drop(string(g.key))
	}
	c.via = l.conn
	if l.evidence != nil {
		c.evidence = l.evidence
	}
	if l.speaks.table != nil && !c.told {
		c.speaks, c.inferred = l.speaks, l.inferred
	}
	if l.session != "" {
		c.session = l.session
	}
}
