package memnet

import (
	"errors"
	"io"
	"net"
	"time"
)

// Conn is one end of a connection. It implements net.Conn, and CloseWrite, the half-close of
// *net.TCPConn. All methods are safe for concurrent use. Errors other than io.EOF are
// *net.OpErrors.
type Conn struct {
	in, out       *half // in is the peer's out
	local, remote net.Addr
	onClose       func() // called once, after the first Close; may be nil
}

var _ net.Conn = (*Conn)(nil)

// Pipe returns the two ends of a connection. The first has the local address a and the remote
// address b, the second the reverse. The addresses serve only for display and may be nil.
func Pipe(a, b net.Addr) (*Conn, *Conn) {
	there, back := newHalf(), newHalf()
	return &Conn{in: back, out: there, local: a, remote: b},
		&Conn{in: there, out: back, local: b, remote: a}
}

// Read reads what has arrived, up to len(p) bytes, which may join several writes. It blocks only
// when nothing has arrived, and returns io.EOF when nothing more can. A read deadline that has
// passed takes precedence over bytes that have arrived, as it does with TCP.
func (c *Conn) Read(p []byte) (int, error) {
	n, err := c.in.read(p)
	return n, c.opError("read", err)
}

// Write copies p into the connection's buffer and blocks while 64 KB are unread. Two concurrent
// writes never mix. It fails with net.ErrClosed when this end is closed, and with syscall.EPIPE
// when the peer is, or after CloseWrite; n is how many bytes were buffered before.
func (c *Conn) Write(p []byte) (n int, err error) {
	n, err = c.out.write(p)
	return n, c.opError("write", err)
}

// CloseWrite ends what this end sends: the peer reads what is buffered and then io.EOF. This end
// can still read. A second call does nothing.
func (c *Conn) CloseWrite() error {
	return c.opError("close", c.out.shutWrite())
}

// Close closes both directions and ends every blocked call at either end; the peer can still read
// what was written to it. A second Close returns net.ErrClosed, as with TCP.
func (c *Conn) Close() error {
	return c.close(false)
}

// abort is Close by a listener that never handed this end out: the dialer sees a connection reset
// instead of an orderly end.
func (c *Conn) abort() {
	_ = c.close(true) // cannot fail: nobody else had this end to close it
}

func (c *Conn) close(reset bool) error {
	if !c.in.closeReader() {
		return c.opError("close", net.ErrClosed)
	}
	c.out.closeWriter(reset)
	if c.onClose != nil {
		c.onClose()
	}
	return nil
}

// LocalAddr returns this end's address.
func (c *Conn) LocalAddr() net.Addr { return c.local }

// RemoteAddr returns the peer's address.
func (c *Conn) RemoteAddr() net.Addr { return c.remote }

// SetDeadline sets the deadline of Read and Write, including calls that are blocked already; the
// zero time means none. It fails with net.ErrClosed after Close.
func (c *Conn) SetDeadline(t time.Time) error {
	return errors.Join(c.SetReadDeadline(t), c.SetWriteDeadline(t))
}

// SetReadDeadline is SetDeadline for Read alone.
func (c *Conn) SetReadDeadline(t time.Time) error {
	return c.opError("set", c.in.setReadDeadline(t))
}

// SetWriteDeadline is SetDeadline for Write alone.
func (c *Conn) SetWriteDeadline(t time.Time) error {
	return c.opError("set", c.out.setWriteDeadline(t))
}

// opError wraps err as package net does, so that errors.Is, Timeout and the text are what callers
// know from a TCP connection.
func (c *Conn) opError(op string, err error) error {
	if err == nil || errors.Is(err, io.EOF) {
		return err
	}
	return &net.OpError{Op: op, Net: "tcp", Source: c.local, Addr: c.remote, Err: err}
}
