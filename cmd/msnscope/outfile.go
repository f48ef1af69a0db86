package main

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"syscall"
	"time"

	"github.com/msnscope/msnscope/captures/pcap"
	"github.com/msnscope/msnscope/internal/outfile"
)

// output is the file of an output flag. What it replaces stays until it is complete.
type output struct {
	*os.File               // where to write
	part     *outfile.Part // nil where nothing is replaced
	old      *os.File      // what is replaced, locked; nil like part
}

// createOutput opens the file of an output flag. A file that holds something is replaced once the
// output has ended well; any other, and a pipe or a device, is written as it comes. It refuses a
// file that is one of the inputs, by whatever name, and a file that somebody else is writing. It
// waits for the reader of a pipe; when ctx ends, neither that wait nor one for a reader who takes
// nothing goes on.
func createOutput(ctx context.Context, flag, path string, inputs ...string) (*output, error) {
	if overwrites(path, inputs) {
		return nil, usage("%s %s: this file is one of the inputs", flag, path)
	}
	f, err := openForReader(ctx, path)
	if err == nil {
		context.AfterFunc(ctx, func() { _ = f.SetWriteDeadline(time.Now().Add(lastWrite)) }) // of pipes only
		return replacing(flag, path, f)
	}
	if locked := (*outfile.LockedError)(nil); errors.As(err, &locked) {
		err = fmt.Errorf("%s %s: %w", flag, path, err)
		return nil, &exitError{exitIO, err, "give another name, or end that process first"}
	}
	if errors.Is(err, context.Canceled) {
		return nil, err
	}
	return nil, &exitError{exitIO, err, ""}
}

// replacing returns the output to a file that has been opened and locked.
func replacing(flag, path string, f *os.File) (*output, error) {
	some, err := outfile.HoldsSomething(f)
	if err == nil && !some {
		return &output{File: f}, nil
	}
	var part *outfile.Part
	if err == nil {
		part, err = outfile.Begin(path)
	}
	if err != nil {
		f.Close()
		return nil, &exitError{
			exitIO, fmt.Errorf("%s %s: it is replaced by a file that is first made beside it: %w", flag, path, err),
			"give another name, or empty that file first",
		}
	}
	return &output{part.File, part, f}, nil
}

// Write implements io.Writer.
func (o *output) Write(b []byte) (int, error) {
	if o.part != nil {
		return o.part.Write(b)
	}
	return o.File.Write(b)
}

// end closes the file. Where it is to replace another one, it does so unless err is the error with
// which the output ended. It returns err, or the first error of its own.
func (o *output) end(err error) error {
	if o.part == nil {
		return cmp.Or(err, o.Close())
	}
	defer o.old.Close() // whose lock must outlast it
	if err != nil {
		_ = o.part.Discard()
		return err
	}
	return o.part.Commit()
}

// atOnce gives up what the file holds: what comes is written there as it comes.
func (o *output) atOnce() error {
	if o.part == nil {
		return nil
	}
	_ = o.part.Discard()
	o.File, o.part, o.old = o.old, nil, nil
	return o.Truncate(0)
}

// createText is createOutput for what is no capture. It refuses to replace a capture: who gives the
// name of one has mistaken the order of the names.
func createText(ctx context.Context, flag, path string, inputs ...string) (*output, error) {
	if !overwrites(path, inputs) && isCapture(path) {
		return nil, &exitError{
			exitUsage, fmt.Errorf("%s %s: this file is a capture, and what is written is none", flag, path),
			"give another name, or remove that file first",
		}
	}
	return createOutput(ctx, flag, path, inputs...)
}

// isCapture reports whether a file is one that could be loaded, as far as its first bytes tell.
func isCapture(path string) bool {
	if info, err := os.Stat(path); err != nil || !info.Mode().IsRegular() {
		return false
	}
	f, err := os.Open(path)
	if err != nil {
		return false
	}
	defer f.Close()
	_, err = pcap.NewReader(f, path)
	return err == nil || errors.Is(err, pcap.ErrCut) || errors.Is(err, pcap.ErrLinkType)
}

// lastWrite is how long the reader of a pipe has to take the rest once the program is about to end.
const lastWrite = 5 * time.Second

// readerPause is the time between two looks whether somebody reads a pipe.
const readerPause = 20 * time.Millisecond

// openForReader opens a file for writing. Where it is a pipe, it waits until somebody reads it, or
// until ctx ends: the system's own wait would not end with a signal that the program handles.
func openForReader(ctx context.Context, path string) (*os.File, error) {
	for {
		f, err := outfile.Open(path, os.O_WRONLY|outfile.NoWait)
		if !errors.Is(err, syscall.ENXIO) {
			return f, err
		}
		select {
		case <-time.After(readerPause):
		case <-ctx.Done():
			return nil, fmt.Errorf("nobody reads %s: %w", path, ctx.Err())
		}
	}
}

// overwrites reports whether writing to out would destroy an input of the run, or a file that it
// makes before.
func overwrites(out string, inputs []string) bool {
	return slices.ContainsFunc(inputs, func(in string) bool {
		if in != "-" {
			return sameFile(out, in)
		}
		target, err := os.Stat(out)
		info, inErr := os.Stdin.Stat()
		return err == nil && inErr == nil && target.Mode().IsRegular() && os.SameFile(target, info)
	})
}

// canonical returns the path at which a file would be created, whatever links lead there.
func canonical(path string) string {
	path = outfile.Target(path)
	folder, err := filepath.EvalSymlinks(filepath.Dir(path))
	if err == nil {
		folder, err = filepath.Abs(folder)
	}
	if err != nil {
		return filepath.Clean(path)
	}
	return filepath.Join(folder, filepath.Base(path))
}
