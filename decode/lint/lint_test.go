package lint_test

import (
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/msnscope/msnscope/decode"
	"github.com/msnscope/msnscope/decode/lint"
	"github.com/msnscope/msnscope/decode/session"
)

func ids(found []session.Finding) []string {
	var all []string
	for _, f := range found {
		all = append(all, f.Rule)
	}
	return all
}

// TestRules: each rule finds what it describes, and not what is just within it.
func TestRules(t *testing.T) {
	for _, tc := range cases {
		t.Run(tc.id, func(t *testing.T) {
			found := check(t, tc.bad, lint.Options{})
			if !slices.Contains(ids(found), tc.id) {
				t.Errorf("found %v, want %s", found, tc.id)
			}
			if found := check(t, tc.good, lint.Options{}); slices.Contains(ids(found), tc.id) {
				t.Errorf("found %v, want no %s", found, tc.id)
			}
		})
	}
}

// TestEveryRuleHasACase keeps the table of rules and that of the cases together.
func TestEveryRuleHasACase(t *testing.T) {
	seen := map[string]bool{}
	for _, tc := range cases {
		if seen[tc.id] {
			t.Errorf("%s has two cases", tc.id)
		}
		seen[tc.id] = true
	}
	for _, r := range lint.Rules() {
		if !seen[r.ID] {
			t.Errorf("%s has no case", r.ID)
		}
		delete(seen, r.ID)
	}
	for id := range seen {
		t.Errorf("a case is for %s, which is no rule", id)
	}
}

// TestSilence: what the scripts begin with is clean, so that a finding is the case's own.
func TestSilence(t *testing.T) {
	for name, script := range map[string]string{"logon": online, "switchboard": called, "MSNP5": msnp5} {
		if found := check(t, script, lint.Options{}); len(found) > 0 {
			t.Errorf("%s: %v", name, found)
		}
	}
}

// TestMessages: a finding says what the bytes at fault are, on one line that a terminal can show.
func TestMessages(t *testing.T) {
	for _, tc := range cases {
		for _, f := range check(t, tc.bad, lint.Options{}) {
			if f.Message == "" || len(f.Message) > 500 || strings.ContainsFunc(f.Message, func(r rune) bool {
				return r < ' ' || r == 0x7f
			}) {
				t.Errorf("%s: message %q", f.Rule, f.Message)
			}
		}
	}
}

// TestObserved leaves out the rules that real programs break, and no others.
func TestObserved(t *testing.T) {
	for _, tc := range cases {
		r := lint.Lookup(tc.id)
		got := slices.Contains(ids(check(t, tc.bad, lint.Options{Preset: lint.Observed})), tc.id)
		if want := r.Habit == ""; got != want {
			t.Errorf("%s: found %v, want %v", tc.id, got, want)
		}
	}
}

// TestSkip leaves out single rules.
func TestSkip(t *testing.T) {
	if found := check(t, "NS\nC: ver 0 MSNP2", lint.Options{Skip: []string{"F04", "T04"}}); len(found) > 0 {
		t.Errorf("found %v", found)
	}
}

// TestLost: what was lost to a reader that was too slow may have been what a rule misses.
func TestLost(t *testing.T) {
	for id, script := range map[string][2]string{
		"T06": {"NS\n", "S: VER 77 MSNP2"},
		"L06": {"NS\n", "C: INF 1"},
		"B04": {online + "C: XFR 7 SB\nS: XFR 7 SB 10.0.0.9:1863 CKI 17.26\nSB\n", "C: USR 1 alice@hotmail.com 1.2.3"},
		"B13": {called, "S: BYE dave@hotmail.com"},
	} {
		if found := check(t, script[0]+script[1], lint.Options{}); !slices.Contains(ids(found), id) {
			t.Errorf("%s: found %v without a loss", id, found)
		}
		if found := check(t, script[0]+"\nlost\n"+script[1], lint.Options{}); len(found) > 0 {
			t.Errorf("%s: found %v after a loss", id, found)
		}
	}
}

// TestSameHeaders: a message with the headers of the one before is judged by its own data, and one
// with others by its own headers.
func TestSameHeaders(t *testing.T) {
	message := func(charset, data string) string {
		p := "Content-Type: text/plain; charset=" + charset + `\r\n\r\n` + data
		raw, err := decode.Unquote(p)
		if err != nil {
			t.Fatal(err)
		}
		return fmt.Sprintf(`S: MSG bob@hotmail.com Bob %d\r\n%s`, len(raw), p) + "\n"
	}
	good, bad, other := message("UTF-8", "hi"), message("UTF-8", `h\xeb`), message("latin1", `h\xeb`)
	for script, want := range map[string]int{good + bad + good: 1, bad + bad: 2, good + other: 0, other + bad: 1} {
		found := ids(check(t, called+script, lint.Options{}))
		if n := len(slices.DeleteFunc(found, func(id string) bool { return id != "M06" })); n != want {
			t.Errorf("%d findings of M06, want %d, in %s", n, want, script)
		}
	}
}

// TestTable: every rule has all that the documentation shows.
func TestTable(t *testing.T) {
	chapters := lint.Chapters()
	at := 0
	for _, r := range lint.Rules() {
		for at < len(chapters) && chapters[at][0] != r.ID[:1] {
			at++
		}
		switch {
		case at == len(chapters):
			t.Errorf("%s: its chapter is unknown, or the rules are out of order", r.ID)
		case r.Means == "" || r.Example == "" || strings.HasSuffix(r.Means, "."):
			t.Errorf("%s: means %q, example %q", r.ID, r.Means, r.Example)
		case (r.Section == "") != (r.ID[0] == 'X' || r.ID[0] == 'D'):
			t.Errorf("%s: section %q", r.ID, r.Section)
		case !slices.Contains([]lint.Severity{lint.Error, lint.Warn, lint.Info}, r.Severity):
			t.Errorf("%s: severity %q", r.ID, r.Severity)
		}
	}
}
