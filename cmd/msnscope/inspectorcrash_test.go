package main

import (
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// TestSurvivesAPanic: a bug in the inspector ends the run as an error does, and leaves a trace.
func TestSurvivesAPanic(t *testing.T) {
	dir := t.TempDir()
	t.Setenv("TMPDIR", dir)
	err := survive(func() error { panic("of the test") })
	var x *exitError
	if !errors.As(err, &x) || x.code != exitIO || !strings.Contains(err.Error(), "of the test") {
		t.Fatalf("a panic became %v", err)
	}
	files, _ := filepath.Glob(filepath.Join(dir, "msnscope-crash-*.txt"))
	if len(files) != 1 || !strings.Contains(x.hint, files[0]) {
		t.Fatalf("the traces are %q, the hint %q", files, x.hint)
	}
	if trace, err := os.ReadFile(files[0]); err != nil || !strings.Contains(string(trace), "TestSurvivesAPanic") {
		t.Errorf("the trace is %q (%v)", trace, err)
	}
	t.Setenv("TMPDIR", filepath.Join(dir, "nowhere"))
	if errors.As(survive(func() error { panic("again") }), &x); !strings.Contains(x.hint, "TestSurvivesAPanic") {
		t.Errorf("without a file the trace is not to be had: %q", x.hint)
	}
	want := errors.New("an error")
	if got := survive(func() error { return want }); got != want {
		t.Errorf("an error became %v", got)
	}
}
