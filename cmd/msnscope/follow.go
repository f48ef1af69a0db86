package main

import (
	"context"
	"errors"
	"io"
	"os"
	"time"

	"github.com/msnscope/msnscope/captures/pcap"
)

// followPause is how long --follow waits at the end of a file before it looks for more: nobody
// notices the delay, and it costs nothing.
const followPause = 100 * time.Millisecond

// growing is a reader of a file that another program still writes. At the end it waits for more,
// until ctx ends: that is the end of the file.
type growing struct {
	ctx  context.Context
	file *os.File
}

// Read implements io.Reader.
func (g *growing) Read(p []byte) (int, error) {
	for {
		n, err := g.file.Read(p)
		if n > 0 || !errors.Is(err, io.EOF) {
			return n, err
		}
		select {
		case <-g.ctx.Done():
			return 0, io.EOF
		case <-time.After(followPause):
		}
	}
}

// comes reports whether a capture is printed as it comes: one that is followed, or that standard
// input brings through a pipe.
func (d *dumper) comes(path string) bool {
	if path != "-" {
		return d.follow
	}
	file, ok := d.env.stdin.(*os.File)
	if !ok {
		return true
	}
	info, err := file.Stat()
	return err != nil || !info.Mode().IsRegular()
}

// asItComes loads a capture and prints its events as they come.
func (d *dumper) asItComes(ctx context.Context, path string) error {
	ctx, stop := context.WithCancel(ctx)
	defer stop()
	var unwritten error
	print := func(int64, int64) {
		if unwritten != nil || ctx.Err() != nil {
			return
		}
		if unwritten = d.print(context.WithoutCancel(ctx)); unwritten != nil {
			stop()
		}
	}
	var err error
	d.into.Live = true
	defer func() { d.into.Live = false }()
	if d.follow {
		err = d.grow(ctx, path, print)
	} else {
		err = d.env.loadTelling(ctx, path, d.into, print)
	}
	if unwritten != nil {
		return unwritten
	}
	d.env.sayRemarks(path, d.into, err)
	return err
}

// grow loads a file that grows until ctx ends. That is a good end, in the middle of a packet too.
func (d *dumper) grow(ctx context.Context, path string, progress func(done, total int64)) error {
	file, err := os.Open(path)
	if err != nil {
		return loadError(err)
	}
	defer file.Close()
	err = d.into.LoadReader(context.WithoutCancel(ctx), &growing{ctx, file}, path, progress)
	if ctx.Err() != nil && errors.Is(err, pcap.ErrCut) {
		return nil
	}
	return loadError(err)
}

// print prints the events that are new in the log, at once.
func (d *dumper) print(ctx context.Context) error {
	end := d.log.Len()
	if d.out != nil && d.done < end {
		if err := d.out.atOnce(); err != nil {
			return &outputError{err}
		}
	}
	if err := d.events(ctx, d.done, end); err != nil {
		return err
	}
	d.done = end
	if lines, ok := d.to.(*lineWriter); ok {
		if err := lines.out.Flush(); err != nil {
			return &outputError{err}
		}
	}
	return nil
}
