package main

import (
	"maps"
	"math"
	"slices"
)

// figures are what one run gave, by their names with units: "time s", "Load/ours ns/op".
type figures map[string]float64

// pair is one run of A and one of B, next to each other in time.
type pair [2]figures

// result compares one figure over all pairs.
type result struct {
	a, b      float64 // the medians of either side
	ratio     float64 // the median of the ratios of B to A
	low, high float64 // between these the true median is, with a probability of at least 95 %
}

// names returns the figures that both sides of all pairs have, sorted. Figures that are 0 on one
// side have no ratio and are left out.
func names(pairs []pair) []string {
	return slices.DeleteFunc(slices.Sorted(maps.Keys(pairs[0][0])), func(name string) bool {
		return slices.ContainsFunc(pairs, func(p pair) bool { return p[0][name] == 0 || p[1][name] == 0 })
	})
}

// contrast compares the figure of that name. There must be at least 6 pairs.
func contrast(pairs []pair, name string) result {
	var a, b, ratios []float64
	for _, p := range pairs {
		a, b = append(a, p[0][name]), append(b, p[1][name])
		ratios = append(ratios, p[1][name]/p[0][name])
	}
	slices.Sort(ratios)
	k := outliers(len(ratios))
	return result{median(a), median(b), median(ratios), ratios[k], ratios[len(ratios)-1-k]}
}

// median returns the middle of values, which it sorts.
func median(values []float64) float64 {
	slices.Sort(values)
	n := len(values)
	return (values[(n-1)/2] + values[n/2]) / 2
}

// outliers returns how many of n sorted values may be cut off at each end so that what is left
// still spans the true median with a probability of at least 95 %. This is the interval of the sign
// test: the true median is above all but k values with the probability that a fair coin falls on
// one side at most k times in n.
func outliers(n int) int {
	k, tail, term := -1, 0.0, math.Pow(0.5, float64(n))
	for tail+term <= 0.025 {
		k++
		tail += term
		term *= float64(n-k) / float64(k+1)
	}
	return max(k, 0)
}
