package intercept

import (
	"errors"
	"fmt"
	"io"
	"strings"
	"testing"
	"time"

	"github.com/msnscope/msnscope/decode/session"
	"github.com/msnscope/msnscope/internal/steer"
	"github.com/msnscope/msnscope/proxy"
)

const hello = "MSG 3 N 52\r\nMIME-Version: 1.0\r\nContent-Type: text/plain\r\n\r\nhello"

// TestHeldCommandsKeepTheirOrder: what comes behind a held command waits with it; the other direction goes on.
func TestHeldCommandsKeepTheirOrder(t *testing.T) {
	play(t, BenchOptions{}, func(s *stage) {
		s.check(s.bench.Intercept(`cmd == "CAL"`))
		s.client.send("PNG\r\nCAL 2 bob@hotmail.com\r\nOUT\r\n")
		s.server.want("PNG\r\n") // what came before in the same read does not wait
		s.server.silent(time.Minute)
		s.server.send("JOI bob@hotmail.com Bob\r\n")
		s.client.want("JOI bob@hotmail.com Bob\r\n")
		s.check(s.bench.Release(s.held(1)[0]))
		s.server.want("CAL 2 bob@hotmail.com\r\nOUT\r\n")
		e := s.find("CAL")
		if e.Flags&session.Held == 0 || e.Out != nil {
			t.Errorf("flags %v, out %q: want held, and as it came", e.Flags.Names(), e.Out)
		}
		if err := s.bench.Release(1); !errors.Is(err, steer.ErrGone) {
			t.Errorf("released twice: %v", err)
		}
	})
}

func TestDropEditDuplicate(t *testing.T) {
	play(t, BenchOptions{}, func(s *stage) {
		s.check(s.bench.Intercept(`cmd in ["CAL", "MSG"]`))
		s.client.send("CAL 2 bob@hotmail.com\r\nPNG\r\n")
		s.check(s.bench.Replace(s.held(1)[0]))
		s.server.want("PNG\r\n")
		if e := s.find("CAL 2"); e.Flags&(session.Held|session.Dropped) != session.Held|session.Dropped {
			t.Errorf("flags %v, want held and dropped", e.Flags.Names())
		}

		s.client.send(hello)
		s.held(1)
		h := s.bench.Held()[0]
		raw, err := steer.Rewrite(h.Event, []steer.Field{{Name: "AckMode", Value: "A"}, {Value: "Content-Type: text/plain\\r\\n\\r\\nhi"}})
		s.check(err)
		s.check(s.bench.Replace(h.ID, raw))
		s.server.want("MSG 3 A 30\r\nContent-Type: text/plain\r\n\r\nhi")
		if e := s.find("MSG 3"); e.Flags&session.Edited == 0 || string(e.In.Raw) != hello || !strings.HasSuffix(string(e.Out), "hi") {
			t.Errorf("flags %v, in %q, out %q", e.Flags.Names(), e.In.Raw, e.Out)
		}

		s.client.send("CAL 4 bob@hotmail.com\r\n")
		id := s.held(1)[0]
		s.check(s.bench.Replace(id, []byte("CAL 4 bob@hotmail.com\r\n"), []byte("CAL 5 carol@hotmail.com\r\n")))
		s.server.want("CAL 4 bob@hotmail.com\r\nCAL 5 carol@hotmail.com\r\n")
		if e := s.find("CAL 5"); e.Flags&session.Injected == 0 {
			t.Errorf("flags %v, want injected", e.Flags.Names())
		}
	})
}

// TestHoldingHasLimits: nobody's session waits for ever for a person who went away.
func TestHoldingHasLimits(t *testing.T) {
	play(t, BenchOptions{Desk: DeskOptions{MaxHeld: 1, MaxWait: time.Minute}}, func(s *stage) {
		s.check(s.bench.Intercept(`cmd in ["CAL", "JOI"]`))
		began := time.Now()
		s.client.send("CAL 2 bob@hotmail.com\r\n")
		s.held(1)
		s.server.send("JOI bob@hotmail.com Bob\r\n") // one too many
		s.client.want("JOI bob@hotmail.com Bob\r\n")
		if e := s.find("JOI"); e.Flags&session.Held != 0 || !strings.Contains(e.Text, "not held") {
			t.Errorf("flags %v, text %q", e.Flags.Names(), e.Text)
		}
		s.server.want("CAL 2 bob@hotmail.com\r\n")
		if waited := time.Since(began); waited != time.Minute {
			t.Errorf("it waited %s, want a minute", waited)
		}
		if e := s.find("CAL"); !strings.Contains(e.Text, "went on by itself") {
			t.Errorf("text %q", e.Text)
		}
	})
}

// TestReleaseAll is what happens when the inspector goes away.
func TestReleaseAll(t *testing.T) {
	play(t, BenchOptions{}, func(s *stage) {
		s.check(s.bench.Intercept("CAL"))
		s.client.send("CAL 2 bob@hotmail.com\r\n")
		s.held(1)
		s.bench.ReleaseAll()
		s.server.want("CAL 2 bob@hotmail.com\r\n")
		s.client.send("CAL 3 bob@hotmail.com\r\n")
		s.server.want("CAL 3 bob@hotmail.com\r\n")
		if got := s.bench.Intercepting(); got != "" {
			t.Errorf("%q is held still", got)
		}
	})
}

// TestNobodyHolds: a command that matched while the last inspector left is not left waiting for it.
func TestNobodyHolds(t *testing.T) {
	d := NewDesk(DeskOptions{})
	if err := d.Intercepts("CAL"); err != nil {
		t.Fatal(err)
	}
	d.ReleaseAll()
	if w := d.admit(&proxy.Exchange{In: &session.Event{}}); w != nil {
		t.Errorf("command %d waits, and nobody is there", w.ID)
	}
}

// TestDecisionAtTheLastMoment: what was decided is done, although the time was over just then.
func TestDecisionAtTheLastMoment(t *testing.T) {
	for range 20 {
		play(t, BenchOptions{Desk: DeskOptions{MaxWait: time.Minute}}, func(s *stage) {
			s.check(s.bench.Intercept("CAL"))
			s.client.send("CAL 2 bob@hotmail.com\r\nPNG\r\n")
			id := s.held(1)[0]
			time.Sleep(time.Minute)
			if err := s.bench.Replace(id); err == nil {
				s.server.want("PNG\r\n")
			} else {
				s.server.want("CAL 2 bob@hotmail.com\r\nPNG\r\n")
			}
		})
	}
}

// TestNothingInPlace: an edit that leaves nothing drops the command, and the event says so.
func TestNothingInPlace(t *testing.T) {
	play(t, BenchOptions{}, func(s *stage) {
		s.check(s.bench.Intercept("CAL"))
		s.client.send("CAL 2 bob@hotmail.com\r\nPNG\r\n")
		s.check(s.bench.Replace(s.held(1)[0], []byte{}))
		s.server.want("PNG\r\n")
		if e := s.find("CAL"); e.Flags&session.Dropped == 0 {
			t.Errorf("flags %v, want dropped", e.Flags.Names())
		}
	})
}

// TestHeldAtTheEnd: a connection that ends takes what is held along.
func TestHeldAtTheEnd(t *testing.T) {
	play(t, BenchOptions{}, func(s *stage) {
		s.check(s.bench.Intercept("CAL"))
		s.client.send("CAL 2 bob@hotmail.com\r\n")
		s.held(1)
		s.check(s.bench.Kill(1))
		s.server.wantEnd()
		s.held(0)
		if err := s.bench.Kill(1); !errors.Is(err, steer.ErrNoConn) {
			t.Errorf("killed twice: %v", err)
		}
	})
}

func TestWrongExpressionChangesNothing(t *testing.T) {
	play(t, BenchOptions{}, func(s *stage) {
		s.check(s.bench.Intercept("CAL"))
		if err := s.bench.Intercept("cmd == "); err == nil || s.bench.Intercepting() != "CAL" {
			t.Errorf("error %v, %q is held", err, s.bench.Intercepting())
		}
	})
}

// TestSenderHangsUp: who waits for a decision is told that the other end has gone; the command, and what was said behind it, go on in
// their order, or are dropped, and then the receiver sees the end.
func TestSenderHangsUp(t *testing.T) {
	for _, dropped := range []bool{false, true} {
		play(t, BenchOptions{}, func(s *stage) {
			s.check(s.bench.Intercept("CAL"))
			s.client.send("CAL 2 bob@hotmail.com\r\n")
			s.held(1)
			s.client.send("PNG\r\n")
			s.rest()
			if s.bench.Held()[0].Gone {
				t.Error("the client is said to be gone, and is there")
			}
			s.client.send("OUT\r\nhalf a li") // what is no whole command has been received, too
			s.client.conn.Close()
			s.server.silent(time.Minute)
			if !s.bench.Held()[0].Gone {
				t.Error("the client has hung up, and the list of what is held does not say so")
			}
			want := "CAL 2 bob@hotmail.com\r\nPNG\r\nOUT\r\nhalf a li"
			if id := s.held(1)[0]; dropped {
				s.check(s.bench.Replace(id))
				want = want[len("CAL 2 bob@hotmail.com\r\n"):]
			} else {
				s.check(s.bench.Release(id))
			}
			s.server.want(want)
			s.server.wantEnd()
			s.held(0)
		})
	}
}

// TestServerHangsUp: the other direction is no different.
func TestServerHangsUp(t *testing.T) {
	play(t, BenchOptions{}, func(s *stage) {
		s.check(s.bench.Intercept("JOI"))
		s.server.send("JOI bob@hotmail.com Bob\r\nBYE bob@hotmail.com\r\n")
		s.held(1)
		s.server.conn.Close()
		s.client.silent(time.Minute)
		if !s.bench.Held()[0].Gone {
			t.Error("the server has hung up, and the list of what is held does not say so")
		}
		s.check(s.bench.Release(s.held(1)[0]))
		s.client.want("JOI bob@hotmail.com Bob\r\nBYE bob@hotmail.com\r\n")
		s.client.wantEnd()
	})
}

// TestMuchBehindWhatIsHeld: of a sender that goes on and on, some is read ahead, and nothing is lost.
func TestMuchBehindWhatIsHeld(t *testing.T) {
	play(t, BenchOptions{}, func(s *stage) {
		s.check(s.bench.Intercept("CAL"))
		var much strings.Builder
		much.WriteString("CAL 2 bob@hotmail.com\r\n")
		for i := range 20_000 {
			if i == 10_000 {
				much.WriteString("CAL 3 carol@hotmail.com\r\n")
			}
			fmt.Fprintf(&much, "CHG %d NLN\r\n", i)
		}
		go func() {
			io.WriteString(s.client.conn, much.String())
			s.client.conn.Close()
		}()
		go func() {
			for range 2 {
				time.Sleep(time.Second)
				s.bench.Release(s.bench.Held()[0].ID)
			}
		}()
		s.server.want(much.String())
		s.server.wantEnd()
	})
}

// TestServerSpeaksToWhoHasGone: that it cannot be heard any more takes nothing away from what was said before.
func TestServerSpeaksToWhoHasGone(t *testing.T) {
	play(t, BenchOptions{}, func(s *stage) {
		s.check(s.bench.Intercept("CAL"))
		s.client.send("CAL 2 bob@hotmail.com\r\nOUT\r\n")
		s.held(1)
		s.client.conn.Close()
		for range 3 {
			s.server.send("JOI bob@hotmail.com Bob\r\n")
			s.rest()
		}
		s.check(s.bench.Release(s.held(1)[0]))
		s.server.want("CAL 2 bob@hotmail.com\r\nOUT\r\n")
		s.server.wantEnd()
	})
}
