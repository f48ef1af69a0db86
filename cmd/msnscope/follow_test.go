package main

import (
	"context"
	"io"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/msnscope/msnscope/internal/msntest"
)

// TestDumpPrintsAsItComes checks that what comes through a pipe, or is added to a file with
// --follow, is printed before the capture ends, and that nothing is printed twice. The end of
// standard input ends the first, a signal the second; both are good ends.
func TestDumpPrintsAsItComes(t *testing.T) {
	capture, err := os.ReadFile(filepath.Join("testdata", "cases", "a.pcap"))
	if err != nil {
		t.Fatal(err)
	}
	half := len(capture) / 2
	path := filepath.Join(t.TempDir(), "growing.pcap")
	for _, args := range [][]string{{"dump", "-"}, {"dump", "--follow", path}} {
		t.Run(args[1], func(t *testing.T) {
			ctx, interrupt := context.WithCancel(t.Context())
			defer interrupt()
			in, more := io.Pipe()
			add, end := func(b []byte) { _, _ = more.Write(b) }, func() { more.Close() }
			if args[1] != "-" {
				file, err := os.Create(path)
				if err != nil {
					t.Fatal(err)
				}
				defer file.Close()
				add, end = func(b []byte) { _, _ = file.Write(b) }, interrupt
			}
			out, talk, code := new(msntest.Transcript), new(msntest.Transcript), make(chan int, 1)
			e := &env{stdin: in, stdout: out, stderr: talk, getenv: func(string) string { return "" }}
			go func() { code <- run(ctx, args, e) }()
			add(capture[:half])
			await(t, "the first commands", func() bool { return strings.Contains(out.String(), "<- VER 1 MSNP2") })
			if strings.Contains(out.String(), "OUT") {
				t.Errorf("printed what has not come:\n%s", out)
			}
			add(capture[half:])
			await(t, "the last command", func() bool { return strings.Contains(out.String(), "-> OUT") })
			end()
			if got := <-code; got != exitOK {
				t.Errorf("exit code %d: %s", got, talk)
			}
			lines := strings.Count(out.String(), " -> ") + strings.Count(out.String(), " <- ")
			if lines != 11 {
				t.Errorf("%d commands, want 11:\n%s", lines, out)
			}
		})
	}
}

func TestFollowOneFile(t *testing.T) {
	for _, args := range [][]string{{"--follow", "-"}, {"--follow", "a.pcap", "b.pcap"}} {
		p := launch(t, append([]string{"dump"}, args...)...)
		p.wait(exitUsage)
		if !strings.Contains(p.stderr.String(), "--follow goes on with one file") {
			t.Errorf("%q: said %q", args, p.stderr)
		}
	}
}
