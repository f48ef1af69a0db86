package eventlog

import (
	"errors"
	"fmt"
	"io/fs"
	"math/rand/v2"
	"net/netip"
	"path/filepath"
	"runtime"
	"sort"
	"strings"
	"sync"
	"testing"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"

	"github.com/msnscope/msnscope/decode"
	"github.com/msnscope/msnscope/decode/session"
	"github.com/msnscope/msnscope/decode/session/sessiontest"
	"github.com/msnscope/msnscope/internal/filter"
	"github.com/msnscope/msnscope/internal/spill"
)

func TestLogSpills(t *testing.T) {
	dir := t.TempDir()
	l := New(Options{MemoryCap: 1, Dir: dir})
	events := sessiontest.Many(9_000)
	var wg sync.WaitGroup
	for r := range 4 {
		wg.Go(func() {
			random := rand.New(rand.NewPCG(1, uint64(r)))
			for range 4_000 {
				n := l.Len()
				if n == 0 {
					runtime.Gosched()
					continue
				}
				// Mostly near the end, as screens read, sometimes anywhere.
				i := n - 1 - random.IntN(min(n, 2000))
				if random.IntN(100) == 0 {
					i = random.IntN(n)
				}
				if got := l.At(i); got == nil || got.N != uint64(i+1) {
					t.Errorf("At(%d) of %d = %v", i, n, got)
					return
				}
			}
		})
	}
	for i, e := range events {
		if l.Append(e); l.Len() != i+1 {
			t.Fatalf("Len = %d after %d events", l.Len(), i+1)
		}
	}
	wg.Wait()
	for name, part := range map[string]*spillFile{"index": l.index, "bytes": l.bytes} {
		if part.file == nil {
			t.Errorf("nothing of the %s was spilled", name)
		}
	}
	if left, _ := filepath.Glob(filepath.Join(dir, "*")); left != nil && runtime.GOOS != "windows" {
		t.Errorf("a killed process would leave %v", left)
	}
	sessiontest.Want(t, l.At, l.Len(), events)
	if l.At(-1) != nil || l.At(len(events)) != nil {
		t.Error("an index out of range has an event")
	}
	if err := l.Err(); err != nil {
		t.Errorf("Err = %v", err)
	}
	if err := l.Close(); err != nil {
		t.Errorf("Close: %v", err)
	}
	if left, _ := filepath.Glob(filepath.Join(dir, "*")); left != nil {
		t.Errorf("Close left %v", left)
	}
	if l.Append(events[0]); l.Len() != 0 || l.At(0) != nil {
		t.Error("a closed log has events")
	}
}

// The memory of a log is bounded, however large and however many the events are.
func TestLogMemoryIsBounded(t *testing.T) {
	l := New(Options{Dir: t.TempDir(), MemoryCap: 4 << 20})
	defer l.Close()
	for i := range 100 {
		l.Append(&session.Event{
			N: uint64(i + 1), Kind: session.Note, Text: string(make([]byte, 300_000)),
			Time: sessiontest.Start,
		})
		if n := memoryOf(l); n > 6<<20 {
			t.Fatalf("%d bytes in memory after %d events", n, i+1)
		}
	}
	for i := range l.Len() {
		if got := l.At(i); got.N != uint64(i+1) || len(got.Text) != 300_000 {
			t.Fatalf("At(%d) is number %d with %d bytes", i, got.N, len(got.Text))
		}
	}
}

// A session of many short connections takes no more memory the longer it lasts, and keeps every
// command once.
func TestLogMemoryIsFlat(t *testing.T) {
	l := New(Options{Dir: t.TempDir(), MemoryCap: 1 << 20})
	defer l.Close()
	const events = 200_000
	flat := 0
	for i, e := range sessiontest.Many(events) {
		e.Conn = 1 + i/10
		if i%10 == 9 {
			e.Kind = session.Close
		}
		if l.Append(e); i == events/4 {
			flat = memoryOf(l)
		}
	}
	if n := memoryOf(l); n > flat+chunkSize {
		t.Errorf("%d bytes in memory, a quarter of the way it was %d", n, flat)
	}
	if n := len(l.infos.open); n > 1 {
		t.Errorf("%d closed connections are remembered", n)
	}
	r := l.Reader()
	for i := range events {
		if e := r.At(i); e.N != uint64(i+1) || e.Conn != 1+i/10 {
			t.Fatalf("event %d has number %d and connection %d", i, e.N, e.Conn)
		}
	}
}

// Each event says which capture file it is from, and has the names that captures give to the
// addresses of its ends, also those that come later.
func TestLogFilesAndNames(t *testing.T) {
	l := New(Options{Dir: t.TempDir()})
	defer l.Close()
	events := sessiontest.Many(6)
	for i, e := range events {
		e.Client, e.Server = "10.0.0.1:4000", "[2001:db8::1%eth0]:1863"
		switch i {
		case 2:
			l.NextFile("a")
		case 3:
			l.NextFile("b")
		case 5:
			l.NextFile("none")
			l.NextFile("c")
		}
		l.fill(e)
	}
	byName, err := filter.Compile(`client_name == "laptop" and file == "b"`)
	if err != nil {
		t.Fatal(err)
	}
	r, matches := l.Reader(), 0
	for round, want := range []string{"  a b b c", "  a b b c"} {
		var files []string
		for i := range events {
			e := r.At(i)
			files = append(files, e.File)
			if named := round > 0; named != (e.ClientName == "laptop" && e.ServerName == "server") ||
				l.At(i).ClientName != e.ClientName {
				t.Errorf("round %d: event %d is of %q and %q", round, i, e.ClientName, e.ServerName)
			}
			if r.Match(i, byName) {
				matches++
			}
		}
		if got := strings.Join(files, " "); got != want {
			t.Errorf("files %q, want %q", got, want)
		}
		l.AddName(netip.MustParseAddr("10.0.0.1"), "laptop")
		l.AddName(netip.MustParseAddr("10.0.0.1"), "not the first")
		l.AddName(netip.MustParseAddr("2001:db8::1"), "server")
	}
	if matches != 2 {
		t.Errorf("%d events match, want 2", matches)
	}
}

// fill adds an event of a file.
func (l *Log) fill(e *session.Event) {
	b := l.Begin()
	defer b.End()
	b.Add(e, Place{}, nil)
}

// memoryOf returns how many bytes of a log are in memory.
func memoryOf(l *Log) (n int) {
	for _, t := range []*spillFile{l.index, l.bytes, l.infos.list} {
		for _, c := range t.chunks {
			n += len(c.mem)
		}
	}
	return n
}

// A log that cannot spill goes on, forgets its oldest events, and reports which.
func TestLogWithoutDisk(t *testing.T) {
	l := New(Options{MemoryCap: 1, Dir: filepath.Join(t.TempDir(), "none")})
	defer l.Close()
	events := sessiontest.Many(3077)
	for _, e := range events {
		l.Append(e)
	}
	if err := l.Err(); !errors.Is(err, fs.ErrNotExist) {
		t.Errorf("Err = %v", err)
	}
	if l.lost < 2500 || l.lost >= len(events) {
		t.Fatalf("%d events are forgotten", l.lost)
	}
	gap := l.At(0)
	want := fmt.Sprintf("%d events up to number %d are no longer here: ", l.lost, l.lost)
	if gap.Kind != session.Gap || gap.N != 1 || !strings.HasPrefix(gap.Text, want) {
		t.Errorf("At(0) = %+v, want %q", gap, want)
	}
	if diff := cmp.Diff(l.At(l.lost-1), gap, sessiontest.Exact); diff != "" {
		t.Errorf("the forgotten events have more than one gap:\n%s", diff)
	}
	for i := l.lost; i < len(events); i++ {
		if got := l.At(i); !sessiontest.Same(events[i], got) {
			t.Fatalf("At(%d) is not what was appended:\n%s", i, cmp.Diff(events[i], got, sessiontest.Exact))
		}
	}
}

// A spill file that becomes unreadable yields gaps, and At never fails.
func TestLogUnreadableSpill(t *testing.T) {
	l := New(Options{MemoryCap: 1, Dir: t.TempDir()})
	defer l.Close()
	events := sessiontest.Many(2000)
	for _, e := range events {
		l.Append(e)
	}
	empty, err := spill.Create(t.TempDir())
	if err != nil {
		t.Fatal(err)
	}
	l.bytes.file.Close()
	l.bytes.file = empty
	if got := l.At(2); got == nil || got.Kind != session.Gap || got.N != 3 || l.Err() == nil {
		t.Errorf("At(2) = %+v, Err = %v", got, l.Err())
	}
	if got := l.At(1999); !sessiontest.Same(got, events[1999]) {
		t.Errorf("the last event is %+v", got)
	}
}

// Damage on disk is an error, never a panic.
func TestDamagedSpill(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		b := rapid.SliceOfN(rapid.Byte(), 0, 40).Draw(t, "bytes")
		var x extra
		if rest, ok := x.read(b); ok && x.out+x.text > len(rest) {
			t.Errorf("%+v of %d bytes", x, len(rest))
		}
		readInfo(b)
	})
}

// The log returns every field of every event.
func TestLogRoundTrip(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		events := sessiontest.Random(t)
		l := New(Options{MemoryCap: 1})
		defer l.Close()
		for _, e := range events {
			l.Append(e)
		}
		sessiontest.Want(t, l.At, l.Len(), events)
	})
}

// Numbers may leap any number of times, and are found.
func TestLogNumbers(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		l := New(Options{})
		defer l.Close()
		var all []uint64
		n := uint64(0)
		for _, leap := range rapid.SliceOf(rapid.Uint64Range(0, 3)).Draw(t, "leaps") {
			n += 1 + leap*leap
			all = append(all, n)
			l.Append(&session.Event{N: n, Kind: session.Note, Time: sessiontest.Start})
		}
		for i, n := range all {
			if e := l.At(i); e.N != n {
				t.Fatalf("event %d has number %d, want %d", i, e.N, n)
			}
		}
		for n := range n + 3 {
			if want := sort.Search(len(all), func(i int) bool { return all[i] >= n }); l.Find(n) != want {
				t.Fatalf("Find(%d) = %d, want %d", n, l.Find(n), want)
			}
		}
	})
}

// A live event keeps the connection info of its time. For the events of a file, the final info
// holds for all of them.
func TestLogFillsIn(t *testing.T) {
	for name, o := range map[string]Options{"in memory": {}, "spilled": {MemoryCap: 1}} {
		t.Run(name, func(t *testing.T) {
			o.Dir = t.TempDir()
			l := New(o)
			defer l.Close()
			events := sessiontest.Many(17 * 50) // every connection occurs once
			final := map[int]session.ConnInfo{}
			for _, e := range events {
				l.fill(e)
				now := session.InfoOf(e)
				final[e.Conn] = now.Over(final[e.Conn])
			}
			r := l.Reader()
			for i, was := range events {
				for _, got := range []*session.Event{l.At(i), r.At(i)} {
					want := *was
					if a := final[was.Conn]; was.Conn != 0 {
						a.Client, a.Server = was.Client, was.Server
						a.Set(&want)
					}
					if !sessiontest.Same(&want, got) {
						t.Fatalf("At(%d) is not filled in:\n%s", i, cmp.Diff(&want, got, sessiontest.Exact))
					}
				}
			}
		})
	}
}

// The log does not remember every connection of an endless session, whether it was closed or not.
func TestConnInfosAreBounded(t *testing.T) {
	l := New(Options{})
	defer l.Close()
	for i := range maxOpen + 100 {
		l.Append(&session.Event{
			N: uint64(i + 1), Conn: i + 1, Kind: session.Open, Client: "10.0.0.1:4000",
			Time: sessiontest.Start,
		})
	}
	if n := len(l.infos.open); n > maxOpen {
		t.Errorf("%d connections are remembered", n)
	}
	if e := l.At(5); e.Conn != 6 || e.Client != "10.0.0.1:4000" {
		t.Errorf("event 6 is %+v", e)
	}
}

// Reading does not allocate for each event, and takes the heads from the index alone.
func TestReaderAllocates(t *testing.T) {
	l := logOf(t, sessiontest.Busy(1000))
	r := l.Reader()
	if n := testing.AllocsPerRun(10, func() {
		for i := range l.Len() {
			if e, ok := r.Head(i); !ok {
				t.Fatalf("%d has no head: %+v", i, e)
			}
			r.At(i)
		}
	}); n > 5 {
		t.Errorf("%v allocations for 1,000 events", n)
	}
}

// The head of an event equals the event, except for what only the bytes contain.
func TestReaderHead(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		events := sessiontest.Random(t)
		l := New(Options{})
		defer l.Close()
		for _, e := range events {
			l.Append(e)
		}
		r := l.Reader()
		for i, e := range events {
			got, ok := r.Head(i)
			if !ok {
				continue
			}
			want := *e
			want.In = decode.Message{Verb: e.In.Verb}
			if !sessiontest.Same(&want, got) {
				t.Fatalf("the head of event %d (-want +got):\n%s", i, cmp.Diff(&want, got, sessiontest.Exact))
			}
		}
	})
}
