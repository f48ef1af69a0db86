//go:build unix

package proxy

import (
	"io"
	"net"
	"os"
	"syscall"

	"github.com/msnscope/msnscope/decode"
)

// socket reads from a TCP connection without a buffer while nothing comes, which halves what a
// silent connection costs.
type socket struct {
	raw   syscall.RawConn
	conn  *net.TCPConn
	in    *decode.Reader
	ready func(fd uintptr) bool // a method value, made once

	fd  int
	n   int
	err error
}

// socketOf returns how in reads from nc without a buffer, nil if nc is no TCP connection.
func socketOf(nc net.Conn, in *decode.Reader) *socket {
	tcp, ok := nc.(*net.TCPConn)
	if !ok {
		return nil
	}
	raw, err := tcp.SyscallConn()
	if err != nil {
		return nil
	}
	s := &socket{raw: raw, conn: tcp, in: in}
	s.ready = s.take
	return s
}

// fill is [decode.Reader.Fill] from the socket, under the read deadline of its connection.
func (s *socket) fill() (int, error) {
	s.n, s.err = 0, nil
	if err := s.raw.Read(s.ready); err != nil {
		return 0, err
	}
	if s.err != nil && s.err != io.EOF {
		return s.n, &net.OpError{
			Op: "read", Net: "tcp", Source: s.conn.LocalAddr(), Addr: s.conn.RemoteAddr(),
			Err: os.NewSyscallError("read", s.err),
		}
	}
	return s.n, s.err
}

// take reads what has come, and reports false if nothing has.
func (s *socket) take(fd uintptr) bool {
	s.fd = int(fd)
	s.n, s.err = s.in.Fill(s)
	if s.err == syscall.EAGAIN {
		s.in.Release()
		return false
	}
	return true
}

// Read implements [io.Reader] for take.
func (s *socket) Read(b []byte) (int, error) {
	for {
		n, err := syscall.Read(s.fd, b)
		switch {
		case err == syscall.EINTR:
		case err != nil:
			return 0, err
		case n == 0:
			return 0, io.EOF
		default:
			return n, nil
		}
	}
}
