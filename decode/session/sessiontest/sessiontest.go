// Package sessiontest provides events for the tests of other packages: scripted ones, random ones,
// and large numbers of them.
package sessiontest

import (
	"bytes"
	"fmt"
	"reflect"
	"strings"
	"time"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"

	"github.com/msnscope/msnscope/decode"
	"github.com/msnscope/msnscope/decode/dialect"
	"github.com/msnscope/msnscope/decode/session"
)

// Start is the time at which all conversations of this package begin.
var Start = time.Date(2001, 2, 3, 4, 5, 6, 789012345, time.UTC)

// Exact makes cmp compare events in every field, unexported ones too. Rows are equal only if they
// are the same pointer.
var Exact = cmp.Options{
	cmp.Exporter(func(reflect.Type) bool { return true }),
	cmp.Comparer(func(a, b *dialect.Row) bool { return a == b }),
}

// Same reports whether two events are equal in every field and share their row.
func Same(a, b *session.Event) bool {
	return a != nil && b != nil && a.Row == b.Row && reflect.DeepEqual(a, b)
}

// Want fails the test with the first difference between the wanted events and the got events that
// at returns. It finds the first unequal event itself, since cmp takes too long over large
// commands.
func Want(t interface {
	Helper()
	Fatalf(string, ...any)
}, at func(int) *session.Event, got int, want []*session.Event,
) {
	t.Helper()
	for i, w := range want {
		if g := at(i); !Same(g, w) {
			t.Fatalf("event %d of %d (-want +got):\n%s", i, len(want), cmp.Diff(w, g, Exact))
		}
	}
	if got != len(want) {
		t.Fatalf("%d events, want %d; the next is %+v", got, len(want), at(len(want)))
	}
}

// SignOn returns the events of a conversation over three connections, with referrals, an error, a
// rewritten address and opaque bytes.
func SignOn() []*session.Event {
	var g session.Graph
	var all []*session.Event
	at := Start
	next := func() time.Time { at = at.Add(1234567 * time.Nanosecond); return at }
	add := func(e *session.Event) { all = append(all, e) }
	say := func(c *session.Conn, dir, line string) *session.Event {
		e := Say(c, dir+line, next())
		add(e)
		return e
	}
	const cl, sv = "C", "S"
	ds, e := g.Open(next(), "127.0.0.1:40001", "")
	add(e)
	ds.To("127.0.0.2:1863", dialect.DS)
	say(ds, cl, "VER 0 MSNP2 CVR0\r\n")
	say(ds, sv, "VER 0 MSNP2\r\n")
	say(ds, cl, "USR 2 MD5 I alice@hotmail.com\r\n")
	e = say(ds, sv, "XFR 2 NS 127.0.0.3:1864\r\n")
	e.Out, e.Flags = []byte("XFR 2 NS 127.0.0.1:1863\r\n"), e.Flags|session.Rewritten
	add(ds.Close(next(), "closed by the server"))
	ns, e := g.Open(next(), "127.0.0.1:40001", "127.0.0.3:1864")
	add(e)
	say(ns, cl, "USR 3 MD5 I alice@hotmail.com\n")
	say(ns, sv, "USR 3 OK alice@hotmail.com Alice\r\n")
	say(ns, cl, "ADD 4 FL nobody nobody\r\n")
	say(ns, sv, "205 4\r\n")
	say(ns, cl, "\xff\xfe no command\r\n")
	add(ns.Note(next(), "a note\nwith ü and 100% of what is hard"))
	add(g.Note(next(), "a note of no connection"))
	say(ns, sv, "MSG Hotmail Hotmail 5\r\nhello")
	add(ns.Gap(next(), decode.FromServer, "3 bytes are missing"))
	add(ns.Close(next(), "closed by the client"))
	return all
}

// Say tracks one command on a connection and returns its event. The first letter of line is the
// direction, C or S, as in "CPNG\r\n".
func Say(c *session.Conn, line string, at time.Time) *session.Event {
	dir := decode.Dir(line[0])
	m := decode.Parse([]byte(line[1:]), dir, c.Grammar())
	return c.Track(dir, &m, at)
}

// Lines are the commands from which Random draws: their referrals, cookies and handles match each
// other, and some are not commands. The slice must not be changed.
var Lines = []string{
	"VER 0 MSNP2 CVR0\r\n", "VER 1 MSNP5 MSNP4 CVR0\r\n", "VER 0 MSNP2\r\n", "VER 1 MSNP5\r\n", "INF 1\r\n",
	"INF 1 MD5\r\n", "USR 2 MD5 I alice@hotmail.com\r\n", "USR 2 MD5 I bob@hotmail.com\n",
	"USR 3 OK alice@hotmail.com Alice\r\n", "XFR 2 NS 127.0.0.3:1864\r\n", "XFR 9 SB\r\n",
	"XFR 9 SB 127.0.0.4:1865 CKI 17.2\r\n", "USR 1 alice@hotmail.com 17.2\r\n",
	"RNG 11 127.0.0.4:1865 CKI 17.3 alice@hotmail.com Alice\r\n", "ANS 1 bob@hotmail.com 17.3 11\r\n",
	"CAL 2 bob@hotmail.com\r\n", "CAL 2 RINGING 11\r\n", "JOI bob@hotmail.com Bob\r\n", "MSG 3 N 5\r\nhello",
	"MSG bob@hotmail.com Bob 4\r\n\x00\xff\r\n", "SYN 5 0\r\n", "SYN 5 12\r\n", "PRP 6 PHH 1\r\n", "OUT\r\n",
	"OUT OTH\r\n", "PNG\r\n", "QNG\r\n", "911 2\r\n", "500\r\n", "XYZ a b c\r\n", "CHG  7   NLN \r\n",
	"nln NLN bob@hotmail.com B%20b\n", "QRY 1 msmsgs@msnmsgr.com 3\r\nabc",
}

// conversation makes random events, as a proxy would publish them.
type conversation struct {
	t     *rapid.T
	graph session.Graph
	at    time.Time
	conns []*session.Conn
	all   []*session.Event
}

var (
	clients = []string{
		"127.0.0.1:40001", "127.0.0.1:40001", "[2001:db8::7]:40001", "10.0.0.7:1863", "10.0.0.7:0",
		"not an address",
	}
	servers = []string{
		"", "127.0.0.2:1863", "127.0.0.3:1864", "[2001:db8::1]:1863", "messenger.example.com:1863", "127.0.0.2",
		"[::ffff:127.0.0.2]:1863",
	}
	texts = []string{"", "closed by the server", "100% ü\n\x00\xff=, ", "a b", "\u202eevil"}
)

// Random draws the events of up to 60 steps of several connections: commands of all kinds, changed,
// dropped and broken ones, gaps and notes, as a proxy would publish them.
func Random(t *rapid.T) []*session.Event {
	c := &conversation{t: t, at: Start}
	for range rapid.IntRange(0, 60).Draw(t, "steps") {
		c.step()
	}
	return c.all
}

func (c *conversation) pick(from []string, label string) string {
	return rapid.SampledFrom(from).Draw(c.t, label)
}

func (c *conversation) step() {
	c.at = c.at.Add(time.Duration(rapid.Int64Range(0, 3e9).Draw(c.t, "wait")))
	at := c.at
	what := rapid.IntRange(0, 19).Draw(c.t, "what")
	if what == 0 || len(c.conns) == 0 {
		conn, e := c.graph.Open(at, c.pick(clients, "client"), c.pick(servers, "server"))
		c.conns, c.all = append(c.conns, conn), append(c.all, e)
		return
	}
	conn := rapid.SampledFrom(c.conns).Draw(c.t, "conn")
	switch what {
	case 1:
		conn.To(c.pick(servers[1:], "to"),
			rapid.SampledFrom([]dialect.Role{0, dialect.DS, dialect.NS, dialect.SB}).Draw(c.t, "role"))
	case 2:
		c.all = append(c.all, conn.Close(at, c.pick(texts, "cause")))
	case 3:
		c.all = append(c.all, conn.Note(at, c.pick(texts, "note")))
	case 4:
		c.all = append(c.all, conn.Gap(at, decode.FromServer, c.pick(texts, "gap")))
	case 5:
		c.all = append(c.all, c.graph.Note(time.Time{}, c.pick(texts, "note")))
	case 6:
		dir := rapid.SampledFrom([]decode.Dir{decode.FromClient, decode.FromServer}).Draw(c.t, "end")
		c.all = append(c.all, conn.HalfClose(at, dir))
	default:
		c.command(conn, at)
	}
}

func (c *conversation) command(conn *session.Conn, at time.Time) {
	dir := rapid.SampledFrom([]decode.Dir{decode.FromClient, decode.FromServer}).Draw(c.t, "dir")
	raw := []byte(c.pick(Lines, "line"))
	m := decode.Parse(raw, dir, conn.Grammar())
	switch rapid.IntRange(0, 9).Draw(c.t, "kind") {
	case 0:
		raw = rapid.SliceOfN(rapid.Byte(), 1, 40).Draw(c.t, "bytes")
		m = decode.Blob(raw,
			rapid.SampledFrom([]decode.Reason{decode.NoVerb, decode.CutShort, decode.BadLength}).Draw(c.t, "why"))
	case 1:
		n := rapid.SampledFrom([]int{59_990, 65_000, 65_001, 200_000}).Draw(c.t, "size")
		raw = append(fmt.Appendf(nil, "MSG 9 N %d\r\n", n), bytes.Repeat([]byte{'x'}, n)...)
		m = decode.Parse(raw, dir, conn.Grammar())
	case 2: // framed by another table than that of the dialect
		m = decode.Parse(raw, dir, decode.KnownTrID(rapid.Bool().Draw(c.t, "has a TrID")))
	}
	e := conn.Track(dir, &m, at)
	switch rapid.IntRange(0, 9).Draw(c.t, "changed") {
	case 0:
		e.Out, e.Flags = []byte("XFR 2 NS 127.0.0.1:1863\r\n"), e.Flags|session.Rewritten
	case 1:
		e.Out, e.Flags = []byte{}, e.Flags|session.Dropped
	case 2:
		e.Out, e.Flags = bytes.Repeat([]byte("edited "), 20_000), e.Flags|session.Edited
	case 3:
		e.Flags |= rapid.SampledFrom([]session.Flag{
			session.Held, session.Injected, session.Fault, session.Error,
		}).Draw(c.t, "flag")
	}
	c.all = append(c.all, e)
}

// Busy returns one connection with n messages and their acknowledgments, a millisecond apart.
func Busy(n int) []*session.Event {
	var g session.Graph
	c, open := g.Open(Start, "10.0.0.1:4000", "10.0.0.9:1863")
	all := []*session.Event{open}
	for i := range n {
		line := fmt.Sprintf("CMSG %d N 103\r\n%s", i+1, strings.Repeat("x", 103))
		if i%2 == 1 {
			line = fmt.Sprintf("SACK %d\r\n", i)
		}
		all = append(all, Say(c, line, Start.Add(time.Duration(i)*time.Millisecond)))
	}
	return all
}

// Many returns n events: those of SignOn again and again, on up to 150 connections, with numbers
// that rise by one.
func Many(n int) []*session.Event {
	seed := SignOn()
	all := make([]*session.Event, n)
	for i := range all {
		e := *seed[i%len(seed)]
		e.N = uint64(i + 1)
		if e.Conn != 0 {
			e.Conn += 3 * (i / len(seed) % 50)
		}
		all[i] = &e
	}
	return all
}

// Later returns the events as they would have been had all begun later by d.
func Later(events []*session.Event, d time.Duration) []*session.Event {
	all := make([]*session.Event, len(events))
	for i, e := range events {
		again := *e
		again.Time = e.Time.Add(d)
		all[i] = &again
	}
	return all
}
