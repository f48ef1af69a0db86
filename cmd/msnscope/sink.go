package main

import (
	"bufio"
	"errors"
	"fmt"
	"io"
	"slices"
	"strings"
	"syscall"

	"github.com/msnscope/msnscope/decode/session"
	"github.com/msnscope/msnscope/internal/filter"
	"github.com/msnscope/msnscope/internal/format"
	"github.com/msnscope/msnscope/internal/format/parquet"
)

// sink is where events are printed.
type sink interface {
	write(*session.Event) error
	// close writes what is left; it does not close what is underneath.
	close() error
}

// dumpForms are what -T of dump may be: the forms of headless output, and tables.
var dumpForms = []string{"text", "jsonl", "csv", "cs", "parquet"}

// sinks returns what begins the output that the flags ask for.
func (f *dumpFlags) sinks() (func(io.Writer) sink, error) {
	switch {
	case !slices.Contains(dumpForms, f.form):
		return nil, usage("-T %s: the forms are %s and %s", f.form, strings.Join(dumpForms[:4], ", "), dumpForms[4])
	case f.everything && (f.form != "text" || len(f.fields) > 0):
		return nil, usage("-V prints everything as text: it goes with neither -e nor another -T")
	case f.form == "cs" && len(f.fields) > 0:
		return nil, usage("-T cs prints whole commands: -e goes with text, jsonl, csv and parquet")
	case f.everything:
		return printing(format.AppendVerbose), nil
	case len(f.fields) == 0 && printers[f.form] != nil:
		return printing(printers[f.form]), nil
	}
	columns, err := filter.Select(f.fields...)
	if wrong := (*filter.Error)(nil); errors.As(err, &wrong) {
		return nil, &exitError{exitUsage, fmt.Errorf("-e %s: %s", wrong.Src, wrong.Msg), wrong.Hint}
	}
	return f.table(columns)
}

// table returns what begins output in columns.
func (f *dumpFlags) table(columns *filter.Columns) (func(io.Writer) sink, error) {
	names := columns.Names()
	switch f.form {
	case "parquet":
		// Names that cannot be columns are a mistake of the command line: found before a file is made.
		if _, err := parquet.NewWriter(io.Discard, names, columns.Types(), ""); err != nil {
			return nil, usage("-e: %w", err)
		}
		return func(w io.Writer) sink { return newTableSink(w, columns) }, nil
	case "jsonl":
		return rows(columns, nil, func(dst []byte, values []any) []byte { return format.AppendObject(dst, names, values) }), nil
	case "csv":
		head := make([]any, len(names))
		for i, name := range names {
			head[i] = name
		}
		return rows(columns, format.AppendCSV(nil, head), format.AppendCSV), nil
	}
	return rows(columns, nil, format.AppendTabs), nil
}

// lineSink prints lines. Each core that makes them has a printer of its own.
type lineSink struct {
	out     *bufio.Writer
	printer func() printer
}

// printing returns what begins output of whole events.
func printing(p printer) func(io.Writer) sink { return printingBy(func() printer { return p }) }

func printingBy(p func() printer) func(io.Writer) sink {
	return func(w io.Writer) sink { return &lineSink{bufio.NewWriterSize(w, 64<<10), p} }
}

// rows returns what begins output of lines in columns, with a first line above them.
func rows(columns *filter.Columns, head []byte, appendRow func([]byte, []any) []byte) func(io.Writer) sink {
	begin := printingBy(func() printer {
		own, _ := filter.Select(columns.Names()...) // Columns are for one goroutine; these names were taken before
		var values []any
		return func(dst []byte, e *session.Event) []byte {
			values = own.Append(values[:0], e)
			return appendRow(dst, values)
		}
	})
	return func(w io.Writer) sink {
		s := begin(w)
		_, _ = s.(*lineSink).out.Write(head) // it fits into the buffer, or the error sticks
		return s
	}
}

func (s *lineSink) write(e *session.Event) error {
	_, err := s.out.Write(s.printer()(nil, e))
	return err
}

func (s *lineSink) close() error { return s.out.Flush() }

// tableSink writes Parquet.
type tableSink struct {
	out     *bufio.Writer
	columns *filter.Columns
	values  []any
	w       *parquet.Writer
}

func newTableSink(w io.Writer, columns *filter.Columns) *tableSink {
	s := &tableSink{out: bufio.NewWriterSize(w, 64<<10), columns: columns}
	s.w, _ = parquet.NewWriter(s.out, columns.Names(), columns.Types(), "msnscope "+version()) // tried before
	return s
}

func (s *tableSink) write(e *session.Event) error {
	s.values = s.columns.Append(s.values[:0], e)
	return s.w.Write(s.values)
}

func (s *tableSink) close() error {
	if err := s.w.Close(); err != nil {
		return err // that of the buffer beneath would be the same
	}
	return s.out.Flush()
}

// writeError is what a failed write to the output means: nothing when the reader had enough.
func writeError(err error) error {
	if err == nil || errors.Is(err, syscall.EPIPE) {
		return nil
	}
	return &exitError{exitIO, fmt.Errorf("write the output: %w", err), ""}
}
