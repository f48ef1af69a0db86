package intercept

import (
	"errors"
	"strings"
	"testing"
	"time"

	"github.com/msnscope/msnscope/decode"
	"github.com/msnscope/msnscope/decode/session"
	"github.com/msnscope/msnscope/internal/edit"
)

// TestInjectToTheServer: the answer to an injected request is kept from the client, which gets the
// answers to its own.
func TestInjectToTheServer(t *testing.T) {
	play(t, ControlsOptions{}, func(s *stage) {
		s.check(s.controls.Inject(edit.Injection{Conn: 1, Dir: decode.FromClient, Text: "CAL {trid} bob@hotmail.com"}))
		s.server.Want("CAL 4026531841 bob@hotmail.com\r\n")
		s.server.Send("CAL 4026531841 RINGING 11752013\r\n")
		s.client.WantSilence(time.Second)
		const both = session.Dropped | session.Injected
		if e := s.find("CAL 4026531841 RINGING"); e.Flags&both != both || e.ReplyTo == 0 {
			t.Errorf("flags %v, answers %d: want dropped and injected, and the request", e.Flags.Names(), e.ReplyTo)
		}
		s.client.Send("CAL 2 carol@hotmail.com\r\n")
		s.server.Want("CAL 2 carol@hotmail.com\r\n")
		s.server.Send("CAL 2 RINGING 11752013\r\n")
		s.client.Want("CAL 2 RINGING 11752013\r\n")
	})
}

func TestInjectToTheClient(t *testing.T) {
	play(t, ControlsOptions{}, func(s *stage) {
		s.check(s.controls.Inject(edit.Injection{Conn: 1, Dir: decode.FromServer, Text: `MSG {user} Me 5\r\nhello`}))
		s.client.Want("MSG alice@hotmail.com Me 5\r\nhello")
		if e := s.find("MSG alice"); e.Flags&session.Injected == 0 || e.Dir != decode.FromServer {
			t.Errorf("flags %v, from %s", e.Flags.Names(), e.Dir)
		}
	})
}

// TestInjectChecksTheTable, unless one insists.
func TestInjectChecksTheTable(t *testing.T) {
	play(t, ControlsOptions{}, func(s *stage) {
		for _, tc := range []struct {
			text, wrong string
		}{
			{"CHG 9 NLN", "MSNP2 has no CHG to the SB"},
			{"CAL 9", "number of arguments is 0"},
			{"hello", "not a command"},
			{`MSG 9 N 10\r\nhello`, "not a whole command"},
			{`CAL 9 \q`, "not an escape"},
			{"CAL 9 {session}", "{session}: its value is not known yet on this connection"},
		} {
			err := s.controls.Inject(edit.Injection{Conn: 1, Dir: decode.FromClient, Text: tc.text})
			if err == nil || !strings.Contains(err.Error(), tc.wrong) {
				t.Errorf("%s: %v, want %q", tc.text, err, tc.wrong)
			}
		}
		var not *edit.NotAllowedError
		if err := s.controls.Inject(edit.Injection{Conn: 1, Dir: decode.FromClient, Text: "CHG 9 NLN"}); !errors.As(err,
			&not) {
			t.Errorf("%v is no NotAllowedError", err)
		}
		s.server.WantSilence(time.Second)
		s.check(s.controls.Inject(edit.Injection{Conn: 1, Dir: decode.FromClient, Text: "CHG 9 {NLN}", Anyway: true}))
		s.server.Want("CHG 9 {NLN}\r\n")
		if err := s.controls.Inject(edit.Injection{Conn: 7, Dir: decode.FromClient, Text: "PNG"}); !errors.Is(err,
			edit.ErrNoConn) {
			t.Errorf("to no connection: %v", err)
		}
	})
}

// TestInjectionHasALimit, and what is wrong is said of the command, not of the receiver.
func TestInjectionHasALimit(t *testing.T) {
	play(t, ControlsOptions{}, func(s *stage) {
		err := s.controls.Inject(edit.Injection{
			Conn: 1, Dir: decode.FromServer,
			Text: "OUT " + strings.Repeat("x", 2<<20), Anyway: true,
		})
		if err == nil || !strings.Contains(err.Error(), "at most 2097152 can be injected") {
			t.Errorf("error %v", err)
		}
	})
}
