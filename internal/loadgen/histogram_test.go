package loadgen

import (
	"math"
	"math/rand/v2"
	"slices"
	"testing"
	"time"
)

func TestBucketsHoldTheirValues(t *testing.T) {
	last := -1
	for _, v := range []uint64{0, 1, 31, 32, 63, 64, 65, 127, 128, 1000, 1e6, 1e9, 1e12, math.MaxInt64} {
		i := bucket(v)
		if i < last || i >= buckets {
			t.Errorf("%d is in bucket %d, after %d", v, i, last)
		}
		last = i
		if high := top(i); high < v || float64(high-v) > float64(v)/32 {
			t.Errorf("%d is in the bucket up to %d", v, high)
		}
		if v > 0 && bucket(v-1) != i && top(bucket(v-1)) != v-1 {
			t.Errorf("between %d and %d is a hole", v-1, v)
		}
	}
}

// TestPercentiles compares with the exact values from sorting.
func TestPercentiles(t *testing.T) {
	var h histogram
	all := make([]float64, 20_000)
	for i := range all {
		d := time.Duration(math.Exp(rand.NormFloat64()) * 1e6)
		all[i] = float64(d) / 1e6
		h.add(d)
	}
	slices.Sort(all)
	l := h.latency(2 * time.Second)
	if l.Count != 20_000 || l.Rate != 10_000 || l.Max != all[len(all)-1] {
		t.Errorf("got %+v", l)
	}
	for share, got := range map[float64]float64{0.5: l.P50, 0.9: l.P90, 0.99: l.P99, 0.999: l.P999} {
		want := all[int(share*float64(len(all)))]
		if got < want || got > want*1.04 {
			t.Errorf("the percentile %v is %v, want %v", share, got, want)
		}
	}
	if (&histogram{}).latency(time.Second) != (Latency{}) {
		t.Error("nothing was counted, and yet something came out")
	}
	h.add(-time.Second)
	if h.counts[0].Load() != 1 {
		t.Error("a clock that went back was not counted as nothing")
	}
}
