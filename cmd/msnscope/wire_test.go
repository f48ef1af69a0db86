package main

import (
	"bytes"
	"context"
	"crypto/md5"
	"fmt"
	"net"
	"sync"
	"testing"
	"time"

	"github.com/msnscope/msnscope/internal/msntest"
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

// connect opens a connection for a peer.
func connect(t testing.TB, w *taps, address string) *msntest.Peer {
	t.Helper()
	conn, err := w.Dial(t.Context(), "tcp", address)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { conn.Close() })
	if err := conn.SetWriteDeadline(time.Now().Add(patience)); err != nil {
		t.Fatal(err)
	}
	p := msntest.NewPeer(t, conn)
	p.Patience = patience
	return p
}

// digest is the proof of §7.3.
func digest(challenge, password string) string {
	return fmt.Sprintf("%x", md5.Sum([]byte(challenge+password)))
}
