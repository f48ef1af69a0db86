package main

import (
	"errors"
	"fmt"
	"log/slog"
	"net/netip"
	"strings"
	"sync/atomic"
	"syscall"
	"time"

	"github.com/msnscope/msnscope/captures/recording"
	"github.com/msnscope/msnscope/decode/session"
	"github.com/msnscope/msnscope/internal/bus"
	"github.com/msnscope/msnscope/internal/outfile"
)

// recorder writes a recording, as one file or as several in sequence.
type recorder struct {
	flags  recordFlags
	files  *recording.Files
	writer *recording.Writer
	events *bus.Subscription
	failed atomic.Bool
}

// record subscribes a recorder that writes events to pcapng files. began is the time in the first
// file's name.
func record(
	b *bus.Bus[*session.Event], flags recordFlags, names map[netip.Addr]string, out *outlets, began time.Time,
) (*recorder, error) {
	files, w, err := recording.OpenFiles(flags.files(out.log), began)
	if err != nil {
		return nil, cannotRecord(files.Name(), err)
	}
	r := &recorder{flags: flags, files: files}
	r.writer = recording.NewWriter(w,
		recording.Options{Names: names, Rotation: files.Rotation(), OnError: func(err error) {
			r.failed.Store(true)
			out.stopped("recording", err, "file", files.Name())
		}})
	r.events = b.Subscribe(bus.Options[*session.Event]{
		Name: "recorder", Handle: r.writer.Handle, Delay: batchTime,
		Gap: func(first, last *session.Event, lost int) *session.Event {
			out.log.Error("events are missing in the recording: the disk was too slow", "file", files.Name(),
				"events", lost, "from", first.N, "to", last.N)
			return gap(first, last, lost)
		},
	})
	return r, nil
}

// files returns the options for the files that the flags ask for.
func (f *recordFlags) files(log *slog.Logger) recording.FilesOptions {
	name, add := strings.CutPrefix(f.write, "+")
	return recording.FilesOptions{
		Name: name, Add: add, Replace: f.force, Size: int64(f.size), Every: f.every, Disk: int64(f.disk),
		Application: "msnscope " + version(), Log: log,
	}
}

// cannotRecord returns the error for a file to which recording is impossible.
func cannotRecord(name string, err error) error {
	x := &exitError{exitIO, fmt.Errorf("record to %s: %w", name, err), ""}
	var locked *outfile.LockedError
	switch {
	case errors.Is(err, recording.ErrExists):
		x.code, x.hint = exitUsage, "-w +FILE adds to it, --force replaces it"
	case errors.As(err, &locked):
		x.hint = "two recorders would damage it: give another name, or end that process first"
	case errors.Is(err, syscall.ENXIO):
		x.hint = "nobody reads that pipe: start its reader first"
	}
	return x
}

// close writes the remaining events and completes the file. A pipe whose reader takes nothing does
// not keep the program from ending. No event may be published any more.
func (r *recorder) close(at time.Time) error {
	if r == nil {
		return nil
	}
	r.files.SetWriteDeadline(time.Now().Add(lastWrite))
	r.events.Close()
	err := r.writer.Close(at)
	if cerr := r.files.Close(); err == nil {
		err = cerr
	}
	if err != nil {
		return &exitError{
			exitIO, fmt.Errorf("record to %s: %w", r.files.Name(), err),
			"the part that was written before is intact",
		}
	}
	return nil
}

// question returns what the inspector asks before it quits, and whether there is a recording.
func (r *recorder) question() (text string, recording bool) {
	if r == nil {
		return "", false
	}
	return "Recording to " + strings.TrimPrefix(r.flags.write, "+") + ".", true
}

// status returns what the inspector's header shows about the recording.
func (r *recorder) status() string {
	switch {
	case r == nil:
		return ""
	case r.failed.Load():
		return "REC STOPPED " + r.files.Name()
	}
	return "REC " + r.files.Name()
}
