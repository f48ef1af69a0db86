package main

import (
	"context"
	"errors"
	"sync"
	"time"

	"github.com/spf13/cobra"

	"github.com/msnscope/msnscope/captures"
	"github.com/msnscope/msnscope/decode/lint"
	"github.com/msnscope/msnscope/decode/session"
	"github.com/msnscope/msnscope/internal/eventlog"
	"github.com/msnscope/msnscope/internal/filter"
	"github.com/msnscope/msnscope/internal/script"
)

// dumpFlags are the flags of dump.
type dumpFlags struct {
	scriptFlags
	seed            uint64
	expr, form, out string
	fields          []string
	everything      bool
	follow, exact   bool
	times           timeFlag
	lint            lintFlag
}

func dumpCommand(e *env) *cobra.Command {
	var f dumpFlags
	c := &cobra.Command{
		Use:   "dump FILE...",
		Short: "Decode captures to standard output, one line a command",
		Long: "Reads pcap and pcapng files, also compressed, reassembles the TCP streams and prints every command.\n" +
			"Recordings of msnscope give back exactly what was seen live. What comes through a pipe, or is\n" +
			"added to a file with --follow, is printed as it comes. Several files, those in a folder, or those\n" +
			"that match a pattern are one capture, in the order of their times: what tcpdump -C or dumpcap -b\n" +
			"has cut is put together again, and each event says which file it is from.\n" +
			"\n" +
			"-e FIELD chooses columns, as in tshark: any field of the filter language, such as args.UserHandle\n" +
			"or payload.text. Text output has tabs between them. Without -e, csv and parquet have all fields.\n" +
			"In csv, a text that a spreadsheet would take for a formula gets an apostrophe in front, unless\n" +
			"--exact is given. Columns of parquet have the same names: SQL needs quotes, as in\n" +
			"\"payload.text\". Their times are in UTC.\n" +
			"\n" +
			"With --script, each command is printed as a script leaves it, and so is what the script would have\n" +
			"sent. What it prints goes to standard error.",
		Example: "  msnscope dump captures/samples/conversation.pcapng\n" +
			"  msnscope dump captures/samples/conversation.pcapng -T jsonl -Y 'cmd == \"MSG\" && " +
			"payload.text contains \"Hello\"'\n" +
			"  msnscope dump captures/samples/conversation.pcapng -e time -e user -e payload.text -Y MSG\n" +
			"  msnscope dump captures/samples/conversation.pcapng -V -Y XFR\n" +
			"  msnscope dump captures/samples/conversation.pcapng --script docs/scripts/redact.star\n" +
			"  msnscope dump captures/samples/conversation.pcapng -T parquet -o conversation.parquet",
		Args: files,
		RunE: func(c *cobra.Command, args []string) error { return f.run(c.Context(), e, args) },
	}
	fs := c.Flags()
	fs.SortFlags = false
	fs.StringVarP(&f.expr, "filter", "Y", "", "print only the commands for which this `EXPR` is true")
	fs.StringVarP(&f.form, "type", "T", "text", "form of the output: text, jsonl, csv, cs or parquet")
	fs.StringArrayVarP(&f.fields, "field", "e", nil, "print this `FIELD`; may be repeated")
	fs.BoolVarP(&f.everything, "verbose", "V", false, "print every field and byte")
	f.lint.add(fs)
	f.times.add(fs)
	fs.BoolVar(&f.exact, "exact", false, "in csv, put no apostrophe in front of what spreadsheets would compute")
	fs.BoolVar(&f.follow, "follow", false, "go on with what is added to the file, until Ctrl-C")
	f.scriptFlags.add(fs)
	fs.Uint64Var(&f.seed, "seed", 1, "seed of the scripts' random numbers")
	fs.StringVarP(&f.out, "output", "o", "", "write to this `FILE` in place of standard output")
	completeForms(c, dumpForms...)
	return c
}

func (f *dumpFlags) run(ctx context.Context, e *env, args []string) error {
	match, err := e.filter(f.expr)
	if err != nil {
		return err
	}
	open, err := f.writers()
	if err != nil {
		return err
	}
	d := dumper{env: e, filter: match, follow: f.follow, log: eventlog.New(eventlog.Options{})}
	defer d.log.Close()
	if set, err := f.scriptFlags.load(e.scriptOptions(f.seed)); err != nil {
		return err
	} else if set != nil {
		d.scripts = script.NewPlayer(set)
	}
	paths, into, err := e.inputs(args, d.log)
	if err != nil {
		return err
	}
	if d.into = into; f.follow && (len(paths) > 1 || paths[0] == "-") {
		return usage("--follow goes on with one file; - is followed without it")
	}
	if d.checker, err = f.lint.checker(e, match); err != nil {
		return err
	}
	d.found = map[int][]session.Finding{}
	if f.out == "" || f.out == "-" {
		if f.form == "parquet" && isTerminal(e.stdout) {
			return &exitError{
				exitUsage, errors.New("-T parquet: a terminal cannot show it"),
				"-o FILE writes it to a file",
			}
		}
		d.to = open(e.stdout)
		return d.files(ctx, paths)
	}
	file, err := createText(ctx, "-o", f.out, paths...)
	if err != nil {
		return err
	}
	d.out, d.to = file, open(file)
	return d.end(f.out, d.files(ctx, paths))
}

// end ends the file of -o, which has this name. err is the error of the run. What could be read of
// a damaged capture is worth keeping, so it replaces a file that was there; what could not be
// written is not.
func (d *dumper) end(name string, err error) error {
	info, _ := d.out.Stat() // nil where it fails
	replaces := d.out.part != nil
	failed := err
	if d.done > 0 && !d.unwritten && !errors.Is(err, context.Canceled) {
		failed = nil
	}
	if failed = d.out.end(failed); failed != nil && err == nil {
		err = &exitError{exitIO, failed, ""}
	}
	switch {
	case err == nil || info == nil:
	case failed != nil && replaces:
		d.env.say("%s is as it was", name)
	default:
		d.env.say("%s is not complete: %d bytes are there", name, info.Size())
	}
	return err
}

// dumper loads files into one log and prints its events.
type dumper struct {
	env    *env
	filter *filter.Filter
	to     eventWriter
	out    *output // of -o, nil for standard output
	follow bool    // files grow

	checker *lint.Checker             // nil without --lint
	found   map[int][]session.Finding // by the index of the event
	scripts *script.Player            // nil without --script

	log  *eventlog.Log    // of all files: they are one session
	into *captures.Loader // adds to log
	done int              // events of log that were printed, or that the filter left out

	unwritten bool // not all of these could be written
}

// files loads the files one after the other and prints each once it is read. Where reading fails,
// it prints what came before the error.
func (d *dumper) files(ctx context.Context, paths []string) error {
	var failed error
	for _, path := range paths {
		err := d.file(ctx, path)
		if unwritten := (*outputError)(nil); errors.As(err, &unwritten) {
			d.unwritten = true
			return writeError(unwritten.error)
		}
		if err != nil && failed != nil {
			d.env.report(failed)
		}
		if err != nil {
			failed = err
		}
		if errors.Is(err, context.Canceled) {
			break
		}
	}
	if err := writeError(d.to.close()); err != nil {
		d.unwritten = true
		return err
	}
	return failed
}

// file loads and prints one file. It returns the error of the file, or an outputError.
func (d *dumper) file(ctx context.Context, path string) error {
	var err error
	if d.comes(path) {
		err = d.asItComes(ctx, path)
	} else {
		err = d.env.load(ctx, path, d.into)
	}
	if errors.Is(err, context.Canceled) {
		return err
	}
	if unwritten := (*outputError)(nil); errors.As(err, &unwritten) {
		return err
	}
	if d.follow {
		ctx = context.WithoutCancel(ctx) // whose end was that of the file
	}
	if werr := d.events(ctx, d.done, d.log.Len()); werr != nil {
		return werr
	}
	d.done = d.log.Len()
	return err
}

// events prints those events from ≤ i < to that the filter lets through.
func (d *dumper) events(ctx context.Context, from, to int) error {
	d.check(from, to)
	if lines, ok := d.to.(*lineWriter); ok && d.scripts == nil {
		return d.lines(ctx, from, to, lines)
	}
	r := d.log.Reader()
	for i := from; i < to; i++ {
		if i&0xfff == 0 && ctx.Err() != nil {
			return ctx.Err()
		}
		for _, e := range d.all(r, i) {
			if err := d.to.write(e); err != nil {
				return &outputError{err}
			}
		}
	}
	return nil
}

// all returns what is to be printed for an event of the log: the event, or what scripts make of it.
func (d *dumper) all(r *eventlog.Reader, i int) (all []*session.Event) {
	if d.scripts == nil {
		if e := d.at(r, i); e != nil {
			all = append(all, e)
		}
		return all
	}
	e := r.At(i)
	if d.checker != nil {
		e.Found(d.found[i])
	}
	for _, e := range d.scripts.Play(e) {
		if d.filter.Match(e) {
			all = append(all, e)
		}
	}
	return all
}

// check finds what is wrong with the events from ≤ i < to, which follow those that it saw before.
func (d *dumper) check(from, to int) {
	if d.checker == nil {
		return
	}
	r := d.log.Reader()
	for i := from; i < to; i++ {
		if found := d.checker.Check(r.At(i)); found != nil {
			d.found[i] = found
		}
	}
}

// at returns an event of the log with its findings, nil if the filter leaves it out.
func (d *dumper) at(r *eventlog.Reader, i int) *session.Event {
	if d.checker == nil {
		if !r.Match(i, d.filter) {
			return nil
		}
		return r.At(i)
	}
	e := r.At(i)
	if e.Found(d.found[i]); !d.filter.Match(e) {
		return nil
	}
	return e
}

// lines does the work of events for a lineWriter. It formats pages of lines on all cores and writes
// them in order.
func (d *dumper) lines(ctx context.Context, from, to int, w *lineWriter) error {
	start := time.Time{}
	if from < to {
		start = d.log.At(0).Time
	}
	pages := sync.Pool{New: func() any { return &page{print: w.printer(start), days: w.days} }}
	return eventlog.InOrder(ctx, d.log, from, to, func(r *eventlog.Reader, from, end int) *page {
		p := pages.Get().(*page)
		p.reset()
		for i := from; i < end; i++ {
			if e := d.at(r, i); e != nil {
				p.add(e)
			}
		}
		return p
	}, func(p *page) error {
		if err := w.page(p); err != nil {
			return &outputError{err}
		}
		pages.Put(p)
		return nil
	})
}

// outputError marks an error of the output, after which nothing more can be printed, as opposed to
// one of the input.
type outputError struct{ error }
