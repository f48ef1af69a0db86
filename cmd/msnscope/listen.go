package main

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"strings"
	"syscall"

	"github.com/msnscope/msnscope/proxy"
)

// defaultListen is where clients find the proxy: MSN's port, for programs on this machine only.
const defaultListen = "127.0.0.1:1863"

// listeners are the open ports to which clients connect, at least one.
type listeners []net.Listener

// listenAll listens on all addresses or, with an error, on none.
func listenAll(addrs []string, listen func(addr string) (net.Listener, error)) (listeners, error) {
	var all listeners
	for _, addr := range addrs {
		l, err := listen(addr)
		if err != nil {
			all.close()
			return nil, err
		}
		all = append(all, l)
	}
	return all, nil
}

// maxLooks is how often listenInARow tries to find consecutive free ports. Most ports near those
// that the system gives out are free.
const maxLooks = 100

// listenInARow listens on n consecutive ports, beginning with the one of addr, or on none. Where
// addr leaves the port to the system, the following ports may be taken, so it tries again.
func listenInARow(addr string, n int, listen func(addr string) (net.Listener, error)) (listeners, error) {
	for look := 1; ; look++ {
		first, err := listen(addr)
		if err != nil {
			return nil, err
		}
		all := listeners{first}
		at := first.Addr().(*net.TCPAddr)
		for i := 1; i < n && err == nil; i++ {
			var l net.Listener
			next := net.TCPAddr{IP: at.IP, Port: at.Port + i, Zone: at.Zone}
			if l, err = listen(next.String()); err == nil {
				all = append(all, l)
			}
		}
		if err == nil {
			return all, nil
		}
		all.close()
		if _, port, _ := net.SplitHostPort(addr); look == maxLooks || port != "0" {
			return nil, err
		}
	}
}

func (ls listeners) close() {
	for _, l := range ls {
		l.Close()
	}
}

// String returns the addresses, separated by commas.
func (ls listeners) String() string {
	var all []string
	for _, l := range ls {
		all = append(all, l.Addr().String())
	}
	return strings.Join(all, " and ")
}

// leadingTo returns the address of the listener at which a connection to upstream arrives, nil for
// none.
func (ls listeners) leadingTo(ctx context.Context, upstream string) net.Addr {
	for _, l := range ls {
		if leadsTo(ctx, l.Addr(), upstream) {
			return l.Addr()
		}
	}
	return nil
}

// serve starts to accept clients. The channel that it returns receives the error of a listener that
// failed.
func (ls listeners) serve(p *proxy.Proxy) <-chan error {
	failed := make(chan error, len(ls))
	for _, l := range ls {
		go func() {
			if err := p.Serve(modest{l}); err != nil {
				failed <- err
			}
		}()
	}
	return failed
}

// warn logs what it means to listen where other machines can connect.
func (ls listeners) warn(log *slog.Logger) {
	for _, l := range ls {
		if at, ok := l.Addr().(*net.TCPAddr); ok && !at.IP.IsLoopback() {
			log.Warn("other machines can connect here: whoever does is taken to the server "+
				"without being asked who it is; what they say, names, messages and the digests of passwords, "+
				"goes over the network in the clear and is shown and recorded here", "address", at)
		}
	}
}

// listen opens a port for clients.
func listen(addr string) (net.Listener, error) {
	if err := listenable(addr); err != nil {
		return nil, &exitError{
			exitUsage, fmt.Errorf("cannot listen on %q: %w", addr, err),
			"an address is HOST:PORT, such as 127.0.0.1:1863",
		}
	}
	l, err := net.Listen("tcp", addr)
	if err == nil {
		return l, nil
	}
	x := &exitError{exitIO, fmt.Errorf("cannot listen on %s: %w", addr, err), ""}
	switch {
	case errors.Is(err, syscall.EADDRINUSE):
		x.err = fmt.Errorf("cannot listen on %s: another program has that port", addr)
		x.hint = "choose another with --listen HOST:PORT; port 0 takes a free one"
	case errors.Is(err, syscall.EACCES):
		x.hint = "ports below 1024 need privileges; MSN's is 1863"
	case errors.Is(err, syscall.EADDRNOTAVAIL):
		x.hint = "that address is not one of this machine's"
	}
	var ae *net.AddrError
	if errors.As(err, &ae) {
		x.code, x.hint = exitUsage, "an address is HOST:PORT, such as 127.0.0.1:1863"
	}
	return nil, x
}
