package msntest

import (
	"net"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// TestSocket: a socket's path is short enough whatever TMPDIR and the test's name are, and nothing
// is left behind.
func TestSocket(t *testing.T) {
	deep := filepath.Join(t.TempDir(), strings.Repeat("a folder with blanks ", 6))
	if err := os.Mkdir(deep, 0o700); err != nil {
		t.Fatal(err)
	}
	t.Setenv("TMPDIR", deep)
	var path string
	t.Run(strings.Repeat("long", 20), func(t *testing.T) {
		path = Socket(t)
		l, err := net.Listen("unix", path)
		if err != nil {
			t.Fatal(err)
		}
		l.Close()
		if other := Socket(t); other == path {
			t.Errorf("two sockets have the path %s", path)
		}
	})
	if _, err := os.Stat(filepath.Dir(path)); !os.IsNotExist(err) {
		t.Errorf("%s: %v", filepath.Dir(path), err)
	}
}
