package main

import (
	"context"
	"errors"
	"fmt"
	"net"
	"runtime/debug"
	"strconv"
	"time"

	"github.com/spf13/cobra"

	"github.com/msnscope/msnscope/decode/dialect"
	"github.com/msnscope/msnscope/internal/script"
	"github.com/msnscope/msnscope/server"
)

// goodbye is how long a stopping server may take to sign off its clients.
const goodbye = 3 * time.Second

func serveCommand(e *env) *cobra.Command {
	var f serverFlags
	var addr, advertise, gatewayAddr, metricsAddr string
	var scripts scriptFlags
	var seed uint64
	c := &cobra.Command{
		Use:   "serve",
		Short: "The server alone: dispatch, notification and switchboard on three ports",
		Long: "Serves MSN clients: dispatch on the given port, notification on the next, the switchboard on the\n" +
			"one after; further notification servers follow. The accounts are alice, bob, carol and dave\n" +
			"@hotmail.com with the passwords alicepw to davepw, or those of a database, which `msnscope\n" +
			"accounts` fills and changes while the server runs.\n" +
			"\n" +
			"What one user or address may use is limited (docs/SERVER.md), by the client's own address. Behind\n" +
			"another proxy that address is known only with --proxy-protocol-from: then each connection from\n" +
			"that proxy must begin with a PROXY protocol header, and no other connection may.\n" +
			"\n" +
			"With --gateway, clients that speak HTTP are served too (docs/GATEWAY.md). They connect to port 80\n" +
			"only.\n" +
			"\n" +
			"With several notification servers, each SIGUSR1 drains one of them, beginning with the first: its\n" +
			"users are referred to the next one in mid-session, and new users are sent there too.\n" +
			"\n" +
			"With --cluster the server is a node of a cluster: it shares all users with nodes elsewhere, and when\n" +
			"it stops, its users go to them. With --nats the nodes share them through NATS servers of their own.\n" +
			"docs/CLUSTER.md explains both.",
		Example: "  msnscope serve --user erin@hotmail.com:secret:Erin\n" +
			"  msnscope serve --db accounts.db --user erin@hotmail.com:secret\n" +
			"  msnscope serve --metrics 127.0.0.1:9464\n" +
			"  msnscope serve --script docs/scripts/echo.star\n" +
			"  msnscope serve --status --data n1",
		Args: noArgs,
		RunE: func(c *cobra.Command, _ []string) error {
			if err := f.cluster.check(c.Flags()); err != nil {
				return err
			}
			if f.cluster.status {
				return f.cluster.printStatus(c.Context(), e)
			}
			log := e.logger(nil)
			set, err := scripts.load(script.Options{
				Seed: seed, Log: log, Cannot: server.ScriptLimits,
				Print: func(name, line string) { log.Info(line, "script", name) },
			})
			if err != nil {
				return err
			}
			return serve(c.Context(), e, f, set, addr, advertise, gatewayAddr, metricsAddr)
		},
	}
	c.Flags().SortFlags = false
	c.Flags().StringVar(&addr, "listen", "127.0.0.1:1863", "where the dispatch server listens")
	c.Flags().StringVar(&advertise, "advertise", "", "the `HOST` that referrals name; default: the one of --listen")
	c.Flags().StringVar(&gatewayAddr, "gateway", "", "`ADDR` of a gateway for clients over HTTP, such as 0.0.0.0:80")
	addMetrics(c.Flags(), &metricsAddr)
	f.add(c.Flags())
	f.addDB(c.Flags())
	c.Flags().StringArrayVar(&f.proxies, "proxy-protocol-from", nil,
		"clients come through proxies in this network, `CIDR`, that say where each is (PROXY protocol 1 or 2); may be "+
			"repeated")
	c.Flags().IntVar(&f.connections, "connections", 0, "how many clients may be connected; default: 20,000")
	f.cluster.add(c.Flags())
	scripts.add(c.Flags())
	c.Flags().Uint64Var(&seed, "seed", 1, "seed of the scripts' random numbers")
	completeForms(c)
	return c
}

// tickScripts tells the scripts of a server the time, once a second, and loads those again whose
// files have changed, until ctx ends.
func tickScripts(ctx context.Context, scripts *script.Set) {
	if scripts == nil {
		return
	}
	t := time.NewTicker(time.Second)
	defer t.Stop()
	for {
		select {
		case now := <-t.C:
			scripts.Reload()
			scripts.Tick(now) // what it asks for is about connections, of which there are none here
		case <-ctx.Done():
			return
		}
	}
}

// waitAndDrain waits until ctx ends. Each SIGUSR1 meanwhile moves the users of one notification
// server to the next.
func waitAndDrain(ctx context.Context, e *env, srv *server.Server, notification []string, ends <-chan error) error {
	asked, stop := drainSignal()
	defer stop()
	for i := 0; ; i++ {
		select {
		case <-ctx.Done():
			return nil
		case err := <-ends:
			return err
		case <-asked:
			if len(notification) == 0 {
				e.say("nobody was moved: there is no notification server here")
				continue
			}
			from, to := notification[i%len(notification)], notification[(i+1)%len(notification)]
			if n, err := srv.Drain(from, to); err != nil {
				e.say("nobody was moved: %v", err)
			} else {
				e.say("%s is drained: %d users were referred to %s", from, n, to)
			}
		}
	}
}

// advertisedHost returns the host of --advertise. A port is refused, since the ports are those of
// --listen.
func advertisedHost(s string) (string, error) {
	host, port, err := advertised(s)
	if err == nil && port != "" {
		err = errors.New("the ports are those of --listen")
	}
	if err != nil {
		return "", usage("--advertise %q: %w", s, err)
	}
	return host, nil
}

// referred returns the host that referrals name: the one of --advertise, otherwise the one that the
// server listens on.
func referred(addr, advertise string, first net.Addr) (string, error) {
	if advertise != "" {
		return advertisedHost(advertise)
	}
	host, _, err := net.SplitHostPort(first.String())
	if err == nil && net.ParseIP(host).IsUnspecified() {
		return "", &exitError{
			exitUsage,
			fmt.Errorf("--listen %s: referrals must name an address that clients can reach",
				addr), "add --advertise HOST",
		}
	}
	return host, err
}

// serverAddrs are the addresses of a server in referrals, "" and nil for roles that it does not
// have.
type serverAddrs struct {
	dispatch     string
	notification []string
	switchboard  string
}

// entry returns the address where bots begin, "" for none.
func (a *serverAddrs) entry() string {
	if len(a.notification) == 0 {
		return ""
	}
	return a.notification[0]
}

// addrsOf returns the addresses of listeners that have these roles.
func addrsOf(open listeners, roles []dialect.Role, host string) (a serverAddrs) {
	for i, l := range open {
		at := net.JoinHostPort(host, strconv.Itoa(l.Addr().(*net.TCPAddr).Port))
		switch roles[i] {
		case dialect.DS:
			a.dispatch = at
		case dialect.NS:
			a.notification = append(a.notification, at)
		case dialect.SB:
			a.switchboard = at
		}
	}
	return a
}

// serve runs the roles until ctx ends or one of them fails.
func serve(
	ctx context.Context, e *env, f serverFlags, scripts *script.Set, addr, advertise, gatewayAddr, metricsAddr string,
) error {
	if e.getenv("GOGC") == "" {
		// A server usually has thousands of idle users. Collecting twice as often costs about a
		// hundredth of the processor time and saves a sixth of the memory; docs/BENCHMARKS.md has
		// the figures.
		defer debug.SetGCPercent(debug.SetGCPercent(50))
	}
	roles, err := f.cluster.serverRoles(f.notifications)
	if err != nil {
		return err
	}
	if err := f.fits(gatewayAddr, scripts, roles); err != nil {
		return err
	}
	log := e.logger(nil)
	member, err := f.cluster.join(ctx, e, log)
	if err != nil {
		return err
	}
	defer member.close()
	o, err := f.options(log, member)
	if err != nil {
		return err
	}
	defer closeStore(o)
	o.Scripts = scripts
	given, err := e.takeHanded()
	if err != nil {
		return err
	}
	open, err := listenInARow(addr, len(roles), given.listen)
	if err != nil {
		return err
	}
	host, err := referred(addr, advertise, open[0].Addr())
	if err != nil {
		open.close()
		return err
	}
	at := addrsOf(open, roles, host)
	o.Dispatch, o.Notification, o.Switchboard = at.dispatch, at.notification, at.switchboard
	measuredAt, err := listenForMetrics(metricsAddr)
	if err != nil {
		open.close()
		return err
	}
	web, err := openGateway(gatewayAddr, host, f.proxies, given.listen)
	if err == nil {
		err = given.check()
	}
	if err != nil {
		open.close()
		measuredAt.close()
		web.close()
		return err
	}
	if err := member.connect(ctx, &o, at); err != nil {
		open.close()
		measuredAt.close()
		web.close()
		return err
	}
	srv := server.New(o)
	member.count(srv)
	ends := make(chan error, len(roles)+webParts)
	for i, l := range open {
		if f.noDispatch && roles[i] == dialect.DS {
			l.Close()
			continue
		}
		e.say("%s on %s", roles[i].Title(), l.Addr())
		go func() { ends <- srv.Serve(roles[i], l) }()
	}
	web.serve(e, srv, ends)
	m := measureServer(ctx, e, measuredAt, srv, &o, member)
	answering, err := startBots(ctx, scripts, o.Store, at.entry(), srv.Dial, o.Log)
	if err == nil {
		sayReady(o.Log)
		ticking, stop := context.WithCancel(ctx)
		answering.runs.Go(func() { tickScripts(ticking, scripts) })
		err = waitAndDrain(ctx, e, srv, o.Notification, ends)
		stop()
		member.leave(e, srv)
	}
	answering.close()
	m.close()
	web.close()
	end, cancel := context.WithTimeout(context.Background(), goodbye)
	defer cancel()
	if down := srv.Shutdown(end); err == nil {
		err = down
	}
	if x := (*exitError)(nil); err == nil || errors.Is(err, server.ErrClosed) {
		return nil
	} else if errors.As(err, &x) {
		return err
	}
	return &exitError{exitIO, err, ""}
}
