//go:build !unix

package proxy

import (
	"net"

	"github.com/msnscope/msnscope/decode"
)

// socket is only there on Unix.
type socket struct{}

func socketOf(net.Conn, *decode.Reader) *socket { return nil }

func (*socket) fill() (int, error) { panic("there is no socket") }
