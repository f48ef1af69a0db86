package proxy

import (
	"fmt"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/msnscope/msnscope/decode"
	"github.com/msnscope/msnscope/decode/session"
	"github.com/msnscope/msnscope/internal/msntest"
)

// ends returns the half-close and close events so far: each with its side, and its time after
// begin.
func (l *lab) ends(begin time.Time) string {
	var all []string
	for _, e := range l.all() {
		if e.Kind == session.HalfClose || e.Kind == session.Close {
			who := strings.Trim(e.Dir.String(), "\x00")
			all = append(all, strings.TrimSpace(fmt.Sprintf("%s %s %s%s", e.Time.Sub(begin), e.Kind, who, e.Text)))
		}
	}
	return strings.Join(all, "; ")
}

// TestHalfClose: the end of each side has an event when it comes, with its side; what the other
// side says afterwards still arrives, however late, unless it pauses for too long.
func TestHalfClose(t *testing.T) {
	const most = halfOpenTime - time.Second
	for _, tc := range []struct {
		first decode.Dir // whose end comes first
		said  string     // by the other one, after it
		other string
	}{
		{decode.FromServer, "OUT\r\n", "client"},
		{decode.FromClient, "BYE bob@hotmail.com\r\n", "server"},
	} {
		t.Run("before the "+tc.other, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				l := newLab(t, Options{})
				began := time.Now()
				c := l.client(proxyAddr)
				c.Send("VER 0 MSNP2\r\n")
				s := l.server(dsAddr)
				s.Want("VER 0 MSNP2\r\n")
				quiet, speaks := s, c
				if tc.first == decode.FromClient {
					quiet, speaks = c, s
				}
				time.Sleep(time.Second)
				quiet.HangUp()
				speaks.WantEnd()
				synctest.Wait()
				want := "1s half-close " + tc.first.String()
				if got := l.ends(began); got != want {
					t.Fatalf("at once it tells %q, want %q", got, want)
				}
				for _, pause := range []time.Duration{12 * time.Second, most, most} {
					time.Sleep(pause)
					speaks.Send(tc.said)
					quiet.Want(tc.said)
				}
				speaks.HangUp()
				quiet.WantEnd()
				synctest.Wait()
				want += "; " + (13*time.Second + 2*most).String() + " close closed by the " + tc.other
				if got := l.ends(began); got != want {
					t.Errorf("it tells %q, want %q", got, want)
				}
			})
		})
	}
}

// TestResetAfterHalfClose: who breaks a connection off that the other side has half closed is who
// the close event names.
func TestResetAfterHalfClose(t *testing.T) {
	for _, who := range []string{"client", "server"} {
		t.Run(who, func(t *testing.T) {
			events := make(chan *session.Event, 10)
			client, server := onTCP(t, func(e *session.Event) { events <- e })
			closes, resets := server, client
			if who == "server" {
				closes, resets = client, server
			}
			closes.CloseWrite()
			for e := range events {
				switch e.Kind {
				case session.HalfClose:
					resets.SetLinger(0)
					resets.Close()
				case session.Close:
					if !strings.HasPrefix(e.Text, "read from the "+who) || !strings.Contains(e.Text, "reset") {
						t.Errorf("the close event says %q, want a reset of the %s", e.Text, who)
					}
					return
				}
			}
		})
	}
}

// TestHalfOpenEnds: a half-open connection on which nobody speaks ends when halfOpenTime has
// passed, and what is no end of one side has no event of its own.
func TestHalfOpenEnds(t *testing.T) {
	for _, tc := range []struct {
		name string
		do   func(l *lab, c, s *msntest.Peer)
		want string
	}{
		{
			"the client is silent", func(_ *lab, _, s *msntest.Peer) { s.HangUp() },
			"0s half-close S; 4m0s close half-closed, and silent for 4m0s",
		},
		{
			"the server is silent", func(_ *lab, c, _ *msntest.Peer) { c.HangUp() },
			"0s half-close C; 4m0s close half-closed, and silent for 4m0s",
		},
		{"the client closes after the server's end, and cannot be told more", func(_ *lab, c, s *msntest.Peer) {
			s.HangUp()
			time.Sleep(time.Second)
			c.Conn.Close()
		}, "0s half-close S; 1s close closed by the client"},
		{"the proxy ends it", func(l *lab, _, _ *msntest.Peer) {
			l.proxy.Conns()[0].Kill(false, "a person")
		}, "0s close a person"},
	} {
		t.Run(tc.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				l := newLab(t, Options{})
				c := l.client(proxyAddr)
				c.Send("VER 0 MSNP2\r\n")
				s := l.server(dsAddr)
				s.Want("VER 0 MSNP2\r\n")
				began := time.Now()
				tc.do(l, c, s)
				time.Sleep(time.Hour)
				got := l.ends(began)
				if !strings.HasPrefix(got, tc.want) || strings.Count(got, ";") != strings.Count(tc.want, ";") {
					t.Errorf("it tells %q, want %q", got, tc.want)
				}
			})
		})
	}
}

// TestNothingAfterHalfClose: nothing follows the end of a side, not even a command that a person
// injects in its name.
func TestNothingAfterHalfClose(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		l := newLab(t, Options{})
		c := l.client(proxyAddr)
		c.Send("VER 0 MSNP2\r\n")
		s := l.server(dsAddr)
		s.Want("VER 0 MSNP2\r\n")
		conn := l.proxy.Conns()[0]
		s.HangUp()
		c.WantEnd()
		synctest.Wait()
		if err := conn.Inject(decode.FromServer, []byte("NLN NLN a@b.c A\r\n"), "a person"); err == nil {
			t.Error("a command of the server's is injected after its end")
		}
		if err := conn.Inject(decode.FromClient, []byte("PNG\r\n"), "a person"); err != nil {
			t.Errorf("inject a command of the client's: %v", err)
		}
		s.Want("PNG\r\n")
		synctest.Wait()
		all := l.all()
		if last := all[len(all)-1]; last.Dir != decode.FromClient || last.Flags&session.Injected == 0 {
			t.Errorf("the last event is %v %s, want the injected command", last.Kind, last.In.Raw)
		}
	})
}

// TestResetIsNoHalfClose: a reset ends the connection, both ways.
func TestResetIsNoHalfClose(t *testing.T) {
	for _, who := range []string{"client", "server"} {
		t.Run(who, func(t *testing.T) {
			events := make(chan *session.Event, 10)
			client, server := onTCP(t, func(e *session.Event) { events <- e })
			resets := client
			if who == "server" {
				resets = server
			}
			resets.SetLinger(0)
			resets.Close()
			for e := range events {
				if e.Kind == session.HalfClose {
					t.Errorf("a reset is told as %v %v", e.Kind, e.Dir)
				}
				if e.Kind == session.Close {
					break
				}
			}
		})
	}
}
