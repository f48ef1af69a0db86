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

// typing is one notice that a user types, as a client sends it and as a server delivers it.
func (r *rig) typing(c *session.Conn, dir decode.Dir, who string) {
	head := "MSG 3 U"
	if dir == decode.FromServer {
		head = "MSG " + who + " A"
	}
	b := "MIME-Version: 1.0\r\nContent-Type: text/x-msmsgscontrol\r\nTypingUser: " + who + "\r\n\r\n\r\n"
	m := decode.Parse(fmt.Appendf(nil, "%s %d\r\n%s", head, len(b), b), dir, c.Framing())
	*r.log = append(*r.log, c.Track(dir, &m, r.now()))
}

// TestFoldedRuns: a run of typing notices, or of keep-alives, is one row that counts them. What is
// sent and what is delivered are two runs, however they alternate, and so are two users.
func TestFoldedRuns(t *testing.T) {
	r := newRig(t, Options{})
	c := r.logon("a:1", "alice@hotmail.com") // five events
	c.To("10.0.0.9:1863", 0)
	r.typing(c, decode.FromClient, "alice@hotmail.com") // 6
	for range 2 {
		r.typing(c, decode.FromServer, "bob@hotmail.com")   // 7, 10
		r.typing(c, decode.FromServer, "carol@hotmail.com") // 8, 11
		r.typing(c, decode.FromClient, "alice@hotmail.com") // 9, 12
	}
	r.c(c, "PNG")
	r.s(c, "QNG")
	r.c(c, "OUT")
	all, folded := " 1 2 3 4 5 6 7 8 9 10 11 12 13 14 15", " 1 2 3 4 5 6 7 8 13 15"
	if got := r.numbers(); got != all {
		t.Fatalf("rows%s, want%s", got, all)
	}
	r.SetFolded(true)
	if got := r.numbers(); got != folded || !r.Folded() {
		t.Errorf("folded: rows%s, want%s", got, folded)
	}
	check := func() {
		t.Helper()
		for row, want := range []int{1, 1, 1, 1, 1, 3, 2, 2, 2, 1} {
			if n, _ := r.Run(row); n != want {
				t.Errorf("row %d stands for %d events, want %d", row, n, want)
			}
		}
	}
	check()
	for first := range *r.log {
		r.rewind(first)
		if got := r.numbers(); got != folded {
			t.Errorf("judged again from %d on: rows%s, want%s", first, got, folded)
		}
		check()
	}
	r.SetFolded(false)
	if got := r.numbers(); got != all {
		t.Errorf("unfolded: rows%s, want%s", got, all)
	}
}

// reads is a log that counts how often it is read.
type reads struct {
	*events
	n *int
}

func (l reads) At(i int) *session.Event {
	*l.n++
	return l.events.At(i)
}

// TestConversationReadsOnlyItsRows: a line of a conversation costs the same however much stands
// between it and the next in the log.
func TestConversationReadsOnlyItsRows(t *testing.T) {
	r := newRig(t, Options{})
	c := r.logon("a:1", "alice@hotmail.com")
	c.To("10.0.0.9:1863", 0)
	other := r.logon("b:1", "bob@hotmail.com")
	r.typing(c, decode.FromClient, "alice@hotmail.com")
	for range 2000 {
		r.s(other, "QNG")
	}
	r.typing(c, decode.FromClient, "alice@hotmail.com")
	n := 0
	m := New(reads{r.log, &n}, Options{})
	settle(m)
	m.SetTalk(1)
	settle(m)
	n = 0
	row := m.Rows() - 1
	if said := m.Said(row); said.Kind != SaidTyping || said.Times != 2 {
		t.Errorf("the last line is %+v, want 2 typing notices", said)
	}
	if n > 4 {
		t.Errorf("it took %d reads", n)
	}
}
