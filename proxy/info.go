package proxy

import (
	"github.com/msnscope/msnscope/decode"
	"github.com/msnscope/msnscope/decode/dialect"
)

// ConnInfo is what the proxy knows of a connection at one moment.
type ConnInfo struct {
	// Role is the server's role, 0 while unknown. Table is that of the dialect, the draft's while
	// unknown.
	Role  dialect.Role
	Table *dialect.Table
	// User is the handle of the connection's user, Session the number of its switchboard session,
	// Cookie the last one that the server gave out (§8.1, §8.4); each is empty while unknown.
	User, Session, Cookie string
}

// Info returns what is known of the connection.
func (c *Conn) Info() ConnInfo {
	c.p.mu.Lock()
	defer c.p.mu.Unlock()
	return ConnInfo{
		Role: c.sess.Role(), Table: c.sess.Grammar(), User: c.sess.User(), Session: c.sess.Session(),
		Cookie: c.cookie,
	}
}

// Ours reports whether the TrID of m was made by [Conn.NewTrID].
func (c *Conn) Ours(m *decode.Message) bool {
	return m.HasTrID && m.TrID > firstTrID && m.TrID <= firstTrID+c.trids.Load()
}
