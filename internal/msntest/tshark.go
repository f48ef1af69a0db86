package msntest

import (
	"bytes"
	"os"
	"os/exec"
	"strings"
	"testing"
)

// Tshark runs tshark on a capture file, with times in UTC and without the user's settings, and
// returns the lines of its output, nil for none. It fails the test when tshark fails or prints a
// warning, and skips it where tshark is missing, as [Tool] does.
func Tshark(t testing.TB, file string, args ...string) []string {
	t.Helper()
	var stderr bytes.Buffer
	cmd := exec.CommandContext(t.Context(), Tool(t, "tshark"), append([]string{"-r", file}, args...)...)
	cmd.Env = append(os.Environ(), "TZ=UTC", "HOME="+t.TempDir())
	cmd.Stderr = &stderr
	out, err := cmd.Output()
	if err != nil {
		t.Fatalf("tshark %v: %v\n%s", args, err, stderr.String())
	}
	for line := range strings.Lines(stderr.String()) {
		if !strings.Contains(line, "as user") { // its warning to root
			t.Errorf("tshark %v complains: %s", args, line)
		}
	}
	if len(out) == 0 {
		return nil
	}
	return strings.Split(strings.TrimSuffix(string(out), "\n"), "\n")
}
