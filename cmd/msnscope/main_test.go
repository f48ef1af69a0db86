package main

import (
	"bytes"
	"context"
	"fmt"
	"io"
	"math/rand/v2"
	"net"
	"os"
	"os/exec"
	"regexp"
	"strconv"
	"testing"
	"time"

	"github.com/msnscope/msnscope/internal/msntest"
	"github.com/rogpeppe/go-internal/testscript"
	"go.uber.org/goleak"
)

// TestMain makes the test binary be msnscope too, under that name in PATH: for scripts, for a
// terminal and for processes that are killed.
func TestMain(m *testing.M) {
	// The race detector lets each process wait a second before it ends.
	if os.Getenv("GORACE") == "" {
		os.Setenv("GORACE", "atexit_sleep_ms=10")
	}
	testscript.Main(leakless{m}, map[string]func(){"msnscope": main})
}

// leakless fails a run of tests that leaves goroutines behind: every verb must end what it began.
type leakless struct{ *testing.M }

func (l leakless) Run() int {
	code := l.M.Run()
	if code != 0 {
		return code
	}
	if err := goleak.Find(); err != nil {
		fmt.Fprintln(os.Stderr, "after all tests:", err)
		return 1
	}
	return 0
}

// patience is how long anything may take on a slow machine under load; nothing waits that long when
// all is well.
const patience = 30 * time.Second

// await polls until ok, and fails the test when that takes too long.
func await(t testing.TB, what string, ok func() bool) {
	t.Helper()
	tick := time.NewTicker(5 * time.Millisecond)
	defer tick.Stop()
	limit := time.After(patience)
	for !ok() {
		select {
		case <-tick.C:
		case <-limit:
			t.Fatalf("waited in vain for %s", what)
		}
	}
}

// program is a run of msnscope, in this process or as one of its own.
type program struct {
	t              testing.TB
	stdout, stderr *msntest.Transcript
	process        *os.Process // nil for one in this process
	stop           func()      // asks it to end, as a signal does
	done           chan struct{}
	code           int // valid once done is closed
}

// launch runs the command line in this process. It is stopped when the test ends, at the latest.
func launch(t testing.TB, args ...string) *program {
	t.Helper()
	ctx, stop := context.WithCancel(context.Background())
	p := &program{
		t: t, stdout: new(msntest.Transcript), stderr: new(msntest.Transcript), stop: stop, done: make(chan struct{}),
	}
	go func() {
		defer close(p.done)
		p.code = run(ctx, args, &env{
			stdin: bytes.NewReader(nil), stdout: p.stdout, stderr: p.stderr, getenv: func(string) string { return "" },
		})
	}()
	t.Cleanup(func() {
		stop()
		<-p.done
	})
	return p
}

// spawn runs the command line as a process. Its standard output goes to stdout, nil for p.stdout.
func spawn(t testing.TB, stdout io.Writer, args ...string) *program {
	t.Helper()
	return spawnAs(t, func(cmd *exec.Cmd) {
		if stdout != nil {
			cmd.Stdout = stdout
		}
	}, args...)
}

// spawnAs is spawn for a process that is changed before it starts.
func spawnAs(t testing.TB, change func(*exec.Cmd), args ...string) *program {
	t.Helper()
	p := &program{t: t, stdout: new(msntest.Transcript), stderr: new(msntest.Transcript), done: make(chan struct{})}
	cmd := exec.Command("msnscope", args...)
	cmd.Stdout, cmd.Stderr = p.stdout, p.stderr
	change(cmd)
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	p.process = cmd.Process
	p.stop = func() { _ = p.process.Signal(os.Interrupt) } // fails for one that has ended
	go func() {
		defer close(p.done)
		_ = cmd.Wait() // the exit code says it
		p.code = cmd.ProcessState.ExitCode()
	}()
	t.Cleanup(func() {
		_ = p.process.Kill()
		<-p.done
	})
	return p
}

var listening = regexp.MustCompile(`(?m)^msnscope: (?:listening|switchboard) on ([^ ,\n]+)`)

// address waits until the program serves and returns where; of serve, its last port.
func (p *program) address() string {
	p.t.Helper()
	var m []string
	await(p.t, "the listening line", func() bool {
		select {
		case <-p.done:
			p.t.Fatalf("it ended with code %d: %s", p.code, p.stderr)
		default:
		}
		m = listening.FindStringSubmatch(p.stderr.String())
		return m != nil
	})
	return m[1]
}

// wait waits for the end and checks the exit code.
func (p *program) wait(want int) {
	p.t.Helper()
	select {
	case <-p.done:
	case <-time.After(patience):
		p.t.Fatalf("it does not end; it said: %s", p.stderr)
	}
	if p.code != want {
		p.t.Errorf("exit code %d, want %d; it said: %s", p.code, want, p.stderr)
	}
}

// end stops the program and checks the exit code.
func (p *program) end(want int) {
	p.t.Helper()
	p.stop()
	p.wait(want)
}

// freePorts returns the first of n consecutive ports on 127.0.0.1 that are free, below those that
// the system gives out by itself.
func freePorts(t testing.TB, n int) int {
	t.Helper()
next:
	for range 100 {
		first := 15000 + rand.IntN(15000)
		for i := range n {
			l, err := net.Listen("tcp", net.JoinHostPort("127.0.0.1", strconv.Itoa(first+i)))
			if err != nil {
				continue next
			}
			l.Close()
		}
		return first
	}
	t.Fatalf("no %d free ports in a row", n)
	return 0
}
