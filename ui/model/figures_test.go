package model

import (
	"slices"
	"testing"
	"time"

	"github.com/msnscope/msnscope/decode/session"
	"pgregory.net/rapid"
)

// TestPercentiles: a percentile is never less than the true one, and at most an eighth more.
func TestPercentiles(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		times := rapid.SliceOfN(rapid.Int64Range(0, 1<<40), 1, 200).Draw(t, "times")
		f := Figure{times: &spread{}}
		for _, us := range times {
			f.answer(time.Duration(us) * time.Microsecond)
		}
		slices.Sort(times)
		for _, p := range []int{1, 50, 95, 99, 100} {
			want := time.Duration(times[(len(times)*p+99)/100-1]) * time.Microsecond
			if got := f.Percentile(p); got < want || got > want+want/8 {
				t.Fatalf("p%d = %v, want %v, or an eighth more", p, got, want)
			}
		}
	})
}

// TestRatesKeepTheirSum: however long the log is, no command is lost from the chart, and its parts
// stay few.
func TestRatesKeepTheirSum(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		var r Rates
		at := time.Unix(1e9, 0)
		steps := rapid.SliceOfN(rapid.Int64Range(-5000, 1<<33), 1, 300).Draw(t, "steps")
		for i, ms := range steps {
			e := &session.Event{Time: at}
			if i%3 == 0 {
				e.Flags = session.Error
			}
			r.add(e)
			at = at.Add(time.Duration(ms) * time.Millisecond)
		}
		commands, errors := 0, 0
		for i := range r.Commands {
			commands, errors = commands+r.Commands[i], errors+r.Errors[i]
		}
		if commands != len(steps) || errors != (len(steps)+2)/3 || len(r.Commands) > numMoments {
			t.Fatalf("%d commands and %d errors in %d parts, want %d and %d", commands, errors, len(r.Commands),
				len(steps), (len(steps)+2)/3)
		}
	})
}
