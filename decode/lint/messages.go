package lint

import (
	"bytes"
	"unicode"
	"unicode/utf8"

	"github.com/msnscope/msnscope/decode/body"
	"github.com/msnscope/msnscope/decode/dialect"
)

// maxMessage is how many bytes of payload a switchboard forwards: all known ones close the
// connection for more.
const maxMessage = 1664

// messages has the rules about messages and their bodies (§8.7, §8.8).
var messages = []Rule{
	{
		ID: "M01", Severity: Error, Section: "8.7", To: 8, Means: "the acknowledgement mode is not U, N or A",
		Example: "MSG 4 X 133", on: from(client, "MSG", dialect.SB), check: func(l *look) {
			if v := l.arg("AckMode"); v != nil && (len(v) != 1 || bytes.IndexByte([]byte("UNAuna"), v[0]) < 0) {
				l.say("there is no acknowledgement mode %s", v)
			}
		},
	},
	{
		ID: "M02", Severity: Error, Section: "8.7", Means: "the acknowledgement mode is not in capital letters",
		Example: "MSG 4 n 133", on: from(client, "MSG", dialect.SB), check: func(l *look) {
			if v := l.arg("AckMode"); bytes.ContainsFunc(v, unicode.IsLower) {
				l.say("the acknowledgement mode %s is not in capital letters", v)
			}
		},
	},
	{
		ID: "M03", Severity: Error, Section: "8.8", Means: "no empty line stands between the headers and the data",
		Example: `MSG 4 N 5\r\nHello`, on: from(0, "MSG", 0), check: func(l *look) {
			if p := l.m.Payload(); p != nil && !headed(p) {
				l.say("no empty line ends the headers of %s", p)
			}
		},
	},
	{
		ID: "M04", Severity: Warn, Section: "8.8", Means: "a message has no Content-Type",
		Example: `MIME-Version: 1.0\r\n\r\nHi`, on: from(0, "MSG", 0), check: func(l *look) {
			if p := l.m.Payload(); l.payload().Type == "" && headed(p) {
				l.say("no header is Content-Type in %s", p)
			}
		},
	},
	{
		ID: "M05", Severity: Error, Section: "8.8", Means: "a header line has no colon and blank behind its name",
		Example: `Content-Type text/plain`, on: from(0, "MSG", 0), check: (*look).badHeader,
	},
	{
		ID: "M06", Severity: Error, Section: "8.8", Means: "a message says that it is UTF-8, and is not",
		Example: `charset=UTF-8, and the bytes 5A 6F EB`,
		Habit:   "clients of 2000 and 2001 send Latin-1 under that name",
		on:      from(0, "MSG", 0), check: func(l *look) {
			if b := l.payload(); b.Charset == "utf-8" && !utf8.Valid(b.Data) {
				l.say("the data is not UTF-8: %s", b.Data)
			}
		},
	},
	{
		ID: "M07", Severity: Warn, Section: "8.8", Means: "a text has bytes above 7F and names no charset",
		Example: `Content-Type: text/plain, and the bytes 5A 6F EB`, Habit: "clients send text in their own charset",
		on: from(0, "MSG", 0), check: func(l *look) {
			if b := l.payload(); b.Type == "text/plain" && b.Charset == "" && classesOf(b.Data)&high != 0 {
				l.say("no charset says how to read %s", b.Data)
			}
		},
	},
	{
		ID: "M08", Severity: Error, Section: "8.7",
		Means:   "a message has more than 1664 bytes, at which switchboards close",
		Example: "MSG 4 N 2000", on: from(client, "MSG", dialect.SB), check: func(l *look) {
			if n := len(l.m.Payload()); n > maxMessage {
				l.say("a payload of %d bytes: %s", n, l.m.Line())
			}
		},
	},
	{
		ID: "M09", Severity: Error, Section: "8.7", Means: "a message that wants no answer gets one",
		Example: "C: MSG 4 U …, S: ACK 4", on: from(server, "ACK NAK", dialect.SB), check: func(l *look) {
			if l.mode() == "U" {
				l.say("%s answers %s (event %d)", l.m.Line(), l.asked.m.Line(), l.asked.n)
			}
		},
	},
	{
		ID: "M10", Severity: Error, Section: "8.7",
		Means:   "a message is acknowledged that wants to hear of failure only",
		Example: "C: MSG 4 N …, S: ACK 4", on: from(server, "ACK", dialect.SB), check: func(l *look) {
			if l.mode() == "N" {
				l.say("%s answers %s (event %d)", l.m.Line(), l.asked.m.Line(), l.asked.n)
			}
		},
	},
	{
		ID: "M11", Severity: Error, Section: "6", Means: "the client sends a message to a server that takes none",
		Example: "to a notification server: MSG 4 U 5", on: from(client, "MSG", logon), check: func(l *look) {
			if l.elsewhere() {
				l.say("only a switchboard takes %s", l.m.Line())
			}
		},
	},
	{
		ID: "M12", Severity: Warn, Section: "8.8", Means: "a typing notice names another user than its sender",
		Example: "from bob: TypingUser: carol@hotmail.com", on: from(0, "MSG", dialect.SB), check: func(l *look) {
			sender := l.e.User
			if l.e.Dir == server {
				sender = string(l.handle())
			}
			if u := l.typing(); u != "" && sender != "" && !same(u, sender) {
				l.say("%s is said to type, %s sends it", u, sender)
			}
		},
	},
	{
		ID: "M13", Severity: Error, Section: "8.8", Means: "others receive another payload than the sender sent",
		Example: "C: MSG 3 N 133 …, S: MSG alice@hotmail.com Alice 131 …", on: from(server, "MSG", dialect.SB),
		check: (*look).changedOnTheWay,
	},
	{
		ID: "M14", Severity: Info, Section: "8.8", Means: "nobody knows the content type",
		Example: "Content-Type: text/x-foo", on: from(0, "MSG", 0), check: func(l *look) {
			if t := l.payload().Type; t != "" && !body.Known(t) {
				l.say("the content type %s is not known", t)
			}
		},
	},
	{
		ID: "M15", Severity: Info, Section: "8.8", From: 5,
		Means:   "a message discloses a secret or the address of a computer",
		Example: "IP-Address: 10.44.102.65",
		Habit:   "clients send their address in order to transfer files, servers a ticket",
		on:      from(0, "MSG", 0), check: func(l *look) {
			if b := l.payload(); b.Type != "text/plain" && b.Type != "text/x-msmsgscontrol" {
				for _, name := range b.Discloses() {
					l.say("the field %s holds a secret or an address", name)
				}
			}
		},
	},
}

// headed reports whether an empty line ends the headers of a payload.
func headed(p []byte) bool {
	return bytes.Contains(p, []byte("\n\r\n")) || bytes.Contains(p, []byte("\n\n"))
}

func (l *look) badHeader() {
	p := l.m.Payload()
	if !headed(p) {
		return
	}
	for line := range bytes.Lines(p) {
		line = bytes.TrimRight(line, "\r\n")
		if len(line) == 0 {
			return
		}
		if line[0] != ' ' && line[0] != '\t' && !bytes.Contains(line, []byte(": ")) && line[len(line)-1] != ':' {
			l.say("the header line %s has no colon with a blank", line)
			return
		}
	}
}

// mode returns the acknowledgement mode of the message that the command answers, "" if it is not
// known.
func (l *look) mode() string {
	if l.asked == nil {
		return ""
	}
	return string(argOf(l.asked.row, &l.asked.m, "AckMode"))
}

// typing returns the user whom a typing notice names, "" for any other message.
func (l *look) typing() string {
	if l.m.Payload() == nil {
		return ""
	}
	return l.payload().TypingUser()
}

// changedOnTheWay compares what a user receives with what its sender sent, if both ends are in the
// capture.
func (l *look) changedOnTheWay() {
	h := l.handle()
	t := l.k.talks.byKey[l.e.Session]
	if l.e.Session == "" || h == nil || t == nil {
		return
	}
	is := digest(h, l.m.Payload())
	from := false
	for _, s := range t.sent {
		if s == is {
			return
		}
		from = from || s.sender == is.sender
	}
	if from && len(t.sent) < maxSent {
		l.say("%s sent no message with these %d bytes: %s", h, is.length, l.m.Payload())
	}
}
