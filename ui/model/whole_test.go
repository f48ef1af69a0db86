package model

import (
	"fmt"
	"testing"

	"github.com/msnscope/msnscope/decode"
	"github.com/msnscope/msnscope/decode/session"
)

func TestWholePutsChunksTogether(t *testing.T) {
	r := newRig(t, Options{})
	c, other := r.logon("a:1", "alice@hotmail.com"), r.logon("b:1", "bob@hotmail.com")
	chunk := func(c *session.Conn, headers, text string) *session.Event {
		b := "MIME-Version: 1.0\r\nContent-Type: text/plain; charset=UTF-8\r\n" + headers + "\r\n" + text
		m := decode.Parse(fmt.Appendf(nil, "MSG 3 N %d\r\n%s", len(b), b), decode.FromClient, c.Framing())
		e := c.Track(decode.FromClient, &m, r.now())
		*r.log = append(*r.log, e)
		return e
	}
	first := chunk(c, "Message-ID: {7}\r\nChunks: 3\r\n", "one ")
	if _, ok := r.Whole(first); ok {
		t.Error("one of three chunks is a whole message")
	}
	stray := chunk(other, "Message-ID: {7}\r\nChunk: 1\r\n", "somebody else's ")
	last := chunk(c, "Message-ID: {7}\r\nChunk: 2\r\n", "three")
	middle := chunk(c, "Message-ID: {7}\r\nChunk: 1\r\n", "two ")
	plain := chunk(c, "", "no chunk")
	for name, e := range map[string]*session.Event{"first": first, "middle": middle, "last": last} {
		whole, ok := r.Whole(e)
		if text, _ := whole.Text(); !ok || text != "one two three" {
			t.Errorf("%s: %q, %v", name, text, ok)
		}
	}
	for name, e := range map[string]*session.Event{"another's": stray, "plain": plain} {
		if _, ok := r.Whole(e); ok {
			t.Errorf("%s is a whole message", name)
		}
	}
}

// TestFoldedRuns: a run of typing notices, or of keep-alives, is one row that counts them.
func TestFoldedRuns(t *testing.T) {
	r := newRig(t, Options{})
	c := r.logon("a:1", "alice@hotmail.com") // five events
	c.To("10.0.0.9:1863", 0)
	b := "MIME-Version: 1.0\r\nContent-Type: text/x-msmsgscontrol\r\nTypingUser: alice@hotmail.com\r\n\r\n\r\n"
	m := decode.Parse(fmt.Appendf(nil, "MSG 3 U %d\r\n%s", len(b), b), decode.FromClient, c.Framing())
	*r.log = append(*r.log, c.Track(decode.FromClient, &m, r.now()))
	r.c(c, "PNG")
	r.s(c, "QNG")
	r.c(c, "OUT")
	all, folded := " 1 2 3 4 5 6 7 8 9", " 1 2 3 4 5 6 7 9"
	if got := r.numbers(); got != all {
		t.Fatalf("rows%s, want%s", got, all)
	}
	r.SetFolded(true)
	if got := r.numbers(); got != folded || !r.Folded() {
		t.Errorf("folded: rows%s, want%s", got, folded)
	}
	for row, want := range map[int]int{4: 1, 5: 1, 6: 2, 7: 1} {
		if n, _ := r.Run(row); n != want {
			t.Errorf("row %d stands for %d events, want %d", row, n, want)
		}
	}
	r.SetFolded(false)
	if got := r.numbers(); got != all {
		t.Errorf("unfolded: rows%s, want%s", got, all)
	}
}
