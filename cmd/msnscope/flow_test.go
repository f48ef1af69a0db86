package main

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/msnscope/msnscope/internal/msntest"
)

// TestFlowOfTooMuch: text has any number of rows; what has more rows than a picture is refused with
// a way out, and leaves no file behind.
func TestFlowOfTooMuch(t *testing.T) {
	big := filepath.Join(t.TempDir(), "big.pcap")
	f, err := os.Create(big)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := (msntest.Traffic{Size: 2 << 20, Text: 40}).WriteTo(f); err != nil {
		t.Fatal(err)
	}
	if err := f.Close(); err != nil {
		t.Fatal(err)
	}
	for _, name := range []string{"big.svg", "big.html", "big.mmd"} {
		out := filepath.Join(t.TempDir(), name)
		p := launch(t, "flow", big, "-o", out)
		p.wait(exitUsage)
		if got := p.stderr.String(); !strings.Contains(got, "more than the 10,000 of a picture") ||
			!strings.Contains(got, "hint: -Y EXPR draws a part") {
			t.Errorf("%s: %s", name, got)
		}
		if _, err := os.Stat(out); err == nil {
			t.Errorf("%s is there", name)
		}
	}
	p := launch(t, "flow", big, "--lint", "none")
	p.wait(exitOK)
	if rows := strings.Count(p.stdout.String(), "\n"); rows < 10_000 {
		t.Errorf("the text has %d lines", rows)
	}
}
