package store

import (
	"errors"
	"fmt"
	"io/fs"
	"math/rand/v2"
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
)

// many returns n events of a busy session.
func many(n int) []*session.Event {
	seed := signOn()
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

func TestLogSpills(t *testing.T) {
	dir := t.TempDir()
	l := NewLog(LogOptions{MemoryCap: 1, Dir: dir})
	events := many(9_000)
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
				// Mostly near the end, as screens read, now and then anywhere.
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
	for name, tape := range map[string]*tape{"index": l.index, "bytes": l.bytes} {
		if tape.file == nil {
			t.Errorf("nothing of the %s was spilled", name)
		}
	}
	if left, _ := filepath.Glob(filepath.Join(dir, "*")); left != nil && runtime.GOOS != "windows" {
		t.Errorf("a killed process would leave %v", left)
	}
	wantEvents(t, l.At, l.Len(), events)
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

// What is in memory is bounded, however large the events are and however many.
func TestLogMemoryIsBounded(t *testing.T) {
	l := NewLog(LogOptions{Dir: t.TempDir(), MemoryCap: 4 << 20})
	defer l.Close()
	for i := range 100 {
		l.Append(&session.Event{N: uint64(i + 1), Kind: session.Note, Text: string(make([]byte, 300_000)), Time: start})
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

// A session of many short connections takes no more memory the longer it runs, and keeps every command once.
func TestLogMemoryIsFlat(t *testing.T) {
	l := NewLog(LogOptions{Dir: t.TempDir(), MemoryCap: 1 << 20})
	defer l.Close()
	const events = 200_000
	flat := 0
	for i, e := range many(events) {
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
	if n := len(l.facts.open); n > 1 {
		t.Errorf("%d closed connections are remembered", n)
	}
	r := l.Reader()
	for i := range events {
		if e := r.At(i); e.N != uint64(i+1) || e.Conn != 1+i/10 {
			t.Fatalf("event %d has number %d and connection %d", i, e.N, e.Conn)
		}
	}
}

// fill adds an event of a file.
func (l *Log) fill(e *session.Event) {
	l.write.Lock()
	defer l.write.Unlock()
	l.add(e, place{}, true)
	l.publish()
}

// memoryOf returns how many bytes of a log are in memory.
func memoryOf(l *Log) (n int) {
	for _, t := range []*tape{l.index, l.bytes, l.facts.list} {
		for _, c := range t.chunks {
			n += len(c.mem)
		}
	}
	return n
}

// Only the user can read a spill file.
func TestSpillFileIsPrivate(t *testing.T) {
	s := newTape(t.TempDir(), 0, 4096, nil)
	s.append(make([]byte, 5000))
	s.publish()
	defer s.close()
	info, err := s.file.Stat()
	if err != nil {
		t.Fatal(err)
	}
	if runtime.GOOS != "windows" && info.Mode().Perm() != 0o600 {
		t.Errorf("mode = %v", info.Mode())
	}
}

// A log that cannot spill goes on, forgets its oldest events, and says which.
func TestLogWithoutDisk(t *testing.T) {
	l := NewLog(LogOptions{MemoryCap: 1, Dir: filepath.Join(t.TempDir(), "none")})
	defer l.Close()
	events := many(3077)
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
	if diff := cmp.Diff(l.At(l.lost-1), gap, exact); diff != "" {
		t.Errorf("the forgotten events have more than one gap:\n%s", diff)
	}
	for i := l.lost; i < len(events); i++ {
		if got := l.At(i); !same(events[i], got) {
			t.Fatalf("At(%d) is not what was appended:\n%s", i, cmp.Diff(events[i], got, exact))
		}
	}
}

// A spill file that can no longer be read gives gaps, and At never fails.
func TestLogUnreadableSpill(t *testing.T) {
	l := NewLog(LogOptions{MemoryCap: 1, Dir: t.TempDir()})
	defer l.Close()
	events := many(2000)
	for _, e := range events {
		l.Append(e)
	}
	if err := l.bytes.file.Truncate(10); err != nil {
		t.Fatal(err)
	}
	if got := l.At(2); got == nil || got.Kind != session.Gap || got.N != 3 || l.Err() == nil {
		t.Errorf("At(2) = %+v, Err = %v", got, l.Err())
	}
	if got := l.At(1999); !same(got, events[1999]) {
		t.Errorf("the last event is %+v", got)
	}
}

// What is damaged on disk is an error, never a panic.
func TestDamagedSpill(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		b := rapid.SliceOfN(rapid.Byte(), 0, 40).Draw(t, "bytes")
		var x extra
		if rest, ok := x.read(b); ok && x.out+x.text > len(rest) {
			t.Errorf("%+v of %d bytes", x, len(rest))
		}
		readAbout(b)
	})
}

// The log gives back every field of every event.
func TestLogRoundTrip(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		events := randomEvents(t)
		l := NewLog(LogOptions{MemoryCap: 1})
		defer l.Close()
		for _, e := range events {
			l.Append(e)
		}
		wantEvents(t, l.At, l.Len(), events)
	})
}

// Numbers may leap as often as they like, and are found.
func TestLogNumbers(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		l := NewLog(LogOptions{})
		defer l.Close()
		var all []uint64
		n := uint64(0)
		for _, leap := range rapid.SliceOf(rapid.Uint64Range(0, 3)).Draw(t, "leaps") {
			n += 1 + leap*leap
			all = append(all, n)
			l.Append(&session.Event{N: n, Kind: session.Note, Time: start})
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

// What is known of a connection holds for its events as it was known then; of a file, for all of them, as it is known in the
// end.
func TestLogFillsIn(t *testing.T) {
	for name, o := range map[string]LogOptions{"in memory": {}, "spilled": {MemoryCap: 1}} {
		t.Run(name, func(t *testing.T) {
			o.Dir = t.TempDir()
			l := NewLog(o)
			defer l.Close()
			events := many(17 * 50) // each connection once
			final := map[int]about{}
			for _, e := range events {
				l.fill(e)
				now := aboutOf(e)
				final[e.Conn] = now.over(final[e.Conn])
			}
			r := l.Reader()
			for i, was := range events {
				for _, got := range []*session.Event{l.At(i), r.At(i)} {
					want := *was
					if a := final[was.Conn]; was.Conn != 0 {
						a.client, a.server = was.Client, was.Server
						a.set(&want)
					}
					if !same(&want, got) {
						t.Fatalf("At(%d) is not filled in:\n%s", i, cmp.Diff(&want, got, exact))
					}
				}
			}
		})
	}
}

// Connections that come and go for ever are not remembered for ever, closed or not.
func TestFactsAreBounded(t *testing.T) {
	l := NewLog(LogOptions{})
	defer l.Close()
	for i := range maxOpen + 100 {
		l.Append(&session.Event{N: uint64(i + 1), Conn: i + 1, Kind: session.Open, Client: alice, Time: start})
	}
	if n := len(l.facts.open); n > maxOpen {
		t.Errorf("%d connections are remembered", n)
	}
	if e := l.At(5); e.Conn != 6 || e.Client != alice {
		t.Errorf("event 6 is %+v", e)
	}
}

// Reading allocates nothing an event, and takes the heads from the index alone.
func TestReaderAllocates(t *testing.T) {
	l := logOf(t, busyTalk(1000))
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

// The head of an event says what the event says, but for what only the bytes tell.
func TestReaderHead(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		events := randomEvents(t)
		l := NewLog(LogOptions{})
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
			if !same(&want, got) {
				t.Fatalf("the head of event %d (-want +got):\n%s", i, cmp.Diff(&want, got, exact))
			}
		}
	})
}
