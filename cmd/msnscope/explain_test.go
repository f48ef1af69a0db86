package main

import (
	"strings"
	"testing"

	"github.com/msnscope/msnscope/decode/session"
	"github.com/msnscope/msnscope/internal/explain"
	"github.com/msnscope/msnscope/internal/filter"
)

func TestExplain(t *testing.T) {
	for _, tc := range []struct {
		name string
		args []string
		code int
		out  []string // all of it on standard output; of a refusal, on standard error
	}{
		{
			"a command",
			[]string{"ver"},
			exitOK,
			[]string{"VER: command", "From the client\n", "VER TrID {DialectName ...}", "§7.1", "VER 0 MSNP2 CVR0"},
		},
		{
			"several words",
			[]string{"913", "NLN"},
			exitOK,
			[]string{"913: error code", "ERR_NOT_ALLOWED_WHEN_OFFLINE", "NLN: command", "NLN: state"},
		},
		{"as in a filter", []string{"args.UserHandle"}, exitOK, []string{"UserHandle: argument"}},
		{
			"nothing: the list", nil, exitOK,
			[]string{"Command\n", "Error code\n", "AuthResponseInfo", "911", "text/plain", "MSNP2"},
		},
		{
			"misspelt",
			[]string{"VER", "UserHandel"},
			exitUsage,
			[]string{`error: nothing is known about "UserHandel"`, "did you mean UserHandle"},
		},
		{"like nothing", []string{"xyzzyplugh"}, exitUsage, []string{"hint: msnscope explain lists the words"}},
		{"hostile", []string{"\x1b[31m"}, exitUsage, []string{`"\x1b[31m"`}},
		{"completion", []string{"__complete", "explain", "usern"}, exitOK, []string{":4\n"}},
		{
			"completion of a word",
			[]string{"__complete", "explain", "VER", "FriendlyN"},
			exitOK,
			[]string{"FriendlyName\n"},
		},
	} {
		args := append([]string{"explain"}, tc.args...)
		if len(tc.args) > 0 && tc.args[0] == "__complete" {
			args = tc.args
		}
		p := launch(t, args...)
		p.wait(tc.code)
		got, other := p.stdout.String(), p.stderr.String()
		if tc.code != exitOK {
			got, other = other, got
			if other != "" {
				t.Errorf("%s: a refusal printed %q", tc.name, other)
			}
		}
		for _, want := range tc.out {
			if !strings.Contains(got, want) {
				t.Errorf("%s: %q is missing from\n%s", tc.name, want, got)
			}
		}
		if strings.Contains(got, "\x1b") {
			t.Errorf("%s: there is an escape sequence though it is no terminal", tc.name)
		}
	}
}

// TestFieldsAreExplained: every name that a filter knows and every flag has its explanation.
func TestFieldsAreExplained(t *testing.T) {
	kinds := map[string]bool{}
	check := func(word, kind string) {
		for _, e := range explain.Lookup(word) {
			if e.Kind == kind {
				kinds[kind] = true
				return
			}
		}
		t.Errorf("%s, a name of a filter (%s), is not explained: add a line to fields in internal/explain/fields.go, "+
			"or to arguments in internal/explain/arguments.go", word, kind)
	}
	for _, name := range filter.Names() {
		if strings.HasPrefix(name, "args.") {
			check(name, explain.Argument)
		} else {
			check(name, explain.Field)
		}
	}
	for _, name := range session.Flag(1<<16 - 1).Names() {
		check(name, explain.FlagName)
	}
	if len(kinds) != 3 {
		t.Errorf("only %v were checked", kinds)
	}
}

// TestFilterExamplesCompile: each filter in an explanation is one that the filter language takes.
func TestFilterExamplesCompile(t *testing.T) {
	for _, word := range explain.Words() {
		for _, e := range explain.Lookup(word) {
			for _, f := range e.Facts {
				if f.Name != "filter" {
					continue
				}
				if _, err := compile(f.Text); err != nil {
					t.Errorf("%s: %s: %v", e.Word, f.Text, err)
				}
			}
		}
	}
}
