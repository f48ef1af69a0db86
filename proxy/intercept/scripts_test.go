package intercept

import (
	"context"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/msnscope/msnscope/decode"
	"github.com/msnscope/msnscope/decode/session"
	"github.com/msnscope/msnscope/internal/script"
	"github.com/msnscope/msnscope/proxy"
)

// scripted runs a test on a stage with a script.
func scripted(t *testing.T, src string, test func(s *stage, file string)) {
	file := filepath.Join(t.TempDir(), "test.star")
	if err := os.WriteFile(file, []byte(src), 0o644); err != nil {
		t.Fatal(err)
	}
	load := func() *script.Set { // in the bubble
		set, err := script.LoadAll([]string{file}, script.Options{Attended: true})
		if err != nil {
			t.Fatal(err)
		}
		return set
	}
	playWith(t, func() ControlsOptions { return ControlsOptions{Scripts: load()} }, func(s *stage) {
		ctx, stop := context.WithCancel(s.t.Context())
		defer stop()
		go s.controls.RunScripts(ctx)
		test(s, file)
	})
}

// last returns the latest event of a command.
func (s *stage) last(verb string) *session.Event {
	synctest.Wait()
	s.mu.Lock()
	defer s.mu.Unlock()
	for _, e := range slices.Backward(s.events) {
		if e.In.Verb.String() == verb {
			return e
		}
	}
	s.t.Fatalf("no event of %s", verb)
	return nil
}

// TestScriptEdits: what a script changes is what arrives, and the event has both and the script's
// name.
func TestScriptEdits(t *testing.T) {
	scripted(t, `
match = 'cmd == "MSG"'

def command(c):
    if c.dir == "C":
        c.text = c.text.upper()
`, func(s *stage, _ string) {
		s.client.Send("MSG 2 N 5\r\nhello")
		s.server.Want("MSG 2 N 5\r\nHELLO")
		e := s.last("MSG")
		if e.Flags != session.Edited || e.Text != "script test.star" || string(e.In.Payload()) != "hello" {
			t.Errorf("event: flags %v, text %q, payload %q", e.Flags.Names(), e.Text, e.In.Payload())
		}
		s.server.Send("MSG bob@hotmail.com Bob 2\r\nhi")
		s.client.Want("MSG bob@hotmail.com Bob 2\r\nhi")
		s.client.Send("CAL 3 bob@hotmail.com\r\n")
		s.server.Want("CAL 3 bob@hotmail.com\r\n")
	})
}

// TestScriptActs: a script drops, answers, injects, delays and holds.
func TestScriptActs(t *testing.T) {
	scripted(t, `
def command(c):
    if c.cmd == "CAL" and c.args.UserHandle == "drop@b.c":
        c.drop()
    elif c.cmd == "CAL" and c.args.UserHandle == "fail@b.c":
        c.answer(715)
    elif c.cmd == "CAL" and c.args.UserHandle == "twice@b.c":
        c.before("CAL 8 before@b.c")
        c.after("CAL 9 after@b.c")
    elif c.cmd == "CAL" and c.args.UserHandle == "slow@b.c":
        c.delay(2.5)
    elif c.cmd == "CAL" and c.args.UserHandle == "hold@b.c":
        c.hold()
`, func(s *stage, _ string) {
		s.client.Send("CAL 2 drop@b.c\r\nCAL 3 fail@b.c\r\nCAL 4 twice@b.c\r\n")
		s.client.Want("715 3\r\n")
		s.server.Want("CAL 8 before@b.c\r\nCAL 4 twice@b.c\r\nCAL 9 after@b.c\r\n")
		if e := s.last("CAL"); e.Flags&session.Injected == 0 {
			t.Errorf("flags of what was added: %v", e.Flags.Names())
		}
		began := time.Now()
		s.client.Send("CAL 5 slow@b.c\r\n")
		s.server.Want("CAL 5 slow@b.c\r\n")
		if took := time.Since(began); took != 2500*time.Millisecond {
			t.Errorf("delayed by %v", took)
		}
		s.client.Send("CAL 6 hold@b.c\r\n")
		synctest.Wait()
		held := s.controls.Held()
		if len(held) != 1 {
			t.Fatalf("%d commands are held", len(held))
		}
		if err := s.controls.Replace(held[0].ID, []byte("CAL 6 other@b.c\r\n")); err != nil {
			t.Fatal(err)
		}
		s.server.Want("CAL 6 other@b.c\r\n")
	})
}

// TestScriptTicks: the hook tick gets the time each second, and can speak on every connection; the
// client does not see the answer to a request that it has not sent.
func TestScriptTicks(t *testing.T) {
	scripted(t, `
def opened(conn):
    state["opened"] = state.get("opened", 0) + 1

def tick(now):
    for conn in conns():
        if conn.user and not state.get("rung"):
            state["rung"] = now
            conn.to_server("CAL %d bob@hotmail.com" % conn.new_trid())
            conn.to_client("913 %d" % state["opened"])
`, func(s *stage, _ string) {
		s.server.Want("CAL 4026531841 bob@hotmail.com\r\n")
		s.client.Want("913 1\r\n")
		s.server.Send("CAL 4026531841 RINGING 1234\r\nBYE bob@hotmail.com\r\n")
		s.client.Want("BYE bob@hotmail.com\r\n")
	})
}

// TestScriptIsLoadedAgain: a changed file is loaded again while the connection goes on, with its
// state; a broken one is refused, and the one before goes on.
func TestScriptIsLoadedAgain(t *testing.T) {
	const first = `
def command(c):
    if c.cmd == "CAL":
        state["n"] = state.get("n", 0) + 1
        c.args.UserHandle = "first%d@b.c" % state["n"]
`
	scripted(t, first, func(s *stage, file string) {
		put := func(src string) {
			if err := os.WriteFile(file, []byte(src), 0o644); err != nil {
				t.Fatal(err)
			}
			time.Sleep(1500 * time.Millisecond) // in the time of the bubble
			synctest.Wait()
		}
		s.client.Send("CAL 2 x@b.c\r\n")
		s.server.Want("CAL 2 first1@b.c\r\n")
		put("def command(c): this is wrong")
		s.client.Send("CAL 3 x@b.c\r\n")
		s.server.Want("CAL 3 first2@b.c\r\n")
		put(strings.ReplaceAll(first, "first", "second"))
		s.client.Send("CAL 4 x@b.c\r\n")
		s.server.Want("CAL 4 second3@b.c\r\n")
	})
}

// picky is a link that wants to see one command of the client, and counts what it sees.
type picky struct{ seen atomic.Int64 }

func (p *picky) Idle() bool { return false }

func (p *picky) Wants(dir decode.Dir) *decode.Verbs {
	var set decode.Verbs
	if dir == decode.FromClient {
		set.Add(decode.V("CAL"))
	}
	return &set
}

func (p *picky) Intercept(context.Context, *proxy.Exchange) { p.seen.Add(1) }

// TestOnlyWantedCommandsAreSeen: an interceptor sees the commands that it wants, and no others; all
// of them arrive in their order.
func TestOnlyWantedCommandsAreSeen(t *testing.T) {
	play(t, ControlsOptions{}, func(s *stage) {
		link := &picky{}
		NewChain(s.proxy, link)
		const all = "CAL 2 a@b.c\r\nPNG\r\nMSG 3 N 5\r\nCAL 4CAL 5 a@b.c\r\nOUT\r\n"
		s.client.Send(all)
		s.server.Want(all)
		s.server.Send("CAL 2 RINGING 17\r\nCAL 5 RINGING 17\r\n")
		s.client.Want("CAL 2 RINGING 17\r\nCAL 5 RINGING 17\r\n")
		if n := link.seen.Load(); n != 2 {
			t.Errorf("it saw %d commands, want 2", n)
		}
	})
}
