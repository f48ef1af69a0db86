package main

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"slices"
	"time"

	"github.com/spf13/cobra"

	"github.com/msnscope/msnscope/decode/session"
	"github.com/msnscope/msnscope/internal/filter"
	"github.com/msnscope/msnscope/internal/redact"
	"github.com/msnscope/msnscope/internal/store"
	"github.com/msnscope/msnscope/replay/pcap"
)

// exportFlags are the flags of export.
type exportFlags struct {
	expr, out, side string
	redact          bool
}

func exportCommand(e *env) *cobra.Command {
	var f exportFlags
	c := &cobra.Command{
		Use:   "export FILE... -o OUT.pcapng",
		Short: "Make a recording of a capture: a part of it, one side, or without what is private",
		Long: "Reads captures as dump does and writes what they hold as a recording of msnscope, which Wireshark reads too.\n" +
			"The numbers of events and connections stay.\n\n" +
			"--side client keeps what the client sent and received, --side server what the server did: without what the proxy\n" +
			"changed, dropped or made in between. both keeps all.\n\n" +
			"--redact puts made-up people in the place of those in the capture, the same one for the same everywhere: handles,\n" +
			"names, texts, addresses, cookies, challenges and their answers, session numbers, secrets and mail notices, in\n" +
			"commands, payloads, and what was sent on. The result decodes, links and replays as before: user01@example.com has\n" +
			"the password user01pw with the embedded server. Times, sizes, states and versions of programs stay, as does which\n" +
			"client it was: read the result before you give it away.",
		Example: "  msnscope export captures/conversation.pcapng --redact -o redacted.pcapng\n" +
			"  msnscope export captures/conversation.pcapng -Y 'conn == 5' --side client -o talk.pcapng",
		Args: files,
		RunE: func(c *cobra.Command, args []string) error { return f.run(c.Context(), e, args) },
	}
	fs := c.Flags()
	fs.SortFlags = false
	fs.StringVarP(&f.out, "output", "o", "", "write to this `FILE`; - is standard output")
	fs.StringVarP(&f.expr, "filter", "Y", "", "keep only the events for which this `EXPR` is true")
	fs.StringVar(&f.side, "side", "both", "whose connection to show: client, server or both")
	fs.BoolVar(&f.redact, "redact", false, "replace handles, names, texts, addresses and secrets")
	completeForms(c)
	return c
}

func (f *exportFlags) run(ctx context.Context, e *env, paths []string) (err error) {
	match, err := compile(f.expr)
	if err != nil {
		return err
	}
	x := exporter{filter: match, leg: map[string]store.Leg{"client": store.ClientLeg, "server": store.ServerLeg}[f.side]}
	switch {
	case x.leg == 0 && f.side != "both":
		return usage("--side %s: it must be client, server or both", f.side)
	case f.out == "":
		return &exitError{exitUsage, errors.New("nowhere to write to"), "give -o FILE.pcapng; -o - is standard output"}
	case f.out == "-" && isTerminal(e.stdout):
		return &exitError{exitUsage, errors.New("-o -: a terminal cannot show a recording"), "give -o FILE.pcapng, or use msnscope dump"}
	case f.out != "-" && overwrites(f.out, paths):
		return usage("-o %s: that file is read", f.out)
	}
	if f.redact {
		x.redactor = redact.New()
	}
	log := store.NewLog(store.LogOptions{})
	defer log.Close()
	var failed error
	for _, path := range paths {
		if err := e.load(ctx, path, log); errors.Is(err, context.Canceled) {
			return err
		} else if err != nil {
			failed = errors.Join(failed, err)
		}
	}
	if log.Len() == 0 {
		return failed
	}
	if err := x.to(ctx, e, f.out, log); err != nil {
		return err
	}
	e.say("%d of %d events in %s", x.written, log.Len(), f.out)
	return failed
}

// exporter writes a part of a log as a recording.
type exporter struct {
	filter   *filter.Filter
	leg      store.Leg // 0 for both
	redactor *redact.Redactor
	written  int
}

// to writes to a file, or to standard output.
func (x *exporter) to(ctx context.Context, e *env, path string, log *store.Log) error {
	if path == "-" {
		return writeError(x.write(ctx, e.stdout, log))
	}
	if err := expendable(path); err != nil {
		return fmt.Errorf("export to %s: %w", path, err)
	}
	file, err := os.OpenFile(path, os.O_CREATE|os.O_WRONLY|os.O_TRUNC, 0o600)
	if err != nil {
		return &exitError{exitIO, err, ""}
	}
	err = x.write(ctx, file, log)
	if cerr := file.Close(); err == nil {
		err = cerr
	}
	if err == nil || errors.Is(err, context.Canceled) {
		return err
	}
	return &exitError{exitIO, fmt.Errorf("export to %s: %w", path, err), fmt.Sprintf("%s is not complete", path)}
}

// batch is how many events are recorded at a time.
const batch = 1024

func (x *exporter) write(ctx context.Context, w io.Writer, log *store.Log) error {
	if err := x.learn(ctx, log); err != nil {
		return err
	}
	out := bufio.NewWriterSize(w, 256<<10)
	pw, err := pcap.NewWriter(out, pcap.WriterOptions{Application: "msnscope " + version()})
	if err != nil {
		return err
	}
	var o store.RecorderOptions
	if x.redactor == nil {
		o.Names = log.Names()
	}
	rec := store.NewRecorder(pw, o)
	var events []*session.Event
	var last time.Time
	for i := range log.Len() {
		event := log.At(i)
		last = event.Time
		if event = x.event(event); event != nil {
			events = append(events, event)
			x.written++
		}
		if len(events) == batch || i == log.Len()-1 {
			rec.Handle(events)
			events = slices.Delete(events, 0, len(events))
			if err := errors.Join(rec.Err(), ctx.Err()); err != nil {
				return err
			}
		}
	}
	return errors.Join(rec.Close(last), out.Flush())
}

// learn lets the redactor see everybody before anybody is replaced.
func (x *exporter) learn(ctx context.Context, log *store.Log) error {
	if x.redactor == nil {
		return nil
	}
	for i := range log.Len() {
		if i%batch == 0 && ctx.Err() != nil {
			return ctx.Err()
		}
		x.redactor.Learn(log.At(i))
	}
	return nil
}

// event returns what is written of an event, nil for nothing.
func (x *exporter) event(e *session.Event) *session.Event {
	if !x.filter.Match(e) {
		return nil
	}
	if x.leg != 0 {
		var there bool
		if e, there = x.leg.Of(e); !there {
			return nil
		}
	}
	if x.redactor != nil {
		e = x.redactor.Event(e)
	}
	return e
}
