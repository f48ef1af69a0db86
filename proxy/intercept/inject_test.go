package intercept

import (
	"errors"
	"strings"
	"testing"
	"time"

	"github.com/msnscope/msnscope/decode"
	"github.com/msnscope/msnscope/decode/session"
	"github.com/msnscope/msnscope/internal/steer"
)

// TestInjectToTheServer: the answer to an injected request stays with us, the client's own go to the client.
func TestInjectToTheServer(t *testing.T) {
	play(t, BenchOptions{}, func(s *stage) {
		s.check(s.bench.Inject(steer.Injection{Conn: 1, Dir: decode.FromClient, Text: "CAL {trid} bob@hotmail.com"}))
		s.server.want("CAL 4026531841 bob@hotmail.com\r\n")
		s.server.send("CAL 4026531841 RINGING 11752013\r\n")
		s.client.silent(time.Second)
		if e := s.find("CAL 4026531841 RINGING"); e.Flags&(session.Dropped|session.Injected) != session.Dropped|session.Injected || e.ReplyTo == 0 {
			t.Errorf("flags %v, answers %d: want dropped and injected, and the request", e.Flags.Names(), e.ReplyTo)
		}
		s.client.send("CAL 2 carol@hotmail.com\r\n")
		s.server.want("CAL 2 carol@hotmail.com\r\n")
		s.server.send("CAL 2 RINGING 11752013\r\n")
		s.client.want("CAL 2 RINGING 11752013\r\n")
	})
}

func TestInjectToTheClient(t *testing.T) {
	play(t, BenchOptions{}, func(s *stage) {
		s.check(s.bench.Inject(steer.Injection{Conn: 1, Dir: decode.FromServer, Text: `MSG {user} Me 5\r\nhello`}))
		s.client.want("MSG alice@hotmail.com Me 5\r\nhello")
		if e := s.find("MSG alice"); e.Flags&session.Injected == 0 || e.Dir != decode.FromServer {
			t.Errorf("flags %v, from %s", e.Flags.Names(), e.Dir)
		}
	})
}

// TestInjectChecksTheTable, unless one insists.
func TestInjectChecksTheTable(t *testing.T) {
	play(t, BenchOptions{}, func(s *stage) {
		for _, tc := range []struct {
			text, wrong string
		}{
			{"CHG 9 NLN", "MSNP2 has no CHG to the SB"},
			{"CAL 9", "0 arguments"},
			{"hello", "no command"},
			{`MSG 9 N 10\r\nhello`, "not a whole command"},
			{`CAL 9 \q`, "no escape"},
			{"CAL 9 {session}", "{session}: nothing on this connection has told that yet"},
		} {
			err := s.bench.Inject(steer.Injection{Conn: 1, Dir: decode.FromClient, Text: tc.text})
			if err == nil || !strings.Contains(err.Error(), tc.wrong) {
				t.Errorf("%s: %v, want %q", tc.text, err, tc.wrong)
			}
		}
		var not *steer.NotAllowedError
		if err := s.bench.Inject(steer.Injection{Conn: 1, Dir: decode.FromClient, Text: "CHG 9 NLN"}); !errors.As(err, &not) {
			t.Errorf("%v is no NotAllowedError", err)
		}
		s.server.silent(time.Second)
		s.check(s.bench.Inject(steer.Injection{Conn: 1, Dir: decode.FromClient, Text: "CHG 9 {NLN}", Anyway: true}))
		s.server.want("CHG 9 {NLN}\r\n")
		if err := s.bench.Inject(steer.Injection{Conn: 7, Dir: decode.FromClient, Text: "PNG"}); !errors.Is(err, steer.ErrNoConn) {
			t.Errorf("to no connection: %v", err)
		}
	})
}

// TestInjectionHasALimit, and what is wrong is said of the command, not of the receiver.
func TestInjectionHasALimit(t *testing.T) {
	play(t, BenchOptions{}, func(s *stage) {
		err := s.bench.Inject(steer.Injection{Conn: 1, Dir: decode.FromServer, Text: "OUT " + strings.Repeat("x", 1<<20), Anyway: true})
		if err == nil || !strings.Contains(err.Error(), "more than the 1048576 that can be injected") {
			t.Errorf("error %v", err)
		}
	})
}
