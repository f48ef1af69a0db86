package msntest

import (
	"os"
	"os/exec"
	"testing"
)

// CIEnv names the environment variable that .ci/run sets. With it, a test whose
// external program is missing fails: a skip nobody reads would look like a pass.
const CIEnv = "MSNSCOPE_CI"

// Tool returns the path of the external program name (tshark, tmux), looked up
// in PATH. A missing program skips the test with a word on how to install it;
// where [CIEnv] is set to anything but the empty string it fails the test.
// It is safe for concurrent use, and like t.Fatal it belongs on the test's own goroutine.
func Tool(t testing.TB, name string) string {
	t.Helper()
	path, err := exec.LookPath(name)
	if err == nil {
		return path
	}
	const missing = "%s is needed and was not found (%v); on Debian: apt-get install %s"
	if os.Getenv(CIEnv) != "" {
		t.Fatalf(missing, name, err, name)
	}
	t.Skipf(missing, name, err, name)
	return ""
}
