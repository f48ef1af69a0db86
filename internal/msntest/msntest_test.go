package msntest

import (
	"fmt"
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"testing"
)

// verdictTB records how a helper ended its test, and ends only the helper.
type verdictTB struct {
	testing.TB
	verdict, text string
}

func (v *verdictTB) Helper()             {}
func (v *verdictTB) Logf(string, ...any) {}

func (v *verdictTB) Errorf(format string, args ...any) { v.say("error", format, args) }

func (v *verdictTB) Fatalf(format string, args ...any) {
	v.say("fatal", format, args)
	runtime.Goexit()
}

func (v *verdictTB) Skipf(format string, args ...any) {
	v.say("skip", format, args)
	runtime.Goexit()
}

func (v *verdictTB) say(verdict, format string, args []any) {
	v.verdict, v.text = verdict, fmt.Sprintf(format, args...)
}

// judge runs f the way the testing package would and returns its verdict, ""
// for a pass.
func judge(f func(testing.TB)) (verdict, text string) {
	v := &verdictTB{}
	done := make(chan struct{})
	go func() {
		defer close(done)
		f(v)
	}()
	<-done
	return v.verdict, v.text
}

func TestTool(t *testing.T) {
	bin := t.TempDir()
	present := filepath.Join(bin, "present")
	if err := os.WriteFile(present, []byte("#!/bin/sh\n"), 0o755); err != nil {
		t.Fatal(err)
	}
	t.Setenv("PATH", bin)
	for _, tc := range []struct {
		name, tool, ci, verdict, path string
	}{
		{"present", "present", "", "", present},
		{"present in CI", "present", "1", "", present},
		{"missing skips", "absent", "", "skip", ""},
		{"missing fails in CI", "absent", "1", "fatal", ""},
	} {
		t.Run(tc.name, func(t *testing.T) {
			t.Setenv(CIEnv, tc.ci)
			var path string
			verdict, text := judge(func(tb testing.TB) { path = Tool(tb, tc.tool) })
			if verdict != tc.verdict || path != tc.path {
				t.Errorf("got %q, path %q; want %q, path %q", verdict, path, tc.verdict, tc.path)
			}
			if verdict != "" && !strings.Contains(text, "apt-get install "+tc.tool) {
				t.Errorf("message %q does not say how to install %s", text, tc.tool)
			}
		})
	}
}

func TestGolden(t *testing.T) {
	path := filepath.Join(t.TempDir(), "sub", "a.golden")
	compare := func(got string, write bool) (string, string) {
		return judge(func(tb testing.TB) { golden(tb, path, []byte(got), write) })
	}

	if verdict, text := compare("one\n", false); verdict != "fatal" || !strings.Contains(text, "-update") {
		t.Errorf("missing golden: got %q %q, want fatal with a word about -update", verdict, text)
	}
	if verdict, text := compare("one\n", true); verdict != "" {
		t.Fatalf("update: got %q %q, want a pass", verdict, text)
	}
	if verdict, text := compare("one\n", false); verdict != "" {
		t.Errorf("same bytes: got %q %q, want a pass", verdict, text)
	}
	verdict, text := compare("one\r\n", false)
	if verdict != "error" || !strings.Contains(text, "-want +got") {
		t.Errorf("other line end: got %q %q, want an error with the difference", verdict, text)
	}
	if b, err := os.ReadFile(path); err != nil || string(b) != "one\n" {
		t.Errorf("comparing changed the golden: %q, %v", b, err)
	}
}
