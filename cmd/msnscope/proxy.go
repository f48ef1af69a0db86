package main

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"net/netip"
	"strings"

	"github.com/spf13/cobra"

	"github.com/msnscope/msnscope/decode/referral"
	"github.com/msnscope/msnscope/decode/session"
	"github.com/msnscope/msnscope/internal/bus"
	"github.com/msnscope/msnscope/proxy"
)

// proxyFlags are the flags of the proxy.
type proxyFlags struct {
	serverFlags
	recordFlags
	interceptFlags
	shadowFlags
	viewFlags
	transferFlags
	listen              []string
	upstream, advertise string
	gateway             string
	metrics, web        string
	referralPorts       int
	demo                bool
	quirks              quirkFlags
}

func proxyCommand(e *env) *cobra.Command {
	var f proxyFlags
	c := &cobra.Command{
		Use:   "proxy",
		Short: "The proxy with its inspector, in front of the embedded server or another one",
		Long: "Listens for MSN clients, connects them to a server, and shows and records all that they say. The\n" +
			"addresses in referrals are rewritten, so that every connection comes back to the proxy. Without a\n" +
			"terminal, or with --headless, each command is one line on standard output.\n" +
			"\n" +
			"Output that cannot be written, on standard output (a full disk, `| head`), in a recording or in a\n" +
			"spill file, stops and says so; traffic goes on until a signal ends it, and the exit code is 3.",
		Example: "  msnscope --demo\n" +
			"  msnscope --headless -T jsonl -w session.pcapng\n" +
			"  msnscope --headless -w 'session-%F-%H%M%S.pcapng' --rotate-time 24h --max-disk 1G\n" +
			"  msnscope --headless --web 127.0.0.1:8080\n" +
			"  msnscope --headless --metrics 127.0.0.1:9464\n" +
			"  msnscope --listen 127.0.0.1:2000 --upstream 192.0.2.33",
		Args: noArgs,
		RunE: func(c *cobra.Command, _ []string) error { return f.run(c.Context(), e) },
	}
	fs := c.Flags()
	fs.SortFlags = false
	fs.StringArrayVar(&f.listen, "listen", []string{defaultListen}, "where clients connect; may be repeated")
	fs.StringVar(&f.upstream, "upstream", "",
		"the server to connect to (port 1863 if none is given); default: the embedded one")
	fs.StringVar(&f.gateway, "upstream-gateway", "",
		"the gateway for clients over HTTP, `ADDR` (port 80 if none is given); default: --upstream if its port is 80, "+
			"otherwise the proxy is the gateway. docs/GATEWAY.md explains it")
	f.recordFlags.add(fs)
	fs.StringVar(&f.advertise, "advertise", "",
		"the address `HOST[:PORT]` to which referrals are rewritten; default: the address to which the client "+
			"connected")
	fs.IntVar(&f.referralPorts, "referral-ports", 0,
		"a listener of its own for each server that clients are referred to, from this `PORT` on")
	f.quirks.add(fs)
	f.transferFlags.add(c)
	f.viewFlags.add(fs)
	fs.BoolVar(&f.demo, "demo", false, "let scripted clients sign in and talk, for a demonstration")
	f.interceptFlags.add(fs)
	f.shadowFlags.add(fs)
	addWeb(fs, &f.web)
	addMetrics(fs, &f.metrics)
	f.serverFlags.add(fs)
	f.addDB(fs)
	completeForms(c)
	completeFaults(c)
	return c
}

// run runs the proxy until a signal, its user or an error ends it.
func (f *proxyFlags) run(ctx context.Context, e *env) error {
	if err := f.check(e); err != nil {
		return err
	}
	r := &proxyRun{proxyFlags: f, env: e, kept: f.logs(), events: bus.New((*session.Event).Size)}
	r.out = &outlets{log: e.logger(r.kept)}
	ctx, r.stop = context.WithCancelCause(ctx)
	defer r.stop(nil)
	return runParts(ctx, []part{
		{nil, r.out.err}, // an error if an outlet failed
		{r.loadScripts, nil},
		{r.embed, r.closeServer},
		{r.openListeners, r.closeListeners},
		{r.record, r.endRecording},
		{r.openLog, r.closeLog},
		{r.makeProxy, nil},
		{r.runScripts, r.endScripts},
		{r.followWithShadow, r.endShadow},
		{r.serveControl, r.endControl},
		{r.show, r.flush},
		{r.serve, r.closeProxy},
		{r.serveMetrics, r.endMetrics},
		{r.serveWeb, r.endWeb},
		{r.invite, r.sendHome},
	}, r.wait)
}

// check returns an error for what is wrong with the flags, before anything is started.
func (f *proxyFlags) check(e *env) error {
	if err := f.viewFlags.check(e); err != nil {
		return err
	}
	if err := errors.Join(f.interceptFlags.read(), f.shadowFlags.read(f.users)); err != nil {
		return err
	}
	if f.intercept != "" && !f.screen && f.control == "" && f.web == "" {
		return usage("--intercept needs the inspector, --web or --control: without them nobody can release commands")
	}
	return f.recordFlags.check()
}

// options returns the options of the proxy, and the embedded server, which is nil where another
// server is upstream.
func (f *proxyFlags) options(log *slog.Logger) (proxy.Options, *embedded, error) {
	o := proxy.Options{ReferralPorts: f.referralPorts, OnePerWrite: f.quirks.pause}
	if err := errors.Join(f.quirks.read(&o.Routes), f.transferFlags.read(&o)); err != nil {
		return o, nil, err
	}
	f.shadowFlags.routes = o.Routes
	if f.referralPorts < 0 || f.referralPorts > 65535 {
		return o, nil, usage("--referral-ports: %d is not a port", f.referralPorts)
	}
	if f.demo && f.db != "" {
		return o, nil, usage("--demo needs the accounts that the embedded server has without --db, " +
			"and would change yours")
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
	if f.gateway != "" {
		var ok bool
		if o.Gateway, ok = gatewayAddress(f.gateway); !ok {
			return o, nil, usage("--upstream-gateway %q: it must be HOST or HOST:PORT", f.gateway)
		}
	}
	if f.upstream != "" {
		address, ok := referral.Normalize(f.upstream)
		if !ok {
			return o, nil, usage("--upstream %q: it must be HOST or HOST:PORT", f.upstream)
		}
		o.Upstream = address
		if _, port, _ := net.SplitHostPort(address); o.Gateway == "" && port == "80" {
			o.Gateway = address
		}
		return o, nil, nil
	}
	srv, err := f.embed(log)
	if err != nil {
		return o, nil, err
	}
	o.Upstream, o.Dial, o.Role = srv.entry, srv.dial, srv.role
	o.Notification = srv.options.Notification[0]
	if o.Gateway != "" {
		srv.Close()
		return o, nil, usage("--upstream-gateway needs --upstream: the embedded server has no gateway but the proxy")
	}
	return o, srv, nil
}

// gatewayAddress returns an address of a gateway with its port, and false if it is none.
func gatewayAddress(s string) (string, bool) {
	address, ok := referral.Normalize(s)
	host, port, _ := net.SplitHostPort(address)
	if ok && port == referral.DefaultPort && !strings.HasSuffix(s, ":"+port) {
		address = net.JoinHostPort(host, "80")
	}
	return address, ok
}

// serverText describes the server to which the proxy leads.
func (f *proxyFlags) serverText() string {
	if f.upstream != "" {
		return "upstream " + f.upstream
	}
	if f.db != "" {
		return "embedded server: the accounts of " + f.db
	}
	return "embedded server: alice, bob, carol, dave @hotmail.com, password NAMEpw"
}

// warned returns the function that makes the inspector's first line: what it shows, and whether
// clients bypass the proxy.
func warned(where string, p interface{ Bypassed() (int, string) }) func() string {
	return func() string {
		if n, latest := p.Bypassed(); n > 0 {
			return fmt.Sprintf("%s  BYPASSED %d times: %s", where, n, latest)
		}
		return where
	}
}
