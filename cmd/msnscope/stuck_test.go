package main

import (
	"context"
	"errors"
	"io"
	"log/slog"
	"net"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"testing"
	"time"
	"unicode/utf8"

	"github.com/msnscope/msnscope/internal/client"
	"github.com/msnscope/msnscope/internal/msntest"
)

// TestNobodyReads: a reader of standard output that takes nothing keeps the proxy from neither its
// end nor its recording.
func TestNobodyReads(t *testing.T) {
	t.Parallel()
	r, w := io.Pipe() // a write waits until it is read
	defer r.Close()
	path := filepath.Join(t.TempDir(), "unread.pcapng")
	ctx, stop := context.WithCancel(t.Context())
	defer stop()
	p := &program{t: t, stderr: new(msntest.Transcript), stop: stop, done: make(chan struct{})}
	go func() {
		defer close(p.done)
		p.code = run(ctx, []string{"--headless", "--listen", "127.0.0.1:0", "-w", path},
			&env{stdin: strings.NewReader(""), stdout: w, stderr: p.stderr, getenv: func(string) string { return "" }})
	}()
	alice := signIn(t, "alice", client.Options{Server: p.address()})
	alice.logout()
	p.end(exitIO)
	if !strings.Contains(p.stderr.String(), "msnscope: standard output is not being read") {
		t.Errorf("it says %s", p.stderr)
	}
	file, code := dumped(t, path)
	if code != exitOK || len(file) < 10 || file[len(file)-1].Event != "close" {
		t.Errorf("the recording has %d lines, exit code %d", len(file), code)
	}
}

// TestNobodyReadsTalk: a reader of standard error that takes nothing holds up neither traffic of
// which there is much to say nor the end.
func TestNobodyReadsTalk(t *testing.T) {
	t.Parallel()
	r, w := io.Pipe() // a write waits until it is read
	defer r.Close()
	upstream, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer upstream.Close()
	odd := strings.Repeat("XFR 1 NS 10.0.0.5:0\r\n", 2000) // each has a note, since nobody can follow it
	go func() {
		for c, err := upstream.Accept(); err == nil; c, err = upstream.Accept() {
			go func() {
				defer c.Close()
				_, _ = io.WriteString(c, odd)
				_, _ = io.Copy(io.Discard, c) // until the client has gone
			}()
		}
	}()
	at := net.JoinHostPort("127.0.0.1", strconv.Itoa(freePorts(t, 1)))
	ctx, stop := context.WithCancel(t.Context())
	defer stop()
	p := &program{t: t, stderr: new(msntest.Transcript), stop: stop, done: make(chan struct{})}
	go func() {
		defer close(p.done)
		p.code = run(ctx, []string{"--headless", "--listen", at, "--upstream", upstream.Addr().String()},
			&env{
				stdin: strings.NewReader(""), stdout: io.Discard, stderr: w,
				getenv: func(string) string { return "" },
			})
	}()
	var c net.Conn
	await(t, "the port", func() bool {
		c, err = net.Dial("tcp", at)
		return err == nil
	})
	defer c.Close()
	_ = c.SetDeadline(time.Now().Add(20 * time.Second))
	if _, err := io.WriteString(c, "VER 1 MSNP2 CVR0\r\n"); err != nil {
		t.Fatal(err)
	}
	if n, err := io.ReadFull(c, make([]byte, len(odd))); err != nil {
		t.Errorf("%d of %d bytes passed: %v", n, len(odd), err)
	}
	p.end(exitIO)
}

func TestAdvertised(t *testing.T) {
	for in, want := range map[string][2]string{
		"192.0.2.7": {"192.0.2.7", ""}, "192.0.2.7:2000": {"192.0.2.7", "2000"}, "[::1]": {"::1", ""},
		"::1":                {"::1", ""},
		"[2001:db8::1]:2000": {"2001:db8::1", "2000"}, "msn.example": {"msn.example", ""},
		"msn.example:1": {"msn.example", "1"},
	} {
		if host, port, err := advertised(in); host != want[0] || port != want[1] || err != nil {
			t.Errorf("%q: %q, %q, %v, want %q", in, host, port, err, want)
		}
	}
	for _, in := range []string{
		"", ":", ":1863", "h:", "h:0", "h:99999", "h:x", "h:-1", "0.0.0.0", "0.0.0.0:1863", "::", "[::]:1863",
		"::ffff:0.0.0.0", "[::1",
		"::1]", "[::1]x", "[::1]:", "[]", "[192.0.2.7]", "[name]", "a b", "1.2.3", "300.1.1.1", "a..b", "a:1:2",
		"a\x1bb", "fe80::1%eth0",
	} {
		if host, port, err := advertised(in); err == nil {
			t.Errorf("%q is taken as %q, %q", in, host, port)
		}
	}
}

func TestLeadsTo(t *testing.T) {
	for _, tc := range []struct {
		own, upstream string
		want          bool
	}{
		{"127.0.0.1:1863", "127.0.0.1:1863", true},
		{"127.0.0.1:1863", "localhost:1863", true},
		{"127.0.0.1:1863", "0.0.0.0:1863", true},
		{"[::]:1863", "127.0.0.1:1863", true},
		{"[::]:1863", "[::1]:1863", true},
		{"127.0.0.1:1863", "127.0.0.1:1864", false},
		{"127.0.0.1:1863", "127.0.0.2:1863", false},
		{"[::]:1863", "192.0.2.33:1863", false},
	} {
		own, err := net.ResolveTCPAddr("tcp", tc.own)
		if err != nil {
			t.Fatal(err)
		}
		if got := leadsTo(t.Context(), own, tc.upstream); got != tc.want {
			t.Errorf("listening on %s, upstream %s: %v, want %v", tc.own, tc.upstream, got, tc.want)
		}
	}
}

// TestUpstreamIsItself: a proxy in front of itself would connect to itself without end.
func TestUpstreamIsItself(t *testing.T) {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	address := l.Addr().String()
	l.Close()
	p := launch(t, "--headless", "--listen", address, "--upstream", address)
	p.wait(exitUsage)
	if !strings.Contains(p.stderr.String(), "this is the proxy itself") {
		t.Errorf("it says %s", p.stderr)
	}
}

// TestTalkIsPrintable: names from the wire and of files reach no terminal as they are.
func TestTalkIsPrintable(t *testing.T) {
	out := new(msntest.Transcript)
	e := &env{stderr: out}
	e.logger(nil).With("host", "a\x1b[2J").Warn("refused", slog.String("to", "b\u202e\x9b"))
	e.report(usage("no such file: %s\n  second line", "c\x1b]0;x\a"))
	if got := out.String(); strings.ContainsAny(got, "\x1b\a\u202e") || !utf8.ValidString(got) ||
		strings.Count(got, "\n") != 3 {
		t.Errorf("it says %q", got)
	}
}

func TestRecordingIsPrivate(t *testing.T) {
	s := recordParty(t)
	path := filepath.Join(t.TempDir(), "old.pcapng")
	// Chmod alone is not subject to the umask.
	if err := errors.Join(os.WriteFile(path, s.pcapng, 0o600), os.Chmod(path, 0o644)); err != nil {
		t.Fatal(err)
	}
	p := launch(t, "--headless", "--listen", "127.0.0.1:0", "-w", path, "--force")
	p.address()
	p.end(exitOK)
	info, err := os.Stat(path)
	if err != nil || info.Mode().Perm() != 0o600 || info.Size() >= int64(len(s.pcapng)) {
		t.Errorf("the recording is %v, %d bytes: %v", info.Mode(), info.Size(), err)
	}
	notes := filepath.Join(t.TempDir(), "notes.txt")
	if err := errors.Join(os.WriteFile(notes, []byte("my only notes"), 0o600), os.Chmod(notes, 0o644)); err != nil {
		t.Fatal(err)
	}
	p = launch(t, "--headless", "--listen", "127.0.0.1:0", "-w", notes)
	p.wait(exitUsage)
	info, err = os.Stat(notes)
	if err != nil || info.Size() != 13 || info.Mode().Perm() != 0o644 {
		t.Errorf("the notes are %v: %v", info, err)
	}
	if !strings.Contains(p.stderr.String(), "\nhint: ") {
		t.Errorf("it says %s", p.stderr)
	}
}
