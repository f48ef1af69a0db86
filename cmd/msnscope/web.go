package main

import (
	"cmp"
	"context"
	"errors"
	"net"
	"strings"
	"sync"

	"github.com/spf13/pflag"

	"github.com/msnscope/msnscope/decode/lint"
	"github.com/msnscope/msnscope/ui/web"
)

func addWeb(fs *pflag.FlagSet, address *string) {
	fs.StringVar(address, "web", "",
		"show a live page in a browser, on this `HOST:PORT` (without a host 127.0.0.1); the link to it is printed. "+
			"docs/WEB.md explains it")
}

// livePage is a page that is being served.
type livePage struct {
	link   string // opens it, once
	warns  string // what is dangerous about its address, "" for nothing
	stop   context.CancelFunc
	served sync.WaitGroup
}

// serveWeb serves the page that o describes at the address of --web, checked by a preset of rules,
// "" for the usual one. Without an address it returns nil, and a nil *livePage does nothing. failed
// is called if the page ends by itself.
func serveWeb(ctx context.Context, address, rules string, o web.LiveOptions, failed func(error)) (*livePage, error) {
	if address == "" {
		return nil, nil
	}
	l, err := listenFor("web", address)
	if err != nil {
		return nil, err
	}
	host, _, err := net.SplitHostPort(l.Addr().String())
	if err != nil {
		return nil, errors.Join(err, l.Close())
	}
	p := &livePage{}
	if ip := net.ParseIP(host); ip == nil || !ip.IsLoopback() {
		o.Host, _, _ = net.SplitHostPort(address)
		p.warns = "the page is not on a loopback address: whoever reads the network can read it, and take it over"
	}
	o.Made = "msnscope " + version()
	rulesOf, err := lintOptions("--lint", cmp.Or(rules, string(lint.Observed)))
	if err != nil {
		return nil, errors.Join(err, l.Close())
	}
	o.Lint = &rulesOf
	page, err := web.NewLive(o)
	if err != nil {
		return nil, errors.Join(err, l.Close())
	}
	p.link = page.Link(l.Addr().String())
	ctx, p.stop = context.WithCancel(context.WithoutCancel(ctx)) // it must outlive the run, to show its end
	p.served.Go(func() {
		if err := page.Serve(ctx, l); err != nil {
			failed(err)
		}
	})
	return p, nil
}

// say prints the link.
func (p *livePage) say(e *env) {
	if p == nil {
		return
	}
	e.say("the page is at %s", p.link)
	if p.warns != "" {
		e.say("%s", p.warns)
	}
}

// greeting is what the inspector says about the page at its start, "" without a page.
func (p *livePage) greeting() string {
	if p == nil {
		return ""
	}
	return strings.TrimSuffix("the page is at "+p.link+"; "+p.warns, "; ")
}

// close ends the page.
func (p *livePage) close() {
	if p != nil {
		p.stop()
		p.served.Wait()
	}
}
