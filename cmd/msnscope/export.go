package main

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io"
	"slices"
	"time"

	"github.com/spf13/cobra"

	"github.com/msnscope/msnscope/captures/pcap"
	"github.com/msnscope/msnscope/captures/recording"
	"github.com/msnscope/msnscope/decode/lint"
	"github.com/msnscope/msnscope/decode/session"
	"github.com/msnscope/msnscope/internal/eventlog"
	"github.com/msnscope/msnscope/internal/filter"
	"github.com/msnscope/msnscope/internal/redact"
)

// exportFlags are the flags of export.
type exportFlags struct {
	expr, out, side string
	redact, force   bool
	preset          string // of lint, "" for none
}

func exportCommand(e *env) *cobra.Command {
	var f exportFlags
	c := &cobra.Command{
		Use:   "export FILE... -o OUT.pcapng",
		Short: "Write a capture as a recording: all, a part or one side of it, or without private data",
		Long: "Reads captures as dump does and writes them as a recording of msnscope, which Wireshark reads too.\n" +
			"Events and connections keep their numbers.\n" +
			"\n" +
			"--side client keeps what the client sent and received, --side server what the server sent and\n" +
			"received, without what the proxy changed, dropped or added in between. both keeps everything.\n" +
			"\n" +
			"--redact replaces the people in the capture with invented ones, each with the same one everywhere:\n" +
			"handles, names, texts, names of files, programs and fonts, addresses, cookies, challenges and their\n" +
			"answers, session numbers, GUIDs, secrets and mail notices, in commands, payloads and XML and in what\n" +
			"was sent on. The result decodes, links and replays as before: user01@example.com has the password\n" +
			"user01pw on the embedded server. Times, sizes, states and capabilities stay, and so does what CVR\n" +
			"says of the client: read the result before you give it away.",
		Example: "  msnscope export captures/samples/conversation.pcapng --redact -o redacted.pcapng\n" +
			"  msnscope export captures/samples/conversation.pcapng -Y 'conn == 5' --side client -o talk.pcapng",
		Args: files,
		RunE: func(c *cobra.Command, args []string) error { return f.run(c.Context(), e, args) },
	}
	fs := c.Flags()
	fs.SortFlags = false
	fs.StringVarP(&f.out, "output", "o", "", "write to this `FILE`; - is standard output")
	fs.BoolVar(&f.force, "force", false, "-o replaces a file that exists, once the new one is complete")
	fs.StringVarP(&f.expr, "filter", "Y", "", "keep only the events for which this `EXPR` is true")
	fs.StringVar(&f.side, "side", "both", "whose connection to show: client, server or both")
	fs.BoolVar(&f.redact, "redact", false, "replace handles, names, texts, addresses and secrets")
	fs.StringVar(&f.preset, "lint", "",
		"write what lint finds into comments, by the preset draft or observed: `PRESET`")
	completeForms(c)
	return c
}

func (f *exportFlags) run(ctx context.Context, e *env, args []string) (err error) {
	match, err := e.filter(f.expr)
	if err != nil {
		return err
	}
	log := eventlog.New(eventlog.Options{})
	defer log.Close()
	paths, into, err := e.inputs(args, log)
	if err != nil {
		return err
	}
	x := exporter{
		filter: match,
		side:   map[string]session.Side{"client": session.ClientSide, "server": session.ServerSide}[f.side],
	}
	switch {
	case x.side == 0 && f.side != "both":
		return usage("--side %s: it must be client, server or both", f.side)
	case f.out == "":
		return &exitError{
			exitUsage, errors.New("no output file is named"),
			"give -o FILE.pcapng; -o - is standard output",
		}
	case f.out == "-" && isTerminal(e.stdout):
		return &exitError{
			exitUsage, errors.New("-o -: a terminal cannot show a recording"),
			"give -o FILE.pcapng, or use msnscope dump",
		}
	case f.out != "-" && overwrites(f.out, paths):
		return usage("-o %s: this file is one of the inputs", f.out)
	case f.out != "-" && !f.force && recording.Occupied(f.out):
		return &exitError{exitUsage, fmt.Errorf("-o %s: the file exists", f.out), "--force replaces it"}
	}
	if f.preset != "" {
		options, err := lintOptions("--lint", f.preset)
		if err != nil {
			return err
		}
		if f.redact {
			return usage("--lint quotes what --redact replaces: export twice, first with --redact")
		}
		x.checker = lint.New(options)
	}
	if f.redact {
		x.redactor = redact.New()
	}
	var failed error
	for _, path := range paths {
		if err := e.load(ctx, path, into); errors.Is(err, context.Canceled) {
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
	side     session.Side // 0 for both
	redactor *redact.Redactor
	written  int
	checker  *lint.Checker // nil without --lint
}

// to writes the recording of the log to the file at path, or to standard output for the path -.
func (x *exporter) to(ctx context.Context, e *env, path string, log *eventlog.Log) error {
	if path == "-" {
		return writeError(x.write(ctx, e.stdout, log))
	}
	file, err := createOutput(ctx, "-o", path) // before the inputs were read it was checked that none has this name
	if err != nil {
		return err
	}
	left := "is not complete"
	if file.part != nil {
		left = "is as it was"
	}
	err = file.end(x.write(ctx, file, log))
	if err == nil || errors.Is(err, context.Canceled) {
		return err
	}
	return &exitError{exitIO, fmt.Errorf("export to %s: %w", path, err), path + " " + left}
}

// batch is how many events are recorded at a time.
const batch = 1024

func (x *exporter) write(ctx context.Context, w io.Writer, log *eventlog.Log) error {
	if err := x.learn(ctx, log); err != nil {
		return err
	}
	out := bufio.NewWriterSize(w, 256<<10)
	pw, err := pcap.NewWriter(out, pcap.WriterOptions{Application: "msnscope " + version()})
	if err != nil {
		return err
	}
	var o recording.Options
	if x.redactor == nil {
		o.Names = log.Names()
	}
	rec := recording.NewWriter(pw, o)
	var events []*session.Event
	var last time.Time
	for i := range log.Len() {
		event := log.At(i)
		if x.checker != nil {
			event.Found(x.checker.Check(event))
		}
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

// learn passes all events to the redactor, so that it knows every user before it replaces any.
func (x *exporter) learn(ctx context.Context, log *eventlog.Log) error {
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

// event returns the event that is written for e, nil if e is left out.
func (x *exporter) event(e *session.Event) *session.Event {
	if !x.filter.Match(e) {
		return nil
	}
	if x.side != 0 {
		var there bool
		if e, there = x.side.Of(e); !there {
			return nil
		}
	}
	if x.redactor != nil {
		e = x.redactor.Event(e)
	}
	return e
}
