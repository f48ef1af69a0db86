package main

import (
	"context"
	"errors"
	"net"
	"strings"
	"sync"

	"github.com/msnscope/msnscope/decode/session"
	"github.com/msnscope/msnscope/internal/memnet"
	"github.com/msnscope/msnscope/replay"
)

// selfAddress is where a recording's own server is for its clients. No port is opened.
const selfAddress = "127.0.0.2:1863"

// playServer plays the recorded server to all clients that connect, until ctx ends.
func (f *replayFlags) playServer(
	ctx context.Context, e *env, plan *replay.Plan, report func(replay.Outcome), publish func(*session.Event),
) (*replay.Result, error) {
	l, err := listen(f.serve)
	if err != nil {
		return nil, err
	}
	o, end, err := f.serveOptions(e, plan)
	if err != nil {
		return nil, errors.Join(err, l.Close())
	}
	defer end()
	o.Once, o.Report, o.Publish = f.once, report, publish
	e.say("serving the recording on %s", l.Addr())
	result, err := replay.Serve(ctx, plan, l, o)
	if err != nil {
		return nil, replayError(err)
	}
	return result, nil
}

// serveOptions returns the options for serving the plan, and the function that ends what they need.
func (f *replayFlags) serveOptions(e *env, plan *replay.Plan) (o replay.ServeOptions, end func(), err error) {
	o = replay.ServeOptions{Unmatched: replay.Unmatched(f.unmatched), Speed: f.speed, Ignore: f.ignore}
	if o.Unmatched != replay.Embedded {
		return o, func() {}, nil
	}
	srv, err := f.stage(e.logger(nil), plan, f.known)
	if err != nil {
		return o, nil, err
	}
	o.To, o.Dial = srv.entry, srv.Dial
	o.Password = func(handle string) (string, bool) {
		p, ok := f.known[strings.ToLower(handle)]
		return p, ok
	}
	return o, srv.Close, nil
}

// playSelf plays both ends to each other: in memory, or over the address of --serve. The result is
// that of the clients, joined with what was not recorded of what the servers got.
func (f *replayFlags) playSelf(
	ctx context.Context, e *env, plan *replay.Plan, report func(replay.Outcome), publish func(*session.Event),
) (*replay.Result, error) {
	var network memnet.Network
	l, err := network.Listen(selfAddress)
	dial, to := network.DialContext, selfAddress
	if f.serve != "" {
		if l, err = listen(f.serve); err == nil {
			dial, to = (&net.Dialer{}).DialContext, l.Addr().String()
		}
	}
	if err != nil {
		return nil, err
	}
	so, end, err := f.serveOptions(e, plan)
	if err != nil {
		return nil, errors.Join(err, l.Close())
	}
	defer end()
	var served *replay.Result
	var serving sync.WaitGroup
	serveCtx, stop := context.WithCancel(ctx)
	so.Once, so.Speed, so.Brief = true, 0, true
	serving.Go(func() { served, _ = replay.Serve(serveCtx, plan, l, so) })
	o := f.options(e, report, publish)
	for _, handle := range plan.Passwords() {
		if _, ok := f.known[strings.ToLower(handle)]; !ok {
			f.known[strings.ToLower(handle)] = "any" // a recording takes every password
		}
	}
	o.To, o.Dial = to, dial
	result, err := replay.Run(ctx, plan, o)
	stop()
	serving.Wait()
	if err != nil {
		return nil, replayError(err)
	}
	result.Join(served)
	return result, nil
}
