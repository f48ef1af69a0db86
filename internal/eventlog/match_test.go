package eventlog

import (
	"slices"
	"testing"

	"pgregory.net/rapid"

	"github.com/msnscope/msnscope/decode/session/sessiontest"
	"github.com/msnscope/msnscope/internal/filter"
)

// filters of all kinds: those that the index answers, those that it answers in part, and those that
// need the bytes.
var filters = []string{
	"", "MSG", "911", "hello", `cmd == "XFR" && role == "NS"`, `user == "alice@hotmail.com"`, `"error" in flags`,
	`event != ""`, `n % 3 == 1`,
	`rtt_ms > 500`, `reply_to == n - 1`, `dir == "S" && payload.length > 3`, `raw contains "alice" || cmd == "OUT"`,
	`!(raw contains "hot") && dir == "C"`,
	`"rewritten" in flags && out.raw contains "127"`, `text contains "closed"`,
	`dialect == "MSNP5" or via == 0 == false`, `conn == 2 && size > 10`, `time > "2001-02-03"`,
}

// Whatever the index decides, a filter finds the same as in the events themselves.
func TestMatchFindsWhatTheFilterFinds(t *testing.T) {
	var all []*filter.Filter
	for _, src := range filters {
		if f, err := filter.Compile(src); err == nil {
			all = append(all, f)
		}
	}
	if len(all) < len(filters)-1 {
		t.Fatalf("only %d of the filters are any", len(all))
	}
	rapid.Check(t, func(t *rapid.T) {
		l := New(Options{MemoryCap: 1})
		defer l.Close()
		for _, e := range sessiontest.Random(t) {
			l.Append(e)
		}
		r := l.Reader()
		for i := range l.Len() {
			e := l.At(i)
			for _, f := range all {
				if got, want := r.Match(i, f), f.Match(e); got != want {
					t.Fatalf("%s: event %d: %t, want %t: %+v", f, i, got, want, e)
				}
			}
		}
	})
}

// Select finds the same matches on all cores, in order, and can be stopped.
func TestSelect(t *testing.T) {
	l := logOf(t, sessiontest.Many(20*runLength))
	f, err := filter.Compile(`cmd == "XFR" || raw contains "OK"`)
	if err != nil {
		t.Fatal(err)
	}
	var got, want []uint32
	for i, r := 10, l.Reader(); i < l.Len(); i++ {
		if f.Match(r.At(i)) {
			want = append(want, uint32(i))
		}
	}
	at := 10
	l.Select(t.Context(), f, at, l.Len()+100, func(matches []uint32, done int) bool {
		for _, i := range matches {
			if int(i) < at || int(i) >= done {
				t.Errorf("match %d is not in %d..%d", i, at, done)
			}
		}
		got, at = append(got, matches...), done
		return true
	})
	if !slices.Equal(got, want) || at != l.Len() || len(want) < 1000 {
		t.Errorf("%d matches up to %d, want %d up to %d", len(got), at, len(want), l.Len())
	}
	calls := 0
	l.Select(t.Context(), f, 0, l.Len(), func([]uint32, int) bool { calls++; return calls < 3 })
	if calls != 3 {
		t.Errorf("it was called %d times after it had enough with 3", calls)
	}
}

func BenchmarkSelect(b *testing.B) {
	l := logOf(b, sessiontest.Many(500_000))
	for _, src := range []string{
		"XFR", `cmd == "XFR" && role == "NS"`, `user contains "alice" && rtt_ms > 200`,
		"hello", `cmd == "MSG" && payload.text contains "hello"`,
	} {
		b.Run(src, func(b *testing.B) {
			f, err := filter.Compile(src)
			if err != nil {
				b.Fatal(err)
			}
			n := 0
			for b.Loop() {
				l.Select(b.Context(), f, 0, l.Len(),
					func(matches []uint32, _ int) bool { n += len(matches); return true })
			}
			b.ReportMetric(float64(b.Elapsed())/float64(b.N)/float64(l.Len()), "ns/event")
		})
	}
}
