package main

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"net"
	"strconv"
	"sync"

	"github.com/spf13/pflag"

	"github.com/msnscope/msnscope/internal/control"
	"github.com/msnscope/msnscope/internal/metrics"
	"github.com/msnscope/msnscope/server"
	"github.com/msnscope/msnscope/server/accounts"
)

func addMetrics(fs *pflag.FlagSet, address *string) {
	fs.StringVar(address, "metrics", "",
		"serve /metrics for Prometheus, /healthz and /readyz on this `ADDR` (a socket, or HOST:PORT; without a host "+
			"127.0.0.1). docs/METRICS.md explains them")
}

// measuredAt is where metrics are to be served, nil for nowhere.
type measuredAt struct {
	net.Listener
	name string
}

// listenForMetrics listens at the address of --metrics, unless that is empty.
func listenForMetrics(address string) (*measuredAt, error) {
	if address == "" {
		return nil, nil
	}
	if !control.IsSocket(address) {
		l, err := listenFor("metrics", address)
		if err != nil {
			return nil, err
		}
		return &measuredAt{l, "http://" + l.Addr().String() + "/metrics"}, nil
	}
	l, err := control.Listen(address)
	if err != nil {
		return nil, &exitError{exitIO, fmt.Errorf("--metrics %s: %w", address, err), ""}
	}
	return &measuredAt{l, address}, nil
}

// listenFor listens at the HOST:PORT of a flag. An address without a host is one of 127.0.0.1: only
// whoever names another lets other machines in.
func listenFor(flag, address string) (net.Listener, error) {
	host, port, err := net.SplitHostPort(address)
	if n, bad := strconv.Atoi(port); err != nil || bad != nil || n < 0 || n > 65535 {
		return nil, usage("--%s %q: it must be HOST:PORT or :PORT%s", flag, address,
			map[string]string{"metrics": ", or the path of a socket, which has a slash"}[flag])
	}
	l, err := net.Listen("tcp", net.JoinHostPort(cmp.Or(host, "127.0.0.1"), port))
	if err != nil {
		return nil, &exitError{exitIO, fmt.Errorf("--%s %s: %w", flag, address, err), ""}
	}
	return l, nil
}

// close ends the listener.
func (at *measuredAt) close() {
	if at != nil {
		at.Close()
	}
}

// measured is metrics that are being served.
type measured struct {
	stop   context.CancelFunc
	served sync.WaitGroup
}

// serve serves metrics until they are closed; the process counts as ready until ctx ends. Nowhere,
// it returns nil, and a nil *measured does nothing.
func (at *measuredAt) serve(ctx context.Context, o metrics.Options, out *outlets) *measured {
	if at == nil {
		return nil
	}
	inside := o.Listening
	o.Listening = func() error {
		switch {
		case ctx.Err() != nil:
			return errors.New("the process is ending")
		case inside != nil:
			return inside()
		}
		return nil
	}
	m := &measured{}
	until, stop := context.WithCancel(context.WithoutCancel(ctx)) // it must outlive the run, to report its end
	m.stop = stop
	served := metrics.New(o)
	m.served.Go(func() {
		if err := served.Serve(until, at); err != nil {
			out.stopped("metrics", err)
		}
	})
	return m
}

// close ends the metrics.
func (m *measured) close() {
	if m != nil {
		m.stop()
		m.served.Wait()
	}
}

// measureServer serves the metrics of a server that is alone in its process.
// member is what makes it a node of a cluster, or nil.
func measureServer(
	ctx context.Context, e *env, at *measuredAt, srv *server.Server, so *server.Options, member *membership,
) *measured {
	o := metrics.Options{Version: version(), Server: srv, Logger: so.Log}
	if member != nil {
		o.Listening = member.hub.Check
	}
	o.Database, _ = so.Store.(*accounts.SQLite)
	if at != nil {
		e.say("metrics on %s", at.name)
	}
	return at.serve(ctx, o, &outlets{log: so.Log})
}
