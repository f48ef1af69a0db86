package main

import (
	"bufio"
	"bytes"
	"context"
	"io"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"github.com/msnscope/msnscope/internal/client"
	"github.com/msnscope/msnscope/internal/msntest"
)

// talkers sign in at address and talk until stop is called, which is safe to do twice.
func talkers(t *testing.T, address string) (stop func()) {
	t.Helper()
	o := client.Options{Server: address}
	alice, bob := signIn(t, "alice", o), signIn(t, "bob", o)
	s := alice.call(bob.Handle())
	ctx, cancel := context.WithCancel(t.Context())
	var talk sync.WaitGroup
	talk.Go(func() {
		for ctx.Err() == nil && s.Deliver(ctx, "on and on") == nil {
		}
	})
	stop = sync.OnceFunc(func() {
		cancel()
		talk.Wait()
		alice.Close()
		bob.Close()
	})
	t.Cleanup(stop)
	return stop
}

// dumped returns what a capture holds, and the exit code of reading it.
func dumped(t *testing.T, path string) ([]line, int) {
	t.Helper()
	p := launch(t, "dump", "-T", "jsonl", path)
	<-p.done
	return parse(t, p.stdout.String()), p.code
}

// TestKilled: what the lines showed a second before SIGKILL is in the recording, and two programs
// can read it.
func TestKilled(t *testing.T) {
	for name, quiet := range map[string]bool{"in mid-traffic": false, "in a quiet moment": true} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			path := filepath.Join(t.TempDir(), "killed.pcapng")
			p := spawn(t, nil, "--headless", "-T", "jsonl", "--listen", "127.0.0.1:0", "-w", path)
			stop := talkers(t, p.address())
			await(t, "traffic", func() bool { return strings.Count(p.stdout.String(), "\n") > 500 })
			if quiet {
				stop()
			}
			since := time.Now()
			await(t, "a second to pass", func() bool { return time.Since(since) > 1200*time.Millisecond })
			killed := time.Now()
			if err := p.process.Kill(); err != nil {
				t.Fatal(err)
			}
			<-p.done
			stop()
			out := p.stdout.String()
			checkKilled(t, path, killed, parse(t, out[:strings.LastIndexByte(out, '\n')+1]))
		})
	}
}

// checkKilled compares the recording with what was printed up to a second before.
func checkKilled(t *testing.T, path string, killed time.Time, live []line) {
	t.Helper()
	file, code := dumped(t, path)
	if code != exitOK && code != exitIO {
		t.Errorf("dump: exit code %d", code)
	}
	expected := 0
	for i, l := range live {
		if l.Time.After(killed.Add(-time.Second)) {
			break
		}
		expected++
		if i >= len(file) || file[i].N != l.N || file[i].Raw != l.Raw {
			t.Fatalf("line %d of %d, %v before the end, is not in the file of %d lines", l.N, len(live),
				killed.Sub(l.Time), len(file))
		}
	}
	if expected < 400 {
		t.Errorf("only %d of %d lines were printed a second before the end", expected, len(live))
	}
	read, err := exec.Command(msntest.Tool(t, "tshark"), "-r", path, "-Y", "msnms", "-T", "fields", "-e",
		"frame.number").Output()
	if got := bytes.Count(read, []byte("\n")); got != len(commands(file)) || code == exitOK && err != nil {
		t.Errorf("tshark finds %d commands, dump %d: %v", got, len(commands(file)), err)
	}
	if code != exitOK {
		return // tshark has said that it is cut
	}
	if wrong := tshark(t, path, "-Y", "_ws.malformed || tcp.analysis.flags", "-T", "fields", "-e",
		"frame.number"); len(wrong) > 0 {
		t.Errorf("tshark complains about the frames %q", wrong)
	}
}

// TestSignals: a signal is how a proxy and a server usually end, so it is no failure; the recording
// is complete.
func TestSignals(t *testing.T) {
	for name, sig := range map[string]os.Signal{
		"SIGINT": os.Interrupt, "SIGTERM": syscall.SIGTERM,
		"SIGHUP": syscall.SIGHUP,
	} {
		t.Run("proxy "+name, func(t *testing.T) {
			t.Parallel()
			path := filepath.Join(t.TempDir(), "ended.pcapng")
			p := spawn(t, nil, "--headless", "-T", "jsonl", "--listen", "127.0.0.1:0", "-w", path)
			talkers(t, p.address())
			if err := p.process.Signal(sig); err != nil {
				t.Fatal(err)
			}
			p.wait(exitOK)
			live := parse(t, p.stdout.String())
			file, code := dumped(t, path)
			if code != exitOK || len(file) != len(live) || len(live) < 50 {
				t.Errorf("%d lines live, %d in the file, exit code %d", len(live), len(file), code)
			}
			if last := live[len(live)-1]; last.Event != "close" {
				t.Errorf("the last line is %+v", last)
			}
		})
	}
	t.Run("serve SIGTERM", func(t *testing.T) {
		t.Parallel()
		p := spawn(t, nil, "serve", "--listen", net.JoinHostPort("127.0.0.1", strconv.Itoa(freePorts(t, 3))))
		p.address()
		if err := p.process.Signal(syscall.SIGTERM); err != nil {
			t.Fatal(err)
		}
		p.wait(exitOK)
	})
}

// stalled is a standard input that brings some bytes and then nothing, not even its end.
type stalled struct {
	bytes.Reader
	waiting func() // is called when somebody waits for more
	ended   chan struct{}
}

func (s *stalled) Read(p []byte) (int, error) {
	if s.Len() > 0 {
		return s.Reader.Read(p)
	}
	s.waiting()
	<-s.ended
	return 0, io.EOF
}

// TestInterruptedReading: a capture that does not go on keeps nobody from leaving.
func TestInterruptedReading(t *testing.T) {
	s := recordParty(t)
	ctx, interrupt := context.WithCancel(t.Context())
	in := &stalled{waiting: interrupt, ended: make(chan struct{})}
	in.Reset(s.pcapng[:len(s.pcapng)/2])
	defer close(in.ended)
	out, talk, code := new(msntest.Transcript), new(msntest.Transcript), make(chan int, 1)
	go func() {
		code <- run(ctx, []string{"dump", "-"},
			&env{stdin: in, stdout: out, stderr: talk, getenv: func(string) string { return "" }})
	}()
	select {
	case got := <-code:
		if got != exitInterrupted {
			t.Errorf("exit code %d, want %d: %s", got, exitInterrupted, talk)
		}
	case <-time.After(patience):
		t.Error("it goes on waiting for its input")
	}
}

// TestReaderHadEnough: `| head` ends the lines, and neither the traffic nor the recording. The exit
// code says that lines are missing.
func TestReaderHadEnough(t *testing.T) {
	t.Parallel()
	r, w, err := os.Pipe()
	if err != nil {
		t.Fatal(err)
	}
	path := filepath.Join(t.TempDir(), "head.pcapng")
	p := spawn(t, w, "--headless", "-T", "jsonl", "--listen", "127.0.0.1:0", "-w", path)
	w.Close()
	alice := signIn(t, "alice", client.Options{Server: p.address()})
	head, err := bufio.NewReader(r).ReadString('\n')
	if err != nil {
		t.Fatal(err)
	}
	r.Close()
	bob := signIn(t, "bob", client.Options{Server: p.address()})
	await(t, "a loud word", func() bool {
		return strings.Contains(p.stderr.String(), "error: standard output stopped, traffic goes on")
	})
	chat(t, alice, bob)
	alice.logout()
	bob.logout()
	p.end(exitIO)
	if n := strings.Count(p.stderr.String(), "standard output"); n != 1 {
		t.Errorf("it complains %d times, want once: %s", n, p.stderr)
	}
	file, code := dumped(t, path)
	if first := parse(t, head)[0]; code != exitOK || len(file) < 50 || file[0].N != first.N ||
		file[len(file)-1].Event != "close" {
		t.Errorf("the recording has %d lines, exit code %d", len(file), code)
	}
}

// TestFullDisk: the recording ends loudly, the traffic does not end.
func TestFullDisk(t *testing.T) {
	t.Parallel()
	fifo := filepath.Join(t.TempDir(), "fifo")
	if err := syscall.Mkfifo(fifo, 0o600); err != nil {
		t.Fatal(err)
	}
	// A pipe whose reader goes away fails in mid-recording, as a disk does that is full.
	r, err := os.OpenFile(fifo, os.O_RDWR, 0)
	if err != nil {
		t.Fatal(err)
	}
	p := launch(t, "--headless", "-T", "jsonl", "--listen", "127.0.0.1:0", "-w", fifo)
	o := client.Options{Server: p.address()}
	alice := signIn(t, "alice", o)
	if err := r.SetReadDeadline(time.Now().Add(patience)); err != nil {
		t.Fatal(err)
	}
	if _, err := io.ReadFull(r, make([]byte, 500)); err != nil {
		t.Fatal(err)
	}
	r.Close()
	bob := signIn(t, "bob", o)
	await(t, "a loud word", func() bool {
		// Another test that starts a process just now may keep the pipe open for a moment.
		alice.must(alice.SetState(t.Context(), "NLN"))
		return strings.Contains(p.stderr.String(), "msnscope: error: recording stopped, traffic goes on")
	})
	chat(t, alice, bob)
	alice.logout()
	bob.logout()
	p.end(exitIO)
	if !strings.Contains(p.stderr.String(), fifo) {
		t.Errorf("the message does not name the file: %s", p.stderr)
	}
	said := 0
	for _, l := range parse(t, p.stdout.String()) {
		if l.Cmd == "MSG" {
			said++
		}
	}
	if said != 6 {
		t.Errorf("%d MSG lines, want 6: three messages, sent and received", said)
	}
}

// TestAppend: +FILE goes on with a recording, and both parts are read.
func TestAppend(t *testing.T) {
	t.Parallel()
	path := filepath.Join(t.TempDir(), "two.pcapng")
	var live []line
	for _, name := range []string{path, "+" + path} {
		p := launch(t, "--headless", "-T", "jsonl", "--listen", "127.0.0.1:0", "-w", name)
		alice := signIn(t, "alice", client.Options{Server: p.address()})
		alice.logout()
		p.end(exitOK)
		live = append(live, parse(t, p.stdout.String())...)
	}
	file, code := dumped(t, path)
	if code != exitOK || len(file) != len(live) {
		t.Fatalf("%d lines in the file, %d live, exit code %d", len(file), len(live), code)
	}
	for i, l := range file {
		if l.N != uint64(i+1) || l.Raw != live[i].Raw || l.Event != live[i].Event || !l.Time.Equal(live[i].Time) {
			t.Errorf("line %d of the file is %d %q%s, live %q%s", i+1, l.N, l.Raw, l.Event, live[i].Raw, live[i].Event)
		}
	}
	if n := len(tshark(t, path, "-Y", "msnms", "-T", "fields", "-e", "frame.number")); n != len(commands(live)) {
		t.Errorf("tshark finds %d commands, want %d", n, len(commands(live)))
	}
	if n := len(tshark(t, path, "-Y", "tcp.analysis.flags", "-T", "fields", "-e", "frame.number")); n != 0 {
		t.Errorf("tshark complains about %d frames", n)
	}
}

// TestPortInUse names the address, and what to do.
func TestPortInUse(t *testing.T) {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	address := l.Addr().String()
	path := filepath.Join(t.TempDir(), "kept.pcapng")
	if err := os.WriteFile(path, []byte("an older recording"), 0o600); err != nil {
		t.Fatal(err)
	}
	for _, args := range [][]string{{"--headless", "--listen", address, "-w", path}, {"serve", "--listen", address}} {
		p := launch(t, args...)
		p.wait(exitIO)
		if said := p.stderr.String(); !strings.Contains(said, "error: cannot listen on "+address) ||
			!strings.Contains(said, "\nhint: ") {
			t.Errorf("it says %s", said)
		}
	}
	if old, err := os.ReadFile(path); err != nil || string(old) != "an older recording" {
		t.Errorf("a proxy that did not start overwrote the file: %q, %v", old, err)
	}
}

// TestDemo is the first example of the help, without a terminal: people sign in and talk.
func TestDemo(t *testing.T) {
	t.Parallel()
	p := launch(t, "--demo", "--listen", "127.0.0.1:0")
	await(t, "a conversation", func() bool {
		out := p.stdout.String()
		return strings.Contains(out, "XFR ") && strings.Contains(out, "=> sent as "+p.address()) &&
			strings.Contains(out, " MSG alice@hotmail.com")
	})
	p.end(exitOK)
}
