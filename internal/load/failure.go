package load

import (
	"context"
	"errors"
	"fmt"
	"net"
	"net/netip"
	"os"
	"syscall"

	"github.com/msnscope/msnscope/internal/client"
)

// maxKinds is how many kinds of errors are told apart: there are about twenty, and a server may make up words.
const maxKinds = 50

// fail counts an error.
func (r *run) fail(what string, err error) {
	kind := what + ": " + reason(err)
	r.mu.Lock()
	defer r.mu.Unlock()
	if _, known := r.errors[kind]; !known && len(r.errors) >= maxKinds {
		kind = "others"
	}
	r.errors[kind]++
	r.failed++
}

// reason says why something failed, without what is different each time.
func reason(err error) string {
	var protocol *client.ProtocolError
	var errno syscall.Errno
	switch {
	case errors.As(err, &protocol):
		return (&client.ProtocolError{Code: protocol.Code, Command: protocol.Command}).Error()
	case errors.Is(err, errRemote):
		return errRemote.Error()
	case errors.Is(err, context.DeadlineExceeded), errors.Is(err, os.ErrDeadlineExceeded):
		return "timed out"
	case errors.As(err, &errno):
		return errno.Error()
	case errors.Is(err, client.ErrClosed):
		return client.ErrClosed.Error()
	}
	return err.Error()
}

var errRemote = errors.New("refused to connect to an address that is not of this machine")

// dialer opens connections, to loopback addresses only unless remote is set: a load that goes astray harms others.
func dialer(remote bool) *net.Dialer {
	d := &net.Dialer{}
	if !remote {
		d.Control = func(_, address string, _ syscall.RawConn) error {
			if ap, err := netip.ParseAddrPort(address); err != nil || !ap.Addr().IsLoopback() {
				return fmt.Errorf("%w: %s", errRemote, address)
			}
			return nil
		}
	}
	return d
}
