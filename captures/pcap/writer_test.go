package pcap

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"net/netip"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"
)

// event is an item as the round trip compares it.
type event struct {
	Kind       Kind
	Flow       int
	FromClient bool
	Time       time.Time
	Data       string
	Comments   []string
	Text       string
}

var drawText = rapid.StringN(0, 40, 200)

func drawAddr(t *rapid.T, what string) netip.AddrPort {
	addrs := []string{"10.0.0.1", "10.0.0.2", "::ffff:10.0.0.2", "2001:db8::7", "fe80::1%eth0"}
	addr := netip.MustParseAddr(rapid.SampledFrom(addrs).Draw(t, what))
	return netip.AddrPortFrom(addr, rapid.SampledFrom([]uint16{0, 1863, 40000, 65535}).Draw(t, what+" port"))
}

// Whatever sequence of calls makes a file, the Reader gives the same back.
func TestRoundTrip(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		var file bytes.Buffer
		w, err := NewWriter(&file, WriterOptions{Application: "test"})
		if err != nil {
			t.Fatal(err)
		}
		var want []event
		var flows []*Flow
		for range rapid.IntRange(0, 60).Draw(t, "steps") {
			at := start.Add(time.Duration(rapid.Int64Range(-1e15, 1e15).Draw(t, "at")))
			comments := rapid.SliceOfN(drawText, 0, 3).Draw(t, "comments")
			if len(comments) == 0 {
				comments = nil
			}
			from := rapid.Bool().Draw(t, "from client")
			id := 0
			if len(flows) > 0 {
				id = rapid.IntRange(1, len(flows)).Draw(t, "flow")
			}
			steps := []string{"open", "data", "data", "data", "close", "half", "note", "name"}
			switch step := rapid.SampledFrom(steps).Draw(t, "step"); {
			case step == "open":
				f, err := w.Open(drawAddr(t, "client"), drawAddr(t, "server"), at, comments...)
				if err != nil {
					t.Fatal(err)
				}
				flows = append(flows, f)
				want = append(want,
					event{
						Kind: KindOpen, Flow: len(flows), FromClient: true, Time: at, Comments: comments,
						Text: fmt.Sprint(f.Client(), f.Server()),
					})
			case step == "name":
				addr := drawAddr(t, "name").Addr()
				if err := w.Name(addr, "name"); err != nil {
					t.Fatal(err)
				}
				want = append(want, event{Kind: KindName, Text: addr.WithZone("").Unmap().String() + "name"})
			case step == "note" || id == 0:
				if err := w.Note(at, comments...); err != nil {
					t.Fatal(err)
				}
				if comments != nil {
					want = append(want, event{Kind: KindNote, Time: at, Comments: comments})
				}
			case flows[id-1].done:
				if err := flows[id-1].Data(from, []byte("x"), at); !errors.Is(err, ErrFlowClosed) {
					t.Fatalf("Data after Close = %v, want ErrFlowClosed", err)
				}
			case step == "close":
				ended := [2]bool{flows[id-1].Ended(from), flows[id-1].Ended(!from)}
				if err := flows[id-1].Close(from, at, comments...); err != nil {
					t.Fatal(err)
				}
				switch ended {
				case [2]bool{false, false}:
					want = append(want,
						event{Kind: KindClose, Flow: id, FromClient: from, Time: at, Comments: comments},
						event{Kind: KindClose, Flow: id, FromClient: !from, Time: at})
				case [2]bool{true, true}:
					if comments != nil {
						want = append(want, event{Kind: KindNote, Time: at, Comments: comments})
					}
				default:
					from = from != ended[0]
					want = append(want,
						event{Kind: KindClose, Flow: id, FromClient: from, Time: at, Comments: comments})
				}
			case flows[id-1].Ended(from):
				if err := flows[id-1].Data(from, []byte("x"), at); !errors.Is(err, ErrFlowClosed) {
					t.Fatalf("Data after HalfClose = %v, want ErrFlowClosed", err)
				}
				if err := flows[id-1].HalfClose(from, at); !errors.Is(err, ErrFlowClosed) {
					t.Fatalf("a second HalfClose = %v, want ErrFlowClosed", err)
				}
			case step == "half":
				if err := flows[id-1].HalfClose(from, at, comments...); err != nil {
					t.Fatal(err)
				}
				want = append(want, event{Kind: KindClose, Flow: id, FromClient: from, Time: at, Comments: comments})
			default:
				data := rapid.SliceOfN(rapid.Byte(), 1, 200).Draw(t, "data")
				if rapid.IntRange(0, 9).Draw(t, "long") == 0 {
					data = bytes.Repeat(data, 1000)
				}
				if err := flows[id-1].Data(from, data, at, comments...); err != nil {
					t.Fatal(err)
				}
				for p := range slices.Chunk(data, 65000) {
					want = append(want,
						event{
							Kind: KindData, Flow: id, FromClient: from, Time: at, Data: string(p),
							Comments: comments,
						})
					comments = nil
				}
			}
		}
		if err := w.Flush(); err != nil {
			t.Fatal(err)
		}
		if diff := cmp.Diff(want, readEvents(t, &file)); diff != "" {
			t.Fatalf("written and read differ (-written +read):\n%s", diff)
		}
	})
}

func readEvents(t *rapid.T, file io.Reader) (got []event) {
	r, err := NewReader(file, "round trip")
	for err == nil {
		var i *Item
		if i, err = r.Next(); err != nil {
			break
		}
		e := event{Kind: i.Kind, FromClient: i.FromClient, Time: i.Time, Data: string(i.Data), Comments: i.Comments}
		if i.Flow != nil {
			e.Flow = i.Flow.ID
		}
		if i.Kind == KindOpen {
			e.Text = fmt.Sprint(i.Flow.Client, i.Flow.Server)
		}
		if i.Kind == KindName {
			e.Text = i.Named.Addr.String() + i.Named.Name
		}
		got = append(got, e)
	}
	if err != io.EOF {
		t.Fatalf("reading ends with %v, want io.EOF", err)
	}
	return got
}

func newWriter(t testing.TB) (*Writer, *bytes.Buffer) {
	t.Helper()
	var file bytes.Buffer
	w, err := NewWriter(&file, WriterOptions{})
	if err != nil {
		t.Fatal(err)
	}
	return w, &file
}

func TestWhatCannotBeWritten(t *testing.T) {
	w, file := newWriter(t)
	f, err := w.Open(netip.AddrPort{}, netip.AddrPort{}, time.Time{})
	if err != nil {
		t.Fatal(err)
	}
	long, full := strings.Repeat("x", MaxComment+1), make([]string, 200)
	for i := range full {
		full[i] = long[1:]
	}
	for name, err := range map[string]error{
		"long comment":      f.Data(true, []byte("x"), start, long),
		"too many comments": f.Data(true, []byte("x"), start, full...),
		"comment not UTF-8": f.Close(true, start, "\xff"),
		"note not UTF-8":    w.Note(start, "fine", "\xc3"),
		"name not UTF-8":    w.Name(netip.IPv6Loopback(), "\xff"),
		"name with a NUL":   w.Name(netip.IPv6Loopback(), "a\x00b"),
		"name empty":        w.Name(netip.IPv6Loopback(), ""),
		"name long":         w.Name(netip.IPv6Loopback(), long),
		"comment of refusal": func() error {
			_,
				err := w.Open(netip.AddrPort{}, netip.AddrPort{}, start, long)
			return err
		}(),
	} {
		if !errors.Is(err, ErrComment) {
			t.Errorf("%s: %v, want ErrComment", name, err)
		}
	}
	if err := w.Name(netip.Addr{}, "x"); err == nil {
		t.Error("a name of no address was written")
	}
	if err := f.Data(true, []byte("x"), start, long[1:], ""); err != nil {
		t.Errorf("comment of %d bytes: %v", MaxComment, err)
	}
	if err := w.Flush(); err != nil {
		t.Fatal(err)
	}
	want := "1C open, 1C data x #" + long[1:] + " #"
	if got := summary(items(t, file.Bytes())); got != want {
		t.Errorf("got %d bytes of items, want %d: what was refused left something behind", len(got), len(want))
	}
}

// limited fails after a number of writes, having taken half of the one that fails.
type limited struct {
	bytes.Buffer
	writes int
}

var errFull = errors.New("disk full")

func (l *limited) Write(p []byte) (int, error) {
	if l.writes--; l.writes < 0 {
		l.Buffer.Write(p[:len(p)/2+1])
		return len(p)/2 + 1, errFull
	}
	return l.Buffer.Write(p)
}

func TestErrorsStick(t *testing.T) {
	disk := &limited{writes: 2} // the head, and one more
	w, err := NewWriter(disk, WriterOptions{})
	if err != nil {
		t.Fatal(err)
	}
	f, err := w.Open(mustAddr("10.0.0.1:1"), mustAddr("10.0.0.2:2"), start)
	if err != nil {
		t.Fatal(err)
	}
	for err == nil {
		err = f.Data(true, make([]byte, 1000), start)
	}
	_, open := w.Open(netip.AddrPort{}, netip.AddrPort{}, start)
	n := disk.Len()
	for name, err := range map[string]error{
		"Data": err, "Open": open, "Data again": f.Data(true, []byte("x"), start), "Close": f.Close(true, start),
		"Note": w.Note(start, "x"), "Name": w.Name(netip.IPv6Loopback(), "x"), "Flush": w.Flush(),
	} {
		if !errors.Is(err, errFull) {
			t.Errorf("%s = %v, want the disk's error", name, err)
		}
	}
	if disk.Len() != n {
		t.Errorf("%d bytes were written after the error", disk.Len()-n)
	}
	if got, err := readAll(t, disk.Bytes()); !errors.Is(err, ErrCut) || len(got) < 60 {
		t.Errorf("reading back: %d items and %v, want those of the first 64 KB and ErrCut", len(got), err)
	}
}

// whole fails the test when a write does not end at a block's end.
type whole struct {
	t *testing.T
	b []byte
}

func (w *whole) Write(p []byte) (int, error) {
	w.b = append(w.b, p...)
	if _, err := readAll(w.t, w.b); err != io.EOF {
		w.t.Errorf("after a write of %d bytes the file reads to %v, want io.EOF", len(p), err)
	}
	return len(p), nil
}

func TestWritesEndWithABlock(t *testing.T) {
	w, err := NewWriter(&whole{t: t}, WriterOptions{Application: "x"})
	if err != nil {
		t.Fatal(err)
	}
	example(t, w)
}

// A lot sent one way is acknowledged now and then, or Wireshark would say that the window is full.
func TestAcknowledgesLongRuns(t *testing.T) {
	w, file := newWriter(t)
	f, err := w.Open(mustAddr("10.0.0.1:1"), mustAddr("10.0.0.2:2"), start)
	if err != nil {
		t.Fatal(err)
	}
	f.acked[client] -= maxFlight - 10 // as if so much were under way
	for _, data := range []string{"fits in it", "not", "any more"} {
		if err := f.Data(true, []byte(data), start); err != nil {
			t.Fatal(err)
		}
	}
	if err := w.Flush(); err != nil {
		t.Fatal(err)
	}
	r, err := NewReader(file, "test")
	for err == nil {
		_, err = r.Next()
	}
	if got, want := r.Stats().Packets, int64(3+3+1); got != want ||
		f.acked[client] != f.seq[client]-uint32(len("notany more")) {
		t.Errorf("%d packets, %d bytes under way; want %d and the last two", got, f.seq[client]-f.acked[client], want)
	}
}

func TestAppend(t *testing.T) {
	path := filepath.Join(t.TempDir(), "file.pcapng")
	appendOne := func(data string) error {
		f, err := os.OpenFile(path, os.O_RDWR|os.O_CREATE, 0o600)
		if err != nil {
			t.Fatal(err)
		}
		defer f.Close()
		w, err := AppendTo(f, WriterOptions{})
		if err != nil {
			return err
		}
		flow, err := w.Open(mustAddr("10.0.0.1:4000"), mustAddr("10.0.0.2:1863"), start)
		return errors.Join(err, flow.Data(true, []byte(data), start), w.Flush())
	}
	for _, data := range []string{"new", "again"} {
		if err := appendOne(data); err != nil {
			t.Fatal(err)
		}
	}
	file, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	got := items(t, file)
	if s, want := summary(got), "1C open, 1C data new, 2C open, 2C data again"; s != want {
		t.Fatalf("got  %s\nwant %s", s, want)
	}
	if p := got[2].Flow.Client.Port(); p == 4000 {
		t.Error("a port of an earlier section was used again")
	}
	second := len(file) / 2 // both sections are alike
	for n := 12; n < len(file); n++ {
		if err := os.WriteFile(path, file[:n], 0o600); err != nil {
			t.Fatal(err)
		}
		before, _ := readAll(t, file[:n])
		if err := appendOne("after a cut"); err != nil {
			t.Fatalf("cut at %d: %v", n, err)
		}
		mended, err := os.ReadFile(path)
		if err != nil {
			t.Fatal(err)
		}
		s := summary(items(t, mended))
		if !strings.HasPrefix(s, summary(before)) || !strings.HasSuffix(s, "C data after a cut") || n > second &&
			!strings.HasPrefix(s, "1C open, 1C data new") {
			t.Fatalf("cut at %d, then appended: %s", n, s)
		}
	}
}

// Bytes that AppendTo cut off do not remain after a shorter section.
func TestAppendCutsOffALongTail(t *testing.T) {
	path := filepath.Join(t.TempDir(), "file.pcapng")
	file := capture(t, pkt{seq: 1, data: "ab"}, pkt{seq: 3, data: strings.Repeat("x", 60000)})
	if err := os.WriteFile(path, file[:len(file)-1], 0o600); err != nil {
		t.Fatal(err)
	}
	f, err := os.OpenFile(path, os.O_RDWR, 0)
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	w, err := AppendTo(f, WriterOptions{})
	if err != nil {
		t.Fatal(err)
	}
	if err := errors.Join(w.Note(start, "n"), w.Flush()); err != nil {
		t.Fatal(err)
	}
	mended, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	if got, want := summary(items(t, mended)), "1C open, note #n, 1C data ab"; got != want {
		t.Errorf("got  %s\nwant %s", got, want)
	}
}

func TestAppendRefuses(t *testing.T) {
	good := capture(t, pkt{seq: 1, data: "ab"})
	tests := map[string]struct {
		file []byte
		err  error
	}{
		"text":            {[]byte("a text, longer than 12 bytes"), ErrNotCapture},
		"few bytes":       {good[:7], ErrNotCapture},
		"pcap":            {classicFile(le, false, linkRaw), ErrNotCapture},
		"gzip":            {gzipped(t, good), ErrNotCapture},
		"damaged":         {join(good, make([]byte, 12), good), ErrBroken},
		"damaged lengths": {join(good[:len(good)-4], []byte{1, 2, 3, 4}, good), ErrBroken},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			path := filepath.Join(t.TempDir(), "file")
			if err := os.WriteFile(path, test.file, 0o600); err != nil {
				t.Fatal(err)
			}
			f, err := os.OpenFile(path, os.O_RDWR, 0)
			if err != nil {
				t.Fatal(err)
			}
			defer f.Close()
			if _, err := AppendTo(f, WriterOptions{}); !errors.Is(err, test.err) ||
				!strings.Contains(err.Error(), path) {
				t.Errorf("AppendTo = %v, want %v and the file's name", err, test.err)
			}
			if now, _ := os.ReadFile(path); !bytes.Equal(now, test.file) {
				t.Error("the file was changed")
			}
		})
	}
}

func TestDataAllocatesNothing(t *testing.T) {
	w, err := NewWriter(io.Discard, WriterOptions{})
	if err != nil {
		t.Fatal(err)
	}
	f, err := w.Open(mustAddr("10.0.0.1:1"), mustAddr("10.0.0.2:2"), start)
	if err != nil {
		t.Fatal(err)
	}
	p := []byte("MSG alice@example.com Alice 5\r\nhello")
	if n := testing.AllocsPerRun(2000, func() { _ = f.Data(true, p, start) }); n != 0 {
		t.Errorf("%v allocations a frame, want 0", n)
	}
}

func BenchmarkWrite(b *testing.B) {
	for _, size := range []int{60, 1000} {
		b.Run(fmt.Sprint(size), func(b *testing.B) {
			w, err := NewWriter(io.Discard, WriterOptions{})
			if err != nil {
				b.Fatal(err)
			}
			f, err := w.Open(mustAddr("10.0.0.1:1"), mustAddr("10.0.0.2:2"), start)
			if err != nil {
				b.Fatal(err)
			}
			p := make([]byte, size)
			b.SetBytes(int64(size))
			b.ReportAllocs()
			for b.Loop() {
				if err := f.Data(true, p, start); err != nil {
					b.Fatal(err)
				}
			}
		})
	}
}

func BenchmarkRead(b *testing.B) {
	for _, size := range []int{60, 1000} {
		b.Run(fmt.Sprint(size), func(b *testing.B) {
			w, file := newWriter(b)
			for i := range 10 {
				f, err := w.Open(netip.AddrPortFrom(netip.MustParseAddr("10.0.0.1"), uint16(5000+i)),
					mustAddr("10.0.0.2:2"), start)
				if err != nil {
					b.Fatal(err)
				}
				for range 1000 {
					if err := errors.Join(f.Data(true, make([]byte, size), start),
						f.Data(false, make([]byte, size), start)); err != nil {
						b.Fatal(err)
					}
				}
			}
			if err := w.Flush(); err != nil {
				b.Fatal(err)
			}
			b.SetBytes(int64(file.Len()))
			b.ReportAllocs()
			for b.Loop() {
				r, err := NewReader(bytes.NewReader(file.Bytes()), "bench")
				for err == nil {
					_, err = r.Next()
				}
			}
			b.ReportMetric(20000*float64(b.N)/b.Elapsed().Seconds(), "packets/s")
		})
	}
}

// TestPortsOfManyConnections: connections that all want the same port get ports of their own,
// without a search past those before them, until none is left; then there still is an answer.
func TestPortsOfManyConnections(t *testing.T) {
	var used connections
	client, server := netip.MustParseAddr("10.0.0.1"), netip.MustParseAddr("10.0.0.2")
	const free = 1<<16 - 2 // without 0 and the server's
	got := map[uint16]bool{}
	for i := range uint32(free) {
		port := used.reserve(client, server, 1055, i)
		if got[port] || port == 0 || port == ServerPort {
			t.Fatalf("connection %d gets port %d", i+1, port)
		}
		if want := firstPort + int(i); 0 < i && want < 1<<16 && int(port) != want {
			t.Fatalf("connection %d gets port %d, want %d, where its search begins", i+1, port, want)
		}
		got[port] = true
	}
	for i := range uint32(2) {
		if port := used.reserve(client, server, 1055, i); port != firstPort+uint16(i) {
			t.Errorf("with all ports used, port %d, want %d", port, firstPort+i)
		}
	}
	if port := used.reserve(client, client, 1055, 0); port != 1055 {
		t.Errorf("with all ports to another server used, port %d, want 1055", port)
	}
}
