package main

import "testing"

// TestAmount: progress has one form everywhere, with the unit after the numbers that have it.
func TestAmount(t *testing.T) {
	const mb = 1 << 20
	for want, got := range map[string]string{
		"120 of 400 MB, 30 %":                  amount(120*mb, 400*mb),
		"400 of 400 MB, 100 %":                 amount(401*mb, 400*mb),
		"7 MB":                                 amount(7*mb, 0),
		"reading 0 of 0 MB, 50 %":              share(0, 1, 512, 1024),
		"reading file 2 of 3: 1 of 4 MB, 25 %": share(1, 3, mb, 4*mb),
		"reading file 1 of 2: 5 MB":            share(0, 2, 5*mb, 0),
	} {
		if got != want {
			t.Errorf("got %q, want %q", got, want)
		}
	}
}
