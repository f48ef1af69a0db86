package talk

import (
	"errors"
	"fmt"
	"log/slog"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"
)

// TestLines: all lines have the same form, and nothing in them reaches a terminal as anything but
// text.
func TestLines(t *testing.T) {
	var said []string
	log := NewLogger(func(_ time.Time, line string) { said = append(said, line) })
	log.Debug("nobody hears this")
	log.Info("listening", "on", "127.0.0.1:1863")
	log.Warn("refused", "to", "b\u202e\x9b", "host", "a\x1b[2J", "empty", "")
	log.Error("recording stopped", "err", errors.New("no space"), "n", 3)
	log.With("file", "a b").WithGroup("g").Info("went on", slog.String("x", `="`))
	want := []string{
		"listening on=127.0.0.1:1863", `refused to="b\u202e\x9b" host="a\x1b[2J" empty=""`,
		`error: recording stopped err="no space" n=3`, `went on file="a b" x="=\""`,
	}
	if !slices.Equal(said, want) {
		t.Errorf("said\n%s\nwant\n%s", strings.Join(said, "\n"), strings.Join(want, "\n"))
	}
}

// TestLoggersTakeTurns: loggers derived from one another write one line at a time.
func TestLoggersTakeTurns(t *testing.T) {
	lines := 0 // needs no lock: calls of say do not overlap
	log := NewLogger(func(time.Time, string) { lines++ })
	var all sync.WaitGroup
	for i := range 8 {
		all.Go(func() {
			for range 100 {
				log.With("i", i).Info("line")
			}
		})
	}
	if all.Wait(); lines != 800 {
		t.Errorf("%d lines, want 800", lines)
	}
}

// TestRing: the latest lines are kept, with their times, and what Lines returned does not change.
func TestRing(t *testing.T) {
	var r Ring
	at := time.Date(2001, 2, 3, 4, 5, 6, 0, time.UTC)
	if r.Lines() != nil {
		t.Errorf("a new ring has %q", r.Lines())
	}
	r.Add(at, "first")
	before := r.Lines()
	for i := range 1000 {
		r.Add(at, fmt.Sprint(i))
	}
	got := r.Lines()
	if len(got) != maxLines || got[0] != "04:05:06 800" || got[maxLines-1] != "04:05:06 999" {
		t.Errorf("%d lines from %q to %q", len(got), got[0], got[len(got)-1])
	}
	if !slices.Equal(before, []string{"04:05:06 first"}) {
		t.Errorf("what was returned before is now %q", before)
	}
}
