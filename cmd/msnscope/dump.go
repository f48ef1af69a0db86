package main

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"slices"
	"syscall"

	"github.com/spf13/cobra"

	"github.com/msnscope/msnscope/internal/filter"
	"github.com/msnscope/msnscope/internal/store"
)

func dumpCommand(e *env) *cobra.Command {
	var expr, form, out string
	c := &cobra.Command{
		Use:   "dump FILE...",
		Short: "Decode captures to standard output, one line a command",
		Long: "Reads pcap and pcapng files, gzipped or not, puts their TCP streams together and prints every command.\n" +
			"Recordings of msnscope give back exactly what was seen live.",
		Example: "  msnscope dump captures/conversation.pcapng\n" +
			"  msnscope dump captures/conversation.pcapng -T jsonl -Y 'cmd == \"MSG\" && payload.text contains \"Hello\"'",
		Args: files,
		RunE: func(c *cobra.Command, args []string) error {
			p, ok := printers[form]
			if !ok {
				return usage("-T %s: the forms are text, jsonl and cs", form)
			}
			f, err := compile(expr)
			if err != nil {
				return err
			}
			if out == "" || out == "-" {
				return dump(c.Context(), e, args, e.stdout, p, f)
			}
			if overwrites(out, args) {
				return usage("-o %s: that file is read", out)
			}
			file, err := os.OpenFile(out, os.O_CREATE|os.O_WRONLY|os.O_TRUNC, 0o600)
			if err != nil {
				return &exitError{exitIO, err, ""}
			}
			err = dump(c.Context(), e, args, file, p, f)
			if cerr := file.Close(); err == nil && cerr != nil {
				err = &exitError{exitIO, cerr, ""}
			}
			return err
		},
	}
	c.Flags().StringVarP(&expr, "filter", "Y", "", "print only the commands for which this `EXPR` is true")
	c.Flags().StringVarP(&form, "type", "T", "text", "form of the output: text, jsonl or cs")
	c.Flags().StringVarP(&out, "output", "o", "", "write to this `FILE` in place of standard output")
	completeForms(c)
	return c
}

// overwrites reports whether writing to out would destroy one of the files that are to be read.
func overwrites(out string, inputs []string) bool {
	target, err := os.Stat(out)
	return err == nil && target.Mode().IsRegular() && slices.ContainsFunc(inputs, func(in string) bool {
		info, err := os.Stat(in)
		return err == nil && os.SameFile(target, info)
	})
}

// dump prints each file after the other. What came before an error is printed all the same.
func dump(ctx context.Context, e *env, paths []string, w io.Writer, p printer, f *filter.Filter) error {
	var failed error
	for _, path := range paths {
		log := store.NewLog(store.LogOptions{})
		err := e.load(ctx, path, log)
		if errors.Is(err, context.Canceled) {
			log.Close()
			return err
		}
		werr := printAll(ctx, log, w, p, f)
		log.Close()
		if werr != nil {
			return werr
		}
		if err != nil && failed != nil {
			e.report(failed)
		}
		if err != nil {
			failed = err
		}
	}
	return failed
}

func printAll(ctx context.Context, log *store.Log, w io.Writer, p printer, f *filter.Filter) error {
	out := bufio.NewWriterSize(w, 64<<10)
	var buf []byte
	for i := range log.Len() {
		if i&0xfff == 0 && ctx.Err() != nil {
			_ = out.Flush()
			return ctx.Err()
		}
		event := log.At(i)
		if !f.Match(event) {
			continue
		}
		buf = p(buf[:0], event)
		if _, err := out.Write(buf); err != nil {
			return writeError(err)
		}
	}
	return writeError(out.Flush())
}

// writeError is what a failed write to the output means: nothing when the reader had enough.
func writeError(err error) error {
	if err == nil || errors.Is(err, syscall.EPIPE) {
		return nil
	}
	return &exitError{exitIO, fmt.Errorf("write the output: %w", err), ""}
}
