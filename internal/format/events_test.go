package format_test

import (
	"strings"
	"testing"
	"time"

	"github.com/msnscope/msnscope/decode"
	"github.com/msnscope/msnscope/decode/dialect"
	"github.com/msnscope/msnscope/decode/session"
)

// start is in the local zone, because text lines show local time.
var start = time.Date(2026, 3, 1, 18, 4, 5, 123_000_000, time.Local)

// talk plays a conversation on one connection, a millisecond and a half between commands.
type talk struct {
	conn *session.Conn
	now  time.Time
}

func newTalk(role dialect.Role) *talk {
	conn, _ := new(session.Graph).Open(start, "10.0.0.7:51234", "10.0.0.1:1863")
	conn.To("10.0.0.1:1863", role)
	return &talk{conn: conn, now: start}
}

// say plays commands, each with its sender before it ("C: CHG 8 NLN"; the line end is added), and
// returns the last event.
func (t *talk) say(commands ...string) *session.Event {
	var e *session.Event
	for _, c := range commands {
		dir, raw := decode.Dir(c[0]), c[3:]
		if !strings.Contains(raw, "\n") {
			raw += "\r\n"
		}
		m := decode.Parse([]byte(raw), dir, t.conn.Grammar())
		e = t.conn.Track(dir, &m, t.now)
		t.now = t.now.Add(1500 * time.Microsecond)
	}
	return e
}

const hello = "S: MSG bob@hotmail.com Bob%20B 85\r\n" +
	"MIME-Version: 1.0\r\nContent-Type: text/plain; charset=UTF-8\r\n\r\nhello bob, how are\r\nyou"

const typing = "C: MSG 5 U 90\r\nMIME-Version: 1.0\r\nContent-Type: text/x-msmsgscontrol\r\nTypingUser: " +
	"alice@hotmail.com\r\n\r\n\r\n"

// events has one event of each kind that is treated differently.
func events(testing.TB) map[string]*session.Event {
	rewritten := newTalk(dialect.NS).say("C: XFR 9 SB", "S: XFR 9 SB 10.0.0.9:1863 CKI 1726.105")
	rewritten.Out = []byte("XFR 9 SB 127.0.0.1:1863 CKI 1726.105\r\n")
	rewritten.Flags |= session.Rewritten
	edited := newTalk(dialect.SB).say("C: MSG 3 N 2\r\nhi")
	edited.Out = []byte("MSG 3 N 3\r\nbye")
	edited.Flags |= session.Edited | session.Held
	conn, open := new(session.Graph).Open(start, "10.0.0.7:51234", "")
	blob := decode.Blob([]byte("\x16\x03\x01\xff junk\x1b[2J\r\n"), decode.NoVerb)
	return map[string]*session.Event{
		"command": newTalk(0).say("C: VER 0 MSNP2 CVR0"),
		"reply": newTalk(dialect.NS).say("C: USR 5 MD5 I alice@hotmail.com",
			"S: USR 5 OK alice@hotmail.com Al%20%22L%22"),
		"error":     newTalk(dialect.NS).say("C: USR 6 MD5 S 7f919fab", "S: 911 6"),
		"message":   newTalk(dialect.SB).say(hello),
		"typing":    newTalk(dialect.SB).say(typing),
		"latin1":    newTalk(dialect.SB).say("S: MSG a@b.c caf%e9 13\r\nA: 1\r\n\r\ncaf\xe9\x00"),
		"invalid":   newTalk(dialect.NS).say("S: NLN NLN bob@hotmail.com B\xffb"),
		"surplus":   newTalk(dialect.NS).say("S: FLN bob@hotmail.com a%20b c"),
		"unknown":   newTalk(dialect.NS).say("C: ZZZ 4 one two"),
		"rewritten": rewritten,
		"edited":    edited,
		"opaque":    conn.Track(decode.FromClient, &blob, start),
		"open":      open,
		"close":     conn.Close(start, "the client \x1b[31mleft"),
		"note":      new(session.Graph).Note(start, "recording stopped"),
		"gap":       conn.Gap(start, decode.FromServer, "300 bytes are missing"),
		"half":      conn.HalfClose(start, decode.FromServer),
	}
}
