package main

import (
	"strings"
	"testing"
)

func TestExpand(t *testing.T) {
	for pattern, want := range map[string]string{
		"a@b":         "a@b",
		"a{9..11}@b":  "a9@b a10@b a11@b",
		"{x}@b":       "{x}@b",
		"a{2..1}@b":   "",
		"{0..100000}": "",
		// no account of that name
		"a{1..99999999999999999999}@b": "",
		"a{1..2}b{1..2}@b":             "",
	} {
		got, err := expand(pattern)
		if strings.Join(got, " ") != want || (err != nil) != (want == "") {
			t.Errorf("%s: %v, %v", pattern, got, err)
		}
	}
}
