package filter

import (
	"strings"
	"testing"

	"github.com/msnscope/msnscope/decode"
)

// TestVerbs: a filter names the verbs that it can match, by the direction, whatever else it asks;
// one that names none can match all.
func TestVerbs(t *testing.T) {
	for _, tc := range []struct {
		expr, client, server, not string
		all                       bool
	}{
		{`XFR`, "XFR", "XFR", "MSG CHG 911", true},
		{`cmd == "MSG" && user == "bob@hotmail.com"`, "MSG", "MSG", "CHG NLN", false},
		{`cmd in ["MSG", "NLN"] && payload.text contains "x"`, "MSG NLN", "MSG NLN", "CHG", false},
		{`cmd == "CHG" && dir == "C"`, "CHG", "", "MSG", true},
		{`!(cmd == "CHG" && user == "a@b.c")`, "CHG MSG", "CHG MSG", "", false},
		{`cmd == "911" or cmd == "USR"`, "911 USR", "911 USR", "MSG CHG", true},
		{`user == "bob@hotmail.com"`, "MSG CHG 911", "MSG CHG 911", "", false},
		{`hello`, "MSG CHG 911", "MSG CHG 911", "", false},
		{``, "MSG CHG", "MSG CHG", "", false},
		{`size > 10 || cmd == "CHG"`, "CHG MSG", "CHG MSG", "", false},
	} {
		f, err := Compile(tc.expr)
		if err != nil {
			t.Fatal(err)
		}
		for dir, want := range map[decode.Dir]string{decode.FromClient: tc.client, decode.FromServer: tc.server} {
			set, all := f.Verbs(dir)
			if all != tc.all {
				t.Errorf("%q from %v: all verbs of the set match: %v", tc.expr, dir, all)
			}
			for _, verb := range strings.Fields(want) {
				if !set.Has(decode.V(verb)) {
					t.Errorf("%q from %v: %s is missing", tc.expr, dir, verb)
				}
			}
			for _, verb := range strings.Fields(tc.not) {
				if set.Has(decode.V(verb)) {
					t.Errorf("%q from %v: %s cannot match", tc.expr, dir, verb)
				}
			}
		}
	}
}
