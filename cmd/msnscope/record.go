package main

import (
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net/netip"
	"os"
	"strings"
	"sync/atomic"
	"time"

	"github.com/msnscope/msnscope/decode/session"
	"github.com/msnscope/msnscope/internal/bus"
	"github.com/msnscope/msnscope/internal/store"
	"github.com/msnscope/msnscope/replay/pcap"
)

// recording is a capture that is being written: one file, or one after another.
type recording struct {
	flags    recordFlags
	log      *slog.Logger
	recorder *store.Recorder
	events   *bus.Subscription
	failed   atomic.Bool
	name     atomic.Pointer[string] // of the file
	file     io.Closer              // with used and kept the recorder's goroutine's alone, once that runs
	used     map[string]bool
	kept     kept
}

// record subscribes what writes events to pcapng files.
func record(b *bus.Bus[*session.Event], flags recordFlags, names map[netip.Addr]string, log *slog.Logger) (*recording, error) {
	r := &recording{flags: flags, log: log, used: map[string]bool{}}
	w, err := r.open(1, time.Now())
	if err != nil {
		return nil, r.opening(err)
	}
	rotation := store.Rotation{Size: int64(flags.size), Every: flags.every, Next: r.next}
	r.recorder = store.NewRecorder(w, store.RecorderOptions{Names: names, Rotation: rotation, OnError: func(err error) {
		r.failed.Store(true)
		log.Error("recording stopped, traffic goes on", "file", *r.name.Load(), "err", err)
	}})
	r.events = b.Subscribe(bus.Options[*session.Event]{
		Name: "recorder", Handle: r.recorder.Handle, Delay: batchTime,
		Gap: func(first, last *session.Event, lost int) *session.Event {
			log.Error("events are missing in the recording: the disk was too slow", "file", *r.name.Load(), "events", lost, "from", first.N, "to", last.N)
			return gap(first, last, lost)
		},
	})
	return r, nil
}

// opening is the error of a file that cannot be recorded to.
func (r *recording) opening(err error) error {
	x := &exitError{exitIO, fmt.Errorf("record to %s: %w", *r.name.Load(), err), ""}
	if inner := (*exitError)(nil); errors.As(err, &inner) {
		x.code, x.hint = inner.code, inner.hint
	}
	return x
}

// next goes on in the next file, and deletes the oldest where there is no room for it.
func (r *recording) next(number int, at time.Time) (*pcap.Writer, error) {
	if err := r.file.Close(); err != nil {
		return nil, err
	}
	r.file = nil
	r.kept.add(*r.name.Load())
	if r.flags.disk > 0 {
		r.kept.shrink(int64(r.flags.disk-r.flags.size), func(name string, err error) {
			if err != nil {
				r.log.Error("the oldest file of the recording cannot be deleted", "file", name, "err", err)
				return
			}
			r.log.Info("deleted the oldest file of the recording: --max-disk is reached", "file", name)
		})
	}
	return r.open(number, at)
}

// open begins a file. Only the first one is added to.
func (r *recording) open(number int, at time.Time) (*pcap.Writer, error) {
	o, added := pcap.WriterOptions{Application: "msnscope " + version()}, number == 1 && strings.HasPrefix(r.flags.write, "+")
	name := r.flags.name(number, at, func(name string) bool { return r.used[name] })
	r.used[name] = true
	r.name.Store(&name)
	mode := os.O_CREATE | os.O_WRONLY
	if added {
		mode = os.O_CREATE | os.O_RDWR
	} else if err := expendable(name); err != nil {
		return nil, err
	}
	f, err := os.OpenFile(name, mode, 0o600)
	if err != nil {
		return nil, err
	}
	if err = private(f); err == nil && !added {
		err = empty(f)
	}
	var w *pcap.Writer
	switch {
	case err != nil:
	case added:
		w, err = r.appendTo(f, o)
	default:
		w, err = pcap.NewWriter(f, o)
	}
	if err != nil {
		f.Close()
		return nil, err
	}
	r.file = f
	return w, nil
}

// appendTo goes on behind what a file has. What a process that was killed left of its last block goes, and that is said.
func (r *recording) appendTo(f *os.File, o pcap.WriterOptions) (*pcap.Writer, error) {
	before, err := f.Stat()
	if err != nil {
		return nil, err
	}
	w, err := pcap.AppendTo(f, o)
	if err == nil && w.Cut() > 0 {
		r.log.Warn("the file ended in mid-packet: what came before is kept", "file", f.Name(), "bytes", before.Size(), "cut", w.Cut())
	}
	return w, err
}

// expendable refuses to overwrite a file that is no capture: somebody's -w has the wrong name behind it.
func expendable(path string) error {
	info, err := os.Stat(path)
	if err != nil || !info.Mode().IsRegular() || info.Size() == 0 {
		return nil // what is wrong with it, opening will say
	}
	f, err := os.Open(path)
	if err != nil {
		return err
	}
	defer f.Close()
	_, err = pcap.NewReader(f, path)
	if err == nil || errors.Is(err, pcap.ErrCut) || errors.Is(err, pcap.ErrBroken) || errors.Is(err, pcap.ErrLinkType) {
		return nil
	}
	return &exitError{exitUsage, errors.New("it exists and is no capture"), "give the name of a new file, or of a recording that may go"}
}

// private lets nobody else read the file: what people write to each other is theirs. A file of another owner stays as it is.
func private(f *os.File) error {
	info, err := f.Stat()
	if err != nil || !info.Mode().IsRegular() || info.Mode().Perm() == 0o600 {
		return err
	}
	if err := f.Chmod(0o600); err != nil && !errors.Is(err, os.ErrPermission) {
		return err
	}
	return nil
}

// empty cuts a regular file to nothing; pipes and devices have nothing to cut.
func empty(f *os.File) error {
	info, err := f.Stat()
	if err != nil || !info.Mode().IsRegular() {
		return err
	}
	return f.Truncate(0)
}

// close writes what is still to be written and ends the file; nothing may be published any more.
func (r *recording) close(at time.Time) error {
	if r == nil {
		return nil
	}
	r.events.Close()
	err := r.recorder.Close(at)
	if r.file != nil {
		if cerr := r.file.Close(); err == nil {
			err = cerr
		}
	}
	if err != nil {
		return &exitError{exitIO, fmt.Errorf("record to %s: %w", *r.name.Load(), err), "what was written before is there"}
	}
	return nil
}

// status is what the inspector's header says of the recording.
func (r *recording) status() string {
	switch {
	case r == nil:
		return ""
	case r.failed.Load():
		return "REC STOPPED " + *r.name.Load()
	}
	return "REC " + *r.name.Load()
}
