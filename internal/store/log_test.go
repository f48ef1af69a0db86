package store

import (
	"errors"
	"io/fs"
	"math/rand/v2"
	"path/filepath"
	"runtime"
	"sync"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"

	"github.com/msnscope/msnscope/decode/dialect"
	"github.com/msnscope/msnscope/decode/session"
)

// The page codec gives back every field of every event.
func TestPageRoundTrip(t *testing.T) {
	rows := newRowIndex()
	rapid.Check(t, func(t *rapid.T) {
		events := randomEvents(t)
		if len(events) == 0 {
			return
		}
		enc := encoder{rows: rows}
		data := enc.page(events)
		got, err := decodePage(append([]byte(nil), data...), len(events), events[0].Time.Location(), rows)
		if err != nil {
			t.Fatal(err)
		}
		wantEvents(t, func(i int) *session.Event { return got[i] }, len(got), events)
	})
}

// A damaged page is an error, never a panic.
func TestPageDamaged(t *testing.T) {
	rows := newRowIndex()
	events := signOn()
	enc := encoder{rows: rows}
	data := enc.page(events)
	for i := range data {
		if _, err := decodePage(append([]byte(nil), data[:i]...), len(events), time.UTC, rows); err == nil {
			t.Errorf("the first %d of %d bytes make a page", i, len(data))
		}
		bad := append([]byte(nil), data...)
		bad[i] ^= 0xff
		_, _ = decodePage(bad, len(events), time.UTC, rows)
	}
}

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
	if l.spill.end == 0 {
		t.Fatal("nothing was spilled")
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

// Large commands end a page early, so that a page never is much more than a megabyte.
func TestLogPagesAreBoundedInBytes(t *testing.T) {
	l := NewLog(LogOptions{Dir: t.TempDir(), MemoryCap: 4 << 20})
	defer l.Close()
	for i := range 100 {
		e := &session.Event{N: uint64(i + 1), Kind: session.Note, Text: string(make([]byte, 300_000)), Time: start}
		l.Append(e)
		if l.resident > 6<<20 {
			t.Fatalf("%d bytes in memory after %d events", l.resident, i+1)
		}
	}
	for i := range l.Len() {
		if got := l.At(i); got.N != uint64(i+1) || len(got.Text) != 300_000 {
			t.Fatalf("At(%d) is number %d with %d bytes", i, got.N, len(got.Text))
		}
	}
}

// Only the user can read a spill file.
func TestSpillFileIsPrivate(t *testing.T) {
	var s spill
	s.dir = t.TempDir()
	if _, err := s.write([]byte("secret")); err != nil {
		t.Fatal(err)
	}
	defer s.close()
	info, err := s.file.Stat()
	if err != nil {
		t.Fatal(err)
	}
	if runtime.GOOS != "windows" && info.Mode().Perm() != 0o600 {
		t.Errorf("mode = %v", info.Mode())
	}
}

// A log that cannot spill goes on, forgets its oldest pages, and says which.
func TestLogWithoutDisk(t *testing.T) {
	l := NewLog(LogOptions{MemoryCap: 1, Dir: filepath.Join(t.TempDir(), "none")})
	defer l.Close()
	events := many(3*pageEvents + 5)
	for _, e := range events {
		l.Append(e)
	}
	if err := l.Err(); !errors.Is(err, fs.ErrNotExist) {
		t.Errorf("Err = %v", err)
	}
	gap := l.At(0)
	want := "3072 events up to number 3072 are no longer here: "
	if gap.Kind != session.Gap || gap.N != 1 || len(gap.Text) < len(want) || gap.Text[:len(want)] != want {
		t.Errorf("At(0) = %+v", gap)
	}
	if l.At(3*pageEvents-1) != gap {
		t.Error("the forgotten events have more than one gap")
	}
	for i := 3 * pageEvents; i < len(events); i++ {
		if l.At(i) != events[i] {
			t.Fatalf("At(%d) is not what was appended", i)
		}
	}
}

// A spill file that can no longer be read gives gaps, and At never fails.
func TestLogUnreadableSpill(t *testing.T) {
	l := NewLog(LogOptions{MemoryCap: 1, Dir: t.TempDir()})
	defer l.Close()
	for _, e := range many(2 * pageEvents) {
		l.Append(e)
	}
	if err := l.spill.file.Truncate(10); err != nil {
		t.Fatal(err)
	}
	if got := l.At(0); got == nil || got.Kind != session.Gap || l.Err() == nil {
		t.Errorf("At(0) = %+v, Err = %v", got, l.Err())
	}
	if got := l.At(2*pageEvents - 1); got.N != 2*pageEvents {
		t.Errorf("the last event is %+v", got)
	}
}

func TestFinalize(t *testing.T) {
	for name, o := range map[string]LogOptions{"in memory": {}, "spilled": {MemoryCap: 1}} {
		t.Run(name, func(t *testing.T) {
			o.Dir = t.TempDir()
			l := NewLog(o)
			defer l.Close()
			events := many(2*pageEvents + 100)
			for _, e := range events {
				l.Append(e)
			}
			if got := l.At(1); got.User != "" || got.Role != dialect.DS {
				t.Fatalf("before: %+v", got)
			}
			old := *events[1]
			l.Finalize()
			for i, was := range events {
				got := *l.At(i)
				if was.Conn == 0 {
					continue
				}
				c, _ := l.Conn(was.Conn)
				if got.User != "alice@hotmail.com" || got.Role != c.Role || got.Dialect != c.Dialect || got.Via != c.Via {
					t.Fatalf("At(%d) = %+v, the connection is %+v", i, got, c)
				}
				aboutPtr(was).set(&got)
				if !same(was, &got) {
					t.Fatalf("At(%d) differs in more than that:\n%s", i, cmp.Diff(was, &got, exact))
				}
			}
			if diff := cmp.Diff(old, *events[1], exact); diff != "" {
				t.Errorf("an event that was handed out changed:\n%s", diff)
			}
		})
	}
}

func aboutPtr(e *session.Event) *about { a := aboutOf(e); return &a }

func TestConns(t *testing.T) {
	events := signOn()
	l := logOf(t, events)
	got := l.Conns()
	if len(got) != 2 {
		t.Fatalf("%d connections, want 2", len(got))
	}
	want := ConnSummary{
		ID: 2, Client: "127.0.0.1:40001", Server: "127.0.0.3:1864", Role: dialect.NS, User: "alice@hotmail.com", Via: 1,
		First: 6, Events: 10, Errors: 1, Opened: events[6].Time, Closed: events[16].Time, Cause: "closed by the client",
	}
	if diff := cmp.Diff(want, got[1]); diff != "" {
		t.Errorf("connection 2 (-want +got):\n%s", diff)
	}
	if got[0].Server != "127.0.0.2:1863" || got[0].Dialect != "MSNP2" {
		t.Errorf("connection 1 = %+v", got[0])
	}
	if _, ok := l.Conn(3); ok {
		t.Error("connection 3 is known")
	}
	v := l.ConnsVersion()
	l.Append(&session.Event{N: 18, Conn: 2, Time: start})
	if l.ConnsVersion() != v {
		t.Error("a mere command makes a new version")
	}
	l.Append(&session.Event{N: 19, Conn: 2, Time: start, User: "bob@hotmail.com"})
	if l.ConnsVersion() == v {
		t.Error("a new user makes no new version")
	}
}

// A log that sees connections come and go for ever keeps the open ones.
func TestConnsAreBounded(t *testing.T) {
	var l connList
	for i := range maxConns + 100 {
		l.add(&session.Event{Conn: i + 1, Kind: session.Open}, i)
		if i > 0 {
			l.add(&session.Event{Conn: i + 1, Kind: session.Close, Time: start}, i)
		}
	}
	if n := len(l.order); n > maxConns || n != len(l.byID) {
		t.Errorf("%d connections in order, %d by number, at most %d", n, len(l.byID), maxConns)
	}
	if l.byID[1] == nil || l.byID[2] != nil || l.byID[maxConns+100] == nil {
		t.Error("it forgot others than the oldest that are closed")
	}
}
