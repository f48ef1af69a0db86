package main

import (
	"fmt"
	"path/filepath"
	"strings"
	"testing"
)

// TestDumpFilesAreOneSession: numbers of events go on from file to file, and connections of
// different files have different numbers, as in the inspector and in what export writes.
func TestDumpFilesAreOneSession(t *testing.T) {
	first, second := filepath.Join(capturesDir, "logon.pcapng"), filepath.Join(capturesDir, "refused.pcapng")
	dump := []string{"dump", "-T", "csv", "-e", "n", "-e", "conn"}
	alone := strings.Count(printed(t, append(dump, first)...), "\n") - 1 // but the heading
	var n, conn, last, firstConns int
	for i, line := range strings.Split(strings.TrimSpace(printed(t, append(dump, first, second)...)), "\n")[1:] {
		if _, err := fmt.Sscanf(line, "%d,%d", &n, &conn); err != nil {
			t.Fatalf("%q: %v", line, err)
		}
		if n <= last {
			t.Errorf("number %d follows %d", n, last)
		}
		if last = n; i < alone {
			firstConns = max(firstConns, conn)
		} else if conn > 0 && conn <= firstConns {
			t.Errorf("event %d of the second file is on connection %d of the first", n, conn)
		}
	}
}
