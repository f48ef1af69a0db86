package main

import (
	"errors"
	"fmt"
	"log/slog"
	"net"
	"slices"

	"github.com/coreos/go-systemd/v22/daemon"
)

// handed are the listeners that whoever started the process opened for it, as systemd does for a
// service with a socket unit (LISTEN_FDS). Each takes the place of a port that a flag names. The
// nil *handed is for a process that got none.
type handed struct{ left []net.Listener }

// takeHanded returns the listeners that were handed over. It is called once in a process.
func (e *env) takeHanded() (*handed, error) {
	if e.handed == nil {
		return nil, nil
	}
	all, err := e.handed()
	h := &handed{all}
	for _, l := range all {
		if _, ok := l.(*net.TCPListener); !ok { // l may be nil
			err = errors.Join(err, errors.New("a descriptor that was handed over is no listening TCP socket"))
		}
	}
	if err != nil {
		h.close()
		return nil, &exitError{exitUsage, err, "ListenStream=HOST:PORT in a socket unit makes one"}
	}
	return h, nil
}

// listen returns the listener that was handed over for an address, or opens a port.
func (h *handed) listen(addr string) (net.Listener, error) {
	if h == nil || len(h.left) == 0 || listenable(addr) != nil {
		return listen(addr)
	}
	want, err := net.ResolveTCPAddr("tcp", addr)
	if err != nil {
		return listen(addr)
	}
	i := slices.IndexFunc(h.left, func(l net.Listener) bool {
		got := l.Addr().(*net.TCPAddr)
		same := got.IP.Equal(want.IP) || got.IP.IsUnspecified() && (want.IP == nil || want.IP.IsUnspecified())
		return same && got.Port == want.Port
	})
	if i < 0 {
		return listen(addr)
	}
	l := h.left[i]
	h.left = slices.Delete(h.left, i, i+1)
	return l, nil
}

// check returns an error if nobody took a listener: clients would connect to it and wait for ever.
// It closes those.
func (h *handed) check() error {
	if h == nil || len(h.left) == 0 {
		return nil
	}
	defer h.close()
	return &exitError{
		exitUsage, fmt.Errorf("a socket at %s was handed over, and no flag names that address", h.left[0].Addr()),
		"the addresses of the socket unit and those of --listen and --gateway must be the same",
	}
}

func (h *handed) close() {
	for _, l := range h.left {
		if l != nil {
			l.Close()
		}
	}
	h.left = nil
}

// sayReady tells whoever started the process, if it wants to know (NOTIFY_SOCKET), that clients can
// connect.
func sayReady(log *slog.Logger) {
	if _, err := daemon.SdNotify(false, daemon.SdNotifyReady); err != nil {
		log.Warn("cannot say that clients can connect", "err", err)
	}
}
