package main

import (
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

// createOutput opens the file of an output flag and truncates it. It refuses a file that is one of
// the inputs, by whatever name, and a file that somebody else is writing. It waits for the reader
// of a pipe; when ctx ends, neither that wait nor one for a reader who takes nothing goes on.
func createOutput(ctx context.Context, flag, path string, inputs ...string) (*os.File, error) {
	if overwrites(path, inputs) {
		return nil, usage("%s %s: this file is one of the inputs", flag, path)
	}
	f, err := openForReader(ctx, path)
	if err == nil {
		context.AfterFunc(ctx, func() { _ = f.SetWriteDeadline(time.Now().Add(lastWrite)) }) // of pipes only
		if err = outfile.Empty(f); err != nil {
			f.Close()
		}
	}
	if locked := (*outfile.LockedError)(nil); errors.As(err, &locked) {
		err = fmt.Errorf("%s %s: %w", flag, path, err)
		return nil, &exitError{exitIO, err, "give another name, or end that process first"}
	}
	switch {
	case errors.Is(err, context.Canceled):
		return nil, err
	case err != nil:
		return nil, &exitError{exitIO, err, ""}
	}
	return f, nil
}

// createText is createOutput for what is no capture. It refuses to replace a capture: who gives the
// name of one has mistaken the order of the names.
func createText(ctx context.Context, flag, path string, inputs ...string) (*os.File, error) {
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
	target, err := os.Stat(out)
	if out == "" || err == nil && !target.Mode().IsRegular() {
		return false
	}
	return slices.ContainsFunc(inputs, func(in string) bool {
		info, inErr := os.Stat(in)
		if in == "-" {
			info, inErr = os.Stdin.Stat()
		}
		if err == nil && inErr == nil {
			return os.SameFile(target, info)
		}
		return err != nil && inErr != nil && in != "" && canonical(in) == canonical(out)
	})
}

// canonical returns the path at which a file would be created, whatever name its folder is given
// by.
func canonical(path string) string {
	folder, err := filepath.EvalSymlinks(filepath.Dir(path))
	if err == nil {
		folder, err = filepath.Abs(folder)
	}
	if err != nil {
		return filepath.Clean(path)
	}
	return filepath.Join(folder, filepath.Base(path))
}
