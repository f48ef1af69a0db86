package main

import (
	"bufio"
	"bytes"
	"context"
	"crypto/md5"
	"errors"
	"fmt"
	"io"
	"net"
	"regexp"
	"sync"
	"syscall"
	"testing"
	"time"
)

// taps opens connections and keeps all that goes over them.
type taps struct {
	mu  sync.Mutex
	all []*tap
}

// tap is a connection with what its client sent and received.
type tap struct {
	net.Conn
	dialed string
	local  string

	mu        sync.Mutex
	sent, got bytes.Buffer
}

// Dial is a dial function for clients.
func (w *taps) Dial(ctx context.Context, network, address string) (net.Conn, error) {
	var d net.Dialer
	nc, err := d.DialContext(ctx, network, address)
	if err != nil {
		return nil, err
	}
	c := &tap{Conn: nc, dialed: address, local: nc.LocalAddr().String()}
	w.mu.Lock()
	defer w.mu.Unlock()
	w.all = append(w.all, c)
	return c, nil
}

// conns returns the connections so far, in their order.
func (w *taps) conns() []*tap {
	w.mu.Lock()
	defer w.mu.Unlock()
	return append([]*tap(nil), w.all...)
}

func (c *tap) Read(p []byte) (int, error) {
	n, err := c.Conn.Read(p)
	c.mu.Lock()
	defer c.mu.Unlock()
	c.got.Write(p[:n])
	return n, err
}

func (c *tap) Write(p []byte) (int, error) {
	n, err := c.Conn.Write(p)
	c.mu.Lock()
	defer c.mu.Unlock()
	c.sent.Write(p[:n])
	return n, err
}

// bytes returns all that was sent and received.
func (c *tap) bytes() (sent, got string) {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.sent.String(), c.got.String()
}

// peer is a client that knows nothing but lines: what it says, and what it expects, stand in the tests as in the draft.
type peer struct {
	t    testing.TB
	conn net.Conn
	in   *bufio.Reader
}

// connect opens a connection for a peer.
func connect(t testing.TB, w *taps, address string) *peer {
	t.Helper()
	conn, err := w.Dial(t.Context(), "tcp", address)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { conn.Close() })
	if err := conn.SetDeadline(time.Now().Add(patience)); err != nil {
		t.Fatal(err)
	}
	return &peer{t, conn, bufio.NewReader(conn)}
}

// say sends a line.
func (p *peer) say(format string, args ...any) {
	p.t.Helper()
	p.send(fmt.Sprintf(format, args...) + "\r\n")
}

// send sends bytes as they are.
func (p *peer) send(s string) {
	p.t.Helper()
	if _, err := io.WriteString(p.conn, s); err != nil {
		p.t.Fatalf("send %.60q: %v", s, err)
	}
}

// hear reads a line, which must match the expression as a whole, and returns what its groups matched.
func (p *peer) hear(expr string) []string {
	p.t.Helper()
	got, err := p.in.ReadString('\n')
	if err != nil {
		p.t.Fatalf("waiting for %s: %v after %q", expr, err, got)
	}
	m := regexp.MustCompile(`^` + expr + `\r\n$`).FindStringSubmatch(got)
	if m == nil {
		p.t.Fatalf("heard %q, want %s", got, expr)
	}
	return m[1:]
}

// body reads the payload that follows a line.
func (p *peer) body(want string) {
	p.t.Helper()
	got := make([]byte, len(want))
	if _, err := io.ReadFull(p.in, got); err != nil {
		p.t.Fatal(err)
	}
	if string(got) != want {
		p.t.Fatalf("payload %q, want %q", got, want)
	}
}

// closed waits for the other side's end, a reset included, and returns what came before it.
func (p *peer) closed() string {
	p.t.Helper()
	rest, err := io.ReadAll(p.in)
	if err != nil && !errors.Is(err, syscall.ECONNRESET) {
		p.t.Errorf("the connection did not end: %v", err)
	}
	return string(rest)
}

// digest is the proof of §7.3.
func digest(challenge, password string) string {
	return fmt.Sprintf("%x", md5.Sum([]byte(challenge+password)))
}
