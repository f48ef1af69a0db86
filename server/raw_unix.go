//go:build unix

package server

import (
	"io"
	"net"
	"os"
	"syscall"
)

// rawOf returns what makes it possible to read without a buffer while nothing is there, and to write without waiting: nil for
// what is no socket.
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

// readRaw waits until something is there, takes a buffer, reads once, and gives f what came. An error of f is its own.
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

// writeRaw writes as much as there is room for.
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
