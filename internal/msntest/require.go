package msntest

import (
	"os"
	"os/exec"
	"testing"
)

// CIEnv is the environment variable that .ci/run sets. With it, a test whose external program is
// missing fails, since a skip that nobody reads would look like a pass.
const CIEnv = "MSNSCOPE_CI"

// Tool returns the path of the external program name (tshark, tmux), looked up in PATH. A missing
// program skips the test and says how to install it; where [CIEnv] is set and not empty, it fails
// the test. Like t.Fatal, Tool must be called from the test's own goroutine.
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
