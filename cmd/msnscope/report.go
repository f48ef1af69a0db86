package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"strings"
	"time"

	"github.com/msnscope/msnscope/internal/outfile"
)

// report is a file that is replaced as a whole at the end of a run.
type report struct{ flag, form, path string }

// readReport parses the flag of a report and returns nil if it was not given. It returns an error
// for a file that could not be written in the end, or that exists and is not a report.
func readReport(flag, value string, inputs []string) (*report, error) {
	if value == "" {
		return nil, nil //nolint:nilnil // no report is no error
	}
	form, path, _ := strings.Cut(value, ":")
	if form != "json" && form != "junit" || path == "" {
		return nil, usage("%s %q: the forms are json:FILE and junit:FILE", flag, value)
	}
	if overwrites(path, inputs) {
		return nil, usage("%s %s: this file is one of the inputs", flag, value)
	}
	r := &report{flag, form, path}
	if info, err := os.Stat(path); err == nil && !info.Mode().IsRegular() {
		if info.IsDir() {
			return nil, usage("%s %s: that is a directory", flag, value)
		}
		return r, nil // a pipe or a device cannot be replaced, and is written as it is
	}
	if err := r.replaceable(); err != nil {
		return nil, err
	}
	f, err := outfile.Begin(path)
	if err == nil {
		err = f.Discard()
	}
	if err != nil {
		return nil, &exitError{exitIO, fmt.Errorf("%s: %w", flag, err), ""}
	}
	return r, nil
}

// replaceable returns an error for an existing file that is not a report.
func (r *report) replaceable() error {
	f, err := os.Open(r.path)
	if errors.Is(err, os.ErrNotExist) {
		return nil
	}
	if err != nil {
		return &exitError{exitIO, fmt.Errorf("%s: %w", r.flag, err), ""}
	}
	defer f.Close()
	var first [1]byte
	if n, _ := f.Read(first[:]); n == 0 || first[0] == '{' || first[0] == '<' {
		return nil
	}
	return &exitError{
		exitUsage, fmt.Errorf("%s %s: it exists and is not a report", r.flag, r.path),
		"give the name of a new file, or of a report that may be replaced",
	}
}

// write writes the report in its form, completely or not at all. Where it goes to a pipe, it waits
// until somebody reads that, or until ctx ends.
func (r *report) write(ctx context.Context, forms map[string]func(io.Writer) error) error {
	err := r.replace(ctx, forms[r.form])
	if errors.Is(err, context.Canceled) {
		return err
	}
	if err != nil {
		return &exitError{exitIO, fmt.Errorf("%s: write the report: %w", r.flag, err), ""}
	}
	return nil
}

func (r *report) replace(ctx context.Context, content func(io.Writer) error) error {
	if info, err := os.Stat(r.path); err == nil && !info.Mode().IsRegular() {
		f, err := openForReader(ctx, r.path)
		if err != nil {
			return err
		}
		context.AfterFunc(ctx, func() { _ = f.SetWriteDeadline(time.Now().Add(lastWrite)) }) // of pipes only
		return errors.Join(content(f), f.Close())
	}
	f, err := outfile.Begin(r.path)
	if err != nil {
		return err
	}
	if err := content(f); err != nil {
		return errors.Join(err, f.Discard())
	}
	return f.Commit()
}
