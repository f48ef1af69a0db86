package msntest

import (
	"bytes"
	"errors"
	"flag"
	"io/fs"
	"os"
	"path/filepath"
	"testing"

	"github.com/google/go-cmp/cmp"
)

// update is the -update flag of all test binaries. A flag at package level is acceptable here
// because only tests import this package.
var update = flag.Bool("update", false, "write the golden files in testdata instead of comparing with them")

// Golden compares got with the file testdata/name of the package under test and reports the
// difference line by line; name may contain folders, separated by slashes. With -update it writes
// got to the file instead; read the resulting diff before you commit it. A missing golden fails the
// test. Tests that call Golden at the same time must use different names. It does not change got.
func Golden(t testing.TB, name string, got []byte) {
	t.Helper()
	golden(t, filepath.Join("testdata", filepath.FromSlash(name)), got, *update)
}

func golden(t testing.TB, path string, got []byte, write bool) {
	t.Helper()
	if write {
		writeGolden(t, path, got)
		return
	}
	want, err := os.ReadFile(path)
	if errors.Is(err, fs.ErrNotExist) {
		t.Fatalf("there is no golden %s yet: run this package's tests with -update and judge the file", path)
	}
	if err != nil {
		t.Fatalf("reading a golden: %v", err)
	}
	if !bytes.Equal(got, want) {
		t.Errorf("%s differs (-want +got; if got is right, run with -update):\n%s",
			path, cmp.Diff(string(want), string(got)))
	}
}

func writeGolden(t testing.TB, path string, got []byte) {
	t.Helper()
	if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
		t.Fatalf("making the folder of a golden: %v", err)
	}
	if err := os.WriteFile(path, got, 0o644); err != nil {
		t.Fatalf("writing a golden: %v", err)
	}
	t.Logf("wrote %s", path)
}
