package session_test

import (
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/msnscope/msnscope/decode"
	"github.com/msnscope/msnscope/decode/session"
	"github.com/msnscope/msnscope/internal/msntest"
)

// FuzzEvents tracks two streams on two connections in turns, and asks for the State after every
// event.
func FuzzEvents(f *testing.F) {
	streams := msntest.Streams(f)
	for i := 0; i+1 < len(streams); i += 2 {
		f.Add(streams[i].Data, streams[i+1].Data)
	}
	// Commands that the captures do not contain: lists in XML, two networks, several endpoints.
	f.Add([]byte("VER 1 MSNP15\r\nUSR 3 SSO I "+
		"a@b.c\r\nADL 6 "+sized(bobFA)+"ADL 7 "+sized(daveAll)+"RML 8 "+sized(bobFA)),
		[]byte("VER 1 MSNP15\r\nUSR 3 OK a@b.c 1 0\r\nADL 6 OK\r\nADL 7 OK\r\nRML 8 OK\r\nADL 0 "+sized(carolB)+
			"NLN NLN bob@e.f 1 Bob 0 0\r\nNLN AWY bob@e.f 32 Bob 0 0\r\n241 9 "+sized("<ml/>")))
	f.Add([]byte("ANS 1 a@b.c;{0} 8.9 7\r\n"),
		[]byte("JOI d@e.f;{1} D 1:0\r\nJOI d@e.f;{2} D 1:0\r\nBYE d@e.f;{1}\r\nBYE d@e.f\r\nNLN AWY 32:d@e.f D "+
			"1:0\r\n"))
	f.Fuzz(func(t *testing.T, one, two []byte) {
		log := mixed(one, two)
		var x session.Transactions
		line := session.Timeline{Event: func(i int) *session.Event { return log[i] }}
		for _, e := range log {
			x.Add(e)
			line.Add(e)
			session.Folds(e)
		}
		if now := line.Now(); now.Entries() != now.Recount() {
			t.Fatalf("%d entries are on the account, there are %d", now.Entries(), now.Recount())
		}
		state := session.NewState()
		for i, e := range log {
			if got, ok := x.At(e.N); ok && got.Request > e.N {
				t.Fatalf("event %d belongs to the request %d", e.N, got.Request)
			}
			state.Apply(e)
			if i%97 != 0 && i != len(log)-1 {
				continue
			}
			if diff := cmp.Diff(describe(state), describe(line.At(e.N))); diff != "" {
				t.Fatalf("state after event %d (-applied +asked):\n%s", e.N, diff)
			}
		}
	})
}

// sized returns a payload preceded by its length.
func sized(payload string) string { return sprintf("%d\r\n%s", len(payload), payload) }

// mixed tracks two streams as those of a client and a server, a command of each at a time.
func mixed(one, two []byte) []*session.Event {
	const most = 3000
	var g session.Graph
	now := time.Unix(1e9, 0)
	c, open := g.Open(now, "127.0.0.1:1", "127.0.0.1:2")
	log := []*session.Event{open}
	readers := [2]*decode.Reader{
		decode.NewReader(decode.FromClient, c.Framing()),
		decode.NewReader(decode.FromServer, c.Framing()),
	}
	readers[0].Feed(one)
	readers[1].Feed(two)
	for done := 0; done < 2 && len(log) < most; {
		done = 0
		for _, r := range readers {
			var m decode.Message
			r.Grammar = c.Framing()
			if !r.Next(&m) && !r.Flush(&m) {
				done++
				continue
			}
			now = now.Add(time.Millisecond)
			log = append(log, c.Track(r.Dir, &m, now))
		}
	}
	return append(log, c.Close(now, "done"))
}

// TestManyUsers checks that a State stays small whatever comes, and reports that it is incomplete.
func TestManyUsers(t *testing.T) {
	s := session.NewState()
	var g session.Graph
	for i := range 10_000 {
		c, e := g.Open(time.Time{}, "", "")
		s.Apply(e)
		for _, line := range []string{
			"USR 1 OK u%d@b.c U\r\n", "NLN NLN x%d@b.c X\r\n", "LST 2 FL 1 1 1 y%d@b.c Y\r\n",
		} {
			m := decode.Parse([]byte(sprintf(line, i)), decode.FromServer, c.Grammar())
			s.Apply(c.Track(decode.FromServer, &m, time.Time{}))
		}
	}
	users, conns := len(s.Users()), len(s.Connections())
	if users > 1<<12 || conns > 1<<13+1<<8 || !s.Partial {
		t.Errorf("%d users, %d connections, partial %v", users, conns, s.Partial)
	}
	if s.Entries() != s.Recount() {
		t.Errorf("%d entries are on the account, there are %d", s.Entries(), s.Recount())
	}
	if s.User("u9999@b.c") == nil || s.Connection(10_000) == nil {
		t.Error("the latest user or connection is not known")
	}
}

// TestManyContacts checks that the entries of all lists together are limited, and are dropped with
// their user.
func TestManyContacts(t *testing.T) {
	s := session.NewState()
	var g session.Graph
	c, _ := g.Open(time.Time{}, "", "")
	apply := func(line string) {
		m := decode.Parse([]byte(line), decode.FromServer, c.Grammar())
		s.Apply(c.Track(decode.FromServer, &m, time.Time{}))
	}
	apply("USR 1 OK a@b.c A\r\n")
	for i := range 1<<17 + 100 {
		apply(sprintf("NLN NLN x%d@b.c X\r\n", i))
	}
	if got := len(s.User("a@b.c").Contacts()); got != 1<<17 || !s.Partial {
		t.Errorf("%d contacts are kept, partial %v", got, s.Partial)
	}
	s.Apply(c.Close(time.Time{}, ""))
	if got := s.Entries(); got != 0 {
		t.Errorf("%d entries are on the account after the end", got)
	}
}
