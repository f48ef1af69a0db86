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

// label returns the first words of an event as in the scripts, such as "ns C: SYN 7 0".
func (p *player) label(n uint64) string {
	if n == 0 {
		return "-"
	}
	e := p.log[n-1]
	if e.Kind != session.Command {
		return p.names[e.Conn] + " " + e.Kind.String()
	}
	words := strings.Fields(string(e.In.Line()))
	return fmt.Sprintf("%s %s: %s", p.names[e.Conn], e.Dir, strings.Join(words[:min(3, len(words))], " "))
}

func (p *player) labels(ns []uint64) []string {
	var all []string
	for _, n := range ns {
		all = append(all, p.label(n))
	}
	return all
}

// transactions returns the Transactions of the whole log.
func (p *player) transactions() *session.Transactions {
	var t session.Transactions
	for _, e := range p.log {
		t.Add(e)
	}
	return &t
}

// find returns the number of the first event with the label.
func (p *player) find(t *testing.T, label string) uint64 {
	t.Helper()
	for _, e := range p.log {
		if p.label(e.N) == label {
			return e.N
		}
	}
	t.Fatalf("no event %q", label)
	return 0
}

// summary is a transaction in words.
type summary struct {
	Request, Cause string
	Replies        []string
	Consequences   []string
	RTT            time.Duration
	Outcome        string
}

func (p *player) tell(t *testing.T, x *session.Transactions, label string) summary {
	t.Helper()
	got, ok := x.At(p.find(t, label))
	if !ok {
		return summary{}
	}
	return summary{
		p.label(got.Request), p.label(got.Cause), p.labels(got.Replies), p.labels(got.Consequences), got.RTT,
		got.Outcome.String(),
	}
}

// draftSession is a whole session of MSNP2: two users on all their connections.
const draftSession = `
	ds C: VER 0 MSNP2 CVR0\r\n
	ds S: VER 0 MSNP2\r\n
	ds C: INF 1\r\n
	ds S: INF 1 MD5\r\n
	ds C: USR 2 MD5 I alice@hotmail.com\r\n
	ds S: XFR 2 NS 10.0.0.5:1863\r\n
	ds close
	bob C: USR 1 MD5 I bob@hotmail.com\r\n
	bob S: USR 1 MD5 S 1.2\r\n
	bob C: USR 2 MD5 S 7f919fab309532df353c901430df36fa\r\n
	bob S: USR 2 OK bob@hotmail.com Bob\r\n
	bob C: CHG 3 AWY\r\n
	bob S: CHG 3 AWY\r\n
	ns C: VER 3 MSNP2 CVR0\r\n
	ns S: VER 3 MSNP2\r\n
	ns C: INF 4\r\n
	ns S: INF 4 MD5\r\n
	ns C: USR 5 MD5 I alice@hotmail.com\r\n
	ns S: USR 5 MD5 S 1013928519.693957190\r\n
	ns C: USR 6 MD5 S 7f919fab309532df353c901430df36fa\r\n
	ns S: USR 6 OK alice@hotmail.com Alice%20L\r\n
	ns S: MSG Hotmail Hotmail 4\r\nabcd
	ns C: SYN 7 0\r\n
	ns S: SYN 7 12\r\n
	ns S: GTC 7 12 A\r\n
	ns S: BLP 7 12 AL\r\n
	ns S: LST 7 FL 12 1 2 bob@hotmail.com Bob\r\n
	ns S: LST 7 FL 12 2 2 carol@hotmail.com Carol%20%C3%A9\r\n
	ns S: LST 7 AL 12 1 1 bob@hotmail.com Bob\r\n
	ns S: LST 7 BL 12 0 0\r\n
	ns S: LST 7 RL 12 1 1 bob@hotmail.com Bob\r\n
	ns C: CHG 8 NLN\r\n
	ns S: CHG 8 NLN\r\n
	ns S: ILN 8 AWY bob@hotmail.com Bob\r\n
	bob S: NLN NLN alice@hotmail.com Alice%20L\r\n
	ns C: XFR 9 SB\r\n
	ns S: XFR 9 SB 10.0.0.9:1863 CKI 17262740.1050826919.32308\r\n
	sb C: USR 1 alice@hotmail.com 17262740.1050826919.32308\r\n
	sb S: USR 1 OK alice@hotmail.com Alice%20L\r\n
	sb C: CAL 2 bob@hotmail.com\r\n
	sb S: CAL 2 RINGING 11752013\r\n
	bob S: RNG 11752013 10.0.0.9:1863 CKI 849102291.520491113 alice@hotmail.com Alice%20L\r\n
	sb2 C: ANS 1 bob@hotmail.com 849102291.520491113 11752013\r\n
	sb2 S: IRO 1 1 1 alice@hotmail.com Alice%20L\r\n
	sb2 S: ANS 1 OK\r\n
	sb S: JOI bob@hotmail.com Bob\r\n
	sb C: MSG 3 N 18\r\nHello! How are you
	sb2 S: MSG alice@hotmail.com Alice%20L 18\r\nHello! How are you
	sb2 C: OUT\r\n
	sb2 close
	sb S: BYE bob@hotmail.com\r\n
	ns close
	bob S: FLN alice@hotmail.com\r\n`

func TestTransactions(t *testing.T) {
	p := newPlayer()
	p.play(t, draftSession)
	x := p.transactions()
	logon := []string{"ns C: USR 5 MD5"}
	for _, tc := range []struct {
		event string
		want  summary
	}{
		{
			"ds C: USR 2 MD5",
			summary{"ds C: USR 2 MD5", "-", []string{"ds S: XFR 2 NS"}, logon, time.Second, "answered"},
		},
		{
			"ns C: USR 5 MD5",
			summary{"ns C: USR 5 MD5", "ds C: USR 2 MD5", []string{"ns S: USR 5 MD5"}, nil, time.Second, "answered"},
		},
		{"ns S: LST 7 RL", summary{"ns C: SYN 7 0", "-", []string{
			"ns S: SYN 7 12", "ns S: GTC 7 12", "ns S: BLP 7 12", "ns S: LST 7 FL", "ns S: LST 7 FL",
			"ns S: LST 7 AL", "ns S: LST 7 BL",
			"ns S: LST 7 RL",
		}, nil, time.Second, "answered"}},
		{"bob S: NLN NLN alice@hotmail.com", summary{
			"ns C: CHG 8 NLN", "-",
			[]string{"ns S: CHG 8 NLN", "ns S: ILN 8 AWY"},
			[]string{"bob S: NLN NLN alice@hotmail.com"},
			time.Second, "answered",
		}},
		{
			"ns S: XFR 9 SB",
			summary{
				"ns C: XFR 9 SB", "-",
				[]string{"ns S: XFR 9 SB"},
				[]string{"sb C: USR 1 alice@hotmail.com"},
				time.Second, "answered",
			},
		},
		{
			"sb C: USR 1 alice@hotmail.com",
			summary{
				"sb C: USR 1 alice@hotmail.com", "ns C: XFR 9 SB",
				[]string{"sb S: USR 1 OK"},
				nil, time.Second,
				"answered",
			},
		},
		{
			"bob S: RNG 11752013 10.0.0.9:1863",
			summary{"sb C: CAL 2 bob@hotmail.com", "-", []string{"sb S: CAL 2 RINGING"}, []string{
				"bob S: RNG 11752013 10.0.0.9:1863", "sb2 C: ANS 1 bob@hotmail.com", "sb S: JOI bob@hotmail.com Bob",
			}, time.Second, "answered"},
		},
		{"sb2 S: ANS 1 OK", summary{
			"sb2 C: ANS 1 bob@hotmail.com", "sb C: CAL 2 bob@hotmail.com",
			[]string{"sb2 S: IRO 1 1", "sb2 S: ANS 1 OK"},
			[]string{"sb S: JOI bob@hotmail.com Bob"},
			time.Second, "answered",
		}},
		{
			"sb2 S: MSG alice@hotmail.com Alice%20L",
			summary{"sb C: MSG 3 N", "-", nil, []string{"sb2 S: MSG alice@hotmail.com Alice%20L"}, 0, "told"},
		},
		{
			"sb S: BYE bob@hotmail.com",
			summary{
				"sb2 C: OUT", "-",
				[]string{"sb2 close"},
				[]string{"sb S: BYE bob@hotmail.com"},
				time.Second,
				"answered",
			},
		},
		{
			"bob S: FLN alice@hotmail.com",
			summary{"ns close", "-", nil, []string{"bob S: FLN alice@hotmail.com"}, 0, "told"},
		},
		{"ns S: MSG Hotmail Hotmail", summary{}},
	} {
		if diff := cmp.Diff(tc.want, p.tell(t, x, tc.event)); diff != "" {
			t.Errorf("transaction of %q (-want +got):\n%s", tc.event, diff)
		}
	}
}

func TestOutcomes(t *testing.T) {
	for _, tc := range []struct {
		name, script, event string
		want                summary
	}{
		{"waits", "c C: INF 1\\r\\n", "c C: INF 1", summary{"c C: INF 1", "-", nil, nil, 0, "open"}},
		{
			"unanswered at the close", "c C: INF 1\\r\\n\nc close", "c C: INF 1",
			summary{"c C: INF 1", "-", nil, nil, 0, "unanswered"},
		},
		{
			"error", "c C: SYN 4 0\\r\\n\nc S: 302 4\\r\\n", "c S: 302 4",
			summary{"c C: SYN 4 0", "-", []string{"c S: 302 4"}, nil, time.Second, "failed"},
		},
		{
			"refused version", "c C: VER 4 MSNP1\\r\\n\nc S: VER 4 0\\r\\n", "c C: VER 4 MSNP1",
			summary{"c C: VER 4 MSNP1", "-", []string{"c S: VER 4 0"}, nil, time.Second, "failed"},
		},
		{
			"not delivered", "c C: MSG 4 N 1\\r\\nx\nc S: NAK 4\\r\\n", "c C: MSG 4 N",
			summary{"c C: MSG 4 N", "-", []string{"c S: NAK 4"}, nil, time.Second, "failed"},
		},
		{
			"delivered", "c C: MSG 4 A 1\\r\\nx\nc S: ACK 4\\r\\n\nc close", "c C: MSG 4 A",
			summary{"c C: MSG 4 A", "-", []string{"c S: ACK 4"}, nil, time.Second, "answered"},
		},
		{
			"wants no answer", "c C: MSG 4 U 1\\r\\nx\nc close", "c C: MSG 4 U",
			summary{"c C: MSG 4 U", "-", nil, nil, 0, "told"},
		},
		{
			"answer without a request", "c S: SYN 4 1\\r\\n", "c S: SYN 4 1",
			summary{"-", "-", []string{"c S: SYN 4 1"}, nil, 0, "orphaned"},
		},
		{
			"error without a request", "c S: 201 4\\r\\n", "c S: 201 4",
			summary{"-", "-", []string{"c S: 201 4"}, nil, 0, "orphaned"},
		},
		{"an error that nothing caused", "c S: 600\\r\\n", "c S: 600", summary{}},
		{
			"the end answers OUT", "c C: OUT\\r\\n\nc close", "c close",
			summary{"c C: OUT", "-", []string{"c close"}, nil, time.Second, "answered"},
		},
		{
			"unknown", "c C: ZZZ 3\\r\\n\nc S: 200 3\\r\\n", "c C: ZZZ 3",
			summary{"c C: ZZZ 3", "-", []string{"c S: 200 3"}, nil, time.Second, "failed"},
		},
		{
			"one TrID for all requests",
			"c C: CHG 7 NLN\\r\\n\nc C: ADD 7 FL a@b.c A\\r\\n\nc S: ADD 7 FL 2 a@b.c A\\r\\n\nc S: CHG 7 NLN\\r\\n",
			"c S: CHG 7 NLN",
			summary{"c C: CHG 7 NLN", "-", []string{"c S: CHG 7 NLN"}, nil, 3 * time.Second, "answered"},
		},
		{
			"TrIDs that go backwards",
			"c C: CAL 179 a@b.c\\r\\n\nc C: MSG 177 A 1\\r\\nx\nc S: ACK 177\\r\\n\nc S: CAL 179 RINGING 1\\r\\n",
			"c S: ACK 177",
			summary{"c C: MSG 177 A", "-", []string{"c S: ACK 177"}, nil, time.Second, "answered"},
		},
		{
			"a call that failed brings nobody", "s C: CAL 2 d@e.f\\r\\n\ns S: 217 2\\r\\n\ns S: JOI d@e.f D\\r\\n",
			"s C: CAL 2 d@e.f",
			summary{"s C: CAL 2 d@e.f", "-", []string{"s S: 217 2"}, nil, time.Second, "failed"},
		},
		{
			"a caller who was not seen",
			"n C: USR 1 MD5 I bob@b.c\\r\\n\nn S: RNG 5 10.0.0.9 CKI 8.9 a@b.c A\\r\\n\ns C: ANS 1 bob@b.c 8.9 " +
				"5\\r\\n", "n S: RNG 5 10.0.0.9",
			summary{"n S: RNG 5 10.0.0.9", "-", nil, []string{"s C: ANS 1 bob@b.c"}, 0, "told"},
		},
	} {
		t.Run(tc.name, func(t *testing.T) {
			p := newPlayer()
			p.play(t, tc.script)
			if diff := cmp.Diff(tc.want, p.tell(t, p.transactions(), tc.event)); diff != "" {
				t.Errorf("transaction of %q (-want +got):\n%s", tc.event, diff)
			}
		})
	}
}

// TestRelaysOfTheSameText checks that two equal notices are two messages, each of which is relayed
// to both other users.
func TestRelaysOfTheSameText(t *testing.T) {
	p := newPlayer()
	p.play(t, `
		a C: USR 1 a@b.c 1.1\r\n
		b C: USR 1 b@b.c 1.2\r\n
		c C: USR 1 c@b.c 1.3\r\n
		a C: MSG 2 U 1\r\nx
		b S: MSG a@b.c A 1\r\nx
		a C: MSG 3 U 1\r\nx
		c S: MSG a@b.c A 1\r\nx
		b S: MSG a@b.c A 1\r\nx
		c S: MSG a@b.c A 1\r\nx`)
	x := p.transactions()
	for _, request := range []string{"a C: MSG 2 U", "a C: MSG 3 U"} {
		got := p.tell(t, x, request).Consequences
		if len(got) != 2 || got[0][0] == got[1][0] {
			t.Errorf("%s was relayed as %q, want once to b and once to c", request, got)
		}
	}
}

// TestCallAfterCall checks that the second of two calls brings the callee if the first one failed.
func TestCallAfterCall(t *testing.T) {
	p := newPlayer()
	p.play(t, `
		s C: USR 1 a@b.c 1.1\r\n
		s C: CAL 2 b@b.c\r\n
		s S: 217 2\r\n
		s C: CAL 3 b@b.c\r\n
		s S: JOI b@b.c B\r\n
		s S: CAL 3 RINGING 5\r\n
		s S: BYE b@b.c\r\n
		s C: CAL 4 b@b.c\r\n
		s S: CAL 4 RINGING 5\r\n
		s S: JOI b@b.c B\r\n`)
	x := p.transactions()
	for request, want := range map[string]int{"s C: CAL 2 b@b.c": 0, "s C: CAL 3 b@b.c": 1, "s C: CAL 4 b@b.c": 1} {
		if got := len(p.tell(t, x, request).Consequences); got != want {
			t.Errorf("%s has %d consequences, want %d", request, got, want)
		}
	}
}

// TestEffectsComeSoon checks that an event half a minute later has another cause, unless it depends
// on a person.
func TestEffectsComeSoon(t *testing.T) {
	p := newPlayer()
	p.play(t, "a C: USR 1 MD5 I a@b.c\\r\\n\nb C: USR 1 MD5 I d@e.f\\r\\n\na C: CHG 2 BSY\\r\\n\ns C: USR 1 a@b.c "+
		"1.2\\r\\n\ns C: CAL 2 d@e.f\\r\\n")
	p.now = p.now.Add(time.Minute)
	p.play(t, "b S: NLN BSY a@b.c A\\r\\n\ns S: JOI d@e.f D\\r\\n")
	x := p.transactions()
	if got := p.tell(t, x, "a C: CHG 2 BSY").Consequences; got != nil {
		t.Errorf("CHG caused %q a minute later", got)
	}
	if got := p.tell(t, x, "s C: CAL 2 d@e.f").Consequences; len(got) != 1 {
		t.Errorf("CAL caused %q, want the JOI", got)
	}
}

// TestListsWithoutTrID checks that answers to SYN without a TrID belong to its transaction.
func TestListsWithoutTrID(t *testing.T) {
	p := newPlayer()
	p.play(t, "c C: SYN 1 0\\r\\n\nc S: SYN 1 5\\r\\n\nc S: LST a@b.c A 11 0\\r\\n\nc S: NLN NLN a@b.c A\\r\\n")
	if got := len(p.tell(t, p.transactions(), "c C: SYN 1 0").Replies); got != 2 {
		t.Errorf("SYN has %d replies, want 2", got)
	}
}

// TestTransactionsAreForgotten checks that of millions of requests without an answer only the
// latest million are kept.
func TestTransactionsAreForgotten(t *testing.T) {
	m := decode.Parse([]byte("CHG 1 NLN\r\n"), decode.FromClient, dialect.MSNP2)
	var x session.Transactions
	const last = 3 << 20
	for n := uint64(1); n <= last; n += 64 {
		x.Add(&session.Event{
			N: n, Conn: 1, Dir: decode.FromClient, In: m,
			Row: dialect.MSNP2.Match(decode.FromClient, dialect.NS, &m),
		})
	}
	if _, ok := x.At(1); ok {
		t.Error("the first of three million events is still known")
	}
	if got, ok := x.At(last - 63); !ok || got.Request != last-63 {
		t.Errorf("the last event: %+v, %v", got, ok)
	}
	if pages, waiting := x.Remembered(); pages > 1<<10 || waiting > 256 {
		t.Errorf("%d pages of events and %d requests of one connection are remembered", pages, waiting)
	}
}
