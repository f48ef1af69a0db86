package client_test

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/msnscope/msnscope/internal/client"
)

func TestCall(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w, l := newWorld(t), &log{}
		c := w.online(l, "C: XFR 5 SB\nS: XFR 5 SB 10.0.0.9 CKI 17.23\nEOF")
		w.peer(sbAddr, `
			C: USR 1 alice@hotmail.com 17.23
			S: USR 1 OK alice@hotmail.com Alice
			C: CAL 2 bob@hotmail.com
			S: CAL 2 RINGING 11752013
			S: JOI alice@hotmail.com Alice
			S: JOI bob@hotmail.com B%C3%B6b
			C: MSG 3 U
			| MIME-Version: 1.0
			| Content-Type: text/x-msmsgscontrol
			| TypingUser: alice@hotmail.com
			|
			|
			|
			C: MSG 4 N
			| MIME-Version: 1.0
			| Content-Type: text/plain; charset=UTF-8
			|
			| Grüße :)
			S: NAK 4
			S: MSG bob@hotmail.com B%C3%B6b
			| MIME-Version: 1.0
			| Content-Type: Text/Plain;charset=UTF-8
			|
			| hi
			S: MSG bob@hotmail.com B%C3%B6b
			| MIME-Version: 1.0
			| Content-Type: text/x-msmsgscontrol
			| TypingUser: bob@hotmail.com
			|
			|
			C: CAL 5 carol@hotmail.com
			S: 217 5
			C: MSG 6 A
			| MIME-Version: 1.0
			| Content-Type: text/plain; charset=UTF-8
			|
			| there?
			S: ACK 6
			C: MSG 7 A
			| MIME-Version: 1.0
			| Content-Type: text/plain; charset=UTF-8
			|
			| still?
			S: BYE bob@hotmail.com
			S: NAK 7
			C: OUT
			CLOSE`)
		s, err := c.Call(t.Context(), "bob@hotmail.com")
		must(t, err)
		must(t, s.Await(t.Context(), "BOB@hotmail.com"))
		if s.ID() != "11752013" || !slices.Equal(s.Participants(), []client.Contact{{"bob@hotmail.com", "Böb"}}) {
			t.Errorf("session %s with %v", s.ID(), s.Participants())
		}
		must(t, s.Typing(t.Context()))
		must(t, s.Send(t.Context(), "Grüße :)"))
		synctest.Wait()
		if u := one[client.Undelivered](t, l); u.TrID != 4 || u.Session != s {
			t.Errorf("event %+v", u)
		}
		if m := one[client.Message](t, l); m.Text != "hi" || m.Type != "text/plain" || m.Name != "Böb" ||
			m.Session != s {
			t.Errorf("event %+v", m)
		}
		if e := one[client.Typing](t, l); e.From != "bob@hotmail.com" {
			t.Errorf("event %+v", e)
		}
		wantCode(t, s.Invite(t.Context(), "carol@hotmail.com"), 217)
		must(t, s.Deliver(t.Context(), "there?"))
		if err := s.Deliver(t.Context(), "still?"); !errors.Is(err, client.ErrUndelivered) {
			t.Errorf("NAK gives %v", err)
		}
		if e := one[client.Left](t, l); e.Handle != "bob@hotmail.com" || s.Has("bob@hotmail.com") {
			t.Errorf("event %+v, participants %v", e, s.Participants())
		}
		must(t, s.Leave(t.Context()))
		synctest.Wait()
		if len(c.Sessions()) != 0 || one[client.SessionEnded](t, l).Session != s {
			t.Errorf("the session is still there")
		}
		if got := c.Referrals(); !slices.Equal(got, []string{"10.0.0.9"}) {
			t.Errorf("Referrals = %q", got)
		}
		if err := s.Await(t.Context(), "bob@hotmail.com"); !errors.Is(err, client.ErrClosed) {
			t.Errorf("Await after the end: %v", err)
		}
		c.Close()
	})
}

// TestCallRefused: after a callee who cannot be invited, or a cookie that is refused, the session
// is left again.
func TestCallRefused(t *testing.T) {
	for _, tt := range []struct {
		name, script string
		code         int
	}{
		{"callee", "C: USR 1 alice@hotmail.com 17.23\nS: USR 1 OK alice@hotmail.com A\nC: CAL 2 bob@hotmail.com\nS: " +
			"217 2\nC: OUT\nCLOSE", 217},
		{"cookie", "C: USR 1 alice@hotmail.com 17.23\nS: 911 1\nCLOSE", 911},
	} {
		t.Run(tt.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				w := newWorld(t)
				c := w.online(&log{}, "C: XFR 5 SB\nS: XFR 5 SB 10.0.0.9:1863 CKI 17.23\nEOF")
				w.peer(sbAddr, tt.script)
				_, err := c.Call(t.Context(), "bob@hotmail.com")
				wantCode(t, err, tt.code)
				synctest.Wait()
				if n := len(c.Sessions()); n != 0 {
					t.Errorf("%d sessions are left", n)
				}
				c.Close()
			})
		})
	}
}

const ring = "S: RNG 11752013 10.0.0.9:1863 CKI 849.520 bob@hotmail.com B%C3%B6b\n"

// TestRingAnswered: an invitation is answered automatically (§8.4), even if the server sends ANS OK
// without a TrID, as one known server does.
func TestRingAnswered(t *testing.T) {
	for _, ok := range []string{"S: ANS 1 OK", "S: ANS OK"} {
		synctest.Test(t, func(t *testing.T) {
			w, l := newWorld(t), &log{}
			w.peer(sbAddr, `
				C: ANS 1 alice@hotmail.com 849.520 11752013
				S: IRO 1 1 2 bob@hotmail.com B%C3%B6b
				S: IRO 1 2 2 carol@hotmail.com Carol
				`+ok+`
				S: JOI alice@hotmail.com Alice
				S: JOI dave@hotmail.com Dave
				C: OUT
				CLOSE`)
			c := w.online(l, ring+"C: OUT\nCLOSE")
			synctest.Wait()
			e := one[client.Entered](t, l)
			must(t, e.Err)
			if r := one[*client.Ring](t, l); e.Ring != r || r.Name != "Böb" || r.SessionID != e.Session.ID() {
				t.Errorf("ring %+v", r)
			}
			var came []string
			for _, j := range of[client.Joined](l) {
				came = append(came, j.Handle)
				if j.First != (j.Handle != "dave@hotmail.com") {
					t.Errorf("%s: First = %v", j.Handle, j.First)
				}
			}
			if want := []string{"bob@hotmail.com", "carol@hotmail.com", "dave@hotmail.com"}; !slices.Equal(came, want) {
				t.Errorf("came %v, want %v: nobody joins oneself", came, want)
			}
			must(t, c.Logout(t.Context())) // leaves the session first
		})
	}
}

func TestRingByHand(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w, l := newWorld(t), &log{}
		w.peer(sbAddr, "C: ANS 1 alice@hotmail.com 849.520 11752013\nS: 911 1\nCLOSE")
		rings := make(chan *client.Ring, 1)
		o := w.options(l)
		o.OnRing = func(r *client.Ring) { rings <- r }
		w.peer(dsAddr, logonScript+ring+"EOF")
		c, err := client.Login(t.Context(), o)
		must(t, err)
		_, err = (<-rings).Answer(t.Context())
		wantCode(t, err, 911)
		if n := len(of[client.Entered](l)); n != 0 {
			t.Errorf("%d automatic answers", n)
		}
		c.Close()
	})
}

// TestRingFlood: a server that rings without end causes 64 connections, not more.
func TestRingFlood(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w, l := newWorld(t), &log{}
		w.peer(sbAddr, slices.Repeat([]string{"C: ANS 1 alice@hotmail.com 849.520 11752013\nS: ANS 1 OK\nEOF"}, 64)...)
		c := w.online(l, strings.Repeat(ring, 70)+"EOF")
		synctest.Wait()
		refused := 0
		for _, e := range of[client.Entered](l) {
			if errors.Is(e.Err, client.ErrBusy) {
				refused++
			}
		}
		if refused != 6 || len(c.Sessions()) != 64 {
			t.Errorf("%d refused, %d sessions", refused, len(c.Sessions()))
		}
		c.Close()
	})
}

// TestSessionsOneAfterTheOther: a session that has ended makes room for another.
func TestSessionsOneAfterTheOther(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w, l := newWorld(t), &log{}
		script := logonScript
		for i := range 70 {
			script += fmt.Sprintf("C: XFR %d SB\nS: XFR %d SB 10.0.0.9:1863 CKI 17.23\n", i+5, i+5)
		}
		w.peer(sbAddr, slices.Repeat([]string{"C: USR 1 alice@hotmail.com 17.23\nS: 911 1\nCLOSE"}, 70)...)
		w.peer(dsAddr, script+"EOF")
		c, err := client.Login(t.Context(), w.options(l))
		must(t, err)
		for range 70 {
			_, err := c.Call(t.Context())
			wantCode(t, err, 911)
			synctest.Wait()
		}
		c.Close()
	})
}

// TestCloseEndsSessions: Close ends everything, including a wait for a user who never comes.
func TestCloseEndsSessions(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newWorld(t)
		c := w.online(&log{}, "C: XFR 5 SB\nS: XFR 5 SB 10.0.0.9:1863 CKI 17.23\nEOF")
		w.peer(sbAddr, "C: USR 1 alice@hotmail.com 17.23\nS: USR 1 OK alice@hotmail.com A\nEOF")
		s, err := c.Call(t.Context())
		must(t, err)
		ctx, cancel := context.WithTimeout(t.Context(), time.Second)
		defer cancel()
		if err := s.Await(ctx, "bob@hotmail.com"); !errors.Is(err, context.DeadlineExceeded) {
			t.Errorf("Await = %v", err)
		}
		waited := make(chan error, 1)
		go func() { waited <- s.Await(t.Context(), "bob@hotmail.com") }()
		synctest.Wait()
		c.Close()
		if err := <-waited; !errors.Is(err, client.ErrClosed) {
			t.Errorf("Await = %v", err)
		}
		if err := s.Send(t.Context(), "hi"); !errors.Is(err, client.ErrClosed) {
			t.Errorf("Send = %v", err)
		}
	})
}
