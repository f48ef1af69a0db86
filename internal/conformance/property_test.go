package conformance

import (
	"fmt"
	"slices"
	"strings"
	"sync/atomic"
	"testing"
	"testing/synctest"

	"pgregory.net/rapid"
)

// TestModel does random things, legal and illegal, with several users at once, and compares every
// line that they receive with the model. To run it longer: go test ./internal/conformance -run
// TestModel -rapid.checks=100000.
func TestModel(t *testing.T) {
	var steps atomic.Int64
	someOp := rapid.Custom(func(t *rapid.T) op { return op{number(t, 8), number(t, 2), number(t, 8), number(t, 8)} })
	rapid.Check(t, func(rt *rapid.T) {
		preset := rapid.SampledFrom(Presets()).Draw(rt, "preset")
		through := rapid.IntRange(0, 3).Draw(rt, "proxy") == 3
		// Nested slices are short on average, which helps to shrink a failure.
		list := rapid.SliceOfN(rapid.SliceOfN(rapid.SliceOfN(someOp, 1, 40), 1, 40), 1, 40).Draw(rt, "ops")
		if err := playOps(t, preset, through, slices.Concat(slices.Concat(list...)...), &steps); err != nil {
			rt.Fatal(err)
		}
	})
	t.Logf("%d steps", steps.Load())
}

// number draws a number of the given bits, all equally likely. (rapid's own ranges prefer small
// numbers.)
func number(t *rapid.T, bits int) int {
	n := 0
	for range bits {
		n <<= 1
		if rapid.Bool().Draw(t, "bit") {
			n++
		}
	}
	return n
}

// playOps carries out the ops, one after the other, on a new server.
func playOps(t *testing.T, preset string, through bool, list []op, steps *atomic.Int64) (err error) {
	synctest.Test(t, func(t *testing.T) {
		s := embedded(t, preset, nil)
		defer s.Close()
		target := direct(t, s)
		if through {
			var stop func()
			target, stop = proxied(t, s, nil)
			defer stop()
		}
		p := newPlayer(t.Context(), target)
		defer p.close()
		m := newModel(p, preset)
		m.through = through
		for _, o := range list {
			steps.Add(1)
			if err = m.do(o); err != nil {
				err = fmt.Errorf("preset %s, through the proxy %v\n%s\n%w", preset, through,
					strings.Join(m.history, "\n"), err)
				return
			}
		}
	})
	return err
}
