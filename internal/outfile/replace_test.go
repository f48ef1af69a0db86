package outfile

import (
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"testing"
)

// TestParts checks that a part takes its place at the end and as a whole, behind links, with the
// mode of what was there, and that nothing is left of one that was given up.
func TestParts(t *testing.T) {
	folder := t.TempDir()
	path, link, away := filepath.Join(folder, "a"), filepath.Join(folder, "link"), filepath.Join(folder, "away")
	for name, to := range map[string]string{link: "a", away: "nothing"} {
		if err := os.Symlink(to, name); err != nil {
			t.Skip(err)
		}
	}
	if err := os.WriteFile(path, []byte("old"), 0o600); err != nil {
		t.Fatal(err)
	}
	if err := os.Chmod(path, 0o640); err != nil {
		t.Fatal(err)
	}
	write := func(at string, end func(*Part) error) {
		t.Helper()
		p, err := Begin(at)
		if err != nil {
			t.Fatal(err)
		}
		if _, err := p.Write([]byte("new")); err != nil {
			t.Fatal(err)
		}
		if got, _ := os.ReadFile(path); string(got) != "old" {
			t.Errorf("before the end there is %q", got)
		}
		if err := end(p); err != nil {
			t.Error(err)
		}
	}
	holds := func(name, want string, mode os.FileMode) {
		t.Helper()
		got, err := os.ReadFile(name)
		if err != nil || string(got) != want {
			t.Errorf("%s has %q, want %q: %v", name, got, want, err)
		}
		if info, err := os.Stat(name); err == nil && runtime.GOOS != "windows" && info.Mode() != mode {
			t.Errorf("%s has mode %v, want %v", name, info.Mode(), mode)
		}
	}
	write(link, (*Part).Discard)
	holds(path, "old", 0o640)
	write(away, (*Part).Commit)
	holds(filepath.Join(folder, "nothing"), "new", 0o600)
	long := filepath.Join(folder, strings.Repeat("l", 255))
	write(long, (*Part).Commit)
	holds(long, "new", 0o600)
	write(link, (*Part).Commit)
	holds(path, "new", 0o640)
	if left, err := os.ReadDir(folder); err != nil || len(left) != 5 {
		t.Errorf("the folder has %v (%v), want three files and two links", left, err)
	}
}

// TestOpenAfterReplacing checks that whoever waited for the lock of a file that is replaced gets
// the new file, and not the old one, which has no name any more.
func TestOpenAfterReplacing(t *testing.T) {
	path := filepath.Join(t.TempDir(), "a")
	if err := Replace(path, "old"); err != nil {
		t.Fatal(err)
	}
	old, err := Open(path, os.O_RDWR)
	if err != nil {
		t.Fatal(err)
	}
	if err := Replace(path, "new"); err != nil {
		t.Fatal(err)
	}
	f, err := Open(path, os.O_RDWR) // the lock is that of the old one
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	old.Close()
	if got, err := os.ReadFile(f.Name()); string(got) != "new" {
		t.Errorf("there is %q: %v", got, err)
	}
}
