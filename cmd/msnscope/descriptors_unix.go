//go:build unix

package main

import (
	"fmt"
	"io"
	"syscall"
)

// maxKeptBack is how many descriptors traffic leaves for everything else, in a small process a
// quarter of all: without them neither the control API nor a new file of a recording could be
// opened while traffic has all. The strangers of the API alone may take 32.
const maxKeptBack = 64

// errScarce is the error for what would take a descriptor that is kept back.
var errScarce = fmt.Errorf("%w, but for those that are kept back", syscall.EMFILE)

// unlessScarce returns s, a connection or a listener, or closes it and returns errScarce if its
// descriptor is one that is kept back. The system gives out the lowest free number, so a high one
// means that few are left.
func unlessScarce[S io.Closer](s S) (none S, err error) {
	socket, ok := any(s).(syscall.Conn)
	if !ok {
		return s, nil
	}
	raw, err := socket.SyscallConn()
	if err != nil {
		return s, nil //nolint:nilerr // it is closed, and whoever uses it will see that
	}
	var limit syscall.Rlimit
	if syscall.Getrlimit(syscall.RLIMIT_NOFILE, &limit) != nil {
		return s, nil
	}
	all := uint64(limit.Cur)
	scarce := false
	// It fails only on a connection that is closed, and then nothing is scarce.
	_ = raw.Control(func(fd uintptr) { scarce = uint64(fd) >= all-min(maxKeptBack, all/4) })
	if scarce {
		s.Close()
		return none, errScarce
	}
	return s, nil
}
