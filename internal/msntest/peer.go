package msntest

import (
	"bufio"
	"errors"
	"fmt"
	"io"
	"net"
	"regexp"
	"strings"
	"syscall"
	"testing"
	"time"
)

// Peer is one end of a connection that a test plays by a script: it sends lines and expects lines,
// written in the test as in the draft. Methods that return an error leave it to the caller, and may
// run on any goroutine. The others end the test when something unexpected comes, and must be called
// from the test's own goroutine. A Peer is not safe for concurrent use.
type Peer struct {
	net.Conn
	// R reads from Conn. To read from a Peer, use R or the methods.
	R *bufio.Reader
	// Patience is how long one call waits for what it expects; 0 means for ever.
	Patience time.Duration
	// Passed has the lines that Ask read while it looked for another one.
	Passed []string
	// T is the test that a Peer fails.
	T testing.TB

	limited bool // Conn has a read deadline of limit
}

// NewPeer returns a Peer that plays the end conn of a connection. The caller still owns conn and
// closes it.
func NewPeer(t testing.TB, conn net.Conn) *Peer {
	return &Peer{Conn: conn, R: bufio.NewReader(conn), T: t}
}

// Read implements io.Reader by reading from R.
func (p *Peer) Read(b []byte) (int, error) { return p.R.Read(b) }

// Send sends bytes as they are, in one write.
func (p *Peer) Send(s string) {
	p.T.Helper()
	if _, err := io.WriteString(p.Conn, s); err != nil {
		p.T.Fatalf("send %.200q: %v", s, err)
	}
}

// Say sends a line, formatted as fmt.Sprintf does and given without its end.
func (p *Peer) Say(format string, args ...any) {
	p.T.Helper()
	p.Send(fmt.Sprintf(format, args...) + "\r\n")
}

// Want reads len(want) bytes, which must equal want.
func (p *Peer) Want(want string) {
	p.T.Helper()
	p.limit(p.Patience)
	got := make([]byte, len(want))
	n, err := io.ReadFull(p.R, got)
	if string(got[:n]) == want {
		return
	}
	same := 0
	for same < n && got[same] == want[same] {
		same++
	}
	if same == 0 {
		p.T.Fatalf("got %.200q (%v), want %.200q", got[:n], err, want)
	}
	p.T.Fatalf("after %d bytes as expected got %.200q (%v), want %.200q", same, got[same:n], err, want[same:])
}

// Hear reads a line, which the regular expression must match as a whole, and returns the text of
// its groups.
func (p *Peer) Hear(expr string) []string {
	p.T.Helper()
	p.limit(p.Patience)
	got, err := p.R.ReadString('\n')
	if err != nil {
		p.T.Fatalf("waiting for %s: %v after %q", expr, err, got)
	}
	m := regexp.MustCompile(`^` + expr + `\r\n$`).FindStringSubmatch(got)
	if m == nil {
		p.T.Fatalf("heard %q, want %s", got, expr)
	}
	return m[1:]
}

// Line reads a line and returns it without its end.
func (p *Peer) Line() (string, error) {
	p.limit(p.Patience)
	line, err := p.R.ReadString('\n')
	return strings.TrimRight(line, "\r\n"), err
}

// Ask sends a command, a line without its end, unless it is empty, and reads up to a line that
// begins with want, whose words it returns. The lines before that are added to Passed.
func (p *Peer) Ask(command, want string) ([]string, error) {
	if command != "" {
		if _, err := io.WriteString(p.Conn, command+"\r\n"); err != nil {
			return nil, err
		}
	}
	for {
		line, err := p.Line()
		switch {
		case err != nil:
			return nil, fmt.Errorf("waiting for %s: %w", want, err)
		case strings.HasPrefix(line, want):
			return strings.Fields(line), nil
		}
		p.Passed = append(p.Passed, line)
	}
}

// Must is Ask where failure ends the test.
func (p *Peer) Must(command, want string) []string {
	p.T.Helper()
	words, err := p.Ask(command, want)
	if err != nil {
		p.T.Fatalf("%v", err)
	}
	return words
}

// WantSilence ends the test if anything comes within d.
func (p *Peer) WantSilence(d time.Duration) {
	p.T.Helper()
	p.limit(d)
	if b, err := p.R.ReadByte(); err == nil {
		rest, _ := p.R.Peek(p.R.Buffered())
		p.T.Fatalf("got %q, want nothing for %s", append([]byte{b}, rest...), d)
	}
	p.limit(0)
}

// WantEnd expects the end of the connection, with nothing before it.
func (p *Peer) WantEnd() {
	p.T.Helper()
	p.limit(p.Patience)
	if b, err := p.R.ReadByte(); !errors.Is(err, io.EOF) {
		p.T.Fatalf("got %q, %v, want the end of the connection", b, err)
	}
}

// Rest reads to the end of the connection, which may be a reset, and returns what came.
func (p *Peer) Rest() string {
	p.T.Helper()
	p.limit(p.Patience)
	rest, err := io.ReadAll(p.R)
	if err != nil && !errors.Is(err, syscall.ECONNRESET) {
		p.T.Errorf("the connection did not end: %v", err)
	}
	return string(rest)
}

// HangUp closes the sending direction; the other end can still send.
func (p *Peer) HangUp() {
	p.T.Helper()
	if err := p.Conn.(interface{ CloseWrite() error }).CloseWrite(); err != nil {
		p.T.Fatalf("end what is sent: %v", err)
	}
}

// limit sets the deadline of the next read to d from now; 0 means none.
func (p *Peer) limit(d time.Duration) {
	var until time.Time
	if d > 0 {
		until = time.Now().Add(d)
	}
	if p.Patience == 0 && d == 0 && !p.limited {
		return
	}
	p.limited = d > 0
	_ = p.Conn.SetReadDeadline(until) // on a closed connection the read itself fails
}
