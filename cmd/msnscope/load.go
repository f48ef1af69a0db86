package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"runtime/debug"
	"time"

	"github.com/msnscope/msnscope/internal/format"
	"github.com/msnscope/msnscope/internal/store"
	"github.com/msnscope/msnscope/replay/pcap"
)

// load reads a capture into log; - is standard input. On a terminal, reading that takes longer than a second shows how far
// it is.
func (e *env) load(ctx context.Context, path string, log *store.Log) error {
	err := e.loadTelling(ctx, path, log, e.progress(path))
	if isTerminal(e.stderr) {
		fmt.Fprint(e.stderr, "\r\x1b[K")
	}
	return err
}

// loadTelling is load for who says in another way how far it is.
func (e *env) loadTelling(ctx context.Context, path string, log *store.Log, progress func(done, total int64)) error {
	if e.getenv == nil || e.getenv("GOGC") == "" {
		// Half as many collections for a few megabytes more: what is read goes to the log, which the collector does not see.
		defer debug.SetGCPercent(debug.SetGCPercent(200))
	}
	var err error
	if path == "-" {
		err = store.LoadReader(ctx, &interruptible{ctx, e.stdin}, "standard input", log, progress)
	} else {
		err = store.Load(ctx, path, log, progress)
	}
	if err == nil || errors.Is(err, context.Canceled) {
		return err
	}
	x := &exitError{exitIO, err, ""}
	switch {
	case errors.Is(err, pcap.ErrCut):
		x.hint = "everything before that place was read"
	case errors.Is(err, pcap.ErrNotCapture):
		x.hint = "msnscope reads pcap and pcapng files, gzipped or not"
	case errors.Is(err, store.ErrNoMSN):
		x.hint = "MSN is looked for on TCP port 1863, and on other ports by its first command"
	}
	return x
}

// interruptible is a reader whose wait for bytes ends with ctx: nobody may ever send them. What comes later is lost.
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

// progress returns what says how far the reading of a file is, nil without a terminal.
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
		share := ""
		if total > 0 {
			share = fmt.Sprintf(" of %d, %d %%", total>>20, 100*done/total)
		}
		fmt.Fprintf(e.stderr, "\rmsnscope: reading %s: %d%s MB\x1b[K", format.Printable(name), done>>20, share)
	}
}
