package captures

import (
	"bytes"
	"compress/gzip"
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"net/netip"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"

	"github.com/msnscope/msnscope/captures/pcap"
	"github.com/msnscope/msnscope/decode"
	"github.com/msnscope/msnscope/decode/dialect"
	"github.com/msnscope/msnscope/decode/session"
	"github.com/msnscope/msnscope/decode/session/sessiontest"
	"github.com/msnscope/msnscope/internal/eventlog"
)

const alice, bob, ns, odd = "10.0.0.1:4000", "10.0.0.2:4000", "10.0.0.9:1863", "10.0.0.9:1999"

// A capture of another program: a handshake, commands cut and joined at will, the end.
func TestLoadForeign(t *testing.T) {
	l, err := loaded(t, foreign(
		packet{alice, ns, syn, 99, ""}, packet{ns, alice, syn | ack, 499, ""},
		packet{alice, ns, ack, 100, "VER 0 MS"}, packet{alice, ns, ack, 108, "NP5\nINF 1\nUSR 2 MD"},
		packet{ns, alice, ack, 500, "VER 0 MSNP5\r\nINF 1 MD5\r\n"},
		packet{alice, ns, ack, 126, "5 I alice@hotmail.com\r\n"},
		packet{ns, alice, ack, 524, "NOT 5\r\nhello911 2\r\n"},
		packet{ns, alice, ack | fin, 543, ""}, packet{alice, ns, ack, 149, "PN"}, packet{alice, ns, ack | fin, 151, ""},
	))
	if err != nil {
		t.Fatal(err)
	}
	wantScript(t, l,
		"1 1 open ", "2 1 C VER 0 MSNP5", "3 1 C INF 1", "4 1 S VER 0 MSNP5", "5 1 S INF 1 MD5",
		"6 1 C USR 2 MD5 I alice@hotmail.com",
		"7 1 S NOT 5\r\nhello", "8 1 S 911 2", "9 1 half-close S",
		`10 1 C opaque "PN"`, "11 1 close closed by the server")
	e := l.At(3)
	if e.ReplyTo != 2 || e.RTT <= 0 || e.User != "alice@hotmail.com" || e.Dialect != "MSNP5" || e.Client != alice ||
		e.Server != ns {
		t.Errorf("the answer is %+v", e)
	}
	if e := l.At(1); e.Dialect != "MSNP5" || e.User != "alice@hotmail.com" {
		t.Errorf("the first command is not filled in: %+v", e)
	}
	if why := l.At(9).In.Why; why != decode.CutShort {
		t.Errorf("why = %v", why)
	}
}

// Every event names the packets that its command came in. The log reads a command from the file if
// it lies there in one piece.
func TestLoadKnowsPackets(t *testing.T) {
	path := filepath.Join(t.TempDir(), "a.pcap")
	file := foreign(
		packet{alice, ns, syn, 99, ""}, packet{alice, ns, ack, 100, "PNG\r\n"}, packet{alice, ns, ack, 105, "CHG 1 N"},
		packet{alice, ns, ack, 117, "HG 2 HDN\r\nOUT\r\n"}, packet{alice, ns, ack, 112, "LN\r\nC"},
	)
	if err := os.WriteFile(path, file, 0o600); err != nil {
		t.Fatal(err)
	}
	l := eventlog.New(eventlog.Options{})
	defer l.Close()
	if err := NewLoader(l).Load(t.Context(), path, nil); err != nil {
		t.Fatal(err)
	}
	var got []string
	for r, i := l.Reader(), 0; i < l.Len(); i++ {
		e := r.At(i)
		got = append(got, strings.TrimSuffix(fmt.Sprintf("%q %s %v", e.In.Raw, e.Packets, e.Cuts), " []"))
	}
	if err := os.Truncate(path, 0); err != nil {
		t.Fatal(err)
	}
	for r, i := l.Reader(), 0; i < l.Len(); i++ { // what stood in the file is gone
		if r.At(i).Kind == session.Gap {
			got[i] += " in the file"
		}
	}
	want := []string{
		`"" `, `"PNG\r\n" 2 in the file`, `"CHG 1 NLN\r\n" 3 to 5, with others [7]`,
		`"CHG 2 HDN\r\n" 5 to 4, with others [1]`,
		`"OUT\r\n" 4, with others in the file`,
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("packets differ (-want +got):\n%s", diff)
	}
}

// Real captures begin in the middle, have one direction only, and lack bytes.
func TestLoadTorn(t *testing.T) {
	for _, tc := range []struct {
		name    string
		packets []packet
		want    []string
	}{
		{"begins inside a body", []packet{
			{ns, alice, ack, 500, "Content-Type: text/plain\r\n\r\nhello\r\nNLN NLN bob@hotmail.com Bob\r\n"},
		}, []string{
			"1 1 open " + session.BegunBefore, `2 1 S opaque "Content-Type: text/plain\r\n"`, `3 1 S opaque "\r\n"`,
			`4 1 S opaque "hello\r\n"`,
			"5 1 S NLN NLN bob@hotmail.com Bob",
		}},
		{"begins inside a body without a line end", []packet{
			{ns, alice, ack, 500, "lo thereMSG bob@hotmail.com Bob 2\r\nhi"},
			{ns, alice, ack, 537, "MSG bob@hotmail.com Bob 2\r\nhoBYE bob@hotmail.com\r\n"},
		}, []string{
			"1 1 open " + session.BegunBefore, `2 1 S opaque "lo there"`, "3 1 S MSG bob@hotmail.com Bob 2\r\nhi",
			"4 1 S MSG bob@hotmail.com Bob 2\r\nho", "5 1 S BYE bob@hotmail.com",
		}},
		{"a hole over a header", []packet{
			{ns, alice, ack, 500, "JOI bob@hotmail.com Bob\r\n"},
			{ns, alice, ack, 555, "second halfMSG bob@hotmail.com Bob 2\r\nhi"},
		}, []string{
			"1 1 open " + session.BegunBefore,
			"2 1 S JOI bob@hotmail.com Bob", "3 1 gap 30 bytes from the server are not in the capture",
			`4 1 S opaque "second half"`,
			"5 1 S MSG bob@hotmail.com Bob 2\r\nhi",
		}},
		{
			"one direction",
			[]packet{{alice, ns, ack, 100, "CHG 1 NLN\r\nMSG 2 N 2\r\nhi"}, {alice, ns, ack, 124, "OUT\r\n"}},
			[]string{
				"1 1 open " + session.BegunBefore, "2 1 C CHG 1 NLN", "3 1 C MSG 2 N 2\r\nhi", "4 1 C OUT",
			},
		},
		{"a hole in a body", []packet{
			{alice, ns, ack, 100, "CHG 1 NLN\r\nMSG 2 N 9\r\nhi"},
			{alice, ns, ack, 133, "CHG 3 HDN\r\n"},
			{alice, ns, ack, 144, "OUT\r"},
		}, []string{
			"1 1 open " + session.BegunBefore, "2 1 C CHG 1 NLN", `3 1 C opaque "MSG 2 N 9\r\nhi"`,
			"4 1 gap 9 bytes from the client are not in the capture", "5 1 C CHG 3 HDN",
			`6 1 C opaque "OUT\r"`,
		}},
		{
			"a hole in a line without end",
			[]packet{{alice, ns, ack, 100, strings.Repeat("x", 8192)}, {alice, ns, ack, 8300, "OUT\r\n"}},
			[]string{
				"1 1 open " + session.BegunBefore, fmt.Sprintf("2 1 C opaque %q", strings.Repeat("x", 8192)),
				"3 1 gap 8 bytes from the client are not in the capture", "4 1 C OUT",
			},
		},
		{"reset", []packet{
			{alice, ns, ack, 100, "PNG\r\nVER"},
			{ns, alice, ack, 500, "QN"},
			{ns, alice, rst, 502, ""},
		}, []string{
			"1 1 open " + session.BegunBefore,
			"2 1 C PNG", `3 1 S opaque "QN"`, `4 1 C opaque "VER"`, "5 1 close reset by the server",
		}},
		{"one end closed", []packet{{alice, ns, ack, 100, "PNG\r\n"}, {alice, ns, fin | ack, 105, ""}}, []string{
			"1 1 open " + session.BegunBefore,
			"2 1 C PNG", "3 1 half-close C", // the capture does not see the other end
		}},
		{"a port used again", []packet{
			{alice, ns, syn, 99, ""},
			{alice, ns, ack, 100, "PNG\r\n"},
			{alice, ns, syn, 7_000_000, ""},
			{alice, ns, ack, 7_000_001, "OUT\r\n"},
		}, []string{"1 1 open ", "2 1 C PNG", "3 2 open ", "4 2 C OUT"}},
	} {
		t.Run(tc.name, func(t *testing.T) {
			l, err := loaded(t, foreign(tc.packets...))
			if err != nil {
				t.Fatal(err)
			}
			wantScript(t, l, tc.want...)
		})
	}
}

// On other ports MSN is known by its first line, and by that which end is the client.
func TestLoadOddPort(t *testing.T) {
	for _, tc := range []struct {
		name    string
		packets []packet
		client  string // "" where it is no MSN
	}{
		{
			"client first",
			[]packet{
				{alice, odd, syn, 99, ""},
				{alice, odd, ack, 100, "VE"},
				{alice, odd, ack, 102, "R 0 MSNP2\r\n"},
			},
			alice,
		},
		{"server first in the capture", []packet{{odd, alice, ack, 500, "NLN NLN bob@hotmail.com Bob\r\n"}}, alice},
		{
			"a client's message, after an acknowledgement",
			[]packet{{odd, alice, ack, 500, "ACK 6\r\n"}, {alice, odd, ack, 100, "MSG 7 N 2\r\nhi"}},
			alice,
		},
		{"a client's message first", []packet{{alice, odd, ack, 100, "MSG 7 N 2\r\nhi"}}, alice},
		{"a server's message first", []packet{{odd, alice, ack, 500, "MSG bob@hotmail.com Bob 2\r\nhi"}}, alice},
		{
			"server first, the handshake known",
			[]packet{{alice, odd, syn, 99, ""}, {odd, alice, ack, 500, "NLN NLN bob@hotmail.com Bob\r\n"}},
			alice,
		},
		{"what either may say first, in the capture", []packet{
			{odd, alice, ack, 500, "VER 0 MSNP2\r\n"},
			{odd, alice, ack, 513, "INF 1 MD5\r\n"},
			{alice, odd, ack, 100, "USR 2 MD5 I alice@hotmail.com\r\n"},
		}, alice},
		{
			"what either may say first, then the client",
			[]packet{{odd, alice, ack, 500, "VER 0 MSNP2\r\n"}, {alice, odd, ack, 100, "INF 1\r\n"}},
			alice,
		},
		{"nothing but what either may say", []packet{{alice, odd, ack, 100, "VER 0 MSNP2\r\n"}}, alice},
		{
			"after an error",
			[]packet{{odd, alice, ack, 500, "217 8\r\n"}, {alice, odd, ack, 100, "CAL 9 bob@hotmail.com\r\n"}},
			alice,
		},
		{
			"both on 1863",
			[]packet{{ns, "10.0.0.1:1863", ack, 500, "QNG\r\n"}, {"10.0.0.1:1863", ns, ack, 100, "PNG\r\n"}},
			"10.0.0.1:1863",
		},
		{"http", []packet{{alice, odd, syn, 99, ""}, {alice, odd, ack, 100, "GET / HTTP/1.1\r\nHost: x\r\n\r\n"}}, ""},
		{"smtp", []packet{{odd, alice, ack, 500, "220 mail ESMTP\r\n"}, {alice, odd, ack, 100, "EHLO x\r\n"}}, ""},
		{"pop3", []packet{{odd, alice, ack, 500, "+OK\r\n"}, {alice, odd, ack, 100, "USER x\r\n"}}, ""},
		{"tls", []packet{{alice, odd, ack, 100, "\x16\x03\x01\x02\x00\x01"}}, ""},
		{"a word", []packet{{alice, odd, ack, 100, "MSG me if you can\r\n"}}, ""},
		{"a number", []packet{{alice, odd, ack, 100, strings.Repeat("555 ", 400)}}, ""},
		{
			"errors for ever",
			[]packet{{alice, odd, ack, 100, strings.Repeat("555 1\r\n", 800)}, {alice, odd, ack, 5700, "PNG\r\n"}},
			"",
		},
		{"nothing", []packet{{alice, odd, syn, 99, ""}, {alice, odd, fin, 100, ""}, {odd, alice, fin, 500, ""}}, ""},
	} {
		t.Run(tc.name, func(t *testing.T) {
			l, err := loaded(t, foreign(tc.packets...))
			if tc.client == "" {
				if !errors.Is(err, ErrNoMSN) || l.Len() != 0 {
					t.Errorf("%v, %q", err, script(l))
				}
				return
			}
			if err != nil {
				t.Fatal(err)
			}
			if e := l.At(0); e.Client != tc.client {
				t.Errorf("the client is %s", e.Client)
			}
			for i := range l.Len() - 1 {
				if e := l.At(i + 1); e.Row == nil || e.In.Opaque() {
					t.Errorf("not understood: %q", e.In.Raw)
				}
			}
		})
	}
}

func TestLoadLeavesOthersOut(t *testing.T) {
	other := []packet{
		{bob, "10.0.0.9:80", syn, 99, ""},
		{bob, "10.0.0.9:80", ack, 100, "GET / HTTP/1.0\r\n\r\n"},
		{bob, "10.0.0.9:81", syn, 99, ""},
	}
	l, err := loaded(t, foreign(append(other, packet{alice, ns, ack, 100, "PNG\r\n"})...))
	if err != nil {
		t.Fatal(err)
	}
	wantScript(t, l, "1 1 open "+session.BegunBefore, "2 1 C PNG")
	_, err = loaded(t, foreign(other...))
	if !errors.Is(err, ErrNoMSN) || err.Error() != "no MSN traffic found in test.pcapng: 2 other TCP connections" {
		t.Errorf("without MSN: %v", err)
	}
}

// What our writer makes without our records is a capture like any other.
func TestLoadWithoutRecords(t *testing.T) {
	var file bytes.Buffer
	w, err := pcap.NewWriter(&file, pcap.WriterOptions{})
	if err != nil {
		t.Fatal(err)
	}
	flows := map[int]*pcap.Flow{}
	var want []*session.Event
	for _, e := range sessiontest.SignOn() {
		if e.Kind != session.Command {
			continue
		}
		if flows[e.Conn] == nil {
			if flows[e.Conn], err = w.Open(parseAddr(e.Client), parseAddr(e.Server), e.Time,
				"somebody's remark"); err != nil {
				t.Fatal(err)
			}
		}
		if err := flows[e.Conn].Data(e.Dir == decode.FromClient, e.In.Raw, e.Time); err != nil {
			t.Fatal(err)
		}
		want = append(want, e)
	}
	if err := w.Flush(); err != nil {
		t.Fatal(err)
	}
	l, err := loaded(t, file.Bytes())
	if err != nil {
		t.Fatal(err)
	}
	for i := range l.Len() {
		e := l.At(i)
		if e.Kind == session.Open || e.Kind == session.Note && e.Text == "somebody's remark" {
			continue
		}
		if w := want[0]; !bytes.Equal(e.In.Raw, w.In.Raw) || !e.Time.Equal(w.Time) || e.Dir != w.Dir ||
			e.Row != w.Row || (e.ReplyTo != 0) != (w.ReplyTo != 0) {
			t.Errorf("event %d is %+v, want %+v", i, e, w)
		}
		want = want[1:]
	}
	if len(want) > 0 || l.At(l.Len()-1).Role != dialect.NS {
		t.Errorf("%d commands are missing", len(want))
	}
}

// A recording in which a frame lost its comment, and one next to traffic of others, keep numbers
// apart.
func TestLoadMixed(t *testing.T) {
	l := eventlog.New(eventlog.Options{})
	defer l.Close()
	im := importing(l)
	flow := func(id int, addr string) *pcap.FlowInfo {
		return &pcap.FlowInfo{ID: id, Client: parseAddr(addr), Server: parseAddr(ns)}
	}
	ours, theirs := flow(1, alice), flow(2, bob)
	rec := func(s string) []string { return []string{"msnscope:1 " + s} }
	data := func(f *pcap.FlowInfo, s string, comments []string) {
		im.item(&pcap.Item{
			Kind: pcap.KindData, Flow: f, FromClient: true, Time: sessiontest.Start, Data: []byte(s),
			Comments: comments,
		})
	}
	im.item(&pcap.Item{Kind: pcap.KindNote, Time: sessiontest.Start, Comments: rec("begin")})
	im.item(&pcap.Item{Kind: pcap.KindOpen, Flow: ours, Time: sessiontest.Start, Comments: rec("open n=1 conn=1")})
	im.item(&pcap.Item{Kind: pcap.KindOpen, Flow: theirs, Time: sessiontest.Start})
	data(theirs, "PNG\r\n", nil)
	data(ours, "CHG 1 NLN\r\n", rec("command n=2 conn=1"))
	data(ours, "CHG 2 HDN\r\n", nil)
	data(ours, "CHG 3 NLN\r\n", rec("command n=3 conn=1 reply=2"))
	data(theirs, "OUT\r\n", nil)
	im.item(&pcap.Item{Kind: pcap.KindNote, Time: sessiontest.Start, Comments: rec("note n=4 conn=2 text=new")})
	im.item(&pcap.Item{
		Kind: pcap.KindClose, Flow: ours, FromClient: true, Time: sessiontest.Start,
		Comments: rec("close n=5 conn=1"),
	})
	im.item(&pcap.Item{Kind: pcap.KindClose, Flow: ours, Time: sessiontest.Start})
	im.end()
	im.batch.End()
	wantScript(t, l, "1 1 open ", "2 2 open ", "3 2 C PNG", "4 1 C CHG 1 NLN", "5 1 C CHG 2 HDN", "6 1 C CHG 3 NLN",
		"7 2 C OUT",
		"8 3 note new", "9 1 close ")
	if to := l.At(5).ReplyTo; to != 4 {
		t.Errorf("the answer is to %d, want 4", to)
	}
}

func TestLoadFiles(t *testing.T) {
	dir := t.TempDir()
	file := recordedFile(t, sessiontest.SignOn())
	var packed bytes.Buffer
	z := gzip.NewWriter(&packed)
	z.Write(file)
	z.Close()
	put := func(name string, b []byte) string {
		path := filepath.Join(dir, name)
		if err := os.WriteFile(path, b, 0o600); err != nil {
			t.Fatal(err)
		}
		return path
	}
	for _, tc := range []struct {
		name, path string
		err        error
		n          int
	}{
		{"whole", put("a.pcapng", file), nil, 17},
		{"gzipped", put("a.pcapng.gz", packed.Bytes()), nil, 17},
		{"cut", put("cut.pcapng", file[:len(file)-400]), pcap.ErrCut, 16},
		{"text", put("a.txt", []byte("no capture at all")), pcap.ErrNotCapture, 0},
		{"empty", put("empty", nil), pcap.ErrNotCapture, 0},
		{"absent", filepath.Join(dir, "absent"), fs.ErrNotExist, 0},
	} {
		t.Run(tc.name, func(t *testing.T) {
			l := eventlog.New(eventlog.Options{})
			defer l.Close()
			var done, total int64
			err := NewLoader(l).Load(t.Context(), tc.path, func(d, t int64) { done, total = d, t })
			if !errors.Is(err, tc.err) || l.Len() != tc.n {
				t.Errorf("%d events, %v; want %d, %v", l.Len(), err, tc.n, tc.err)
			}
			if tc.err == nil && (done != total || total == 0) {
				t.Errorf("progress ended at %d of %d", done, total)
			}
			if tc.n > 0 && l.At(1).User != "alice@hotmail.com" {
				t.Errorf("the log is not final: %+v", l.At(1))
			}
		})
	}
}

// endless is a capture that never ends.
type endless struct{ head, again *bytes.Reader }

func (e *endless) Read(p []byte) (int, error) {
	if n, err := e.head.Read(p); err == nil {
		return n, nil
	}
	n, err := e.again.Read(p)
	if err == io.EOF {
		_, err = e.again.Seek(0, io.SeekStart)
	}
	return n, err
}

func TestLoadIsCanceled(t *testing.T) {
	l := eventlog.New(eventlog.Options{})
	defer l.Close()
	ctx, cancel := context.WithCancelCause(t.Context())
	stop := errors.New("enough")
	file := foreign(packet{alice, ns, ack, 100, "PNG\r\n"})
	r := &endless{bytes.NewReader(file), bytes.NewReader(file[24:])}
	err := NewLoader(l).LoadReader(ctx, r, "endless", func(done, _ int64) {
		if done > 100_000 {
			cancel(stop)
		}
	})
	if !errors.Is(err, stop) || l.Len() != 2 {
		t.Errorf("%v, %d events", err, l.Len())
	}
}

// With more connections than are followed at a time, those that have been silent longest are ended,
// and nothing is lost.
func TestImporterIsBounded(t *testing.T) {
	l := eventlog.New(eventlog.Options{})
	defer l.Close()
	im := importing(l)
	for i := range maxConnections + 10 {
		info := &pcap.FlowInfo{ID: i, Client: parseAddr(alice), Server: parseAddr(odd)}
		if i == 0 {
			info.Server = parseAddr(ns)
		}
		im.item(&pcap.Item{Kind: pcap.KindOpen, Flow: info, Time: sessiontest.Start.Add(1)})
		if i == 0 {
			im.item(&pcap.Item{Kind: pcap.KindData, Flow: info, Time: sessiontest.Start, Data: []byte("cut")})
		}
	}
	im.batch.End()
	if n := len(im.live); n > maxConnections {
		t.Errorf("%d connections, at most %d", n, maxConnections)
	}
	wantScript(t, l, "1 1 open ", `2 1 S opaque "cut"`)
}

// A connection that the reader of packets gives up keeps nothing, and what it had not completed is
// shown.
func TestForgottenConnection(t *testing.T) {
	l := eventlog.New(eventlog.Options{})
	defer l.Close()
	im := importing(l)
	info := &pcap.FlowInfo{ID: 1, Client: parseAddr(alice), Server: parseAddr(ns)}
	for _, item := range []pcap.Item{
		{Kind: pcap.KindOpen, Flow: info},
		{Kind: pcap.KindData, Flow: info, FromClient: true, Data: []byte("VER 0 MSNP2\r\nINF 1")},
		{Kind: pcap.KindForgotten, Flow: info},
		{Kind: pcap.KindData, Flow: info, FromClient: true, Data: []byte("\r\n")},
	} {
		item.Time = sessiontest.Start
		im.item(&item)
	}
	im.batch.End()
	if len(im.live) != 0 {
		t.Error("the connection is still followed")
	}
	wantScript(t, l, "1 1 open ", `2 1 C VER 0 MSNP2`, `3 1 C opaque "INF 1"`)
}

// TestFrameOfAnotherKind: a command of a recording whose frame is no longer one of IP, so that none
// of its bytes are there, is a gap that says how many are missing.
func TestFrameOfAnotherKind(t *testing.T) {
	file := recordedFile(t, sessiontest.SignOn()[:3])
	const headers = 14 + 20 + 20 // of Ethernet, IPv4 and TCP
	frame := bytes.Index(file, []byte("VER 0 MSNP2\r\n")) - headers
	file[frame+13] = 0x80 // its EtherType is 0800, that of IPv4
	l, err := loaded(t, file)
	if err != nil {
		t.Fatal(err)
	}
	wantScript(t, l, "1 1 open ", "2 1 C VER 0 MSNP2 CVR0",
		"3 1 gap 1 command, 13 bytes from the server: not in the capture")
}

func FuzzLoad(f *testing.F) {
	f.Add(recordedFile(f, sessiontest.SignOn()))
	f.Add(foreign(packet{alice, ns, syn, 99, ""}, packet{alice, ns, ack, 100, "VER 0 MSNP2\r\n"},
		packet{ns, alice, ack, 500, "911 0\r\n"}))
	f.Add(foreign(packet{odd, alice, ack, 500, "NLN NLN bob@hotmail.com Bob\r\n"}, packet{alice, odd, rst, 10, ""}))
	f.Fuzz(func(t *testing.T, file []byte) {
		l, _ := loaded(t, file)
		for i := range l.Len() {
			e := l.At(i)
			if e == nil {
				t.Fatalf("event %d is nil", i)
			}
			if e.Kind == session.Command && len(e.In.Raw) == 0 && e.Out == nil {
				t.Fatalf("event %d is a command without bytes", i)
			}
		}
	})
}

// The stream law: whatever is said in whatever pieces, the events of each direction are its bytes.
func TestLoadKeepsEveryByte(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		packets := []packet{{alice, ns, syn, 99, ""}, {ns, alice, syn | ack, 499, ""}}
		var said [2]string
		piece := rapid.OneOf(rapid.SampledFrom(sessiontest.Lines), rapid.StringN(1, 20, 60))
		for range rapid.IntRange(1, 12).Draw(t, "packets") {
			s := piece.Draw(t, "data")
			s = s[:rapid.IntRange(1, len(s)).Draw(t, "cut")]
			if rapid.Bool().Draw(t, "client") {
				packets = append(packets, packet{alice, ns, ack, 100 + uint32(len(said[client])), s})
				said[client] += s
			} else {
				packets = append(packets, packet{ns, alice, ack, 500 + uint32(len(said[server])), s})
				said[server] += s
			}
		}
		l, err := loaded(t, foreign(packets...))
		if err != nil {
			t.Fatal(err)
		}
		var got [2]string
		for i := range l.Len() {
			if e := l.At(i); e.Kind == session.Command {
				got[side(e.Dir == decode.FromClient)] += string(e.In.Raw)
			}
		}
		if got != said {
			t.Fatalf("got  %q\nwant %q", got, said)
		}
	})
}

// commentsOf returns the comments of the frame of event n in a recording.
func commentsOf(t *testing.T, file []byte, n int) []string {
	t.Helper()
	r, err := pcap.NewReader(bytes.NewReader(file), "test")
	if err != nil {
		t.Fatal(err)
	}
	for {
		item, err := r.Next()
		if err != nil {
			t.Fatalf("event %d: %v", n, err)
		}
		if i := slices.IndexFunc(item.Comments,
			func(c string) bool {
				return strings.HasPrefix(c, "msnscope:2 command") && strings.Contains(c, fmt.Sprintf(" n=%d ", n))
			}); i >= 0 {
			return slices.Clone(item.Comments[i:])
		}
	}
}

// A file of ours from which a tool took the beginning and some frames keeps what the others say.
func TestRecordingInPieces(t *testing.T) {
	events := sessiontest.SignOn()
	comments := commentsOf(t, recordedFile(t, events), 5)
	l := eventlog.New(eventlog.Options{})
	defer l.Close()
	im := importing(l)
	info := &pcap.FlowInfo{
		ID: 1, Client: netip.MustParseAddrPort("127.0.0.1:4"),
		Server: netip.MustParseAddrPort("127.0.0.2:1863"), Guessed: true,
	}
	im.item(&pcap.Item{Kind: pcap.KindNote, Comments: []string{"msnscope:1 begin"}})
	im.item(&pcap.Item{Kind: pcap.KindOpen, Flow: info, Time: sessiontest.Start}) // a SYN that lost its comment
	im.item(&pcap.Item{
		Kind: pcap.KindData, Flow: info, Time: sessiontest.Start, Data: events[4].Out,
		Comments: comments,
	})
	im.item(&pcap.Item{Kind: pcap.KindNote, Flow: info, Comments: comments}) // the same frame again
	im.end()
	im.batch.End()
	if l.Len() != 1 || l.At(0).Role != dialect.DS || string(l.At(0).In.Raw) != "XFR 2 NS 127.0.0.3:1864\r\n" {
		t.Errorf("got %q", script(l))
	}
}

// TestLoadManyFiles: a log refers to 255 files; those that come later are read all the same, and
// are not kept open.
func TestLoadManyFiles(t *testing.T) {
	dir, events := t.TempDir(), sessiontest.SignOn()
	l := eventlog.New(eventlog.Options{})
	defer l.Close()
	into := NewLoader(l)
	const files = 260
	for i := range files {
		path := filepath.Join(dir, fmt.Sprint(i))
		file := recordedFile(t, sessiontest.Later(events, time.Duration(i)*time.Hour))
		if err := os.WriteFile(path, file, 0o600); err != nil {
			t.Fatal(err)
		}
		if err := into.Load(t.Context(), path, nil); err != nil {
			t.Fatal(err)
		}
		if err := os.Truncate(path, 0); err != nil {
			t.Fatal(err)
		}
	}
	r := l.Reader()
	for _, file := range []int{0, 254, 255, files - 1} {
		e := r.At(file*len(events) + 1)
		if inFile := file < 255; (e.Kind == session.Gap) != inFile {
			t.Errorf("a command of file %d, in the file %t: %+v", file, inFile, e)
		}
	}
}
