package store

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

	"github.com/msnscope/msnscope/decode"
	"github.com/msnscope/msnscope/decode/dialect"
	"github.com/msnscope/msnscope/decode/session"
	"github.com/msnscope/msnscope/replay/pcap"
)

// What was recorded is what is loaded, in every field: a log of the live events and one of the file are the same.
func TestRecordingRoundTrip(t *testing.T) {
	rapid.Check(t, func(rt *rapid.T) {
		events := randomEvents(rt)
		live := NewLog(LogOptions{})
		defer live.Close()
		for _, e := range events {
			live.fill(e)
		}
		got, err := loaded(rt, recordedFile(t, events, RecorderOptions{}))
		if err != nil {
			rt.Fatalf("loading: %v", err)
		}
		want := make([]*session.Event, live.Len())
		for i := range want {
			want[i] = live.At(i)
		}
		wantEvents(rt, func(i int) *session.Event {
			e := got.At(i)
			e.Packets = session.Packets{}
			return e
		}, got.Len(), want)
	})
}

// A process that was killed leaves a file from which everything before that place can be read.
func TestRecordingCutAnywhere(t *testing.T) {
	events := signOn()
	big := *events[1]
	big.N, big.In = 18, decode.Parse(append([]byte("MSG 1 N 70000\r\n"), make([]byte, 70_000)...), decode.FromClient, dialect.MSNP2)
	file := recordedFile(t, events, RecorderOptions{})
	tail := recordedFile(t, append(events, &big), RecorderOptions{})[len(file)-500:]
	step := 1
	for cut := 0; cut <= len(file)+len(tail); cut += step {
		whole := file
		if cut > len(file) { // inside the frames of one command there is nothing new to find at each byte
			whole, step = recordedFile(t, append(events, &big), RecorderOptions{}), 997
		}
		if cut > len(whole) {
			break
		}
		l, err := loaded(t, whole[:cut])
		if err != nil && !errors.Is(err, pcap.ErrCut) && !errors.Is(err, pcap.ErrNotCapture) && !errors.Is(err, ErrNoMSN) {
			t.Fatalf("%d bytes: %v", cut, err)
		}
		for i := range l.Len() {
			want := events[min(i, len(events)-1)]
			if i == len(events) {
				want = &big
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
func TestRecorderFlushesBatches(t *testing.T) {
	var file bytes.Buffer
	w, err := pcap.NewWriter(&file, pcap.WriterOptions{})
	if err != nil {
		t.Fatal(err)
	}
	r := NewRecorder(w, RecorderOptions{})
	events := signOn()
	for i, e := range events {
		r.Handle([]*session.Event{e})
		if l, err := loaded(t, file.Bytes()); err != nil || l.Len() != i+1 {
			t.Fatalf("%d events in the file after %d, %v", l.Len(), i+1, err)
		}
	}
}

func TestRecordingAppended(t *testing.T) {
	events := signOn()
	f, err := os.Create(filepath.Join(t.TempDir(), "three.pcapng"))
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	for range 3 {
		w, err := pcap.AppendTo(f, pcap.WriterOptions{})
		if err != nil {
			t.Fatal(err)
		}
		recordTo(t, w, events, RecorderOptions{})
	}
	l := NewLog(LogOptions{})
	defer l.Close()
	if err = Load(t.Context(), f.Name(), l, nil); err != nil || l.Len() != 3*len(events) {
		t.Fatalf("%d events, %v; want three times %d", l.Len(), err, len(events))
	}
	if _, n := l.lastNumbers(); n != 6 {
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
	if err := Load(t.Context(), f.Name(), l, nil); err != nil || l.At(3*len(events)).N != uint64(3*len(events)+1) {
		t.Errorf("a second file: %v, it begins with %+v", err, l.At(3*len(events)))
	}
}

// A file of ours from which a tool took the beginning and some frames keeps what the others say.
func TestRecordingInPieces(t *testing.T) {
	events := signOn()
	r := record{}
	var w recordWriter
	w.event(events[4], true)
	if ok := r.read(string(w.buf[len(recordStart+recordForm):])); !ok {
		t.Fatal("the record of an event is not understood")
	}
	l := NewLog(LogOptions{})
	defer l.Close()
	im := newImporter(l)
	info := &pcap.FlowInfo{ID: 1, Client: netip.MustParseAddrPort("127.0.0.1:4"), Server: netip.MustParseAddrPort("127.0.0.2:1863"), Guessed: true}
	comments := w.comments()
	im.item(&pcap.Item{Kind: pcap.KindNote, Comments: []string{recordStart + recordForm + "begin"}})
	im.item(&pcap.Item{Kind: pcap.KindOpen, Flow: info, Time: start}) // a SYN that lost its comment
	im.item(&pcap.Item{Kind: pcap.KindData, Flow: info, Time: start, Data: events[4].Out, Comments: comments})
	im.item(&pcap.Item{Kind: pcap.KindNote, Flow: info, Comments: comments}) // the same frame again
	im.end()
	l.publish()
	if l.Len() != 1 || l.At(0).Role != dialect.DS || string(l.At(0).In.Raw) != "XFR 2 NS 127.0.0.3:1864\r\n" {
		t.Errorf("got %q", script(l))
	}
}

func TestWords(t *testing.T) {
	events := signOn()
	for _, tc := range []struct {
		name string
		e    *session.Event
		want string
	}{
		{"open", events[0], "connection 1 from 127.0.0.1:40001"},
		{"open to", events[6], "connection 2 from 127.0.0.1:40001 to 127.0.0.3:1864"},
		{"close", events[5], "connection 1 ended: closed by the server"},
		{"untouched", events[1], ""},
		{"rewritten", events[4], "rewritten: 127.0.0.1:1863 was 127.0.0.3:1864"},
		{"error", events[10], "error 205 ERR_INVALID_USER"},
		{"opaque", events[11], "opaque: not a command: its first word is neither three letters nor three digits"},
		{"note", events[12], "a note·with ü and 100% of what is hard"},
		{"gap", events[15], "missing: 3 bytes are missing"},
		{"dropped", &session.Event{Out: []byte{}, Flags: session.Dropped}, "changed: nothing was sent on; dropped: it was not sent on"},
		{"edited", &session.Event{
			In: events[1].In, Out: []byte("OUT\r\n"), Flags: session.Edited | session.Held,
		}, "edited: OUT was VER 0 MSNP2 CVR0; held: it waited for a person"},
		{"long", &session.Event{Kind: session.Note, Text: strings.Repeat("ü", 2000)}, strings.Repeat("ü", 500) + "…"},
		{"broken", &session.Event{Kind: session.Note, Text: "a\xffb\u202ec"}, "a·b·c"},
	} {
		t.Run(tc.name, func(t *testing.T) {
			if got := words(tc.e); got != tc.want {
				t.Errorf("got  %q\nwant %q", got, tc.want)
			}
		})
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
			N: uint64(len(events) + 1), Time: start, Conn: len(events) + 1, Client: client, Server: server, User: user, Role: role,
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
	got := namesIn(t, recordedFile(t, events, RecorderOptions{Names: given}))
	want := map[string]string{
		"10.0.0.9": "dispatch+notification", "10.0.0.8": "switchboard", "10.0.0.1": "alice@hotmail.com+bob@hotmail.com", "10.0.0.2": "a@b",
		"10.0.0.3": "c@d+e@f+g@h+others", "198.18.0.1": "messenger.example.com", "10.0.0.4": strings.Repeat("ü", 127), "10.0.0.7": "the gateway",
		"10.0.0.5": "given@away", "10.0.0.6": "bad ·", "10.0.9.9": "one@machine", "198.18.0.2": "dispatch", "198.18.0.3": "notification",
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

func TestRecorderDiskFull(t *testing.T) {
	disk := &diskFull{n: 2000}
	w, err := pcap.NewWriter(disk, pcap.WriterOptions{})
	if err != nil {
		t.Fatal(err)
	}
	var told []error
	r := NewRecorder(w, RecorderOptions{OnError: func(err error) { told = append(told, err) }})
	for range 5 {
		r.Handle(signOn())
	}
	disk.n = 1 << 20
	r.Handle(signOn())
	if len(told) != 1 || !errors.Is(told[0], errFull) || !errors.Is(r.Err(), errFull) {
		t.Errorf("told %v, Err = %v", told, r.Err())
	}
	if err := r.Close(time.Now()); !errors.Is(err, errFull) || disk.n != 1<<20 {
		t.Errorf("Close = %v, and %d bytes were written after the error", err, 1<<20-disk.n)
	}
}

// A connection that never had a server is in the file all the same, from its handshake to its end.
func TestRecordingWithoutServer(t *testing.T) {
	var g session.Graph
	c, open := g.Open(start, "10.0.0.1:4000", "")
	events := []*session.Event{open, c.Close(start.Add(time.Second), "closed by the client")}
	r, err := pcap.NewReader(bytes.NewReader(recordedFile(t, events, RecorderOptions{})), "test")
	if err != nil {
		t.Fatal(err)
	}
	var kinds []string
	for {
		item, err := r.Next()
		if err != nil {
			break
		}
		if kinds = append(kinds, item.Kind.String()); item.Kind == pcap.KindOpen && item.Flow.Server.String() != "192.0.2.2:1863" {
			t.Errorf("the server is %s", item.Flow.Server)
		}
	}
	if got := strings.Join(kinds, " "); got != "note note open close close" {
		t.Errorf("the file holds %s", got)
	}
}

func TestEscape(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		s := string(rapid.SliceOf(rapid.Byte()).Draw(t, "bytes"))
		escaped := string(appendEscaped(nil, s))
		if got := unescape(escaped); got != s {
			t.Fatalf("%q became %q", s, got)
		}
		if strings.ContainsAny(escaped, " \n\x00") {
			t.Fatalf("%q has what does not belong in a record", escaped)
		}
	})
}

// Nothing that stands in a comment makes reading fail otherwise than by not being ours.
func FuzzReadRecord(f *testing.F) {
	var w recordWriter
	for _, e := range signOn() {
		w.event(e, false)
		f.Add(string(w.buf))
	}
	f.Add("1 command n=1 len=5 dir=C time=5 data=AAAA in= out=x row=MSNP2/9 trid=1")
	f.Fuzz(func(t *testing.T, s string) {
		if r, ok := readRecord([]string{recordStart + s, recordMore + s}); ok && r.event.Kind == session.Command {
			r.finish(decode.FromServer, []byte("VER 1 MSNP2\r\n"))
		}
	})
}
