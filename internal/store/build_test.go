package store

import (
	"bytes"
	"context"
	"encoding/binary"
	"fmt"
	"net/netip"
	"reflect"
	"slices"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"

	"github.com/msnscope/msnscope/decode"
	"github.com/msnscope/msnscope/decode/dialect"
	"github.com/msnscope/msnscope/decode/session"
	"github.com/msnscope/msnscope/replay/pcap"
)

// start is when the tests' captures begin.
var start = time.Date(2001, 2, 3, 4, 5, 6, 789012345, time.UTC)

// exact compares events in every field, unexported ones too; rows are the same only if they are one.
var exact = cmp.Options{
	cmp.Exporter(func(reflect.Type) bool { return true }),
	cmp.Comparer(func(a, b *dialect.Row) bool { return a == b }),
}

// same reports whether two events are equal in every field, and have one row.
func same(a, b *session.Event) bool {
	return a != nil && b != nil && a.Row == b.Row && reflect.DeepEqual(a, b)
}

// wantEvents fails with the first difference, which cmp shows: it is too slow to look for it among large commands.
func wantEvents(t interface {
	Helper()
	Fatalf(string, ...any)
}, at func(int) *session.Event, got int, want []*session.Event,
) {
	t.Helper()
	for i, w := range want {
		if g := at(i); !same(g, w) {
			t.Fatalf("event %d of %d (-want +got):\n%s", i, len(want), cmp.Diff(w, g, exact))
		}
	}
	if got != len(want) {
		t.Fatalf("%d events, want %d; the next is %+v", got, len(want), at(len(want)))
	}
}

// signOn is a conversation over three connections, with referrals, an error, a rewritten address and opaque bytes.
func signOn() []*session.Event {
	var g session.Graph
	var all []*session.Event
	at := start
	next := func() time.Time { at = at.Add(1234567 * time.Nanosecond); return at }
	add := func(e *session.Event) { all = append(all, e) }
	say := func(c *session.Conn, dir, line string) *session.Event {
		e := say(c, dir+line, next())
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

// say tracks one command, before which stands its direction.
func say(c *session.Conn, line string, at time.Time) *session.Event {
	dir := decode.Dir(line[0])
	m := decode.Parse([]byte(line[1:]), dir, c.Grammar())
	return c.Track(dir, &m, at)
}

// words that a random command is made of: referrals, cookies and handles that find each other.
var lines = []string{
	"VER 0 MSNP2 CVR0\r\n", "VER 1 MSNP5 MSNP4 CVR0\r\n", "VER 0 MSNP2\r\n", "VER 1 MSNP5\r\n", "INF 1\r\n", "INF 1 MD5\r\n",
	"USR 2 MD5 I alice@hotmail.com\r\n", "USR 2 MD5 I bob@hotmail.com\n", "USR 3 OK alice@hotmail.com Alice\r\n",
	"XFR 2 NS 127.0.0.3:1864\r\n", "XFR 9 SB\r\n", "XFR 9 SB 127.0.0.4:1865 CKI 17.2\r\n", "USR 1 alice@hotmail.com 17.2\r\n",
	"RNG 11 127.0.0.4:1865 CKI 17.3 alice@hotmail.com Alice\r\n", "ANS 1 bob@hotmail.com 17.3 11\r\n", "CAL 2 bob@hotmail.com\r\n",
	"CAL 2 RINGING 11\r\n", "JOI bob@hotmail.com Bob\r\n", "MSG 3 N 5\r\nhello", "MSG bob@hotmail.com Bob 4\r\n\x00\xff\r\n",
	"SYN 5 0\r\n", "SYN 5 12\r\n", "PRP 6 PHH 1\r\n", "OUT\r\n", "OUT OTH\r\n", "PNG\r\n", "QNG\r\n", "911 2\r\n", "500\r\n",
	"XYZ a b c\r\n", "CHG  7   NLN \r\n", "nln NLN bob@hotmail.com B%20b\n", "QRY 1 msmsgs@msnmsgr.com 3\r\nabc",
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
	clients = []string{"127.0.0.1:40001", "127.0.0.1:40001", "[2001:db8::7]:40001", "10.0.0.7:1863", "10.0.0.7:0", "not an address"}
	servers = []string{
		"", "127.0.0.2:1863", "127.0.0.3:1864", "[2001:db8::1]:1863", "messenger.example.com:1863", "127.0.0.2",
		"[::ffff:127.0.0.2]:1863",
	}
	texts = []string{"", "closed by the server", "100% ü\n\x00\xff=, ", "a b", "\u202eevil"}
)

func randomEvents(t *rapid.T) []*session.Event {
	c := &conversation{t: t, at: start}
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
		conn.To(c.pick(servers[1:], "to"), rapid.SampledFrom([]dialect.Role{0, dialect.DS, dialect.NS, dialect.SB}).Draw(c.t, "role"))
	case 2:
		c.all = append(c.all, conn.Close(at, c.pick(texts, "cause")))
	case 3:
		c.all = append(c.all, conn.Note(at, c.pick(texts, "note")))
	case 4:
		c.all = append(c.all, conn.Gap(at, decode.FromServer, c.pick(texts, "gap")))
	case 5:
		c.all = append(c.all, c.graph.Note(time.Time{}, c.pick(texts, "note")))
	default:
		c.command(conn, at)
	}
}

func (c *conversation) command(conn *session.Conn, at time.Time) {
	dir := rapid.SampledFrom([]decode.Dir{decode.FromClient, decode.FromServer}).Draw(c.t, "dir")
	raw := []byte(c.pick(lines, "line"))
	m := decode.Parse(raw, dir, conn.Grammar())
	switch rapid.IntRange(0, 9).Draw(c.t, "kind") {
	case 0:
		raw = rapid.SliceOfN(rapid.Byte(), 1, 40).Draw(c.t, "bytes")
		m = decode.Blob(raw, rapid.SampledFrom([]decode.Reason{decode.NoVerb, decode.CutShort, decode.BadLength}).Draw(c.t, "why"))
	case 1:
		n := rapid.SampledFrom([]int{59_990, 65_000, 65_001, 200_000}).Draw(c.t, "size")
		raw = append(fmt.Appendf(nil, "MSG 9 N %d\r\n", n), bytes.Repeat([]byte{'x'}, n)...)
		m = decode.Parse(raw, dir, conn.Grammar())
	case 2: // framed by another table than that of the dialect
		m = decode.Parse(raw, dir, shape(rapid.Bool().Draw(c.t, "has a TrID")))
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
		e.Flags |= rapid.SampledFrom([]session.Flag{session.Held, session.Injected, session.Fault, session.Lint}).Draw(c.t, "flag")
	}
	c.all = append(c.all, e)
}

// logOf returns a log of the events.
func logOf(t interface {
	Cleanup(func())
}, events []*session.Event,
) *Log {
	l := NewLog(LogOptions{})
	t.Cleanup(func() { l.Close() })
	for _, e := range events {
		l.Append(e)
	}
	return l
}

// recordedFile returns the file of a recording of the events.
func recordedFile(t testing.TB, events []*session.Event, o RecorderOptions) []byte {
	t.Helper()
	var file bytes.Buffer
	w, err := pcap.NewWriter(&file, pcap.WriterOptions{Application: "test"})
	if err != nil {
		t.Fatal(err)
	}
	recordTo(t, w, events, o)
	return file.Bytes()
}

// recordTo records the events in batches.
func recordTo(t testing.TB, w *pcap.Writer, events []*session.Event, o RecorderOptions) {
	t.Helper()
	r := NewRecorder(w, o)
	for batch := range slices.Chunk(events, 7) {
		r.Handle(batch)
	}
	if err := r.Close(start.Add(time.Hour)); err != nil {
		t.Fatalf("recording: %v", err)
	}
}

// loaded returns the log of a capture and the error of loading it.
func loaded(t interface {
	Cleanup(func())
}, file []byte,
) (*Log, error) {
	l := NewLog(LogOptions{})
	t.Cleanup(func() { l.Close() })
	return l, LoadReader(context.Background(), bytes.NewReader(file), "test.pcapng", l, nil)
}

// script is a log in short, one line an event.
func script(l *Log) []string {
	var all []string
	for i := range l.Len() {
		e := l.At(i)
		switch {
		case e.Kind != session.Command:
			all = append(all, fmt.Sprintf("%d %d %s %s", e.N, e.Conn, e.Kind, e.Text))
		case e.In.Opaque():
			all = append(all, fmt.Sprintf("%d %d %s opaque %q", e.N, e.Conn, e.Dir, e.In.Raw))
		default:
			all = append(all, fmt.Sprintf("%d %d %s %s", e.N, e.Conn, e.Dir, bytes.TrimRight(e.In.Raw, "\r\n")))
		}
	}
	return all
}

func wantScript(t *testing.T, l *Log, want ...string) {
	t.Helper()
	if diff := cmp.Diff(want, script(l)); diff != "" {
		t.Errorf("events differ (-want +got):\n%s", diff)
	}
}

// packet is a TCP segment of a capture that no program of ours wrote.
type packet struct {
	from, to string // addresses with ports
	flags    byte
	seq      uint32
	data     string
}

const (
	fin = 1
	syn = 2
	rst = 4
	ack = 16
)

// foreign returns a pcap file of the packets, one a second.
func foreign(packets ...packet) []byte {
	le, be := binary.LittleEndian, binary.BigEndian
	var b []byte
	for _, v := range []uint32{0xa1b2c3d4, 4<<16 | 2, 0, 0, 1 << 18, 101} {
		b = le.AppendUint32(b, v)
	}
	for i, p := range packets {
		from, to := netip.MustParseAddrPort(p.from), netip.MustParseAddrPort(p.to)
		n := uint32(40 + len(p.data))
		for _, v := range []uint32{uint32(start.Unix()) + uint32(i), 0, n, n} {
			b = le.AppendUint32(b, v)
		}
		b = be.AppendUint16(append(b, 0x45, 0), uint16(n))
		b = append(b, 0, 0, 0x40, 0, 64, 6, 0, 0)
		b = append(append(b, from.Addr().AsSlice()...), to.Addr().AsSlice()...)
		b = be.AppendUint16(be.AppendUint16(b, from.Port()), to.Port())
		b = be.AppendUint32(be.AppendUint32(b, p.seq), 100) // what every client of these tests begins with
		b = append(b, 5<<4, p.flags, 0xff, 0xff, 0, 0, 0, 0)
		b = append(b, p.data...)
	}
	return b
}

func parseAddr(s string) netip.AddrPort { return netip.MustParseAddrPort(s) }
