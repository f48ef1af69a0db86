package server

import (
	"bufio"
	"bytes"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"net"
	"net/netip"
	"slices"
	"time"

	"github.com/pires/go-proxyproto"
)

const (
	// headerTime is how long a proxy may take for its header, which it sends at once.
	headerTime = 5 * time.Second
	// maxHeader1 is the longest header of version 1, a line. maxHeader2 is how much may follow the
	// first 16 bytes of version 2: as many addresses and TLVs as the library takes.
	maxHeader1 = 107
	maxHeader2 = 4096
)

var errHeader = errors.New("no valid PROXY protocol header")

// trusts reports whether a is the address of a proxy that is trusted to name its clients'
// addresses.
func (s *Server) trusts(a net.Addr) bool {
	tcp, ok := a.(*net.TCPAddr)
	return ok && slices.ContainsFunc(s.o.ProxyFrom, func(p netip.Prefix) bool {
		return p.Contains(tcp.AddrPort().Addr().Unmap().WithZone(""))
	})
}

// greet reads the header of a connection from a proxy and takes the client's address from it. For a
// connection that the proxy made for itself (LOCAL), or for a client without an IP address, the
// proxy's own address stays.
func (c *conn) greet() error {
	if !c.proxied {
		return nil
	}
	h, err := readHeader(c.nc)
	if err != nil {
		c.kill(fmt.Errorf("%w: %w", errHeader, err))
		return errHeader
	}
	if tcp, ok := h.SourceAddr.(*net.TCPAddr); ok && h.Command.IsProxy() {
		c.client = tcp
	}
	if !c.s.shares.enter(c) {
		c.s.refused(c.role, c.client, errCrowd)
		turnAway(c.nc)
		return errCrowd
	}
	return nil
}

// readHeader reads a header and nothing beyond it, byte by byte.
func readHeader(nc net.Conn) (*proxyproto.Header, error) {
	_ = nc.SetReadDeadline(time.Now().Add(headerTime)) // readLoop sets its own deadline
	h := make([]byte, 0, 128)
	for !whole(h) {
		h = append(h, 0)
		if _, err := io.ReadFull(nc, h[len(h)-1:]); err != nil {
			return nil, err
		}
	}
	return proxyproto.Read(bufio.NewReader(bytes.NewReader(h)))
}

// whole reports whether h, which must not be empty, is a complete header, or cannot become one.
func whole(h []byte) bool {
	v1, v2 := proxyproto.SIGV1, proxyproto.SIGV2
	switch {
	case bytes.HasPrefix(h, v1):
		return h[len(h)-1] == '\n' || len(h) > maxHeader1
	case len(h) > 15 && bytes.HasPrefix(h, v2):
		size := int(binary.BigEndian.Uint16(h[14:]))
		return size > maxHeader2 || len(h) == 16+size
	}
	return !bytes.HasPrefix(v1, h) && !bytes.HasPrefix(v2, h[:min(len(h), len(v2))])
}

// isHeader reports whether a line that is no command belongs to a PROXY protocol header: it is the
// first line of version 1, or the third of version 2, which begins with two empty lines.
func isHeader(line []byte) bool {
	return bytes.HasPrefix(line, proxyproto.SIGV1) || bytes.Equal(line, []byte("\x00\r\n"))
}
