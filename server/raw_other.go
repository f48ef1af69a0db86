//go:build !unix

package server

import (
	"errors"
	"net"
	"syscall"
)

// On systems other than Unix every connection is read and written through net.Conn.
func rawOf(net.Conn) syscall.RawConn { return nil }

func readRaw(syscall.RawConn, func([]byte) error) (int, error) { return 0, errors.ErrUnsupported }

func writeRaw(syscall.RawConn, []byte) (int, error) { return 0, errors.ErrUnsupported }
