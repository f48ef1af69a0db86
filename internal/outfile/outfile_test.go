package outfile

import (
	"errors"
	"os"
	"path/filepath"
	"runtime"
	"testing"
)

// TestOpenLocks checks that a file has one writer at a time, even within one process, keeps its
// contents, and is unlocked when it is closed.
func TestOpenLocks(t *testing.T) {
	if runtime.GOOS != "linux" {
		t.Skip("other systems may have no locks")
	}
	path := filepath.Join(t.TempDir(), "a")
	if err := os.WriteFile(path, []byte("old"), 0o644); err != nil {
		t.Fatal(err)
	}
	f, err := Open(path, os.O_WRONLY)
	if err != nil {
		t.Fatal(err)
	}
	if some, err := HoldsSomething(f); !some || err != nil {
		t.Errorf("opening took away what the file held: %v", err)
	}
	var locked *LockedError
	if _, err := Open(path, os.O_RDWR); !errors.As(err, &locked) {
		t.Errorf("a second writer: %v", err)
	}
	if err := errors.Join(Private(f), Empty(f)); err != nil {
		t.Fatal(err)
	}
	if info, err := f.Stat(); err != nil || info.Mode().Perm() != 0o600 || info.Size() != 0 {
		t.Errorf("the file has mode %v and %d bytes, %v", info.Mode(), info.Size(), err)
	}
	f.Close()
	again, err := Open(path, os.O_WRONLY)
	if err != nil {
		t.Fatalf("after the first writer has closed it: %v", err)
	}
	again.Close()
}

// TestDevices checks that a device has no lock and is not truncated.
func TestDevices(t *testing.T) {
	for range 2 {
		f, err := Open(os.DevNull, os.O_WRONLY)
		if err != nil {
			t.Fatal(err)
		}
		defer f.Close()
		if some, err := HoldsSomething(f); some || err != nil {
			t.Errorf("holds something: %t, %v", some, err)
		}
		if err := errors.Join(Empty(f), Private(f)); err != nil {
			t.Error(err)
		}
	}
}
