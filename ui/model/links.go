package model

import (
	"slices"

	"github.com/msnscope/msnscope/decode"
	"github.com/msnscope/msnscope/decode/dialect"
	"github.com/msnscope/msnscope/decode/session"
)

// maxLinks is how many links of one kind an event has at most: a request for a list has hundreds of
// answers.
const maxLinks = 16

// Link leads from an event to another one that belongs to it.
type Link struct {
	Name string // the other event's part, such as "answer"
	To   uint64 // its number
}

// Links returns where an event leads: to its request or its answers, to what caused it and what it
// caused on other connections (a ring, a join, the first command of the connection to which a
// referral led, where its cookie is used), and to the referral that led to its connection. What is
// no command, such as the end of a connection, leads to the referrals on it.
func (m *Model) Links(e *session.Event) []Link {
	var links []Link
	add := func(name string, numbers ...uint64) {
		for _, n := range numbers[:min(len(numbers), maxLinks)] {
			known := slices.ContainsFunc(links, func(l Link) bool { return l.To == n })
			if n != 0 && n != e.N && !known {
				links = append(links, Link{name, n})
			}
		}
	}
	x, ok := m.Transaction(e.N)
	answers := slices.Contains(x.Replies, e.N)
	switch {
	case !ok:
		add("request", e.ReplyTo)
	case x.Request == e.N:
		add("answer", x.Replies...)
	case answers:
		add("request", x.Request)
	default:
		add("cause", x.Request)
	}
	if x.Request == e.N {
		add("cause", x.Cause)
	}
	if c := m.tree.conns[e.Conn]; c != nil {
		add("referral", c.referral)
	}
	add("consequence", x.Consequences...)
	if c := m.tree.conns[e.Conn]; c != nil && e.Kind != session.Command {
		add("sent on by", c.refers...)
	}
	return links
}

// refer remembers the referrals on a connection and, when its first command comes, which event sent
// the client there.
func (m *Model) refer(e *session.Event) {
	c := m.tree.conns[e.Conn]
	if c != nil && len(c.refers) < maxLinks && refers(e) {
		c.refers = append(c.refers, e.N)
	}
	if c == nil || c.spoke || e.Kind != session.Command || e.Dir != decode.FromClient {
		return
	}
	c.spoke = true
	x, _ := m.Transaction(e.N)
	cause, ok := m.Transaction(x.Cause)
	if !ok {
		return
	}
	c.referral = cause.Request
	for _, n := range append(cause.Replies, cause.Consequences...) {
		if n < e.N && n > c.referral && refers(m.Event(n)) {
			c.referral = n
		}
	}
}

// refers reports whether a server's command refers the client to an address.
func refers(e *session.Event) bool {
	return e != nil && e.Kind == session.Command && e.Dir == decode.FromServer &&
		e.Row != nil && len(e.Row.Find(&e.In, dialect.HostPort)) > 0
}

// Show selects the event with number n. What hides it, but for the filter, is taken away: the scope
// if it is outside, the conversation if it is no part of it. It reports false where the filter
// hides it.
func (m *Model) Show(n uint64) bool {
	e := m.Event(n)
	if e == nil {
		return false
	}
	if m.talk != 0 && !m.admits(e) {
		m.EndTalk()
	}
	if m.talk == 0 && !m.scope.has(&m.tree, e) {
		m.SetScope(Scope{})
	}
	m.follow, m.selected = false, m.numbered(n)
	return m.talk != 0 || m.filter == nil || m.filter.Match(e)
}
