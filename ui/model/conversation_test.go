package model

import (
	"fmt"
	"strings"
	"testing"

	"github.com/msnscope/msnscope/decode"
	"github.com/msnscope/msnscope/decode/dialect"
	"github.com/msnscope/msnscope/decode/session"
)

// msg is a message with a payload, its head without the length.
func (r *rig) msg(c *session.Conn, dir decode.Dir, head, payload string) {
	m := decode.Parse(fmt.Appendf(nil, "%s %d\r\n%s", head, len(payload), payload), dir, c.Framing())
	*r.log = append(*r.log, c.Track(dir, &m, r.now()))
}

// text is the payload of a text.
func text(format, words string) string {
	return "MIME-Version: 1.0\r\nContent-Type: text/plain; charset=UTF-8\r\n" + format + "\r\n" + words
}

// TestConversation: what a person reads of a session, line by line, and nothing of others.
func TestConversation(t *testing.T) {
	r := newRig(t, Options{})
	other := r.logon("b:1", "bob@hotmail.com")
	c := r.open("a:2")
	c.To("10.0.0.9:1863", dialect.SB)
	r.c(c, "USR 1 alice@hotmail.com 17.1")
	r.s(c, "USR 1 OK alice@hotmail.com Alice")
	r.c(c, "CAL 2 bob@hotmail.com")
	r.s(c, "CAL 2 RINGING 11752013")
	r.s(c, "JOI bob@hotmail.com Bob")
	r.typing(c, decode.FromClient, "alice@hotmail.com")
	r.c(other, "PNG")
	r.typing(c, decode.FromClient, "alice@hotmail.com")
	r.msg(c, decode.FromClient, "MSG 4 N", text("X-MMS-IM-Format: FN=Arial; EF=B; CO=ff\r\n", "Hello Bob"))
	r.s(c, "NAK 4")
	r.msg(c, decode.FromServer, "MSG bob@hotmail.com Bob", text("", "hi\r\nthere"))
	r.msg(c, decode.FromServer, "MSG bob@hotmail.com Bob", "MIME-Version: 1.0\r\nContent-Type: image/gif\r\n\r\nGIF")
	r.c(c, "CAL 5 carol@hotmail.com")
	r.s(c, "217 5")
	r.s(c, "BYE bob@hotmail.com")
	*r.log = append(*r.log, c.Close(r.now(), "the client closed"))
	r.SetTalk(2)
	r.settle()
	var got []string
	for i := range r.Rows() {
		s := r.Said(i)
		who, _, _ := strings.Cut(s.Who, "@")
		line := fmt.Sprintf("%d %s %v %q %s %s %s %v %d", s.Kind, who, s.Own, s.Text, s.Font, s.Effects, s.Colour,
			s.Failed, s.Times)
		got = append(got, strings.Join(strings.Fields(line), " "))
	}
	want := []string{
		`3 alice true "" false 0`,
		`4 bob false "" false 0`,
		`3 bob false "" false 0`,
		`2 alice true "" false 2`,
		`0 alice true "Hello Bob" Arial bold #ff0000 true 0`,
		`6 alice true "Hello Bob" false 0`,
		`0 bob false "hi\r\nthere" false 0`,
		`1 bob false "picture, 3 bytes" false 0`,
		`4 carol false "" false 0`,
		`7 carol false "PRINCIPAL_NOT_ONLINE" false 0`,
		`5 bob false "" false 0`,
		`8 false "the client closed" false 0`,
	}
	if strings.Join(got, "\n") != strings.Join(want, "\n") {
		t.Errorf("the conversation is\n%s\nwant\n%s", strings.Join(got, "\n"), strings.Join(want, "\n"))
	}
	if c := r.Conn(2); len(c.With) != 1 || c.With[0] != "bob@hotmail.com" {
		t.Errorf("alice is with %v", c.With)
	}
	r.EndTalk()
	r.settle()
	if r.Rows() != len(*r.log) {
		t.Errorf("after it %d rows, want all %d", r.Rows(), len(*r.log))
	}
}
