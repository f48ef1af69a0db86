//go:build unix

package server

import (
	"io"
	"net"
	"os"
	"syscall"
)

// rawOf returns the raw connection of a socket, which lets the server wait for data without a
// buffer and write without blocking. It returns nil for a connection that is not a socket.
func rawOf(nc net.Conn) syscall.RawConn {
	s, ok := nc.(syscall.Conn)
	if !ok {
		return nil
	}
	raw, err := s.SyscallConn()
	if err != nil {
		return nil
	}
	return raw
}

// readRaw waits until data has arrived, takes a buffer from the pool, reads once, and calls f with
// the bytes, which are valid until f returns. It returns how many bytes it read, and the error of
// the read or of f.
func readRaw(raw syscall.RawConn, f func([]byte) error) (n int, err error) {
	var buf *[]byte
	ready := func(fd uintptr) bool {
		buf = largeReads.Get().(*[]byte)
		for {
			n, err = syscall.Read(int(fd), *buf)
			if err != syscall.EINTR {
				break
			}
		}
		if err != syscall.EAGAIN {
			return true
		}
		largeReads.Put(buf)
		return false
	}
	if rerr := raw.Read(ready); rerr != nil {
		return 0, rerr
	}
	switch {
	case err != nil:
		err = os.NewSyscallError("read", err)
	case n == 0:
		err = io.EOF
	default:
		err = f((*buf)[:n])
	}
	largeReads.Put(buf)
	return n, err
}

// writeRaw writes as much of b as fits without blocking, and returns how many bytes that was.
func writeRaw(raw syscall.RawConn, b []byte) (n int, err error) {
	ready := func(fd uintptr) bool {
		for {
			n, err = syscall.Write(int(fd), b)
			if err != syscall.EINTR {
				return true
			}
		}
	}
	switch werr := raw.Write(ready); {
	case werr != nil:
		return 0, werr
	case err == syscall.EAGAIN:
		return 0, nil
	case err != nil:
		return 0, os.NewSyscallError("write", err)
	}
	return n, nil
}
