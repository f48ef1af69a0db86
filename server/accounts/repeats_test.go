package accounts

import (
	"bytes"
	"log/slog"
	"path/filepath"
	"strings"
	"testing"
	"time"
)

// TestADamagedDatabaseIsLoggedAFewTimes: a database that fails ten times a second is logged at once
// and then at growing intervals, with the number of failures.
func TestADamagedDatabaseIsLoggedAFewTimes(t *testing.T) {
	var log bytes.Buffer
	s, err := Open(filepath.Join(t.TempDir(), "a.db"), OpenOptions{Log: slog.New(slog.NewTextHandler(&log, nil))})
	if err == nil {
		err = s.Close() // then it cannot be read
	}
	if err != nil {
		t.Fatal(err)
	}
	start := time.Now()
	for i := range 24 * 3600 * 10 {
		s.poll(start.Add(time.Duration(i) * 100 * time.Millisecond))
	}
	lines := strings.Split(strings.TrimSpace(log.String()), "\n")
	if len(lines) < 24*6 || len(lines) > 24*6+12 {
		t.Errorf("a day of failures is %d lines", len(lines))
	}
	for i, want := range []string{"count=1 ", "count=10 ", "count=20 ", "count=40 "} {
		if i >= len(lines) || !strings.Contains(lines[i], want) {
			t.Errorf("line %d: %s, want %s", i, lines[i], want)
		}
	}
}

// TestRepeatsAreNewAgain: something that did not happen during a whole interval is logged at once
// when it happens again, and the intervals start again from a second.
func TestRepeatsAreNewAgain(t *testing.T) {
	var r Repeats
	now := time.Now()
	for range 3 {
		for range 1000 {
			r.Due(now)
			now = now.Add(100 * time.Millisecond)
		}
		now = now.Add(10 * time.Minute)
		if _, due := r.Due(now); !due {
			t.Error("after a quiet time it is not logged")
		}
		now = now.Add(time.Second)
		if n, due := r.Due(now); !due || n != 1 {
			t.Errorf("a second later: %d, %v", n, due)
		}
		now = now.Add(10 * time.Minute)
	}
}
