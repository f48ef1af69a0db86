package loadgen

import (
	"math/bits"
	"sync/atomic"
	"time"
)

const (
	// subBits makes 32 buckets for each doubling, so that a value is off by at most 3 %.
	subBits = 5
	buckets = (64 - subBits) << subBits
)

// histogram counts any number of durations in 15 KB. It is safe for concurrent use.
type histogram struct {
	counts [buckets]atomic.Uint64
	sum    atomic.Int64
	max    atomic.Int64
}

func (h *histogram) add(d time.Duration) {
	d = max(d, 0) // the clock may have jumped
	h.counts[bucket(uint64(d))].Add(1)
	h.sum.Add(int64(d))
	for {
		old := h.max.Load()
		if int64(d) <= old || h.max.CompareAndSwap(old, int64(d)) {
			return
		}
	}
}

// bucket returns the index of a value's bucket: each small value has its own, others share one with
// all values that have the same first six bits.
func bucket(v uint64) int {
	shift := bits.Len64(v) - subBits - 1
	if shift <= 0 {
		return int(v)
	}
	return shift<<subBits + int(v>>shift)
}

// top returns the greatest value of a bucket.
func top(i int) uint64 {
	shift := i>>subBits - 1
	if shift <= 0 {
		return uint64(i)
	}
	return (uint64(i&(1<<subBits-1)|1<<subBits)+1)<<shift - 1
}

// Latency summarizes how long something took, in milliseconds. The percentiles are the upper bounds
// of their buckets, which are 3 % wide.
type Latency struct {
	Count uint64  `json:"count"`
	Rate  float64 `json:"per_second"`
	Mean  float64 `json:"mean_ms"`
	P50   float64 `json:"p50_ms"`
	P90   float64 `json:"p90_ms"`
	P99   float64 `json:"p99_ms"`
	P999  float64 `json:"p999_ms"`
	Max   float64 `json:"max_ms"`
}

// latency summarizes the durations that were added, for a run that lasted the given time.
func (h *histogram) latency(within time.Duration) Latency {
	var counts [buckets]uint64
	l := Latency{Max: milliseconds(h.max.Load())}
	for i := range counts {
		counts[i] = h.counts[i].Load()
		l.Count += counts[i]
	}
	if l.Count == 0 {
		return l
	}
	l.Mean = milliseconds(h.sum.Load()) / float64(l.Count)
	if within > 0 {
		l.Rate = float64(l.Count) / within.Seconds()
	}
	for _, p := range []struct {
		to    *float64
		share float64
	}{{&l.P50, 0.5}, {&l.P90, 0.9}, {&l.P99, 0.99}, {&l.P999, 0.999}} {
		want, seen := uint64(p.share*float64(l.Count)), uint64(0)
		for i, n := range counts {
			if seen += n; seen > want || seen == l.Count {
				*p.to = min(milliseconds(int64(top(i))), l.Max)
				break
			}
		}
	}
	return l
}

func milliseconds(ns int64) float64 { return float64(ns) / 1e6 }

// count returns how many durations were added.
func (h *histogram) count() (n uint64) {
	for i := range h.counts {
		n += h.counts[i].Load()
	}
	return n
}
