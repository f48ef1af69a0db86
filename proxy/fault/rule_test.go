package fault

import (
	"strings"
	"testing"
)

// TestParse names what is wrong with a rule, and what could stand there.
func TestParse(t *testing.T) {
	for _, tc := range []struct{ text, wrong string }{
		{`latency:ms=500,jitter=50,p=0.5 @ cmd == "RNG"`, ""},
		{`drop`, ""},
		{`drop @ user == "bob@hotmail.com"`, ""}, // the first @ ends the rule's head
		{` drop : nth = 3 @ NLN `, ""},
		{`lag:ms=5`, `fault "lag": there is no such fault; there are latency, bandwidth`},
		{`latncy:ms=5`, `there is no such fault; did you mean latency? there are latency, bandwidth`},
		{
			`drop:ms=5`,
			`there is no key "ms": it has no keys of its own; every fault has p, n, nth, after, every, per, from, ` +
				`until`,
		},
		{`latency:sec=5`, `there is no key "sec": its own are ms, jitter`},
		{`latency:ms=fast`, "ms=fast: it must be a whole number from 0 on"},
		{`latency:ms=-5`, "ms=-5"},
		{`latency:ms`, `"ms": it must be KEY=VALUE`},
		{`latency:ms=1,ms=2`, "each key once"},
		{`drop:p=2`, "p=2: it must be a number from 0 to 1"},
		{`drop:p=NaN`, "p=NaN"},
		{`down:from=10s,until=20s`, ""},
		{`down:from=20s`, ""},
		{`down:from=20s,until=10s`, "until=10s: it must be later than from=20s"},
		{`down:from=10s,until=10s`, "until=10s"},
		{`drop:nth=4,every=2`, ""},
		{`drop:nth=3,every=2`, "nth=3: it must be a multiple of every=2"},
		{`drop:from=5`, "from=5: it must be a time such as 30s"},
		{`out:reason=BYE`, "reason=BYE: it must be one of OTH, SSD"},
		{`error:code=1000`, "three digits"},
		{`drop @ cmd ==`, "in the filter"},
		{``, `fault ""`},
	} {
		r, err := Parse(tc.text)
		switch {
		case tc.wrong == "" && err != nil:
			t.Errorf("%s: %v", tc.text, err)
		case tc.wrong == "" && r.String() != strings.TrimSpace(tc.text):
			t.Errorf("%s is called %s", tc.text, r)
		case tc.wrong != "" && (err == nil || !strings.Contains(err.Error(), tc.wrong)):
			t.Errorf("%s: %v, want %q", tc.text, err, tc.wrong)
		}
	}
}

// TestKeysOfTheTable: each key that the table names is one that the fault knows, in both
// directions.
func TestKeysOfTheTable(t *testing.T) {
	for _, k := range kinds {
		ks, _ := readKeys("")
		new(Rule).common(ks)
		k.make(ks)
		for _, asked := range ks.asked {
			if !strings.Contains(" "+strings.Join(append(k.KeyNames(), commonKeys()...), " ")+" ", " "+asked+" ") {
				t.Errorf("%s knows the key %s, the table does not", k.Name, asked)
			}
		}
		for _, named := range append(k.KeyNames(), commonKeys()...) {
			if !strings.Contains(" "+strings.Join(ks.asked, " ")+" ", " "+named+" ") {
				t.Errorf("the table has the key %s of %s, which does not know it", named, k.Name)
			}
		}
	}
}

// FuzzParse: whatever is typed is a rule or an error.
func FuzzParse(f *testing.F) {
	for _, k := range kinds {
		f.Add(k.Example)
	}
	f.Fuzz(func(t *testing.T, text string) {
		if r, err := Parse(text); (r == nil) == (err == nil) {
			t.Fatalf("%v, %v", r, err)
		}
	})
}
