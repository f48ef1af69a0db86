package spill

import (
	"errors"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"testing"
)

// TestFile checks that the written bytes are read, that nobody else can read them, and that neither
// Close nor a killed process leaves a file behind.
func TestFile(t *testing.T) {
	dir := t.TempDir()
	f, err := Create(dir)
	if err != nil {
		t.Fatal(err)
	}
	if info, err := f.file.Stat(); err != nil || runtime.GOOS != "windows" && info.Mode().Perm() != 0o600 {
		t.Errorf("mode %v, %v; want only the user to read it", info.Mode(), err)
	}
	if left, _ := os.ReadDir(dir); len(left) > 0 && runtime.GOOS != "windows" {
		t.Errorf("a process that is killed now leaves %v", left)
	}
	if _, err := f.WriteAt([]byte("word"), 1000); err != nil {
		t.Fatal(err)
	}
	b := make([]byte, 4)
	if _, err := f.ReadAt(b, 1000); err != nil || string(b) != "word" {
		t.Errorf("read %q, %v", b, err)
	}
	if n, err := f.ReadAt(b, 1002); n != 2 || err != io.EOF {
		t.Errorf("read %d bytes across the end, %v; want 2 and io.EOF", n, err)
	}
	if err := f.Close(); err != nil {
		t.Error(err)
	}
	if left, _ := os.ReadDir(dir); len(left) > 0 {
		t.Errorf("Close leaves %v", left)
	}
	if _, err := f.WriteAt(b, 0); !errors.Is(err, fs.ErrClosed) || !strings.HasPrefix(err.Error(), "spill file: ") {
		t.Errorf("writing to a closed file: %v", err)
	}
}

// TestCreateFails checks that the error says which file could not be created, and why.
func TestCreateFails(t *testing.T) {
	if _, err := Create(filepath.Join(t.TempDir(), "none")); !errors.Is(err, fs.ErrNotExist) ||
		!strings.HasPrefix(err.Error(), "spill file: ") {
		t.Errorf("got %v", err)
	}
}
