package model

import (
	"fmt"
	"testing"

	"github.com/msnscope/msnscope/decode/lint"
	"github.com/msnscope/msnscope/decode/session"
	"github.com/msnscope/msnscope/internal/filter"
)

// TestLint checks that events are checked behind the learning, that findings are counted where they
// belong, that filters read them, and that other rules find anew.
func TestLint(t *testing.T) {
	r := newRig(t, Options{Lint: &lint.Options{Preset: lint.Observed}})
	alice := r.logon("10.0.0.7:1025", "alice@hotmail.com")
	r.c(alice, "CHG 5 XXX") // S01: there is no such state
	bad := (*r.log)[r.log.Len()-1].N
	r.logon("10.0.0.8:1025", "bob@hotmail.com")
	for r.Pending() {
		r.one()
	}
	if r.lints.done != 0 || !r.Busy() {
		t.Fatalf("%d events are checked before all are learned; busy %t", r.lints.done, r.Busy())
	}
	for r.Busy() {
		r.Step(1)
	}
	f := r.Findings(bad)
	if len(f) != 1 || f[0].Rule != "S01" || f[0].Message == "" {
		t.Fatalf("the state XXX: found %v", f)
	}
	_, total := r.Lints()
	if rows := r.Tree(); rows[0].Findings != total || rows[1].Findings == 0 || rows[1].Name != "alice@hotmail.com" {
		t.Errorf("%d findings; in the tree %d of %d are alice's", total, rows[1].Findings, rows[0].Findings)
	}
	for expr, want := range map[string]string{
		`any(lint, .rule == "S01")`: fmt.Sprint(" ", bad), "lint and cmd == \"CHG\"": fmt.Sprint(" ", bad), "!lint and CHG": "",
	} {
		r.SetFilter(mustFilter(t, expr))
		if got := r.numbers(); got != want {
			t.Errorf("filter %s shows%s, want%s", expr, got, want)
		}
	}
	r.SetFilter(mustFilter(t, "lint"))
	r.SetLint(nil)
	if got := r.numbers(); got != "" || r.Busy() || r.Tree()[0].Findings != 0 {
		t.Errorf("without rules lint shows%s; the tree has %d findings", got, r.Tree()[0].Findings)
	}
	r.SetLint(&lint.Options{})
	if got := r.numbers(); got == "" {
		t.Error("with all rules, lint shows nothing")
	}
}

func mustFilter(t *testing.T, expr string) *filter.Filter {
	t.Helper()
	f, err := filter.Compile(expr)
	if err != nil {
		t.Fatal(err)
	}
	return f
}

// TestLintIsCapped checks that beyond the caps findings are counted, and have the text of their
// rule.
func TestLintIsCapped(t *testing.T) {
	m := New(&events{}, Options{Lint: &lint.Options{}})
	l := &m.lints
	l.found = make([]finding, maxFindings-1)
	for i := range maxTexts {
		l.texts[i] = "said"
	}
	for range 2 {
		l.add(7, &session.Finding{Rule: "S01", Message: "its own text"})
	}
	if len(l.found) != maxFindings || l.total != 2 {
		t.Errorf("%d findings are kept, %d counted; want %d and 2", len(l.found), l.total, maxFindings)
	}
	if f := l.of(7); len(f) != 1 || f[0].Message != lint.Lookup("S01").Means {
		t.Errorf("beyond the cap: %v, want one with the text of the rule", f)
	}
}
