package main

import (
	"errors"
	"fmt"
	"io"
	"net"
	"path/filepath"
	"regexp"
	"runtime"
	"strings"
	"testing"

	"github.com/msnscope/msnscope/captures/pcap"
)

// sniffs skips a test where nobody may listen on an interface.
func sniffs(t *testing.T) {
	t.Helper()
	s, err := pcap.Sniff(t.Context(), "lo", nil)
	if errors.Is(err, pcap.ErrPrivilege) || errors.Is(err, pcap.ErrNoSniffing) {
		t.Skipf("the loopback interface cannot be listened on (%v): run the tests as root on Linux", err)
	}
	if err != nil {
		t.Fatal(err)
	}
	s.Close()
}

// speak lets the ends of a new connection say lines in turn, each when the one before has arrived,
// and closes it.
func speak(t *testing.T, l net.Listener, lines ...string) {
	t.Helper()
	c, err := net.Dial("tcp", l.Addr().String())
	if err != nil {
		t.Fatal(err)
	}
	defer c.Close()
	s, err := l.Accept()
	if err != nil {
		t.Fatal(err)
	}
	defer s.Close()
	for _, line := range lines {
		from, to := c, s
		if line[0] == 'S' {
			from, to = s, c
		}
		if _, err := io.WriteString(from, line[2:]); err != nil {
			t.Fatal(err)
		}
		if _, err := io.ReadFull(to, make([]byte, len(line)-2)); err != nil {
			t.Fatal(err)
		}
	}
}

// TestSniff: what two others say on the loopback interface, on any port, is shown once, recorded,
// and ends with a signal.
func TestSniff(t *testing.T) {
	sniffs(t)
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	mine := fmt.Sprintf("server == %q", l.Addr())
	file := filepath.Join(t.TempDir(), "sniffed.pcapng")
	p := launch(t, "sniff", "-i", "lo", "--headless", "-T", "cs", "-Y", mine, "-w", file)
	p.address()
	text := strings.Repeat("x", 30_000)
	speak(t, l, "C VER 1 MSNP2\r\n", "S VER 1 MSNP2\r\n", "C INF 2\r\n", "S INF 2 MD5\r\n",
		fmt.Sprintf("S MSG Hotmail Hotmail %d\r\n%s", len(text), text), "C OUT\r\n")
	await(t, "the last command", func() bool { return strings.Contains(p.stdout.String(), "OUT") })
	p.end(exitOK)

	var said []string
	for line := range strings.Lines(p.stdout.String()) {
		if m := speech.FindStringSubmatch(line); m != nil {
			said = append(said, m[1])
		}
	}
	want := "C: VER 1 MSNP2|S: VER 1 MSNP2|C: INF 2|S: INF 2 MD5|S: MSG Hotmail Hotmail 30000|C: OUT|S: (closed)"
	if got := strings.Join(said, "|"); got != want {
		t.Errorf("got  %s\nwant %s\nin %.2000s", got, want, p.stdout)
	}
	again := launch(t, "dump", file, "-T", "cs", "-Y", mine)
	again.wait(exitOK)
	if again.stdout.String() != p.stdout.String() {
		t.Errorf("the recording has\n%.2000s\nwhat was shown is\n%.2000s", again.stdout, p.stdout)
	}
}

// speech is a line of -T cs that somebody says.
var speech = regexp.MustCompile(`^(?:\S+ )?(?:(?:DS|NS|SB) )?([CS]: .*)\n`)

// TestSniffEndsWithoutTraffic: nothing seen is no failure.
func TestSniffEndsWithoutTraffic(t *testing.T) {
	sniffs(t)
	p := launch(t, "sniff", "-i", "lo", "--headless", "-Y", `conn == 0`)
	p.address()
	p.end(exitOK)
}

func TestSniffRefuses(t *testing.T) {
	for _, tc := range []struct {
		args []string
		says string
	}{
		{[]string{"-i", "no-such0"}, "no such network interface"},
		{nil, "-i IFACE"},
		{[]string{"-i", "lo", "-T", "csv"}, "-T csv"},
		{[]string{"-i", "lo", "-w", "-"}, "-w -"},
		{[]string{"-i", "lo", "-Y", "=="}, "filter"},
	} {
		if runtime.GOOS != "linux" && tc.says == "no such network interface" {
			continue
		}
		p := launch(t, append([]string{"sniff"}, tc.args...)...)
		p.wait(exitUsage)
		if !strings.Contains(p.stderr.String(), tc.says) {
			t.Errorf("sniff %v says %q, want %q", tc.args, p.stderr, tc.says)
		}
	}
	for _, err := range []error{pcap.ErrPrivilege, pcap.ErrNoSniffing} {
		x := (*exitError)(nil)
		if !errors.As(sniffError(fmt.Errorf("lo: %w", err)), &x) || x.code != exitIO || x.hint == "" {
			t.Errorf("%v gives %+v, want exit code %d and a hint", err, x, exitIO)
		}
	}
}
