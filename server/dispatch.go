package server

import (
	"hash/fnv"
	"log/slog"
	"strings"
	"time"

	"github.com/msnscope/msnscope/decode/dialect"
	"github.com/msnscope/msnscope/server/accounts"
)

// This file has the part of the logon that the dispatch server handles (§7.1 to §7.4); a
// notification server repeats it.

// ver handles VER and chooses the dialect (§7.1): the first in the client's list that the server
// speaks, in any case. CVR0 is no dialect: a client that names it expects to see it again, and one
// that names nothing else only asks for the newest client version.
func (c *conn) ver(r *request) {
	known, cvr0 := c.choose(r)
	var answer []string
	for _, t := range known {
		answer = append(answer, t.Name())
	}
	if cvr0 {
		answer = append(answer, "CVR0")
	}
	if answer == nil {
		c.send(line("VER", r.id(), "0"))
		c.finish()
		return
	}
	if known != nil {
		c.speak(known[0])
	}
	c.state = dialect.Versioned
	c.send(line("VER", append([]string{r.id()}, answer...)...))
}

// inf handles INF and names the only security package, MD5 (§7.2).
func (c *conn) inf(r *request) {
	c.state = dialect.Negotiated
	c.send(line("INF", r.id(), "MD5"))
}

// usrInitiate handles USR I: a dispatch server refers the user to a notification server (§7.4), and
// that one challenges the client (§7.3). It challenges users who do not exist too, so that nobody
// learns who has an account. A client that sends USR without VER speaks MSNP2.
func (c *conn) usrInitiate(r *request) {
	handle := r.arg(2)
	switch f := c.s.checkUser(handle); {
	case c.state == dialect.Fresh && c.s.set.VersionFirst:
		c.fail(r, unexpected)
	case r.arg(0) != "MD5":
		c.fail(r, badPackage)
	case handle == "":
		c.fail(r, missingArgs)
	case f != none:
		c.fail(r, f)
	default:
		c.referOrChallenge(r, handle)
	}
}

// referOrChallenge ends the connection with a referral, at a dispatch server and at a notification
// server that is being drained (§7.4); else it begins the authentication, which a dispatch server
// may do too.
func (c *conn) referOrChallenge(r *request, handle string) {
	to := c.s.drainedTo(c.addr, handle)
	if c.role == dialect.DS && c.s.set.DSReferral {
		if to = c.s.notificationOf(handle); to == "" {
			c.fail(r, busy)
			return
		}
	}
	if to != c.addr {
		c.send(c.referral(r.id(), to))
		c.finish()
		return
	}
	challenge, err := dotted(c.s.o.Rand, 10, 9)
	if err != nil {
		c.internal(r, err)
		return
	}
	if c.user.refused { // the client starts over
		c.user.refused, c.due = false, time.Now().Add(c.s.o.LogonTimeout)
	}
	c.role = dialect.NS
	c.notified.Store(true)
	c.state, c.user.wants, c.user.challenge = dialect.Challenged, handle, challenge
	c.send(line("USR", r.id(), "MD5", "S", challenge))
}

// referral returns the XFR to another notification server (§7.4); later dialects add a 0 and the
// address of the present server.
func (c *conn) referral(id, to string) *lines {
	args := []string{id, "NS", to}
	if c.since(siteIDs) {
		args = append(args, "0")
	}
	if c.since(grouping) {
		args = append(args, c.addr)
	}
	return line("XFR", args...)
}

// checkUser returns the failure of a logon with the handle, none if the handle is valid.
func (s *Server) checkUser(handle string) failure {
	if f := checkHandle(handle, noDomain); f != none {
		return f
	}
	if s.set.HotmailOnly && !strings.HasSuffix(accounts.Key(handle), "@hotmail.com") {
		return badHandle
	}
	return none
}

// notificationOf returns the address of the notification server that a user is referred to, "" for
// none. Without a Placement it is always the same one while none is drained.
func (s *Server) notificationOf(handle string) string {
	if s.o.Placement != nil {
		return s.o.Placement.Notification(handle)
	}
	sum := fnv.New32a()
	_, _ = sum.Write([]byte(accounts.Key(handle))) // writing to a hash never fails
	return s.drainedTo(s.o.Notification[sum.Sum32()%uint32(len(s.o.Notification))], handle)
}

// cvq handles CVQ of a client that wants only to know the newest version: it answers and closes.
func (c *conn) cvq(r *request) {
	c.version("CVQ", r)
	c.finish()
}

// outCommand handles OUT and ends the connection: with an OUT in answer at a dispatch or
// notification server (§7.10), without one at a switchboard (§8.6).
func (c *conn) outCommand(*request) {
	if c.role != dialect.SB && c.s.set.OutReply {
		c.send(line("OUT"))
	}
	c.finish()
}

// internal logs err and answers a request that failed through no fault of the client.
func (c *conn) internal(r *request, err error) {
	c.logOften(slog.LevelError, "internal error", "command", r.m.Verb.String(), "err", err)
	c.fail(r, internalError)
}
