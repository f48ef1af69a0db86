package main

import (
	"bufio"
	"errors"
	"fmt"
	"io"
	"slices"
	"strings"
	"time"

	"github.com/msnscope/msnscope/decode/session"
	"github.com/msnscope/msnscope/internal/filter"
	"github.com/msnscope/msnscope/internal/format"
	"github.com/msnscope/msnscope/internal/format/parquet"
)

// eventWriter prints events in one form.
type eventWriter interface {
	write(*session.Event) error
	// close writes the rest. It does not close the writer below.
	close() error
}

// dumpForms are the forms of dump's -T: those of headless output, and tables.
var dumpForms = []string{"text", "jsonl", "csv", "cs", "parquet"}

// writers returns the function that makes an eventWriter of the form that the flags ask for.
func (f *dumpFlags) writers() (func(io.Writer) eventWriter, error) {
	switch {
	case !slices.Contains(dumpForms, f.form):
		return nil, usage("-T %s: the forms are %s and %s", f.form, strings.Join(dumpForms[:4], ", "), dumpForms[4])
	case f.everything && (f.form != "text" || len(f.fields) > 0):
		return nil, usage("-V prints everything as text: it cannot be combined with -e or another -T")
	case f.form == "cs" && len(f.fields) > 0:
		return nil, usage("-T cs prints whole commands: use -e with text, jsonl, csv or parquet")
	}
	times, err := f.times.form(f.form)
	switch {
	case f.exact && f.form != "csv":
		return nil, usage("--exact is for -T csv")
	case err != nil:
		return nil, err
	case f.times.name != "" && (f.everything || len(f.fields) > 0):
		return nil, usage("--time cannot be combined with -V or -e, which have their own form of times")
	case f.everything:
		return printing(format.AppendVerbose), nil
	case f.form == "text" && len(f.fields) == 0:
		return timed(times), nil
	case f.form == "cs":
		return printingBy(func(time.Time) printer { return (&format.CS{}).Append }), nil
	case len(f.fields) == 0 && printers[f.form] != nil:
		return printing(printers[f.form]), nil
	}
	columns, err := filter.Select(f.fields...)
	if wrong := (*filter.Error)(nil); errors.As(err, &wrong) {
		return nil, &exitError{exitUsage, fmt.Errorf("-e %s: %s", wrong.Src, wrong.Msg), wrong.Hint}
	}
	return f.table(columns)
}

// table returns the function that makes an eventWriter for columns.
func (f *dumpFlags) table(columns *filter.Columns) (func(io.Writer) eventWriter, error) {
	names := columns.Names()
	switch f.form {
	case "parquet":
		// Names that cannot be columns are a mistake of the command line, which must be found
		// before a file is created.
		if _, err := parquet.NewWriter(io.Discard, names, columns.Types(), ""); err != nil {
			return nil, usage("-e: %w", err)
		}
		return func(w io.Writer) eventWriter { return newTableWriter(w, columns) }, nil
	case "jsonl":
		return rows(columns, nil,
			func(dst []byte, values []any) []byte { return format.AppendObject(dst, names, values) }), nil
	case "csv":
		head := make([]any, len(names))
		for i, name := range names {
			head[i] = name
		}
		if f.exact {
			return rows(columns, format.AppendExactCSV(nil, head), format.AppendExactCSV), nil
		}
		return rows(columns, format.AppendCSV(nil, head), format.AppendCSV), nil
	}
	return rows(columns, nil, format.AppendTabs), nil
}

// lineWriter prints lines. Each core that formats them has a printer of its own, which is given the
// time of the first event.
type lineWriter struct {
	out     *bufio.Writer
	printer func(start time.Time) printer
	days    bool      // a line stands between two days
	last    time.Time // of the events that were printed
}

// printing returns the function that makes an eventWriter for whole events.
func printing(p printer) func(io.Writer) eventWriter {
	return printingBy(func(time.Time) printer { return p })
}

func printingBy(p func(time.Time) printer) func(io.Writer) eventWriter {
	return func(w io.Writer) eventWriter { return &lineWriter{out: bufio.NewWriterSize(w, 64<<10), printer: p} }
}

// timed returns the function that makes an eventWriter for lines of text with times of one form.
func timed(form format.TimeForm) func(io.Writer) eventWriter {
	begin := printingBy(func(start time.Time) printer {
		return format.Clock{Form: form, Start: start}.AppendText
	})
	return func(w io.Writer) eventWriter {
		s := begin(w)
		s.(*lineWriter).days = form == format.TimeOfDay
		return s
	}
}

// rows returns the function that makes an eventWriter for lines in columns, below a first line
// head.
func rows(columns *filter.Columns, head []byte, appendRow func([]byte, []any) []byte) func(io.Writer) eventWriter {
	begin := printingBy(func(time.Time) printer {
		own, _ := filter.Select(columns.Names()...) // Columns are for one goroutine; these names were taken before
		var values []any
		return func(dst []byte, e *session.Event) []byte {
			values = own.Append(values[:0], e)
			return appendRow(dst, values)
		}
	})
	return func(w io.Writer) eventWriter {
		s := begin(w)
		_, _ = s.(*lineWriter).out.Write(head) // it fits into the buffer, or the error sticks
		return s
	}
}

func (s *lineWriter) write(e *session.Event) error {
	_, err := s.out.Write(s.printer(e.Time)(nil, e))
	return err
}

// page writes lines that one core formatted.
func (s *lineWriter) page(p *page) error {
	if s.days {
		_, _ = s.out.Write(format.AppendDay(nil, s.last, p.first)) // the error sticks
	}
	if !p.last.IsZero() {
		s.last = p.last
	}
	_, err := s.out.Write(p.buf)
	return err
}

// page has lines that one core formatted.
type page struct {
	print       printer
	days        bool
	buf         []byte
	first, last time.Time // of its events
}

func (p *page) reset() { p.buf, p.first, p.last = p.buf[:0], time.Time{}, time.Time{} }

func (p *page) add(e *session.Event) {
	if p.days {
		p.buf = format.AppendDay(p.buf, p.last, e.Time)
	}
	p.buf = p.print(p.buf, e)
	if e.Time.IsZero() {
		return
	}
	if p.last = e.Time; p.first.IsZero() {
		p.first = e.Time
	}
}

func (s *lineWriter) close() error { return s.out.Flush() }

// tableWriter writes a Parquet file.
type tableWriter struct {
	out     *bufio.Writer
	columns *filter.Columns
	values  []any
	w       *parquet.Writer
}

func newTableWriter(w io.Writer, columns *filter.Columns) *tableWriter {
	s := &tableWriter{out: bufio.NewWriterSize(w, 64<<10), columns: columns}
	s.w, _ = parquet.NewWriter(s.out, columns.Names(), columns.Types(), "msnscope "+version()) // tried before
	return s
}

func (s *tableWriter) write(e *session.Event) error {
	s.values = s.columns.Append(s.values[:0], e)
	return s.w.Write(s.values)
}

func (s *tableWriter) close() error {
	if err := s.w.Close(); err != nil {
		return err // that of the buffer beneath would be the same
	}
	return s.out.Flush()
}

// writeError returns the error for a failed write to the output, nil when the reader had enough.
func writeError(err error) error {
	if err == nil || hadEnough(err) {
		return nil
	}
	return &exitError{exitIO, fmt.Errorf("write the output: %w", err), ""}
}
