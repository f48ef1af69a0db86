package main

import (
	"bytes"
	"context"
	"math"
	"strings"
	"testing"
)

// TestOutliers: the known bounds of the sign test.
func TestOutliers(t *testing.T) {
	for n, want := range map[int]int{6: 0, 8: 0, 9: 1, 10: 1, 20: 5, 25: 7, 30: 9, 100: 39} {
		if got := outliers(n); got != want {
			t.Errorf("of %d values, %d may be cut off at each end, want %d", n, got, want)
		}
	}
}

// TestContrast: noise that both runs of a pair share leaves the ratio alone.
func TestContrast(t *testing.T) {
	var pairs []pair
	for i := range 20 {
		noise := 1 + float64(i%7)
		pairs = append(pairs, pair{{"x": 10 * noise, "none": 0}, {"x": 15 * noise, "none": 1}})
	}
	if all := names(pairs); len(all) != 1 || all[0] != "x" {
		t.Fatalf("figures %q, want x alone: nothing can be compared with 0", all)
	}
	if c := contrast(pairs, "x"); math.Abs(c.ratio-1.5) > 1e-9 || c.high-c.low > 1e-9 {
		t.Errorf("ratio %v in %v to %v, want 1.5", c.ratio, c.low, c.high)
	}
}

// TestBenchFigures: all figures of a line of go test are read, with their units.
func TestBenchFigures(t *testing.T) {
	all := benchFigures(strings.NewReader("goos: linux\n" +
		"BenchmarkLoad/far-off-2 \t 20\t 66002471 ns/op\t 209.08 MB/s\t 258 allocs/op\nPASS\n"))
	want := figures{"Load/far-off ns/op": 66002471, "Load/far-off MB/s": 209.08, "Load/far-off allocs/op": 258}
	if len(all) != len(want) {
		t.Errorf("figures %v, want %v", all, want)
	}
	for name, v := range want {
		if all[name] != v {
			t.Errorf("%s is %v, want %v", name, all[name], v)
		}
	}
}

// TestAlternate: each side goes first in half of the pairs, after one run that does not count.
func TestAlternate(t *testing.T) {
	var order bytes.Buffer
	side := func(name string) runner {
		return func(context.Context) (figures, error) {
			order.WriteString(name)
			return figures{"x": 1}, nil
		}
	}
	pairs, err := alternate(t.Context(), [2]runner{side("A"), side("B")}, 4, new(bytes.Buffer))
	if err != nil || len(pairs) != 4 || order.String() != "AB"+"ABBAABBA" {
		t.Errorf("%d pairs in the order %s, %v", len(pairs), &order, err)
	}
}
