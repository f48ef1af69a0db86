package session_test

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/msnscope/msnscope/decode"
	"github.com/msnscope/msnscope/decode/dialect"
	"github.com/msnscope/msnscope/decode/session"
)

// player runs a script through a graph. Each line has the name of a connection, the direction and a
// command, or "close" in place of the latter two. Each line comes a second after the one before.
type player struct {
	graph session.Graph
	conns map[string]*session.Conn
	names map[int]string
	now   time.Time
	log   []*session.Event // all events, including those of connections
}

func newPlayer() *player {
	return &player{
		conns: map[string]*session.Conn{}, names: map[int]string{},
		now: time.Date(1999, 7, 22, 12, 0, 0, 0, time.UTC),
	}
}

func (p *player) play(t testing.TB, script string) []*session.Event {
	t.Helper()
	var events []*session.Event
	for line := range strings.Lines(script) {
		line = strings.TrimSpace(line)
		if line == "" {
			continue
		}
		name, rest, _ := strings.Cut(line, " ")
		c := p.conns[name]
		if c == nil {
			var e *session.Event
			c, e = p.graph.Open(p.now, "127.0.0.1:1", "127.0.0.1:2")
			p.conns[name], p.names[c.ID()] = c, name
			p.log = append(p.log, e)
		}
		p.now = p.now.Add(time.Second)
		if rest == "close" {
			p.log = append(p.log, c.Close(p.now, "closed"))
			continue
		}
		dir := decode.Dir(rest[0])
		r := decode.NewReader(dir, c.Grammar())
		r.Feed([]byte(strings.ReplaceAll(rest[3:], `\r\n`, "\r\n")))
		var m decode.Message
		if !r.Next(&m) && !r.Flush(&m) {
			t.Fatalf("%q is no command", line)
		}
		events = append(events, c.Track(dir, &m, p.now))
		p.log = append(p.log, events[len(events)-1])
	}
	return events
}

// theSession is the logon of two users and their conversation, over six connections.
const theSession = `
	ds C: VER 0 MSNP2 CVR0\r\n
	ds S: VER 0 MSNP2\r\n
	ds C: INF 1\r\n
	ds S: INF 1 MD5\r\n
	ds C: USR 2 MD5 I alice@hotmail.com\r\n
	ds S: XFR 2 NS 10.0.0.5:1863\r\n
	ns C: VER 3 MSNP2\r\n
	ns S: VER 3 MSNP2\r\n
	ns C: USR 5 MD5 I alice@hotmail.com\r\n
	ns S: USR 5 MD5 S 1013928519.693957190\r\n
	ns C: USR 6 MD5 S 7f919fab309532df353c901430df36fa\r\n
	ns S: USR 6 OK alice@hotmail.com Alice%20L\r\n
	ns C: SYN 7 0\r\n
	ns C: CHG 8 NLN\r\n
	ns S: SYN 7 12\r\n
	ns S: LST 7 BL 12 0 0\r\n
	ns S: CHG 8 NLN\r\n
	ns S: ILN 8 AWY bob@hotmail.com Bob\r\n
	bob C: USR 5 MD5 I bob@hotmail.com\r\n
	bob S: USR 5 MD5 S 1.2\r\n
	ns C: XFR 9 SB\r\n
	ns S: XFR 9 SB 10.0.0.9:1863 CKI 17.42\r\n
	sb C: USR 1 alice@hotmail.com 17.42\r\n
	sb S: USR 1 OK alice@hotmail.com Alice%20L\r\n
	sb C: CAL 2 bob@hotmail.com\r\n
	sb S: CAL 2 RINGING 11752013\r\n
	bob S: RNG 11752013 10.0.0.9:1863 CKI 8.9 alice@hotmail.com Alice%20L\r\n
	sb2 C: ANS 1 bob@hotmail.com 8.9 11752013\r\n
	sb2 S: IRO 1 1 1 alice@hotmail.com Alice%20L\r\n
	sb2 S: ANS 1 OK\r\n
	sb S: JOI bob@hotmail.com Bob\r\n
	sb C: MSG 3 N 5\r\nhello
	sb2 S: MSG alice@hotmail.com Alice%20L 5\r\nhello
	sb C: CAL 4 carol@hotmail.com\r\n
	sb S: 217 4\r\n
	ns C: PNG\r\n
	ns S: QNG\r\n
	ns S: NLN BSY bob@hotmail.com Bob\r\n
	sb2 C: OUT\r\n
	sb S: BYE bob@hotmail.com\r\n`

func TestTheWholeSession(t *testing.T) {
	p := newPlayer()
	var got []string
	numbers := map[uint64]string{}
	for _, e := range p.play(t, theSession) {
		verb := e.In.Verb.String()
		numbers[e.N] = verb
		line := fmt.Sprintf("%s %s %s user=%s", e.Role, e.Dir, verb, strings.TrimSuffix(e.User, "@hotmail.com"))
		if e.Session != "" {
			line += " session=" + e.Session
		}
		if e.Via != 0 {
			line += fmt.Sprintf(" via=%d", e.Via)
		}
		if e.ReplyTo != 0 {
			line += fmt.Sprintf(" answers=%s rtt=%v", numbers[e.ReplyTo], e.RTT)
		}
		got = append(got, line)
	}
	want := []string{
		"DS,NS C VER user=", "DS,NS S VER user= answers=VER rtt=1s", "DS,NS C INF user=",
		"DS,NS S INF user= answers=INF rtt=1s",
		"DS,NS C USR user=alice", "DS S XFR user=alice answers=USR rtt=1s",
		"DS,NS C VER user=", "DS,NS S VER user= answers=VER rtt=1s",
		"DS,NS C USR user=alice via=1", "NS S USR user=alice via=1 answers=USR rtt=1s",
		"NS C USR user=alice via=1", "NS S USR user=alice via=1 answers=USR rtt=1s", "NS C SYN user=alice via=1",
		"NS C CHG user=alice via=1",
		"NS S SYN user=alice via=1 answers=SYN rtt=2s", "NS S LST user=alice via=1 answers=SYN rtt=3s",
		"NS S CHG user=alice via=1 answers=CHG rtt=3s", "NS S ILN user=alice via=1 answers=CHG rtt=4s",
		"DS,NS C USR user=bob", "NS S USR user=bob answers=USR rtt=1s",
		"NS C XFR user=alice via=1", "NS S XFR user=alice via=1 answers=XFR rtt=1s",
		"SB C USR user=alice via=2", "SB S USR user=alice via=2 answers=USR rtt=1s",
		"SB C CAL user=alice via=2", "SB S CAL user=alice session=11752013 via=2 answers=CAL rtt=1s",
		"NS S RNG user=bob",
		"SB C ANS user=bob session=11752013 via=3", "SB S IRO user=bob session=11752013 via=3 answers=ANS rtt=1s",
		"SB S ANS user=bob session=11752013 via=3 answers=ANS rtt=2s", "SB S JOI user=alice session=11752013 via=2",
		"SB C MSG user=alice session=11752013 via=2", "SB S MSG user=bob session=11752013 via=3",
		"SB C CAL user=alice session=11752013 via=2", "SB S 217 user=alice session=11752013 via=2 answers=CAL rtt=1s",
		"NS C PNG user=alice via=1", "NS S QNG user=alice via=1 answers=PNG rtt=1s", "NS S NLN user=alice via=1",
		"SB C OUT user=bob session=11752013 via=3", "SB S BYE user=alice session=11752013 via=2",
	}
	for i := range want {
		want[i] = strings.Replace(want[i], "DS,NS", "", 1) // two possible roles are shown as none
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("events (-want +got):\n%s", diff)
	}
	for name, want := range map[string]string{"ns": "MSNP2", "sb": "MSNP2", "sb2": ""} {
		if got := p.conns[name].Dialect(); got != want {
			t.Errorf("dialect of %s is %q, want %q", name, got, want)
		}
	}
}

func TestPairing(t *testing.T) {
	for _, tc := range []struct {
		name, script string
		want         []uint64 // the ReplyTo of each line of the server
	}{
		// Event 1 is the open event, so the first line has number 2.
		{
			"one TrID for all requests",
			"c C: CHG 7 NLN\\r\\n\nc C: ADD 7 FL a@b.c A\\r\\n\nc S: ADD 7 FL 2 a@b.c A\\r\\n\nc S: CHG 7 NLN\\r\\n",
			[]uint64{3, 2},
		},
		{
			"an error answers the oldest open request",
			"c C: BLP 7 AL\\r\\n\nc C: GTC 7 A\\r\\n\nc S: 218 7\\r\\n\nc S: 218 7\\r\\n\nc S: 218 7\\r\\n",
			[]uint64{2, 3, 0},
		},
		{
			"0 is asynchronous",
			"c C: ADD 3 FL a@b.c A\\r\\n\nc S: ADD 0 RL 3 d@e.f D\\r\\n\nc S: ADD 3 FL 4 a@b.c A\\r\\n",
			[]uint64{0, 2},
		},
		{
			"0 may be a request's too", "c C: VER 0 MSNP2\\r\\n\nc S: VER 0 MSNP2\\r\\n\nc S: XFR 0 NS 10.0.0.1\\r\\n",
			[]uint64{2, 0},
		},
		{"a verb that the request does not expect", "c C: SYN 4 0\\r\\n\nc S: ADD 4 RL 1 a@b.c A\\r\\n", []uint64{0}},
		{
			"TrIDs that go backwards",
			"c C: CAL 179 a@b.c\\r\\n\nc C: MSG 177 A 1\\r\\nx\nc S: ACK 177\\r\\n\nc S: CAL 179 RINGING 1\\r\\n",
			[]uint64{3, 2},
		},
		{
			"the presence of contacts answers the lists of a logon",
			"c S: VER 1 MSNP13\\r\\n\nc C: ADL 8 9\\r\\n<ml></ml>\nc S: ADL 8 OK\\r\\n\n" +
				"c S: ILN 8 NLN a@b.c A 32 0\\r\\n\n" +
				"c S: UBX 8 a@b.c 7\\r\\n<Data/>\nc S: UBX a@b.c 7\\r\\n<Data/>\nc S: ILN 9 NLN a@b.c A 32 0\\r\\n",
			[]uint64{0, 3, 3, 3, 0, 0},
		},
		{"a command that nobody knows", "c C: ZZZ 10\\r\\n\nc S: 200 10\\r\\n", []uint64{2}},
		{"one answer to a question without a TrID", "c C: PNG\\r\\n\nc S: QNG\\r\\n\nc S: QNG\\r\\n", []uint64{2, 0}},
		{"an error that nothing caused", "c C: PNG\\r\\n\nc S: 600\\r\\n\nc S: QNG\\r\\n", []uint64{0, 2}},
	} {
		t.Run(tc.name, func(t *testing.T) {
			var got []uint64
			for _, e := range newPlayer().play(t, tc.script) {
				if e.Dir == decode.FromServer {
					got = append(got, e.ReplyTo)
				}
			}
			if diff := cmp.Diff(tc.want, got); diff != "" {
				t.Errorf("answers (-want +got):\n%s", diff)
			}
		})
	}
}

// TestViaIsTheLatestReferral checks that a referral is used only once: a user who returns to the
// dispatch server was not referred there.
func TestViaIsTheLatestReferral(t *testing.T) {
	p := newPlayer()
	p.play(t, `
		ds C: USR 1 MD5 I a@b.c\r\n
		ds S: XFR 1 NS 10.0.0.5\r\n
		ns C: USR 1 MD5 I a@b.c\r\n
		ds2 C: USR 1 MD5 I a@b.c\r\n
		ds2 S: XFR 1 NS 10.0.0.5\r\n
		ns2 C: USR 1 MD5 I a@b.c\r\n`)
	for name, want := range map[string]int{"ds": 0, "ns": 1, "ds2": 0, "ns2": 3} {
		if got := p.conns[name].Via(); got != want {
			t.Errorf("%s was led here by connection %d, want %d", name, got, want)
		}
	}
}

// TestRoleStays checks that a command sent to the wrong server, by mistake, does not change the
// role of the connection.
func TestRoleStays(t *testing.T) {
	p := newPlayer()
	p.play(t, "c C: SYN 1 0\\r\\n\nc C: CAL 2 a@b.c\\r\\n\nc S: 715 2\\r\\n")
	if got := p.conns["c"].Role(); got != dialect.NS {
		t.Errorf("role %q after CAL, want NS", got)
	}
}

func TestOpaqueAndError(t *testing.T) {
	events := newPlayer().play(t, "c C: rubbish here\\r\\n\nc S: 911 6\\r\\n")
	if e := events[0]; e.Flags != session.Opaque || e.Row != nil || string(e.In.Raw) != "rubbish here\r\n" {
		t.Errorf("rubbish: %+v", e)
	}
	if e := events[1]; e.Flags != session.Error {
		t.Errorf("911: flags %v", e.Flags.Names())
	}
}

// TestTrackCopies checks that an event does not share the bytes of the message, which the Reader
// will overwrite.
func TestTrackCopies(t *testing.T) {
	for _, line := range []string{
		"CHG 1 NLN\r\n", "CAL 1 " + strings.Repeat("x", 100) + "\r\n",
		"VER 1" + strings.Repeat(" MSNP2", 30) + "\r\n",
	} {
		var g session.Graph
		c, _ := g.Open(time.Time{}, "", "")
		raw := []byte(line)
		m := decode.Parse(raw, decode.FromClient, c.Grammar())
		e := c.Track(decode.FromClient, &m, time.Time{})
		last := string(m.Arg(m.NumArgs() - 1))
		clear(raw)
		if string(e.In.Raw) != line || string(e.In.Arg(e.In.NumArgs()-1)) != last || cap(e.In.Raw) != len(line) &&
			len(line) < 64 {
			t.Errorf("after the message's bytes changed the event has %q", e.In.Raw)
		}
	}
}

// TestMemoryIsBounded sends requests and referrals without end.
func TestMemoryIsBounded(t *testing.T) {
	var g session.Graph
	c, _ := g.Open(time.Time{}, "", "")
	for i := range 1<<14 + 1000 {
		m := decode.Parse(fmt.Appendf(nil, "CHG %d NLN\r\n", i), decode.FromClient, dialect.MSNP2)
		c.Track(decode.FromClient, &m, time.Time{})
		m = decode.Parse(fmt.Appendf(nil, "XFR %d SB 10.0.0.9 CKI %d\r\n", i, i), decode.FromServer, dialect.MSNP2)
		c.Track(decode.FromServer, &m, time.Time{})
	}
	requests, links := c.Remembered()
	if requests > 256 || links > 1<<14 {
		t.Errorf("%d requests and %d referrals are remembered", requests, links)
	}
}

// one plays a single command. Its payload may contain line ends and need not have the announced
// length.
func (p *player) one(t *testing.T, line string) *session.Event {
	t.Helper()
	c, _ := p.graph.Open(p.now, "127.0.0.1:1", "127.0.0.1:2")
	_, rest, _ := strings.Cut(line, " ")
	m := decode.Parse([]byte(strings.ReplaceAll(rest[3:], `\r\n`, "\r\n")), decode.Dir(rest[0]), c.Grammar())
	return c.Track(decode.Dir(rest[0]), &m, p.now)
}
