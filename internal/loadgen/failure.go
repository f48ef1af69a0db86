package loadgen

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

// maxKinds is how many kinds of errors are counted separately: there are about twenty, and a server
// may invent more.
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

// reason returns why something failed, without details that differ each time.
func reason(err error) string {
	var protocol *client.ProtocolError
	var errno syscall.Errno
	switch {
	case errors.As(err, &protocol):
		return (&client.ProtocolError{Code: protocol.Code, Command: protocol.Command}).Error()
	case errors.Is(err, ErrRemote):
		return ErrRemote.Error()
	case errors.Is(err, context.DeadlineExceeded), errors.Is(err, os.ErrDeadlineExceeded):
		return "timed out"
	case errors.As(err, &errno):
		return errno.Error()
	case errors.Is(err, client.ErrClosed):
		return client.ErrClosed.Error()
	}
	return err.Error()
}

// ErrRemote is the error of a [Dialer] for an address that is not on this machine.
var ErrRemote = errors.New("refused to connect to an address that is not on this machine")

// Dialer returns a dialer that refuses addresses other than loopback unless remote is set, since
// load on the wrong server does harm. It decides after names have been resolved.
func Dialer(remote bool) *net.Dialer {
	d := &net.Dialer{}
	if !remote {
		d.Control = func(_, address string, _ syscall.RawConn) error {
			if ap, err := netip.ParseAddrPort(address); err != nil || !ap.Addr().IsLoopback() {
				return fmt.Errorf("%w: %s", ErrRemote, address)
			}
			return nil
		}
	}
	return d
}
