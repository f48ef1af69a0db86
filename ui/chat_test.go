package ui

import (
	"fmt"
	"strings"

	"github.com/msnscope/msnscope/decode"
	"github.com/msnscope/msnscope/decode/dialect"
	"github.com/msnscope/msnscope/decode/session"
)

// withBody returns a MSG command with a body; head is the command without the length.
func withBody(head, body string) string { return fmt.Sprintf("%s %d\r\n%s", head, len(body), body) }

// plainText returns the body of a text, with a format such as "FN=Arial; EF=B; CO=ff", "" for none.
func plainText(format, text string) string {
	if format != "" {
		format = "X-MMS-IM-Format: " + format + "\r\n"
	}
	return "MIME-Version: 1.0\r\nContent-Type: text/plain; charset=UTF-8\r\n" + format + "\r\n" + text
}

// types returns the body of a notice that a user is typing.
func types(user string) string {
	return "MIME-Version: 1.0\r\nContent-Type: text/x-msmsgscontrol\r\nTypingUser: " + user + "\r\n\r\n\r\n"
}

// chats is the log of chat, with a conversation of others after it.
func chats() Options {
	s := newScript()
	s.chat()
	c := s.open("127.0.0.1:49731", "64.4.13.41:1863", dialect.SB)
	s.c(c, "ANS 1 carol@hotmail.com 19.1 11752014\r\n")
	s.s(c, "IRO 1 1 1 dave@hotmail.com Dave\r\n")
	s.s(c, "ANS 1 OK\r\n")
	return Options{Log: s.log}
}

// chat is a log in which alice and bob, both behind the proxy, talk, and carol comes and goes: with
// typing notices, formats, a message that is not delivered, one that is held and edited, and one
// that somebody injects. It returns the options of an inspector on it.
func chat() Options {
	s := newScript()
	s.chat()
	return Options{Log: s.log}
}

func (s *script) chat() {
	alice := s.open("127.0.0.1:49710", "64.4.13.58:1863", dialect.NS)
	bob := s.open("127.0.0.1:49720", "64.4.13.59:1863", dialect.NS)
	s.logOn(alice, "alice")
	s.logOn(bob, "bob")
	s.c(alice, "PNG\r\n")
	s.s(alice, "QNG\r\n")
	s.c(bob, "PNG\r\n")
	s.s(bob, "QNG\r\n")
	s.c(alice, "XFR 7 SB\r\n")
	s.rewritten(alice, "XFR 7 SB 64.4.13.41:1863 CKI 17.32308\r\n", "XFR 7 SB 127.0.0.1:1863 CKI 17.32308\r\n")
	a := s.open("127.0.0.1:49711", "64.4.13.41:1863", dialect.SB)
	s.c(a, "USR 1 alice@hotmail.com 17.32308\r\n")
	s.s(a, "USR 1 OK alice@hotmail.com Alice%20L\r\n")
	s.c(a, "CAL 2 bob@hotmail.com\r\n")
	s.s(a, "CAL 2 RINGING 11752013\r\n")
	s.rewritten(bob, "RNG 11752013 64.4.13.41:1863 CKI 18.1 alice@hotmail.com Alice%20L\r\n",
		"RNG 11752013 127.0.0.1:1863 CKI 18.1 alice@hotmail.com Alice%20L\r\n")
	b := s.open("127.0.0.1:49721", "64.4.13.41:1863", dialect.SB)
	s.c(b, "ANS 1 bob@hotmail.com 18.1 11752013\r\n")
	s.s(b, "IRO 1 1 1 alice@hotmail.com Alice%20L\r\n")
	s.s(b, "ANS 1 OK\r\n")
	s.s(a, "JOI bob@hotmail.com Bob\r\n")
	for range 3 {
		s.c(a, withBody("MSG 3 U", types("alice@hotmail.com")))
		s.s(b, withBody("MSG alice@hotmail.com Alice%20L", types("alice@hotmail.com")))
	}
	hello := plainText("FN=Arial; EF=B; CO=ff; CS=0; PF=22", "Hello, dear Bob!")
	s.c(a, withBody("MSG 4 A", hello))
	s.s(b, withBody("MSG alice@hotmail.com Alice%20L", hello))
	s.s(a, "ACK 4\r\n")
	s.c(b, withBody("MSG 2 U", types("bob@hotmail.com")))
	s.s(a, withBody("MSG bob@hotmail.com Bob", types("bob@hotmail.com")))
	where := plainText("FN=MS%20Sans%20Serif; EF=; CO=0; CS=0; PF=0", "Where is the draft?\r\nI looked everywhere.")
	s.c(b, withBody("MSG 3 N", where))
	s.s(a, withBody("MSG bob@hotmail.com Bob", where))
	s.c(a, "CAL 5 carol@hotmail.com\r\n")
	s.s(a, "217 5\r\n")
	s.s(a, "JOI dave@hotmail.com Dave%20[red]\r\n")
	s.s(b, "JOI dave@hotmail.com Dave%20[red]\r\n")
	s.c(a, withBody("MSG 6 A", plainText("", "Dave has it. "+strings.Repeat("Long lines are wrapped. ", 9))))
	s.s(a, "NAK 6\r\n")
	s.marked(b, decode.FromServer, withBody("MSG dave@hotmail.com Dave", plainText("", "made up")), session.Injected)
	s.marked(b, decode.FromClient, withBody("MSG 4 N", plainText("", "never arrives")), session.Held|session.Dropped)
	s.s(a, "BYE dave@hotmail.com\r\n")
	s.s(a, "BYE bob@hotmail.com 1\r\n")
	s.close(b)
	s.close(a)
}

// logOn says the commands with which a user logs on at a notification server.
func (s *script) logOn(ns *session.Conn, user string) {
	s.c(ns, "VER 1 MSNP2\r\n")
	s.s(ns, "VER 1 MSNP2\r\n")
	s.c(ns, "USR 2 MD5 I "+user+"@hotmail.com\r\n")
	s.s(ns, "USR 2 MD5 S 1013928519.693957190\r\n")
	s.c(ns, "USR 3 MD5 S 7f919fab309532df353c901430df36fa\r\n")
	s.s(ns, "USR 3 OK "+user+"@hotmail.com "+user+"\r\n")
}

// marked says raw, with which something was done on the way.
func (s *script) marked(c *session.Conn, dir decode.Dir, raw string, flags session.Flag) {
	m := decode.Parse([]byte(raw), dir, c.Grammar())
	e := c.Track(dir, &m, s.tick())
	e.Flags |= flags
	s.log.Append(e)
}
