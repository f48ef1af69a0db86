package recording_test

import (
	"bytes"
	"errors"
	"net/netip"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"pgregory.net/rapid"

	"github.com/msnscope/msnscope/captures"
	"github.com/msnscope/msnscope/captures/pcap"
	"github.com/msnscope/msnscope/captures/recording"
	"github.com/msnscope/msnscope/decode"
	"github.com/msnscope/msnscope/decode/dialect"
	"github.com/msnscope/msnscope/decode/session"
	"github.com/msnscope/msnscope/decode/session/sessiontest"
	"github.com/msnscope/msnscope/internal/eventlog"
)

// What was recorded is what is loaded, in every field: a log of the live events and one of the file
// are the same.
func TestRecordingRoundTrip(t *testing.T) {
	rapid.Check(t, func(rt *rapid.T) {
		events := sessiontest.Random(rt)
		live := eventlog.New(eventlog.Options{})
		defer live.Close()
		for _, e := range events {
			add(live, e)
		}
		got, err := loaded(rt, recordedFile(t, events, recording.Options{}))
		if err != nil {
			rt.Fatalf("loading: %v", err)
		}
		want := make([]*session.Event, live.Len())
		for i := range want {
			want[i] = live.At(i)
		}
		sessiontest.Want(rt, func(i int) *session.Event {
			e := got.At(i)
			e.Packets = session.Packets{}
			return e
		}, got.Len(), want)
	})
}

// add adds an event to a log as loading does.
func add(l *eventlog.Log, e *session.Event) {
	b := l.Begin()
	defer b.End()
	b.Add(e, eventlog.Place{}, nil)
}

// A process that was killed leaves a file from which everything before that place can be read.
func TestRecordingCutAnywhere(t *testing.T) {
	events := sessiontest.SignOn()
	big := *events[1]
	big.N, big.In = 18, decode.Parse(append([]byte("MSG 1 N 70000\r\n"), make([]byte, 70_000)...), decode.FromClient,
		dialect.MSNP2)
	file := recordedFile(t, events, recording.Options{})
	tail := recordedFile(t, append(events, &big), recording.Options{})[len(file)-500:]
	step := 1
	for cut := 0; cut <= len(file)+len(tail); cut += step {
		whole := file
		if cut > len(file) { // inside the frames of one command there is nothing new to find at each byte
			whole, step = recordedFile(t, append(events, &big), recording.Options{}), 997
		}
		if cut > len(whole) {
			break
		}
		l, err := loaded(t, whole[:cut])
		if err != nil && !errors.Is(err, pcap.ErrCut) && !errors.Is(err, pcap.ErrNotCapture) &&
			!errors.Is(err, captures.ErrNoMSN) {
			t.Fatalf("%d bytes: %v", cut, err)
		}
		for i := range l.Len() {
			want := events[min(i, len(events)-1)]
			if i == len(events) {
				if want = &big; l.At(i).Flags&session.Missing != 0 { // as much of it as there is
					want = sessiontest.Later([]*session.Event{&big}, 0)[0]
					want.In.Raw, want.Text = want.In.Raw[:pcap.MaxSegment], l.At(i).Text
				}
			}
			if g := l.At(i); g.N != want.N || g.Kind != want.Kind || !g.Time.Equal(want.Time) || g.Text != want.Text ||
				!bytes.Equal(g.In.Raw, want.In.Raw) || !bytes.Equal(g.Out, want.Out) {
				t.Fatalf("%d bytes: event %d is %+v, want %+v", cut, i, g, want)
			}
		}
		if cut == len(whole) && err != nil {
			t.Fatalf("the whole file: %v", err)
		}
	}
}

// Every batch is in the file when Handle returns.
func TestWriterFlushesBatches(t *testing.T) {
	var file bytes.Buffer
	w, err := pcap.NewWriter(&file, pcap.WriterOptions{})
	if err != nil {
		t.Fatal(err)
	}
	r := recording.NewWriter(w, recording.Options{})
	events := sessiontest.SignOn()
	for i, e := range events {
		r.Handle([]*session.Event{e})
		if l, err := loaded(t, file.Bytes()); err != nil || l.Len() != i+1 {
			t.Fatalf("%d events in the file after %d, %v", l.Len(), i+1, err)
		}
	}
}

func TestRecordingAppended(t *testing.T) {
	events := sessiontest.SignOn()
	f, err := os.Create(filepath.Join(t.TempDir(), "three.pcapng"))
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	for i := range 3 {
		w, err := pcap.AppendTo(f, pcap.WriterOptions{})
		if err != nil {
			t.Fatal(err)
		}
		recordTo(t, w, sessiontest.Later(events, time.Duration(i)*time.Hour), recording.Options{})
	}
	l := eventlog.New(eventlog.Options{})
	defer l.Close()
	into := captures.NewLoader(l)
	if err = into.Load(t.Context(), f.Name(), nil); err != nil || l.Len() != 3*len(events) {
		t.Fatalf("%d events, %v; want three times %d", l.Len(), err, len(events))
	}
	if _, n := l.Last(); n != 6 {
		t.Errorf("%d connections, want 6", n)
	}
	for i := range l.Len() {
		part, was, e := i/len(events), events[i%len(events)], l.At(i)
		shift := uint64(part * len(events))
		if e.N != was.N+shift || was.Conn > 0 && e.Conn != was.Conn+2*part {
			t.Fatalf("event %d has number %d on connection %d", i, e.N, e.Conn)
		}
		if was.ReplyTo > 0 && e.ReplyTo != was.ReplyTo+shift || was.Via > 0 && e.Via != was.Via+2*part {
			t.Fatalf("event %d answers %d, its connection comes from %d", i, e.ReplyTo, e.Via)
		}
	}
	if err := into.Load(t.Context(), f.Name(), nil); err != nil || l.Len() != 3*len(events) {
		t.Errorf("the same file again: %v, %d events", err, l.Len())
	}
}

// namesIn returns the last name of each address in a file.
func namesIn(t *testing.T, file []byte) map[string]string {
	t.Helper()
	r, err := pcap.NewReader(bytes.NewReader(file), "test")
	if err != nil {
		t.Fatal(err)
	}
	names := map[string]string{}
	for {
		item, err := r.Next()
		if err != nil {
			return names
		}
		if item.Kind == pcap.KindName {
			if names[item.Named.Addr.String()] == item.Named.Name {
				t.Errorf("%s is called %s again", item.Named.Addr, item.Named.Name)
			}
			names[item.Named.Addr.String()] = item.Named.Name
		}
	}
}

func TestRecordingNames(t *testing.T) {
	var events []*session.Event
	say := func(client, server, user string, role dialect.Role) {
		e := &session.Event{
			N: uint64(len(events) + 1), Time: sessiontest.Start, Conn: len(events) + 1, Client: client,
			Server: server, User: user, Role: role,
			Dir: decode.FromClient, In: decode.Parse([]byte("OUT\r\n"), decode.FromClient, dialect.MSNP2),
		}
		events = append(events, e)
	}
	say("10.0.0.1:1", "10.0.0.9:1863", "alice@hotmail.com", dialect.DS)
	say("10.0.0.1:2", "10.0.0.9:1864", "bob@hotmail.com", dialect.NS)
	say("10.0.0.1:3", "10.0.0.8:1863", "ALICE@hotmail.com", dialect.SB)
	say("10.0.0.2:1", "10.0.0.8:1863", "a@b", 0)
	for _, user := range []string{"c@d", "e@f", "g@h", "i j@k"} {
		say("10.0.0.3:1", "messenger.example.com:1863", user, 0)
	}
	say("10.0.0.4:1", "10.0.0.9:1864", strings.Repeat("ü", 300), dialect.NS)
	say("10.0.0.8:1", "10.0.0.9:1864", "server@home", dialect.NS)
	say("10.0.0.5:1", "10.0.0.7:1", "given@away", dialect.NS)
	say("10.0.0.6:1", "10.0.0.7:1", "some@body", dialect.NS)
	// All on one machine: the servers are told apart by addresses made up.
	say("10.0.9.9:1", "10.0.9.9:1863", "one@machine", dialect.DS)
	say("10.0.9.9:2", "10.0.9.9:1864", "one@machine", dialect.NS)
	given := map[netip.Addr]string{
		netip.MustParseAddr("10.0.0.7"): "the gateway", netip.MustParseAddr("10.0.0.6"): "bad \xff",
		netip.MustParseAddr("10.0.0.66"): "of no connection",
	}
	got := namesIn(t, recordedFile(t, events, recording.Options{Names: given}))
	want := map[string]string{
		"10.0.0.9": "dispatch+notification", "10.0.0.8": "switchboard",
		"10.0.0.1": "alice@hotmail.com+bob@hotmail.com", "10.0.0.2": "a@b",
		"10.0.0.3": "c@d+e@f+g@h+others", "198.18.0.1": "messenger.example.com", "10.0.0.4": strings.Repeat("ü", 127),
		"10.0.0.7": "the gateway",
		"10.0.0.5": "given@away", "10.0.0.6": "bad ·", "10.0.9.9": "one@machine", "198.18.0.2": "dispatch",
		"198.18.0.3": "notification",
	}
	for addr, name := range want {
		if got[addr] != name {
			t.Errorf("%s is called %q, want %q", addr, got[addr], name)
		}
	}
	if len(got) != len(want) {
		t.Errorf("names are %q", got)
	}
}

// diskFull takes n bytes.
type diskFull struct{ n int }

var errFull = errors.New("no space left on device")

func (d *diskFull) Write(p []byte) (int, error) {
	if d.n -= len(p); d.n < 0 {
		return 0, errFull
	}
	return len(p), nil
}

func TestWriterDiskFull(t *testing.T) {
	disk := &diskFull{n: 2000}
	w, err := pcap.NewWriter(disk, pcap.WriterOptions{})
	if err != nil {
		t.Fatal(err)
	}
	var reported []error
	r := recording.NewWriter(w, recording.Options{OnError: func(err error) { reported = append(reported, err) }})
	for range 5 {
		r.Handle(sessiontest.SignOn())
	}
	disk.n = 1 << 20
	r.Handle(sessiontest.SignOn())
	if len(reported) != 1 || !errors.Is(reported[0], errFull) || !errors.Is(r.Err(), errFull) {
		t.Errorf("reported %v, Err = %v", reported, r.Err())
	}
	if err := r.Close(time.Now()); !errors.Is(err, errFull) || disk.n != 1<<20 {
		t.Errorf("Close = %v, and %d bytes were written after the error", err, 1<<20-disk.n)
	}
}

// A connection that never had a server is in the file all the same, from its handshake to its end.
func TestRecordingWithoutServer(t *testing.T) {
	var g session.Graph
	c, open := g.Open(sessiontest.Start, "10.0.0.1:4000", "")
	events := []*session.Event{open, c.Close(sessiontest.Start.Add(time.Second), "closed by the client")}
	r, err := pcap.NewReader(bytes.NewReader(recordedFile(t, events, recording.Options{})), "test")
	if err != nil {
		t.Fatal(err)
	}
	var kinds []string
	for {
		item, err := r.Next()
		if err != nil {
			break
		}
		if kinds = append(kinds, item.Kind.String()); item.Kind == pcap.KindOpen &&
			item.Flow.Server.String() != "192.0.2.2:1863" {
			t.Errorf("the server is %s", item.Flow.Server)
		}
	}
	// A reader that does not know records takes them for remarks on acknowledgements.
	if got := strings.Join(kinds, " "); got != "note note open note note close close note" {
		t.Errorf("the file holds %s", got)
	}
}
