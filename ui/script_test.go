package ui

import (
	"sync"
	"time"

	"github.com/msnscope/msnscope/decode"
	"github.com/msnscope/msnscope/decode/dialect"
	"github.com/msnscope/msnscope/decode/session"
)

// memLog is a log in memory.
type memLog struct {
	mu     sync.Mutex
	events []*session.Event
}

func (l *memLog) Len() int {
	l.mu.Lock()
	defer l.mu.Unlock()
	return len(l.events)
}

func (l *memLog) At(i int) *session.Event {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.events[i]
}

func (l *memLog) Append(events ...*session.Event) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.events = append(l.events, events...)
}

// script writes a log by speaking into a graph, a few milliseconds between two commands.
type script struct {
	log   *memLog
	graph session.Graph
	at    time.Time
}

func newScript() *script {
	return &script{log: &memLog{}, at: time.Date(2001, 7, 4, 12, 0, 0, 0, time.UTC)}
}

func (s *script) tick() time.Time {
	s.at = s.at.Add(13 * time.Millisecond)
	return s.at
}

func (s *script) open(client, server string, role dialect.Role) *session.Conn {
	c, e := s.graph.Open(s.tick(), client, server)
	c.To(server, role)
	s.log.Append(e)
	return c
}

func (s *script) say(c *session.Conn, dir decode.Dir, raw string) *session.Event {
	m := decode.Parse([]byte(raw), dir, c.Grammar())
	e := c.Track(dir, &m, s.tick())
	s.log.Append(e)
	return e
}

func (s *script) c(c *session.Conn, raw string) *session.Event {
	return s.say(c, decode.FromClient, raw)
}

func (s *script) s(c *session.Conn, raw string) *session.Event {
	return s.say(c, decode.FromServer, raw)
}

// rewritten says raw and marks it as sent on as out.
func (s *script) rewritten(c *session.Conn, raw, out string) {
	m := decode.Parse([]byte(raw), decode.FromServer, c.Grammar())
	e := c.Track(decode.FromServer, &m, s.tick())
	e.Out, e.Flags = []byte(out), e.Flags|session.Rewritten
	s.log.Append(e)
}

func (s *script) close(c *session.Conn) { s.log.Append(c.Close(s.tick(), "the client closed")) }

// talk is what the screens are tested with: alice signs in, asks for a switchboard and writes to
// bob.
func (s *script) talk() {
	ds := s.open("127.0.0.1:49710", "64.4.13.33:1863", dialect.DS)
	s.c(ds, "VER 0 MSNP2 CVR0\r\n")
	s.s(ds, "VER 0 MSNP2\r\n")
	s.c(ds, "INF 1\r\n")
	s.s(ds, "INF 1 MD5\r\n")
	s.c(ds, "USR 2 MD5 I alice@hotmail.com\r\n")
	s.rewritten(ds, "XFR 2 NS 64.4.13.58:1863\r\n", "XFR 2 NS 127.0.0.1:1863\r\n")
	s.close(ds)

	ns := s.open("127.0.0.1:49712", "64.4.13.58:1863", dialect.NS)
	s.c(ns, "VER 3 MSNP2\r\n")
	s.s(ns, "VER 3 MSNP2\r\n")
	s.c(ns, "INF 4\r\n")
	s.s(ns, "INF 4 MD5\r\n")
	s.c(ns, "USR 5 MD5 I alice@hotmail.com\r\n")
	s.s(ns, "USR 5 MD5 S 1013928519.693957190\r\n")
	s.c(ns, "USR 6 MD5 S 7f919fab309532df353c901430df36fa\r\n")
	s.s(ns, "USR 6 OK alice@hotmail.com Alice%20L\r\n")
	s.c(ns, "SYN 7 0\r\n")
	s.s(ns, "SYN 7 12\r\n")
	s.s(ns, "LST 7 FL 12 1 2 bob@hotmail.com Bob\r\n")
	s.s(ns, "LST 7 FL 12 2 2 carol@hotmail.com Carol%20%C3%A9\r\n")
	s.c(ns, "XFR 8 SB\r\n")
	s.s(ns, "913 8\r\n")
	s.c(ns, "CHG 9 NLN\r\n")
	s.s(ns, "CHG 9 NLN\r\n")
	s.s(ns, "ILN 9 AWY bob@hotmail.com Bob\r\n")
	s.c(ns, "XFR 10 SB\r\n")
	s.rewritten(ns, "XFR 10 SB 64.4.13.41:1863 CKI 17262740.1050826919.32308\r\n",
		"XFR 10 SB 127.0.0.1:1863 CKI 17262740.1050826919.32308\r\n")

	sb := s.open("127.0.0.1:49713", "64.4.13.41:1863", dialect.SB)
	s.c(sb, "USR 1 alice@hotmail.com 17262740.1050826919.32308\r\n")
	s.s(sb, "USR 1 OK alice@hotmail.com Alice%20L\r\n")
	s.c(sb, "CAL 2 bob@hotmail.com\r\n")
	s.s(sb, "CAL 2 RINGING 11752013\r\n")
	s.s(sb, "JOI bob@hotmail.com Bob\r\n")
	s.c(sb, "MSG 3 N 78\r\nMIME-Version: 1.0\r\nContent-Type: text/plain; charset=UTF-8\r\n\r\nHello, dear Bob!\r\n")
	s.s(sb, "MSG bob@hotmail.com Bob 79\r\nMIME-Version: 1.0\r\nContent-Type: text/plain; charset=UTF-8\r\n\r\nWhere "+
		"is the draft?")
	s.s(sb, "BYE bob@hotmail.com\r\n")
}
