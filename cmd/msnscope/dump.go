package main

import (
	"context"
	"errors"
	"os"
	"slices"
	"sync"

	"github.com/spf13/cobra"

	"github.com/msnscope/msnscope/internal/filter"
	"github.com/msnscope/msnscope/internal/store"
)

// dumpFlags are the flags of dump.
type dumpFlags struct {
	expr, form, out string
	fields          []string
	everything      bool
}

func dumpCommand(e *env) *cobra.Command {
	var f dumpFlags
	c := &cobra.Command{
		Use:   "dump FILE...",
		Short: "Decode captures to standard output, one line a command",
		Long: "Reads pcap and pcapng files, gzipped or not, puts their TCP streams together and prints every command.\n" +
			"Recordings of msnscope give back exactly what was seen live.\n\n" +
			"-e FIELD chooses columns, as in tshark: any field of the filter language, such as args.UserHandle or payload.text.\n" +
			"With text they have tabs between them; csv has all fields without it, parquet too. In csv, a text that a\n" +
			"spreadsheet would take for a formula has an apostrophe in front. In parquet, a dot in a name is an underscore.",
		Example: "  msnscope dump captures/conversation.pcapng\n" +
			"  msnscope dump captures/conversation.pcapng -T jsonl -Y 'cmd == \"MSG\" && payload.text contains \"Hello\"'\n" +
			"  msnscope dump captures/conversation.pcapng -e time -e user -e payload.text -Y MSG\n" +
			"  msnscope dump captures/conversation.pcapng -V -Y XFR\n" +
			"  msnscope dump captures/conversation.pcapng -T parquet -o conversation.parquet",
		Args: files,
		RunE: func(c *cobra.Command, args []string) error { return f.run(c.Context(), e, args) },
	}
	fs := c.Flags()
	fs.SortFlags = false
	fs.StringVarP(&f.expr, "filter", "Y", "", "print only the commands for which this `EXPR` is true")
	fs.StringVarP(&f.form, "type", "T", "text", "form of the output: text, jsonl, csv, cs or parquet")
	fs.StringArrayVarP(&f.fields, "field", "e", nil, "print this `FIELD`; may be repeated")
	fs.BoolVarP(&f.everything, "verbose", "V", false, "print every field and byte")
	fs.StringVarP(&f.out, "output", "o", "", "write to this `FILE` in place of standard output")
	completeForms(c, dumpForms...)
	return c
}

func (f *dumpFlags) run(ctx context.Context, e *env, paths []string) error {
	match, err := compile(f.expr)
	if err != nil {
		return err
	}
	open, err := f.sinks()
	if err != nil {
		return err
	}
	if f.out == "" || f.out == "-" {
		if f.form == "parquet" && isTerminal(e.stdout) {
			return &exitError{exitUsage, errors.New("-T parquet: a terminal cannot show it"), "-o FILE writes it to a file"}
		}
		d := dumper{env: e, filter: match, to: open(e.stdout)}
		return d.files(ctx, paths)
	}
	if overwrites(f.out, paths) {
		return usage("-o %s: that file is read", f.out)
	}
	file, err := os.OpenFile(f.out, os.O_CREATE|os.O_WRONLY|os.O_TRUNC, 0o600)
	if err != nil {
		return &exitError{exitIO, err, ""}
	}
	d := dumper{env: e, filter: match, to: open(file)}
	err = d.files(ctx, paths)
	info, _ := file.Stat() // nil where it fails
	if cerr := file.Close(); err == nil && cerr != nil {
		err = &exitError{exitIO, cerr, ""}
	}
	if err != nil && info != nil {
		e.say("%s is not complete: %d bytes are there", f.out, info.Size())
	}
	return err
}

// overwrites reports whether writing to out would destroy one of the files that are to be read.
func overwrites(out string, inputs []string) bool {
	target, err := os.Stat(out)
	return err == nil && target.Mode().IsRegular() && slices.ContainsFunc(inputs, func(in string) bool {
		info, err := os.Stat(in)
		return err == nil && os.SameFile(target, info)
	})
}

// dumper prints the events of files.
type dumper struct {
	env    *env
	filter *filter.Filter
	to     sink
}

// files prints each file after the other. What came before an error is printed all the same.
func (d *dumper) files(ctx context.Context, paths []string) error {
	var failed error
	for _, path := range paths {
		err := d.file(ctx, path)
		if unwritten := (*outputError)(nil); errors.As(err, &unwritten) {
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
		return err
	}
	return failed
}

// file prints one file and returns what was wrong with it.
func (d *dumper) file(ctx context.Context, path string) error {
	log := store.NewLog(store.LogOptions{})
	defer log.Close()
	err := d.env.load(ctx, path, log)
	if errors.Is(err, context.Canceled) {
		return err
	}
	if werr := d.events(ctx, log); werr != nil {
		return werr
	}
	return err
}

func (d *dumper) events(ctx context.Context, log *store.Log) error {
	if to, ok := d.to.(*lineSink); ok {
		return d.lines(ctx, log, to)
	}
	r := log.Reader()
	for i := range log.Len() {
		if i&0xfff == 0 && ctx.Err() != nil {
			return ctx.Err()
		}
		if !r.Match(i, d.filter) {
			continue
		}
		if err := d.to.write(r.At(i)); err != nil {
			return &outputError{err}
		}
	}
	return nil
}

// lines prints lines on all cores.
func (d *dumper) lines(ctx context.Context, log *store.Log, to *lineSink) error {
	pages := sync.Pool{New: func() any { return &page{print: to.printer()} }}
	return store.InOrder(ctx, log, 0, log.Len(), func(r *store.Reader, from, end int) *page {
		p := pages.Get().(*page)
		p.buf = p.buf[:0]
		for i := from; i < end; i++ {
			if r.Match(i, d.filter) {
				p.buf = p.print(p.buf, r.At(i))
			}
		}
		return p
	}, func(p *page) error {
		if _, err := to.out.Write(p.buf); err != nil {
			return &outputError{err}
		}
		pages.Put(p)
		return nil
	})
}

// page is lines that one core printed.
type page struct {
	print printer
	buf   []byte
}

// outputError tells an error of the output from one of the input: after it, nothing more can be printed.
type outputError struct{ error }
