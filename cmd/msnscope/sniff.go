package main

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"sync/atomic"
	"time"

	"github.com/spf13/cobra"

	"github.com/msnscope/msnscope/captures"
	"github.com/msnscope/msnscope/captures/pcap"
	"github.com/msnscope/msnscope/decode/session"
	"github.com/msnscope/msnscope/internal/bus"
	"github.com/msnscope/msnscope/internal/eventlog"
	"github.com/msnscope/msnscope/internal/talk"
	"github.com/msnscope/msnscope/ui"
)

// sniffFlags are the flags of sniff.
type sniffFlags struct {
	recordFlags
	viewFlags
	iface string
}

func sniffCommand(e *env) *cobra.Command {
	var f sniffFlags
	c := &cobra.Command{
		Use:   "sniff",
		Short: "Passive live capture on a network interface",
		Long: "Listens on a network interface and shows every MSN command that passes, on any TCP port:\n" +
			"connections are recognised by their contents. Nothing is sent. It works on Linux and needs\n" +
			"the capability CAP_NET_RAW, which root has. -i any listens on all interfaces. While the interface\n" +
			"is down, sniff waits for it. Without a terminal, or with --headless, each command is one line on\n" +
			"standard output.",
		Example: "  msnscope sniff -i lo\n" +
			"  msnscope sniff -i any\n" +
			"  msnscope sniff -i eth0 --headless -T jsonl -w session.pcapng\n" +
			"  ssh router tcpdump -w - tcp | msnscope dump -",
		Args: noArgs,
		RunE: func(c *cobra.Command, _ []string) error { return f.run(c.Context(), e) },
	}
	fs := c.Flags()
	fs.SortFlags = false
	fs.StringVarP(&f.iface, "interface", "i", "", "the network interface to listen on, or any: `IFACE`")
	f.recordFlags.add(fs)
	f.viewFlags.add(fs)
	completeForms(c)
	return c
}

// run captures until a signal, or until the inspector's user leaves.
func (f *sniffFlags) run(ctx context.Context, e *env) error {
	if err := f.check(e); err != nil {
		return err
	}
	r := &sniffRun{
		sniffFlags: f, env: e, kept: f.logs(), events: bus.New((*session.Event).Size),
		read: make(chan error, 1),
	}
	r.out = &outlets{log: e.logger(r.kept)}
	ctx, stop := context.WithCancel(ctx)
	r.stop = stop
	defer stop()
	return runParts(ctx, []part{
		{nil, r.out.err}, // an error if an outlet failed
		{r.openLog, r.closeLog},
		{r.open, r.countDropped},
		{r.show, r.flush},
		{r.record, r.endRecording},
		{r.listen, r.endListening},
	}, r.wait)
}

// check returns an error for what is wrong with the flags, before anything is started.
func (f *sniffFlags) check(e *env) error {
	if err := f.viewFlags.check(e); err != nil {
		return err
	}
	if f.iface == "" {
		return usage("-i IFACE is missing: the network interface to listen on, such as lo or eth0")
	}
	return f.recordFlags.check()
}

// sniffRun is one run of sniff: the parts that sniffFlags.run lists, which start and stop in that
// order. What is captured becomes a log, and each of its events is published once.
type sniffRun struct {
	*sniffFlags
	env    *env
	kept   *talk.Ring
	out    *outlets
	events *bus.Bus[*session.Event]
	stop   func() // ends the run

	log       *eventlog.Log
	published int // events of the log
	sniffer   *pcap.Sniffer
	down      atomic.Bool       // the interface is
	printed   *bus.Subscription // nil in the inspector
	rec       *recorder         // nil without -w
	read      chan error        // gets the error with which the capture ended
}

func (r *sniffRun) openLog(context.Context) error {
	r.log = r.out.newLog()
	return nil
}

func (r *sniffRun) closeLog() error { return r.log.Close() }

func (r *sniffRun) open(ctx context.Context) (err error) {
	if r.sniffer, err = pcap.Sniff(ctx, r.iface, r.interrupted); err != nil {
		return sniffError(err)
	}
	return nil
}

// interrupted says that the interface went down, or that it is up again.
func (r *sniffRun) interrupted(down bool) {
	if r.down.Store(down); down {
		r.out.log.Warn("the interface is down, and is waited for", "interface", r.iface)
	} else {
		r.out.log.Info("listening again", "interface", r.iface)
	}
}

// title is what the inspector shows in place of a file's name.
func (r *sniffRun) title() string {
	if r.down.Load() {
		return r.iface + " is down: waiting for it"
	}
	return r.iface
}

// countDropped ends the capture and reports the packets that it lacks.
func (r *sniffRun) countDropped() error {
	r.sniffer.Close()
	if n := r.sniffer.Dropped(); n > 0 {
		r.env.say("%d packets went by while there was no room for them: what they held is missing", n)
	}
	return nil
}

// show prints events if there is no inspector.
func (r *sniffRun) show(context.Context) error {
	if !r.screen {
		r.printed = r.output(r.events, r.env.stdout, r.unprinted)
		r.env.say("listening on %s", r.iface)
	}
	return nil
}

// unprinted handles a failure of standard output. A recording goes on. Without one the run ends,
// since nobody can read its output; where a reader such as `| head` had enough, that is a good end.
func (r *sniffRun) unprinted(err error) {
	if r.write != "" || !hadEnough(err) {
		r.out.stopped("standard output", err)
	}
	if r.write == "" {
		r.stop()
	}
}

func (r *sniffRun) flush() error {
	if r.printed != nil {
		r.printed.Close()
	}
	return nil
}

func (r *sniffRun) record(context.Context) (err error) {
	if r.write != "" {
		r.rec, err = record(r.events, r.recordFlags, nil, r.out, time.Now())
	}
	return err
}

func (r *sniffRun) endRecording() error { return r.rec.close(time.Now()) }

// listen fills the log until the capture ends.
func (r *sniffRun) listen(context.Context) error {
	go func() {
		// A capture that is stopped ends like a file, so that everything before the end is decoded.
		into := captures.NewLoader(r.log)
		into.Live = true
		err := into.LoadReader(context.Background(), r.sniffer, r.iface,
			func(int64, int64) { r.publish() })
		r.publish()
		if errors.Is(err, captures.ErrNoMSN) {
			err = nil
		}
		r.read <- err
	}()
	return nil
}

func (r *sniffRun) endListening() error {
	r.stop()
	if err := <-r.read; err != nil {
		return &exitError{exitIO, err, ""}
	}
	return nil
}

// publish publishes the events that are new in the log.
func (r *sniffRun) publish() {
	for ; r.published < r.log.Len(); r.published++ {
		r.events.Publish(r.log.At(r.published))
	}
}

// wait returns when the run is to end: on a signal, when the inspector's user leaves, or when the
// capture ends.
func (r *sniffRun) wait(ctx context.Context) error {
	if r.screen {
		err := r.env.runInspector(ctx, ui.Options{
			Log: r.log, Live: true, Filter: r.filter, Lint: r.lint.preset, Logs: r.kept.Lines, Status: r.rec.status,
			Title: r.title, Question: r.rec.question,
		}, "msnscope sniff --headless prints lines")
		return cmp.Or(err, ended(ctx))
	}
	select {
	case <-ctx.Done():
		return ended(ctx)
	case err := <-r.read:
		r.read <- err // for endListening
		return nil
	}
}

// sniffError adds to an error a hint of what to do about an interface that cannot be captured.
func sniffError(err error) error {
	x := &exitError{exitIO, fmt.Errorf("cannot sniff: %w", err), ""}
	switch {
	case errors.Is(err, pcap.ErrPrivilege):
		x.hint = "run it as root, or give the program the privilege once: setcap cap_net_raw+ep msnscope"
	case errors.Is(err, pcap.ErrNoInterface):
		x.code = exitUsage
	case errors.Is(err, pcap.ErrNoSniffing):
		x.hint = "tcpdump -w - | msnscope dump -, or record through the proxy: msnscope -w FILE"
	}
	return x
}
