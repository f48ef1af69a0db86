package main

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"net/netip"
	"strings"
	"sync"
	"syscall"
	"time"

	"github.com/spf13/cobra"

	"github.com/msnscope/msnscope/decode/referral"
	"github.com/msnscope/msnscope/decode/session"
	"github.com/msnscope/msnscope/internal/bus"
	"github.com/msnscope/msnscope/internal/demo"
	"github.com/msnscope/msnscope/internal/filter"
	"github.com/msnscope/msnscope/internal/store"
	"github.com/msnscope/msnscope/proxy"
	"github.com/msnscope/msnscope/proxy/intercept"
	"github.com/msnscope/msnscope/ui"
)

// proxyFlags are the flags of the proxy.
type proxyFlags struct {
	serverFlags
	recordFlags
	trafficFlags
	shadowFlags
	listen                            []string
	upstream, advertise, filter, form string
	referralPorts                     int
	headless, demo, onePerWrite       bool
}

func proxyCommand(e *env) *cobra.Command {
	var f proxyFlags
	c := &cobra.Command{
		Use:   "proxy",
		Short: "Proxy with inspector, in front of the embedded server or another",
		Long: "Listens for MSN clients, takes them to a server, and shows, records and keeps all that they say: the addresses\n" +
			"in referrals are rewritten, so that every connection comes back through here. Without a terminal, or with\n" +
			"--headless, each command is one line on standard output.",
		Example: "  msnscope --demo\n" +
			"  msnscope --headless -T jsonl -w session.pcapng\n" +
			"  msnscope --headless -w 'session-%F-%H%M%S.pcapng' --rotate-time 24h --max-disk 1G\n" +
			"  msnscope --listen 127.0.0.1:2000 --upstream 192.0.2.33",
		Args: noArgs,
		RunE: func(c *cobra.Command, _ []string) error { return f.run(c.Context(), e) },
	}
	fs := c.Flags()
	fs.SortFlags = false
	fs.StringArrayVar(&f.listen, "listen", []string{defaultListen}, "where clients connect; may be repeated")
	fs.StringVar(&f.upstream, "upstream", "", "the server to go to (port 1863 if none is given); default: the embedded one")
	f.recordFlags.add(fs)
	fs.StringVar(&f.advertise, "advertise", "", "what rewritten addresses say, `HOST[:PORT]`; default: the address by which the client came")
	fs.IntVar(&f.referralPorts, "referral-ports", 0, "one more listener for each server that clients are referred to, from this `PORT` on")
	fs.BoolVar(&f.onePerWrite, "one-per-write", false, "each command in a write of its own, for servers that need it")
	fs.StringVarP(&f.filter, "filter", "Y", "", "show only the commands for which this `EXPR` is true")
	fs.BoolVar(&f.headless, "headless", false, "no inspector: one line a command on standard output")
	fs.StringVarP(&f.form, "type", "T", "text", "form of the headless output: text, jsonl or cs")
	fs.BoolVar(&f.demo, "demo", false, "scripted clients sign in and talk, so that there is something to see")
	f.trafficFlags.add(fs)
	f.shadowFlags.add(fs)
	f.serverFlags.add(fs)
	f.addDB(fs)
	completeForms(c)
	completeFaults(c)
	return c
}

// lastWords is how long the end waits for a reader of standard output that takes its time, or takes nothing any more.
const lastWords = 2 * time.Second

// run is the proxy from its start to its end.
func (f *proxyFlags) run(ctx context.Context, e *env) (err error) {
	screen := !f.headless && isTerminal(e.stdout) && isTerminal(e.stdin)
	match, err := compile(f.filter)
	if err != nil {
		return err
	}
	form, ok := printers[f.form]
	if !ok {
		return usage("-T %s: the forms are text, jsonl and cs", f.form)
	}
	if err := errors.Join(f.trafficFlags.read(), f.shadowFlags.read(f.users)); err != nil {
		return err
	}
	if f.intercept != "" && !screen && f.control == "" {
		return usage("--intercept needs the inspector, or --control: without them nobody lets commands go on")
	}
	if err := f.recordFlags.check(); err != nil {
		return err
	}
	ctx, stop := context.WithCancelCause(ctx)
	defer stop(nil)
	var kept *lines
	if screen {
		kept = &lines{}
	}
	log := e.logger(kept)

	o, srv, err := f.options(log)
	if err != nil {
		return err
	}
	if srv != nil {
		defer srv.Close()
	}
	on, err := listenAll(f.listen)
	if err != nil {
		return err
	}
	events := bus.New((*session.Event).Size)
	if at := on.leadingTo(ctx, o.Upstream); at != nil && srv == nil {
		on.close()
		return usage("--upstream %s: that is this proxy itself, which listens on %s", f.upstream, at)
	}
	o.Publish, o.Log = events.Publish, log
	var rec *recording
	if f.write != "" {
		if rec, err = record(events, f.recordFlags, names(srv), log); err != nil {
			on.close()
			return err
		}
	}
	if rec != nil {
		o.Behind = rec.events.Behind
	}
	p := proxy.New(o)
	bench, err := f.bench(p, log)
	if err != nil {
		on.close()
		return err
	}
	shown := f.show(e, events, screen, form, match, stop)
	api, err := serveControl(ctx, e, f.control, p, bench, shown.log)
	if err != nil {
		on.close()
		p.Close()
		shown.close()
		return errors.Join(err, rec.close(time.Now()))
	}
	shadow := f.startShadow(ctx, shown.log, p.Note, log)
	served := on.serve(p)
	var guests sync.WaitGroup
	if f.demo {
		guests.Go(func() { play(ctx, on[0].Addr().String(), log, stop) })
	}
	if !screen {
		e.say("listening on %s, %s", on, f.behind())
	}
	on.warn(log)
	// The end, in order: guests leave, connections close, the last events reach screens and files.
	defer func() {
		stop(nil)
		guests.Wait()
		p.Close()
		printed := make(chan struct{})
		go func() {
			defer close(printed)
			shown.flush()
		}()
		err = errors.Join(err, rec.close(time.Now()))
		select {
		case <-printed:
			api.close()
			err = errors.Join(err, shadow.close(e))
			shown.close()
		case <-time.After(lastWords):
			api.close()
			shadow.abandon()
			e.say("standard output is not being read: the last commands are missing there")
		}
	}()
	if screen {
		defer bench.ReleaseAll()
		return f.inspect(ctx, shown.log, bench, kept, f.title(on, p), rec)
	}
	select {
	case <-ctx.Done():
		return ended(ctx)
	case err := <-served:
		return &exitError{exitIO, err, ""}
	}
}

// ended is the error of a run that ctx ended: none for a signal, or for a reader that went away.
func ended(ctx context.Context) error {
	if cause := context.Cause(ctx); !errors.Is(cause, context.Canceled) && !errors.Is(cause, syscall.EPIPE) {
		return cause
	}
	return nil
}

// options returns the proxy's, and the embedded server unless another is upstream.
func (f *proxyFlags) options(log *slog.Logger) (proxy.Options, *embedded, error) {
	o := proxy.Options{ReferralPorts: f.referralPorts, OnePerWrite: f.onePerWrite}
	if f.referralPorts < 0 || f.referralPorts > 65535 {
		return o, nil, usage("--referral-ports: %d is no port", f.referralPorts)
	}
	if f.demo && f.db != "" {
		return o, nil, usage("--demo needs the accounts that the embedded server has without --db, and would change yours")
	}
	if f.advertise != "" {
		host, port, err := advertised(f.advertise)
		if err != nil {
			return o, nil, usage("--advertise %q: %w", f.advertise, err)
		}
		if _, err := netip.ParseAddr(host); err != nil {
			log.Warn("old clients take nothing but a dotted IP address in a referral", "advertise", host)
		}
		o.Advertise = host
		if port != "" {
			o.Advertise = net.JoinHostPort(host, port)
		}
	}
	if f.upstream != "" {
		address, ok := referral.Normalize(f.upstream)
		if !ok {
			return o, nil, usage("--upstream %q: it must be HOST or HOST:PORT", f.upstream)
		}
		o.Upstream = address
		return o, nil, nil
	}
	srv, err := f.embed(log)
	if err != nil {
		return o, nil, err
	}
	o.Upstream, o.Dial, o.Role = srv.entry, srv.Dial, srv.role
	return o, srv, nil
}

// names are those of the embedded server's addresses.
func names(srv *embedded) map[netip.Addr]string {
	if srv == nil {
		return nil
	}
	return srv.names
}

// behind says in words what the proxy stands in front of.
func (f *proxyFlags) behind() string {
	if f.upstream != "" {
		return "upstream " + f.upstream
	}
	if f.db != "" {
		return "embedded server: the accounts of " + f.db
	}
	return "embedded server: alice, bob, carol, dave @hotmail.com, password NAMEpw"
}

// shown is where events go that people look at: a log, that of the screen and of the control API, and what is printed.
type shown struct {
	log  *store.Log
	subs []*bus.Subscription
}

// show subscribes them.
func (f *proxyFlags) show(e *env, events *bus.Bus[*session.Event], screen bool, form printer, match *filter.Filter, stop context.CancelCauseFunc) *shown {
	s := &shown{}
	if !screen {
		s.subs = append(s.subs, output(events, e.stdout, form, match, stop))
	}
	if screen || f.control != "" || f.shadow != "" {
		s.log = store.NewLog(store.LogOptions{})
		s.subs = append(s.subs, events.Subscribe(bus.Options[*session.Event]{Name: "screen", Gap: gap, Delay: batchTime, Handle: func(batch []*session.Event) {
			for _, e := range batch {
				s.log.Append(e)
			}
		}}))
	}
	return s
}

// flush returns when all that was published has been shown; nothing may be published after it was called.
func (s *shown) flush() {
	for _, sub := range s.subs {
		sub.Close()
	}
}

// close ends it all.
func (s *shown) close() {
	s.flush()
	if s.log != nil {
		s.log.Close()
	}
}

// play runs the demo's people.
func play(ctx context.Context, address string, log *slog.Logger, stop context.CancelCauseFunc) {
	if err := demo.Run(ctx, demo.Options{Server: address, Log: log}); err != nil && ctx.Err() == nil {
		stop(&exitError{exitIO, fmt.Errorf("demo: %w", err), ""})
	}
}

// title returns what the inspector's first line says of the proxy: where it stands, besides.
func (f *proxyFlags) title(on listeners, p *proxy.Proxy) func() string {
	behind := "embedded"
	if f.upstream != "" {
		behind = f.upstream
	}
	return warned(on.String()+" → "+behind, p)
}

// warned returns what the inspector's first line says: where it looks, and whether clients find ways around the proxy.
func warned(where string, p interface{ Bypassed() (int, string) }) func() string {
	return func() string {
		if n, latest := p.Bypassed(); n > 0 {
			return fmt.Sprintf("%s  BYPASSED %d times: %s", where, n, latest)
		}
		return where
	}
}

// inspect runs the inspector until its user leaves.
func (f *proxyFlags) inspect(ctx context.Context, log *store.Log, bench *intercept.Bench, kept *lines, title func() string, rec *recording) error {
	app, err := ui.New(ui.Options{
		Log: log, Live: true, Filter: f.filter, Steering: bench, Logs: kept.snapshot, Status: rec.status,
		Title: title,
		Question: func() (string, bool) {
			return "Recording to " + strings.TrimPrefix(f.write, "+") + ".", rec != nil
		},
	})
	if err != nil {
		return fmt.Errorf("inspector: %w", err)
	}
	if err := app.Run(ctx); err != nil && ctx.Err() == nil {
		return &exitError{exitIO, fmt.Errorf("inspector: %w", err), "without a terminal, use --headless"}
	}
	return ended(ctx)
}
