package msntest

import (
	"os"
	"path/filepath"
	"testing"
)

// maxSocketPath is the greatest length of a Unix socket's path that works everywhere: kernels allow
// 104 or 108 bytes with the NUL at the end, and files that a test puts beside its socket have
// longer names.
const maxSocketPath = 90

// Socket returns a path for a Unix socket in a folder of its own, which is removed at the end of
// the test. The path is short enough wherever temporary files are made: that of t.TempDir contains
// the name of the test, and TMPDIR itself may be longer than a socket's path can be.
func Socket(t testing.TB) string {
	t.Helper()
	path := filepath.Join(t.TempDir(), "s")
	if len(path) <= maxSocketPath {
		return path
	}
	dir, err := os.MkdirTemp("/tmp", "s")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = os.RemoveAll(dir) })
	return filepath.Join(dir, "s")
}
