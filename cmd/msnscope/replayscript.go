package main

import (
	"context"
	"log/slog"
	"net"
	"sync"

	"github.com/msnscope/msnscope/decode/referral"
	"github.com/msnscope/msnscope/decode/session"
	"github.com/msnscope/msnscope/internal/script"
	"github.com/msnscope/msnscope/proxy"
	"github.com/msnscope/msnscope/proxy/intercept"
	"github.com/msnscope/msnscope/replay"
)

// scripted is a proxy with scripts between the clients that replay plays and the server.
type scripted struct {
	proxy *proxy.Proxy
	stop  context.CancelFunc
	runs  sync.WaitGroup
}

// throughScripts leads the clients of o to the server through a proxy with the scripts, on a
// loopback address of its own. srv is the embedded server, nil for another one.
func throughScripts(ctx context.Context, scripts *script.Set, o *replay.Options, srv *staged, log *slog.Logger) (
	*scripted, error,
) {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return nil, &exitError{exitIO, err, ""}
	}
	po := proxy.Options{
		Upstream: o.To, Routes: o.Routes, Publish: func(*session.Event) {}, Log: slog.New(slog.DiscardHandler),
	}
	if srv != nil {
		po.Dial, po.Role = srv.dial, srv.role
	}
	s := &scripted{proxy: proxy.New(po)}
	controls := intercept.NewControls(s.proxy, intercept.ControlsOptions{Scripts: scripts, Log: log})
	ctx, s.stop = context.WithCancel(ctx)
	s.runs.Go(func() { controls.RunScripts(ctx) })
	s.runs.Go(func() { _ = s.proxy.Serve(l) }) // what ends it early, each connection reports
	o.To, o.Dial, o.Routes = l.Addr().String(), nil, referral.Routes{}
	return s, nil
}

// close ends the proxy.
func (s *scripted) close() {
	s.stop()
	s.proxy.Close()
	s.runs.Wait()
}
