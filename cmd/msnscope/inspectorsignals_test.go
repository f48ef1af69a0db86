//go:build unix

package main

import (
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/creack/pty"
)

// TestInspectorIsStopped: Ctrl-Z gives the terminal back to the shell, as the signal does, and fg
// draws the screen again.
func TestInspectorIsStopped(t *testing.T) {
	t.Parallel()
	term := openTerminal(t, 80, 24)
	pid := filepath.Join(term.folder, "pid")
	term.shell("set -m; sh -c 'echo $$ >" + pid + "; exec msnscope --demo --listen 127.0.0.1:0'")
	term.shows(`FOLLOW`, footer)
	for _, stop := range []func(){
		func() { term.keys("C-z") },
		func() {
			text, _ := os.ReadFile(pid)
			n, err := strconv.Atoi(strings.TrimSpace(string(text)))
			if err != nil {
				t.Fatal(err)
			}
			if err := syscall.Kill(n, syscall.SIGTSTP); err != nil {
				t.Fatal(err)
			}
		},
	} {
		stop()
		term.shows(`^\[1\] *\+ *(Stopped|Suspended)`)
		if state := term.do("display-message", "-p", "#{alternate_on} #{cursor_flag}"); state != "0 1\n" {
			t.Errorf("alternate screen and cursor are %s, want 0 1", state)
		}
		term.shell("clear; fg")
		term.shows(`^ msnscope +127\.0\.0\.1:\d+ → embedded `, footer)
	}
	term.keys("C-c")
	term.shows(`^\$`)
}

// TestInspectorHangsUp: a terminal that goes away ends the run, and the recording is whole.
func TestInspectorHangsUp(t *testing.T) {
	t.Parallel()
	path := t.TempDir() + "/session.pcapng"
	c := exec.Command("msnscope", "--demo", "--listen", "127.0.0.1:0", "-w", path)
	c.Env = append(os.Environ(), "TERM=xterm", "LANG=C.UTF-8", "HOME="+t.TempDir())
	far, err := pty.StartWithSize(c, &pty.Winsize{Cols: 80, Rows: 24})
	if err != nil {
		t.Skipf("no pseudo-terminal: %v", err)
	}
	seen := make([]byte, 0, 64<<10)
	buf := make([]byte, 4096)
	for !strings.Contains(string(seen), "USR") {
		n, err := far.Read(buf)
		if err != nil {
			t.Fatalf("%v, after %q", err, seen)
		}
		seen = append(seen, buf[:n]...)
	}
	go func() { _, _ = io.Copy(io.Discard, far) }()
	far.Close()
	ended := make(chan error, 1)
	go func() { ended <- c.Wait() }()
	select {
	case err := <-ended:
		if err != nil {
			t.Errorf("the run ended with %v", err)
		}
	case <-time.After(30 * time.Second):
		_ = c.Process.Kill()
		t.Fatal("the run goes on without a terminal")
	}
	if log := loadFile(t, path); log.Len() == 0 {
		t.Error("the recording is empty")
	}
}
