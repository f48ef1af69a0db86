package main

import (
	"io"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/creack/pty"
	"golang.org/x/sys/unix"

	"github.com/msnscope/msnscope/internal/msntest"
	"github.com/msnscope/msnscope/server/accounts"
)

// TestPasswordIsAskedWithoutEcho types a password at a terminal, twice; then two different ones.
func TestPasswordIsAskedWithoutEcho(t *testing.T) {
	db := filepath.Join(t.TempDir(), "a.db")
	for _, tc := range []struct {
		again string
		code  int
	}{{"wrong", exitUsage}, {"sesame", exitOK}} {
		far, near, err := pty.Open()
		if err != nil {
			t.Skipf("no terminal to be had: %v", err)
		}
		screen := new(msntest.Transcript)
		read := make(chan struct{})
		go func() {
			defer close(read)
			_, _ = io.Copy(screen, far) // ends with the terminal
		}()
		code := make(chan int, 1)
		go func() {
			code <- run(t.Context(), []string{"accounts", "add", "erin@hotmail.com", "--db", db}, &env{
				stdin: near, stdout: near, stderr: near, getenv: os.Getenv,
			})
		}()
		await(t, "the question",
			func() bool { return strings.Contains(screen.String(), "password of erin@hotmail.com: ") })
		awaitNoEcho(t, near)
		typed(t, far, "sesame")
		await(t, "the second question", func() bool { return strings.Contains(screen.String(), "once more: ") })
		awaitNoEcho(t, near)
		typed(t, far, tc.again)
		if got := <-code; got != tc.code {
			t.Errorf("exit code %d, want %d: %s", got, tc.code, screen)
		}
		near.Close()
		far.Close()
		<-read
		if strings.Contains(screen.String(), "sesame") {
			t.Errorf("the password is on the screen: %q", screen)
		}
	}
	s, err := accounts.Open(db, accounts.OpenOptions{Existing: true})
	if err != nil {
		t.Fatal(err)
	}
	defer s.Close()
	if u, err := s.Lookup(t.Context(), "erin@hotmail.com"); err != nil || u.Password != "sesame" {
		t.Errorf("the account is %+v, %v", u, err)
	}
}

// awaitNoEcho waits until the program reads: the question is on the screen a moment before.
func awaitNoEcho(t *testing.T, terminal *os.File) {
	t.Helper()
	await(t, "the end of the echo", func() bool {
		mode, err := unix.IoctlGetTermios(int(terminal.Fd()), unix.TCGETS)
		return err == nil && mode.Lflag&unix.ECHO == 0
	})
}

func typed(t *testing.T, terminal io.Writer, line string) {
	t.Helper()
	if _, err := io.WriteString(terminal, line+"\n"); err != nil {
		t.Fatal(err)
	}
}
