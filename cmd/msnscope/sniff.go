package main

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/spf13/cobra"

	"github.com/msnscope/msnscope/decode/session"
	"github.com/msnscope/msnscope/internal/bus"
	"github.com/msnscope/msnscope/internal/store"
	"github.com/msnscope/msnscope/replay/pcap"
	"github.com/msnscope/msnscope/ui"
)

// sniffFlags are the flags of sniff.
type sniffFlags struct {
	recordFlags
	iface, filter, form string
	headless            bool
}

func sniffCommand(e *env) *cobra.Command {
	var f sniffFlags
	c := &cobra.Command{
		Use:   "sniff",
		Short: "Passive live capture on a network interface",
		Long: "Listens on a network interface and shows every MSN command that passes, on whatever TCP port: a connection is\n" +
			"known by what is said. Nothing is sent. It works on Linux, and needs the privilege CAP_NET_RAW, which root has.\n" +
			"Without a terminal, or with --headless, each command is one line on standard output.",
		Example: "  msnscope sniff -i lo\n" +
			"  msnscope sniff -i eth0 --headless -T jsonl -w session.pcapng\n" +
			"  ssh router tcpdump -w - tcp | msnscope dump -",
		Args: noArgs,
		RunE: func(c *cobra.Command, _ []string) error { return f.run(c.Context(), e) },
	}
	fs := c.Flags()
	fs.SortFlags = false
	fs.StringVarP(&f.iface, "interface", "i", "", "the network interface to listen on: `IFACE`")
	f.recordFlags.add(fs)
	fs.StringVarP(&f.filter, "filter", "Y", "", "show only the commands for which this `EXPR` is true")
	fs.BoolVar(&f.headless, "headless", false, "no inspector: one line a command on standard output")
	fs.StringVarP(&f.form, "type", "T", "text", "form of the headless output: text, jsonl or cs")
	completeForms(c)
	return c
}

// run listens from its start to a signal, or until the inspector's user leaves.
func (f *sniffFlags) run(ctx context.Context, e *env) (err error) {
	match, err := compile(f.filter)
	if err != nil {
		return err
	}
	form, ok := printers[f.form]
	switch {
	case !ok:
		return usage("-T %s: the forms are text, jsonl and cs", f.form)
	case f.iface == "":
		return usage("-i IFACE is missing: the network interface to listen on, such as lo or eth0")
	}
	if err := f.recordFlags.check(); err != nil {
		return err
	}
	ctx, stop := context.WithCancelCause(ctx)
	defer stop(nil)
	sniffer, err := pcap.Sniff(ctx, f.iface)
	if err != nil {
		return sniffError(err)
	}
	s := sniffing{flags: f, events: bus.New((*session.Event).Size), log: store.NewLog(store.LogOptions{})}
	defer s.log.Close()
	screen := !f.headless && isTerminal(e.stdout) && isTerminal(e.stdin)
	kept := &lines{}
	if !screen {
		kept = nil
		defer output(s.events, e.stdout, form, match, stop).Close()
		e.say("listening on %s", f.iface)
	}
	if f.write != "" {
		if s.rec, err = record(s.events, f.recordFlags, nil, e.logger(kept)); err != nil {
			sniffer.Close()
			return err
		}
	}
	done := make(chan error, 1)
	go func() { done <- s.read(sniffer) }()
	if screen {
		err = s.inspect(ctx, kept)
	} else {
		select {
		case <-ctx.Done():
			err = ended(ctx)
		case err := <-done:
			done <- err
		}
	}
	stop(nil)
	err = errors.Join(err, <-done, s.rec.close(time.Now()))
	if n := sniffer.Dropped(); n > 0 {
		e.say("%d packets went by while there was no room for them: what they held is missing", n)
	}
	return err
}

// sniffing is a run of sniff: what is captured becomes a log, and each of its events is published once.
type sniffing struct {
	flags     *sniffFlags
	log       *store.Log
	events    *bus.Bus[*session.Event]
	rec       *recording
	published int
}

// read makes the log until the capture ends.
func (s *sniffing) read(sniffer *pcap.Sniffer) error {
	defer sniffer.Close()
	// The end comes as the end of the file, so that what has come until then is taken to its end.
	err := store.LoadReader(context.Background(), sniffer, s.flags.iface, s.log, func(int64, int64) { s.publish() })
	s.publish()
	if err == nil || errors.Is(err, store.ErrNoMSN) {
		return nil
	}
	return &exitError{exitIO, err, ""}
}

// publish sends on what has come into the log.
func (s *sniffing) publish() {
	for ; s.published < s.log.Len(); s.published++ {
		s.events.Publish(s.log.At(s.published))
	}
}

// inspect runs the inspector until its user leaves.
func (s *sniffing) inspect(ctx context.Context, kept *lines) error {
	app, err := ui.New(ui.Options{
		Log: s.log, Live: true, Filter: s.flags.filter, Logs: kept.snapshot, Status: s.rec.status,
		Title: func() string { return s.flags.iface },
		Question: func() (string, bool) {
			return "Recording to " + s.flags.write + ".", s.rec != nil
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

// sniffError says what can be done about an interface that cannot be listened on.
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
