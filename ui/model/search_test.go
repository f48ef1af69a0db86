package model

import (
	"bytes"
	"context"
	"io/fs"
	"runtime"
	"slices"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/msnscope/msnscope/captures"
	"github.com/msnscope/msnscope/captures/samples"
	"github.com/msnscope/msnscope/decode/session"
	"github.com/msnscope/msnscope/internal/eventlog"
	"github.com/msnscope/msnscope/internal/filter"
	"github.com/msnscope/msnscope/internal/msntest"
)

// traffic returns a log of a made-up capture, with more events than a search in the background
// begins with.
func traffic(t *testing.T) *eventlog.Log {
	var file bytes.Buffer
	if _, err := (msntest.Traffic{Size: 8 << 20}).WriteTo(&file); err != nil {
		t.Fatal(err)
	}
	log := eventlog.New(eventlog.Options{})
	t.Cleanup(func() { log.Close() })
	if err := captures.NewLoader(log).LoadReader(t.Context(), &file, "traffic", nil); err != nil {
		t.Fatal(err)
	}
	if log.Len() < 4*searchFrom {
		t.Fatalf("only %d events", log.Len())
	}
	return log
}

func compile(t *testing.T, src string) *filter.Filter {
	f, err := filter.Compile(src)
	if err != nil {
		t.Fatal(err)
	}
	return f
}

// settle lets a model come to its end.
func settle(m *Model) {
	for m.Pending() {
		if !m.Step(time.Millisecond) {
			runtime.Gosched() // or the search waits for its lock, which this loop takes again and again
		}
	}
}

// A search in the background finds the same rows as one in the foreground, whatever else limits the
// rows, and whenever another search comes in between.
func TestSearchInTheBackground(t *testing.T) {
	log := traffic(t)
	m := New(log, Options{})
	defer m.Close()
	want := func(f *filter.Filter, scope Scope, folded bool) (rows []int) {
		for i, r := 0, log.Reader(); i < log.Len(); i++ {
			e := r.At(i)
			if f.Match(e) && (scope.Conn == 0 || e.Conn == scope.Conn) &&
				!(folded && session.Folds(e) != session.NoFold) {
				rows = append(rows, i)
			}
		}
		return rows
	}
	check := func(what string, want []int) {
		t.Helper()
		got := make([]int, m.Rows())
		for i := range got {
			got[i] = m.position(i)
		}
		if !slices.Equal(got, want) || len(want) == 0 {
			t.Errorf("%s: %d rows, want %d", what, len(got), len(want))
		}
	}
	msg, user := compile(t, "MSG"), compile(t, `user != "" && rtt_ms > 0`)
	m.SetFilter(msg)
	settle(m)
	check("a command", want(msg, Scope{}, false))
	m.SetFilter(user)
	if m.Step(0); m.search == nil {
		t.Error("nothing goes on in the background")
	}
	m.SetFilter(msg)
	m.Step(0)
	m.SetFilter(user)
	settle(m)
	check("another one in between", want(user, Scope{}, false))
	m.SetFolded(true)
	settle(m)
	check("folded", want(user, Scope{}, true))
	m.SetFolded(false)
	m.SetScope(Scope{Conn: 3})
	settle(m)
	check("one connection", want(user, Scope{Conn: 3}, false))
	m.SetScope(Scope{})
	m.SetFilter(compile(t, "XFR"))
	m.Step(0)
	m.Close()
}

// A log that grows while it is searched is searched to its end.
func TestSearchWhileTheLogGrows(t *testing.T) {
	whole := traffic(t)
	log := eventlog.New(eventlog.Options{})
	defer log.Close()
	m := New(log, Options{})
	defer m.Close()
	f := compile(t, `cmd == "MSG" && raw contains "MSG"`)
	m.SetFilter(f)
	want := 0
	for i := range whole.Len() {
		e := whole.At(i)
		log.Append(e)
		if f.Match(e) {
			want++
		}
		if i%5000 == 0 {
			m.Step(0)
		}
	}
	if settle(m); m.Rows() != want || want == 0 {
		t.Errorf("%d rows, want %d", m.Rows(), want)
	}
}

// The model learns the same from events that are valid for one call only as from events that last.
func TestLearnKeepsNothingLent(t *testing.T) {
	names, err := fs.Glob(samples.FS, "*.pcapng")
	if err != nil || len(names) == 0 {
		t.Fatalf("%d captures, %v", len(names), err)
	}
	for _, name := range names {
		raw, err := samples.FS.ReadFile(name)
		if err != nil {
			t.Fatal(err)
		}
		log := eventlog.New(eventlog.Options{})
		defer log.Close()
		if err := captures.NewLoader(log).LoadReader(context.Background(), bytes.NewReader(raw), name,
			nil); err != nil {
			t.Fatal(err)
		}
		lent, lasting := New(log, Options{}), New(struct{ Log }{log}, Options{})
		settle(lent)
		settle(lasting)
		for i := range log.Len() {
			n := log.At(i).N
			a, okA := lent.Transaction(n)
			b, okB := lasting.Transaction(n)
			if diff := cmp.Diff(a, b); diff != "" || okA != okB {
				t.Errorf("%s: transaction of event %d differs:\n%s", name, n, diff)
			}
		}
		a, b := lent.State(1<<62), lasting.State(1<<62)
		if diff := cmp.Diff(states(a), states(b)); diff != "" {
			t.Errorf("%s: the state differs:\n%s", name, diff)
		}
	}
}

// states is what a State shows.
func states(s *session.State) (all []any) {
	for _, u := range s.Users() {
		all = append(all, u.Handle, u.Name, u.State, u.Conn)
	}
	for _, c := range s.Connections() {
		all = append(all, c.ID, c.User, c.Session, c.Closed)
	}
	return append(all, s.N, len(s.Talks()))
}
