package main

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"net/netip"
	"sync"
	"time"

	"github.com/msnscope/msnscope/decode/session"
	"github.com/msnscope/msnscope/internal/bus"
	"github.com/msnscope/msnscope/internal/demo"
	"github.com/msnscope/msnscope/internal/eventlog"
	"github.com/msnscope/msnscope/internal/metrics"
	"github.com/msnscope/msnscope/internal/script"
	"github.com/msnscope/msnscope/internal/talk"
	"github.com/msnscope/msnscope/proxy"
	"github.com/msnscope/msnscope/proxy/intercept"
	"github.com/msnscope/msnscope/server/accounts"
	"github.com/msnscope/msnscope/ui"
	"github.com/msnscope/msnscope/ui/web"
)

// proxyRun is one run of the proxy: the parts that proxyFlags.run lists, which start and stop them
// in that order.
type proxyRun struct {
	*proxyFlags
	env    *env
	kept   *talk.Ring // keeps log lines for the inspector, nil without it
	out    *outlets
	events *bus.Bus[*session.Event]
	stop   context.CancelCauseFunc // ends the run

	options  proxy.Options
	server   *embedded // nil where another server is upstream
	on       listeners
	rec      *recorder // nil without -w
	log      *eventlog.Log
	keeps    *bus.Subscription // fills the log, nil without one
	prints   *bus.Subscription // prints events, nil in the inspector
	proxy    *proxy.Proxy
	scripts  *script.Set // nil without --script
	controls *intercept.Controls
	shadow   *shadow
	api      *controlled
	traffic  *metrics.Traffic // nil without --metrics
	measured *measured
	page     *livePage      // nil without --web
	served   <-chan error   // gets the error that ended a listener
	guests   sync.WaitGroup // of --demo
	ticks    sync.WaitGroup // of scripts
	untick   context.CancelFunc
	bots     *bots
	stuck    bool // standard output took nothing more at the end
}

func (r *proxyRun) embed(context.Context) (err error) {
	r.options, r.server, err = r.proxyFlags.options(r.out.log)
	return err
}

func (r *proxyRun) closeServer() error {
	if r.server != nil {
		r.server.Close()
	}
	return nil
}

func (r *proxyRun) openListeners(ctx context.Context) (err error) {
	given, err := r.env.takeHanded()
	if err != nil {
		return err
	}
	if r.on, err = listenAll(r.listen, given.listen); err != nil {
		return err
	}
	if err := given.check(); err != nil {
		r.on.close()
		return err
	}
	if at := r.on.leadingTo(ctx, r.options.Upstream); at != nil && r.server == nil {
		r.on.close()
		return usage("--upstream %s: this is the proxy itself, which listens on %s", r.upstream, at)
	}
	return nil
}

func (r *proxyRun) closeListeners() error {
	r.on.close()
	return nil
}

// record starts the recording that -w asks for. The proxy decodes later while the recorder lags.
func (r *proxyRun) record(context.Context) (err error) {
	if r.write == "" {
		return nil
	}
	var names map[netip.Addr]string
	if r.server != nil {
		names = r.server.names
	}
	if r.rec, err = record(r.events, r.recordFlags, names, r.out, time.Now()); err == nil {
		r.options.Lagging = r.rec.events.Lagging
	}
	return err
}

func (r *proxyRun) endRecording() error { return r.rec.close(time.Now()) }

// openLog makes the log for the parts that read earlier events: the inspector, the page, the
// control API and the shadow.
func (r *proxyRun) openLog(context.Context) error {
	if !r.screen && r.control == "" && r.web == "" && r.shadowFlags.shadow == "" {
		return nil
	}
	r.log = r.out.newLog()
	r.keeps = r.events.Subscribe(bus.Options[*session.Event]{
		Name: "log", Gap: gap, Delay: batchTime, Handle: func(batch []*session.Event) {
			for _, e := range batch {
				r.log.Append(e)
			}
		},
	})
	return nil
}

func (r *proxyRun) closeLog() error {
	if r.log == nil {
		return nil
	}
	r.keeps.Close()
	return r.log.Close()
}

func (r *proxyRun) makeProxy(context.Context) (err error) {
	r.options.Publish, r.options.Log = r.events.Publish, r.out.log
	if r.metrics != "" {
		r.traffic = metrics.NewTraffic()
		r.options.Publish = func(e *session.Event) {
			r.traffic.Count(e)
			r.events.Publish(e)
		}
	}
	r.options.SpillFailed = func(err error) { r.out.stopped("spill file of what waits to be decoded", err) }
	leaveDescriptors(&r.options)
	r.proxy = proxy.New(r.options)
	r.controls, err = r.interceptFlags.controls(r.proxy, r.scripts, r.out.log)
	return err
}

func (r *proxyRun) loadScripts(context.Context) (err error) {
	r.scripts, err = r.interceptFlags.loadScripts(r.screen || r.control != "" || r.web != "", r.out.log)
	return err
}

// runScripts tells the scripts the time, and lets them answer for users of the embedded server.
func (r *proxyRun) runScripts(ctx context.Context) (err error) {
	ctx, r.untick = context.WithCancel(ctx)
	r.ticks.Go(func() { r.controls.RunScripts(ctx) })
	if r.server != nil {
		r.bots, err = startBots(ctx, r.scripts, r.server.options.Store, r.server.options.Notification[0], r.server.Dial,
			r.out.log)
	}
	return err
}

func (r *proxyRun) endScripts() error {
	r.untick()
	r.bots.close()
	r.ticks.Wait()
	return nil
}

func (r *proxyRun) followWithShadow(ctx context.Context) error {
	r.shadow = r.startShadow(ctx, r.log, r.proxy.Note, r.out.log)
	return nil
}

func (r *proxyRun) endShadow() error {
	if r.stuck {
		return r.shadow.abandon()
	}
	return r.shadow.close(r.env)
}

func (r *proxyRun) serveControl(ctx context.Context) (err error) {
	r.api, err = serveControl(ctx, r.env, r.control, r.proxy, r.controls, r.log, r.out)
	return err
}

func (r *proxyRun) endControl() error {
	r.api.close()
	return nil
}

// show prints events if there is no inspector.
func (r *proxyRun) show(context.Context) error {
	if !r.screen {
		failed := func(err error) { r.out.stopped("standard output", err) }
		r.prints = r.output(r.events, r.env.stdout, failed)
	}
	return nil
}

// lastWords is how long the end of a run waits for a slow or stuck reader of standard output.
const lastWords = 2 * time.Second

// flush waits until all published events are in the log and printed, the latter no longer than
// lastWords.
func (r *proxyRun) flush() error {
	done := make(chan struct{})
	go func() {
		defer close(done)
		if r.keeps != nil {
			r.keeps.Close()
		}
		if r.prints != nil {
			r.prints.Close()
		}
	}()
	select {
	case <-done:
	case <-time.After(lastWords):
		r.stuck = true
		r.env.say("standard output is not being read: the last commands are missing there")
		r.out.incomplete()
	}
	return nil
}

// serve starts to accept clients.
func (r *proxyRun) serve(context.Context) error {
	r.served = r.on.serve(r.proxy)
	if !r.screen {
		r.env.say("listening on %s, %s", r.on, r.serverText())
	}
	r.on.warn(r.out.log)
	sayReady(r.out.log)
	return nil
}

func (r *proxyRun) closeProxy() error {
	r.proxy.Close()
	return nil
}

// serveMetrics serves what --metrics asks for, once clients can connect.
func (r *proxyRun) serveMetrics(ctx context.Context) error {
	o := metrics.Options{
		Version: version(), Traffic: r.traffic, Proxy: r.proxy, Controls: r.controls, Log: r.log,
		OutputFailed: r.out.failed.Load, Logger: r.out.log,
	}
	if r.rec != nil {
		o.Subscriptions = append(o.Subscriptions, r.rec.events)
	}
	for _, s := range []*bus.Subscription{r.keeps, r.prints} {
		if s != nil {
			o.Subscriptions = append(o.Subscriptions, s)
		}
	}
	if r.server != nil {
		o.Server = r.server.Server
		o.Database, _ = r.server.options.Store.(*accounts.SQLite)
	}
	at, err := listenForMetrics(r.metrics)
	if at != nil && !r.screen {
		r.env.say("metrics on %s", at.name)
	}
	r.measured = at.serve(ctx, o, r.out)
	return err
}

func (r *proxyRun) endMetrics() error {
	r.measured.close()
	return nil
}

// serveWeb serves the page of --web.
func (r *proxyRun) serveWeb(ctx context.Context) (err error) {
	o := web.LiveOptions{
		Log: r.log, Live: true, Filter: r.filter, Title: r.title(), Status: r.rec.status, Logger: r.out.log,
		Steering: r.controls, Save: pageSaver(r.log),
	}
	if !r.screen && r.control == "" { // else others may release what is held
		o.Left = r.controls.ReleaseAll
	}
	r.page, err = serveWeb(ctx, r.web, r.lint.preset, o, func(err error) { r.out.stopped("page", err) })
	switch {
	case r.page == nil:
	case r.screen:
		r.out.log.Info(r.page.greeting())
	default:
		r.page.say(r.env)
	}
	return err
}

func (r *proxyRun) endWeb() error {
	r.page.close()
	return nil
}

// title returns the function that says in a few words what is shown.
func (r *proxyRun) title() func() string {
	return warned(r.on.String()+" → "+cmp.Or(r.upstream, "embedded"), r.proxy)
}

// invite starts the scripted clients of --demo.
func (r *proxyRun) invite(ctx context.Context) error {
	if !r.demo {
		return nil
	}
	r.guests.Go(func() {
		err := demo.Run(ctx, demo.Options{Server: r.on[0].Addr().String(), Log: r.out.log})
		if err != nil && ctx.Err() == nil {
			r.stop(&exitError{exitIO, fmt.Errorf("demo: %w", err), ""})
		}
	})
	return nil
}

func (r *proxyRun) sendHome() error {
	r.stop(nil)
	r.guests.Wait()
	return nil
}

// wait returns when the run is to end: on a signal, when the inspector's user leaves, or when a
// listener has failed.
func (r *proxyRun) wait(ctx context.Context) error {
	if r.screen {
		defer r.controls.ReleaseAll()
		return r.inspect(ctx)
	}
	select {
	case <-ctx.Done():
		return ended(ctx)
	case err := <-r.served:
		return &exitError{exitIO, err, ""}
	}
}

// inspect runs the inspector until its user leaves.
func (r *proxyRun) inspect(ctx context.Context) error {
	err := r.env.runInspector(ctx, ui.Options{
		Log: r.log, Live: true, Filter: r.filter, Lint: r.lint.preset,
		Steering: r.controls, Logs: r.kept.Lines, Status: r.rec.status,
		Title: r.title(), Question: r.rec.question, Note: r.note(), Greeting: r.page.greeting(),
	}, "msnscope --headless prints lines")
	return cmp.Or(err, ended(ctx))
}

// note returns the function that adds a comment to the recording, nil without a recording.
func (r *proxyRun) note() func(string) {
	if r.rec == nil {
		return nil
	}
	return r.proxy.Note
}

// ended returns the error of a run that ctx has ended, nil if a signal ended it.
func ended(ctx context.Context) error {
	if cause := context.Cause(ctx); !errors.Is(cause, context.Canceled) {
		return cause
	}
	return nil
}
