package intercept

import (
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/msnscope/msnscope/decode"
	"github.com/msnscope/msnscope/decode/dialect"
	"github.com/msnscope/msnscope/decode/session"
	"github.com/msnscope/msnscope/internal/edit"
	"github.com/msnscope/msnscope/proxy"
)

const hello = "MSG 3 N 52\r\nMIME-Version: 1.0\r\nContent-Type: text/plain\r\n\r\nhello"

// TestHeldCommandsKeepTheirOrder: what comes after a held command waits with it; the other
// direction goes on.
func TestHeldCommandsKeepTheirOrder(t *testing.T) {
	play(t, ControlsOptions{}, func(s *stage) {
		s.check(s.controls.Intercept(`cmd == "CAL"`))
		s.client.Send("PNG\r\nCAL 2 bob@hotmail.com\r\nOUT\r\n")
		s.server.Want("PNG\r\n") // what came before in the same read does not wait
		s.server.WantSilence(time.Minute)
		s.server.Send("JOI bob@hotmail.com Bob\r\n")
		s.client.Want("JOI bob@hotmail.com Bob\r\n")
		s.check(s.controls.Release(s.held(1)[0]))
		s.server.Want("CAL 2 bob@hotmail.com\r\nOUT\r\n")
		e := s.find("CAL")
		if e.Flags&session.Held == 0 || e.Out != nil {
			t.Errorf("flags %v, out %q: want held, and as it came", e.Flags.Names(), e.Out)
		}
		if err := s.controls.Release(1); !errors.Is(err, edit.ErrGone) {
			t.Errorf("released twice: %v", err)
		}
	})
}

func TestDropEditDuplicate(t *testing.T) {
	play(t, ControlsOptions{}, func(s *stage) {
		s.check(s.controls.Intercept(`cmd in ["CAL", "MSG"]`))
		s.client.Send("CAL 2 bob@hotmail.com\r\nPNG\r\n")
		s.check(s.controls.Replace(s.held(1)[0]))
		s.server.Want("PNG\r\n")
		if e := s.find("CAL 2"); e.Flags&(session.Held|session.Dropped) != session.Held|session.Dropped {
			t.Errorf("flags %v, want held and dropped", e.Flags.Names())
		}

		s.client.Send(hello)
		s.held(1)
		h := s.controls.Held()[0]
		raw, err := edit.Rewrite(h.Event,
			[]edit.Field{{Name: "AckMode", Value: "A"}, {Value: "Content-Type: text/plain\\r\\n\\r\\nhi"}})
		s.check(err)
		s.check(s.controls.Replace(h.ID, raw))
		s.server.Want("MSG 3 A 30\r\nContent-Type: text/plain\r\n\r\nhi")
		if e := s.find("MSG 3"); e.Flags&session.Edited == 0 || string(e.In.Raw) != hello ||
			!strings.HasSuffix(string(e.Out), "hi") {
			t.Errorf("flags %v, in %q, out %q", e.Flags.Names(), e.In.Raw, e.Out)
		}

		s.client.Send("CAL 4 bob@hotmail.com\r\n")
		id := s.held(1)[0]
		s.check(s.controls.Replace(id, []byte("CAL 4 bob@hotmail.com\r\n"), []byte("CAL 5 carol@hotmail.com\r\n")))
		s.server.Want("CAL 4 bob@hotmail.com\r\nCAL 5 carol@hotmail.com\r\n")
		if e := s.find("CAL 5"); e.Flags&session.Injected == 0 {
			t.Errorf("flags %v, want injected", e.Flags.Names())
		}
	})
}

// TestHoldingHasLimits: commands beyond MaxHeld, and those held for MaxWait, go on by themselves.
func TestHoldingHasLimits(t *testing.T) {
	play(t, ControlsOptions{HoldQueue: HoldQueueOptions{MaxHeld: 1, MaxWait: time.Minute}}, func(s *stage) {
		s.check(s.controls.Intercept(`cmd in ["CAL", "JOI"]`))
		began := time.Now()
		s.client.Send("CAL 2 bob@hotmail.com\r\n")
		s.held(1)
		s.server.Send("JOI bob@hotmail.com Bob\r\n") // one too many
		s.client.Want("JOI bob@hotmail.com Bob\r\n")
		if e := s.find("JOI"); e.Flags&session.Held != 0 || !strings.Contains(e.Text, "not held") {
			t.Errorf("flags %v, text %q", e.Flags.Names(), e.Text)
		}
		s.server.Want("CAL 2 bob@hotmail.com\r\n")
		if waited := time.Since(began); waited != time.Minute {
			t.Errorf("it waited %s, want a minute", waited)
		}
		if e := s.find("CAL"); !strings.Contains(e.Text, "went on by itself") {
			t.Errorf("text %q", e.Text)
		}
	})
}

// TestHeldBytesHaveALimit: a command for which there is no room goes on at once and says so; once
// there is room, the next is held.
func TestHeldBytesHaveALimit(t *testing.T) {
	play(t, ControlsOptions{HoldQueue: HoldQueueOptions{MaxBytes: 60}}, func(s *stage) {
		s.check(s.controls.Intercept(`cmd in ["MSG", "JOI"]`))
		s.client.Send(hello) // 64 bytes
		s.server.Want(hello)
		if e := s.find("MSG"); e.Flags&session.Held != 0 ||
			!strings.Contains(e.Text, "not held: 0 others of 0 bytes are") {
			t.Errorf("flags %v, text %q", e.Flags.Names(), e.Text)
		}
		const joi = "JOI bob@hotmail.com Bob\r\n"
		for range 3 { // three of 25 bytes fit only one after the other
			s.server.Send(joi)
			s.check(s.controls.Release(s.held(1)[0])) // it gives its room back
			s.client.Want(joi)
		}
	})
}

// TestHeldMegabytes: what is held of 300 commands of 1 MB, each on a connection of its own, is 16
// MB.
func TestHeldMegabytes(t *testing.T) {
	d := NewHoldQueue(HoldQueueOptions{})
	if err := d.Intercepts("MSG"); err != nil {
		t.Fatal(err)
	}
	raw := append([]byte("MSG 1 N 1000000\r\n"), make([]byte, 1_000_000)...)
	held := 0
	for range 300 {
		e := &session.Event{Dir: decode.FromClient, In: decode.Message{Raw: raw}}
		x := &proxy.Exchange{In: e, Out: raw}
		if d.admit(x, false) != nil {
			held++
		} else if !strings.HasPrefix(x.Rule, "not held: 16 others of ") {
			t.Fatalf("command %d goes on with the note %q", held, x.Rule)
		}
	}
	if held != 16 || d.bytes > maxHeldBytes {
		t.Errorf("%d commands with %d bytes are held, want 16 of at most %d", held, d.bytes, maxHeldBytes)
	}
	for _, h := range d.Held() {
		d.remove(h.ID)
	}
	if d.bytes != 0 {
		t.Errorf("nothing waits, and %d bytes are counted", d.bytes)
	}
}

// TestReleaseAll: when the inspector goes away, all held commands go on and no more are held.
func TestReleaseAll(t *testing.T) {
	play(t, ControlsOptions{}, func(s *stage) {
		s.check(s.controls.Intercept("CAL"))
		s.client.Send("CAL 2 bob@hotmail.com\r\n")
		s.held(1)
		s.controls.ReleaseAll()
		s.server.Want("CAL 2 bob@hotmail.com\r\n")
		s.client.Send("CAL 3 bob@hotmail.com\r\n")
		s.server.Want("CAL 3 bob@hotmail.com\r\n")
		if got := s.controls.Intercepting(); got != "" {
			t.Errorf("%q is held still", got)
		}
	})
}

// TestNobodyHolds: a command that matched at the moment at which the last inspector left is not
// held.
func TestNobodyHolds(t *testing.T) {
	d := NewHoldQueue(HoldQueueOptions{})
	if err := d.Intercepts("CAL"); err != nil {
		t.Fatal(err)
	}
	d.ReleaseAll()
	if w := d.admit(&proxy.Exchange{In: &session.Event{}}, false); w != nil {
		t.Errorf("command %d waits, and nobody is there", w.ID)
	}
}

// TestDecisionAtTheLastMoment: a decision counts although the command's time ran out just then.
func TestDecisionAtTheLastMoment(t *testing.T) {
	for range 20 {
		play(t, ControlsOptions{HoldQueue: HoldQueueOptions{MaxWait: time.Minute}}, func(s *stage) {
			s.check(s.controls.Intercept("CAL"))
			s.client.Send("CAL 2 bob@hotmail.com\r\nPNG\r\n")
			id := s.held(1)[0]
			time.Sleep(time.Minute)
			if err := s.controls.Replace(id); err == nil {
				s.server.Want("PNG\r\n")
			} else {
				s.server.Want("CAL 2 bob@hotmail.com\r\nPNG\r\n")
			}
		})
	}
}

// TestNothingInPlace: an edit that leaves nothing drops the command, and the event says so.
func TestNothingInPlace(t *testing.T) {
	play(t, ControlsOptions{}, func(s *stage) {
		s.check(s.controls.Intercept("CAL"))
		s.client.Send("CAL 2 bob@hotmail.com\r\nPNG\r\n")
		s.check(s.controls.Replace(s.held(1)[0], []byte{}))
		s.server.Want("PNG\r\n")
		if e := s.find("CAL"); e.Flags&session.Dropped == 0 {
			t.Errorf("flags %v, want dropped", e.Flags.Names())
		}
	})
}

// TestHeldAtTheEnd: held commands leave the queue when their connection ends.
func TestHeldAtTheEnd(t *testing.T) {
	play(t, ControlsOptions{}, func(s *stage) {
		s.check(s.controls.Intercept("CAL"))
		s.client.Send("CAL 2 bob@hotmail.com\r\n")
		s.held(1)
		s.check(s.controls.Kill(1))
		s.server.WantEnd()
		s.held(0)
		if err := s.controls.Kill(1); !errors.Is(err, edit.ErrNoConn) {
			t.Errorf("killed twice: %v", err)
		}
	})
}

func TestWrongExpressionChangesNothing(t *testing.T) {
	play(t, ControlsOptions{}, func(s *stage) {
		s.check(s.controls.Intercept("CAL"))
		if err := s.controls.Intercept("cmd == "); err == nil || s.controls.Intercepting() != "CAL" {
			t.Errorf("error %v, %q is held", err, s.controls.Intercepting())
		}
	})
}

// TestSenderHangsUp: while a command waits for a decision, Held shows that its sender has gone; the
// command, and what was said after it, go on in their order, or are dropped, and then the receiver
// sees the end.
func TestSenderHangsUp(t *testing.T) {
	for _, dropped := range []bool{false, true} {
		play(t, ControlsOptions{}, func(s *stage) {
			s.check(s.controls.Intercept("CAL"))
			s.client.Send("CAL 2 bob@hotmail.com\r\n")
			s.held(1)
			s.client.Send("PNG\r\n")
			s.rest()
			if s.controls.Held()[0].Gone {
				t.Error("the client is said to be gone, and is there")
			}
			s.client.Send("OUT\r\nhalf a li") // what is no whole command has been received, too
			s.client.Conn.Close()
			s.server.WantSilence(time.Minute)
			if !s.controls.Held()[0].Gone {
				t.Error("the client has hung up, and the list of what is held does not say so")
			}
			want := "CAL 2 bob@hotmail.com\r\nPNG\r\nOUT\r\nhalf a li"
			if id := s.held(1)[0]; dropped {
				s.check(s.controls.Replace(id))
				want = want[len("CAL 2 bob@hotmail.com\r\n"):]
			} else {
				s.check(s.controls.Release(id))
			}
			s.server.Want(want)
			s.server.WantEnd()
			s.held(0)
		})
	}
}

// TestServerHangsUp: the other direction is no different.
func TestServerHangsUp(t *testing.T) {
	play(t, ControlsOptions{}, func(s *stage) {
		s.check(s.controls.Intercept("JOI"))
		s.server.Send("JOI bob@hotmail.com Bob\r\nBYE bob@hotmail.com\r\n")
		s.held(1)
		s.server.Conn.Close()
		s.client.WantSilence(time.Minute)
		if !s.controls.Held()[0].Gone {
			t.Error("the server has hung up, and the list of what is held does not say so")
		}
		s.check(s.controls.Release(s.held(1)[0]))
		s.client.Want("JOI bob@hotmail.com Bob\r\nBYE bob@hotmail.com\r\n")
		s.client.WantEnd()
	})
}

// TestMuchAfterWhatIsHeld: of a sender that does not stop, a bounded part is read ahead, and
// nothing is lost.
func TestMuchAfterWhatIsHeld(t *testing.T) {
	play(t, ControlsOptions{}, func(s *stage) {
		s.check(s.controls.Intercept("CAL"))
		var much strings.Builder
		much.WriteString("CAL 2 bob@hotmail.com\r\n")
		for i := range 20_000 {
			if i == 10_000 {
				much.WriteString("CAL 3 carol@hotmail.com\r\n")
			}
			fmt.Fprintf(&much, "CHG %d NLN\r\n", i)
		}
		go func() {
			io.WriteString(s.client.Conn, much.String())
			s.client.Conn.Close()
		}()
		go func() {
			for range 2 {
				time.Sleep(time.Second)
				s.controls.Release(s.controls.Held()[0].ID)
			}
		}()
		s.server.Want(much.String())
		s.server.WantEnd()
	})
}

// TestServerSpeaksToWhoHasGone: a server that still speaks to a client that has gone does not lose
// what the client said before.
func TestServerSpeaksToWhoHasGone(t *testing.T) {
	play(t, ControlsOptions{}, func(s *stage) {
		s.check(s.controls.Intercept("CAL"))
		s.client.Send("CAL 2 bob@hotmail.com\r\nOUT\r\n")
		s.held(1)
		s.client.Conn.Close()
		for range 3 {
			s.server.Send("JOI bob@hotmail.com Bob\r\n")
			s.rest()
		}
		s.check(s.controls.Release(s.held(1)[0]))
		s.server.Want("CAL 2 bob@hotmail.com\r\nOUT\r\n")
		s.server.WantEnd()
	})
}

// TestLogsWithoutLock: a log handler that gets the queue's warnings may use the queue.
func TestLogsWithoutLock(t *testing.T) {
	asked := &asking{Handler: slog.NewTextHandler(io.Discard, nil)}
	q := NewHoldQueue(HoldQueueOptions{MaxBytes: 1, Log: slog.New(asked)})
	asked.mu = &q.mu
	if err := q.Intercepts("PNG"); err != nil {
		t.Fatal(err)
	}
	x := &proxy.Exchange{In: &session.Event{In: decode.Parse([]byte("PNG\r\n"), decode.FromClient, dialect.MSNP2)}}
	if q.admit(x, false) != nil || !asked.free {
		t.Error("there is no warning, or it comes with the lock held")
	}
}

// asking is a handler of logs that notes whether a lock is free.
type asking struct {
	slog.Handler
	mu   *sync.Mutex
	free bool
}

func (a *asking) Handle(context.Context, slog.Record) error {
	if a.free = a.mu.TryLock(); a.free {
		a.mu.Unlock()
	}
	return nil
}
