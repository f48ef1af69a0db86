package session

import (
	"github.com/msnscope/msnscope/decode"
	"github.com/msnscope/msnscope/decode/dialect"
)

// learnRole narrows the roles that the connection can have to those of the row. Once one role is
// left it stays: a command that does not belong there is a mistake of its sender.
func (c *Conn) learnRole(row *dialect.Row) {
	if c.roles.Known() {
		return
	}
	if both := c.roles & row.Roles; both != 0 {
		c.roles = both
	}
	if c.roles == dialect.FT {
		c.transfers()
	}
	if !c.roles.Known() && c.roles&row.Implies != 0 {
		c.roles = row.Implies
	}
}

// transfers makes the connection a file transfer: its protocol has one version, which has a name of
// its own.
func (c *Conn) transfers() {
	c.sawVER, c.speaks, c.inferred = true, speech{dialect.FileTransferName, dialect.MSNP2}, false
	c.followOffer(nil)
}

// telling holds the kinds of arguments that tell something about a connection. Few commands have
// one.
var telling = dialect.KindsOf(dialect.Self, dialect.Session, dialect.Cookie, dialect.HostPort, dialect.Dialect)

// learn updates the connection from the arguments of a command, and remembers or follows referrals.
func (c *Conn) learn(dir decode.Dir, row *dialect.Row, m *decode.Message) {
	if row.Kinds()&telling == 0 {
		if row.Payload != decode.NoPayload && c.roles == dialect.SB {
			c.learnOffer(dir, row, m)
		}
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
				address = word // a second one is the server to which the client is connected
			}
		case dialect.Dialect:
			c.sawVER = true
			if dir == decode.FromServer {
				c.learnDialect(m)
			} else if c.offered == (speech{}) {
				c.offered = namedFirst(m)
			}
		}
	}
	if number != nil && c.roles == dialect.SB {
		set(&c.session, number)
	}
	switch {
	case c.roles == dialect.FT:
		if self {
			c.followOffer(cookie)
		}
	case dir == decode.FromClient && self:
		c.follow(cookie)
	case dir == decode.FromServer && address != nil:
		c.refer(cookie, address, number)
	}
}

// set sets s to word unless it is equal already, as it mostly is, and so allocates rarely.
func set(s *string, word []byte) {
	if *s != string(word) {
		*s = string(word)
	}
}

// refer remembers that the server refers the user to a switchboard with a cookie, or to a
// notification server. There most clients negotiate the dialect anew, but some go on with USR.
func (c *Conn) refer(cookie, address, number []byte) {
	if cookie != nil || string(address) != "0" && c.user != "" {
		l := link{conn: c.id, speaks: c.speaks, inferred: c.inferred, evidence: c.evidence, session: string(number)}
		c.graph.refer(cookie, c.user, l)
	}
}

// follow finds the referral that led here: by the cookie, or, on a notification server, by the
// user. A cookie leads to its referral however often it is used; a user's referral is used up by
// the first connection that follows it.
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
	if l.speaks.table != nil && !c.sawVER {
		c.speaks, c.inferred = l.speaks, l.inferred
	}
	if l.session != "" {
		c.session = l.session
	}
}
