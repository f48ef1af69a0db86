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

// recording is a capture file that is being written.
type recording struct {
	name     string
	file     io.Closer
	recorder *store.Recorder
	events   *bus.Subscription
	failed   atomic.Bool
}

// record subscribes what writes events to the pcapng file; +FILE adds to one.
func record(b *bus.Bus[*session.Event], path string, names map[netip.Addr]string, log *slog.Logger) (*recording, error) {
	r := &recording{name: strings.TrimPrefix(path, "+")}
	w, err := r.open(path)
	if err != nil {
		x := &exitError{exitIO, fmt.Errorf("record to %s: %w", r.name, err), ""}
		if inner := (*exitError)(nil); errors.As(err, &inner) {
			x.code, x.hint = inner.code, inner.hint
		}
		return nil, x
	}
	r.recorder = store.NewRecorder(w, store.RecorderOptions{Names: names, OnError: func(err error) {
		r.failed.Store(true)
		log.Error("recording stopped, traffic goes on", "file", r.name, "err", err)
	}})
	r.events = b.Subscribe(bus.Options[*session.Event]{
		Name: "recorder", Handle: r.recorder.Handle, Delay: batchTime,
		Gap: func(first, last *session.Event, lost int) *session.Event {
			log.Error("events are missing in the recording: the disk was too slow", "file", r.name, "events", lost, "from", first.N, "to", last.N)
			return gap(first, last, lost)
		},
	})
	return r, nil
}

func (r *recording) open(path string) (*pcap.Writer, error) {
	o, added := pcap.WriterOptions{Application: "msnscope " + version()}, path != r.name
	mode := os.O_CREATE | os.O_WRONLY
	if added {
		mode = os.O_CREATE | os.O_RDWR
	} else if err := expendable(r.name); err != nil {
		return nil, err
	}
	f, err := os.OpenFile(r.name, mode, 0o600)
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
		w, err = pcap.AppendTo(f, o)
	default:
		w, err = pcap.NewWriter(f, o)
	}
	if err != nil {
		f.Close()
	}
	r.file = f
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
	if cerr := r.file.Close(); err == nil {
		err = cerr
	}
	if err != nil {
		return &exitError{exitIO, fmt.Errorf("record to %s: %w", r.name, err), "what was written before is there"}
	}
	return nil
}

// status is what the inspector's header says of the recording.
func (r *recording) status() string {
	switch {
	case r == nil:
		return ""
	case r.failed.Load():
		return "REC STOPPED " + r.name
	}
	return "REC " + r.name
}
