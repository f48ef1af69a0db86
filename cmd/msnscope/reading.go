package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"time"

	"github.com/msnscope/msnscope/captures"
	"github.com/msnscope/msnscope/captures/pcap"
	"github.com/msnscope/msnscope/internal/eventlog"
	"github.com/msnscope/msnscope/internal/format"
)

// inputs returns the captures that the arguments of a command stand for, in the order in which they
// are loaded, and a Loader for them.
func (e *env) inputs(args []string, log *eventlog.Log) (paths []string, into *captures.Loader, err error) {
	paths, remarks, err := captures.Files(args...)
	for _, remark := range remarks {
		e.say("%s", format.Printable(remark))
	}
	into = captures.NewLoader(log)
	into.Files = len(paths)
	there := 0
	for _, path := range paths {
		if _, err := os.Stat(path); err == nil || path == "-" {
			there++
		}
	}
	into.Named = there > 1
	return paths, into, loadError(err)
}

// loadAll loads the captures that arguments stand for, up to the first error.
func (e *env) loadAll(ctx context.Context, args []string, log *eventlog.Log) error {
	paths, into, err := e.inputs(args, log)
	for _, path := range paths {
		if err == nil {
			err = e.load(ctx, path, into)
		}
	}
	return err
}

// load loads a capture, standard input for the path -. On a terminal it shows progress when it
// takes longer than a second.
func (e *env) load(ctx context.Context, path string, into *captures.Loader) error {
	err := e.loadTelling(ctx, path, into, e.progress(path))
	if isTerminal(e.stderr) {
		fmt.Fprint(e.stderr, "\r\x1b[K")
	}
	e.sayRemarks(path, into, err)
	return err
}

// sayRemarks writes the remarks on a capture to standard error. err is the error of loading it.
func (e *env) sayRemarks(path string, into *captures.Loader, err error) {
	if errors.Is(err, captures.ErrNoMSN) {
		return // its message has them
	}
	for _, remark := range into.Remarks() {
		e.say("%s: %s", format.Printable(path), remark)
	}
}

// loadTelling does the work of load and passes progress, in bytes, to the given function.
func (e *env) loadTelling(ctx context.Context, path string, into *captures.Loader,
	progress func(done, total int64),
) error {
	var err error
	if path == "-" {
		err = into.LoadReader(ctx, &interruptible{ctx, e.stdin}, "standard input", progress)
	} else {
		err = into.Load(ctx, path, progress)
	}
	return loadError(err)
}

// loadError adds to an error of a capture its exit code and a hint.
func loadError(err error) error {
	if err == nil || errors.Is(err, context.Canceled) {
		return err
	}
	x := &exitError{exitIO, err, ""}
	switch {
	case errors.Is(err, pcap.ErrCut):
		x.hint = "everything before that place was read"
	case errors.Is(err, pcap.ErrNotCapture):
		x.hint = "msnscope reads pcap and pcapng files, plain or compressed with gzip, bzip2, xz, lz4 or zstd"
	case errors.Is(err, captures.ErrNoMSN):
		x.hint = "MSN is looked for on TCP port 1863, and on other ports by its first command"
	}
	return x
}

// interruptible is a reader whose Read returns when ctx ends, because bytes may never come. Bytes
// that come later are lost.
type interruptible struct {
	ctx context.Context
	r   io.Reader
}

// Read implements io.Reader.
func (i *interruptible) Read(p []byte) (int, error) {
	type result struct {
		n   int
		err error
	}
	buf, done := make([]byte, len(p)), make(chan result, 1)
	go func() {
		n, err := i.r.Read(buf)
		done <- result{n, err}
	}()
	select {
	case got := <-done:
		return copy(p, buf[:got.n]), got.err
	case <-i.ctx.Done():
		return 0, context.Cause(i.ctx)
	}
}

// progress returns the function that shows on the terminal how much of a file is read, nil without
// a terminal.
func (e *env) progress(name string) func(done, total int64) {
	if !isTerminal(e.stderr) {
		return nil
	}
	start, last := time.Now(), time.Time{}
	return func(done, total int64) {
		now := time.Now()
		if now.Sub(start) < time.Second || now.Sub(last) < 200*time.Millisecond {
			return
		}
		last = now
		fmt.Fprintf(e.stderr, "\rmsnscope: reading %s: %s\x1b[K", format.Printable(name), amount(done, total))
	}
}

// amount says how many bytes of a total were read: 120 of 400 MB, 30 %. A total of 0 is unknown.
func amount(done, total int64) string {
	if total <= 0 {
		return fmt.Sprintf("%d MB", done>>20)
	}
	done = min(done, total) // a file may have grown meanwhile
	return fmt.Sprintf("%d of %d MB, %d %%", done>>20, total>>20, 100*done/total)
}
