package proxy

import (
	"github.com/msnscope/msnscope/decode"
	"github.com/msnscope/msnscope/decode/dialect"
)

// About is what the proxy knows of a connection by now.
type About struct {
	// Role is the server's, 0 while unknown; Table is that of the dialect, the draft's while unknown.
	Role  dialect.Role
	Table *dialect.Table
	// User is the handle of its user, Session the number of its switchboard session, Cookie the one that the server gave out
	// last (§8.1, §8.4); each is empty while unknown.
	User, Session, Cookie string
}

// About returns what is known of the connection.
func (c *Conn) About() About {
	c.p.mu.Lock()
	defer c.p.mu.Unlock()
	return About{Role: c.sess.Role(), Table: c.sess.Grammar(), User: c.sess.User(), Session: c.sess.Session(), Cookie: c.cookie}
}

// Ours reports whether a TrID is one of [Conn.NewTrID].
func (c *Conn) Ours(m *decode.Message) bool {
	return m.HasTrID && m.TrID > firstTrID && m.TrID <= firstTrID+c.trids.Load()
}
