package main

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net/netip"
	"os"
	"strings"
	"sync/atomic"
	"syscall"
	"time"

	"github.com/msnscope/msnscope/decode/session"
	"github.com/msnscope/msnscope/internal/bus"
	"github.com/msnscope/msnscope/internal/filter"
	"github.com/msnscope/msnscope/internal/format"
	"github.com/msnscope/msnscope/internal/store"
	"github.com/msnscope/msnscope/replay/pcap"
)

// printer is a form of output: it appends one event to dst.
type printer func(dst []byte, e *session.Event) []byte

// printers are the forms that -T names.
var printers = map[string]printer{"text": format.AppendText, "jsonl": format.AppendJSON, "cs": format.AppendCS}

// compile returns the filter of an expression given on the command line.
func compile(expr string) (*filter.Filter, error) {
	f, err := filter.Compile(expr)
	if err != nil {
		return nil, &exitError{exitUsage, fmt.Errorf("in the filter: %w", err), ""}
	}
	return f, nil
}

// gap stands for events that a subscriber was too slow for.
func gap(first, last *session.Event, lost int) *session.Event {
	return &session.Event{
		N: first.N, Time: first.Time, Kind: session.Gap, Flags: session.Missing,
		Text: fmt.Sprintf("%d events are missing here, %d to %d: the output was too slow", lost, first.N, last.N),
	}
}

// output subscribes what prints events to w as they come. A reader that has gone away ends the run through stop.
func output(b *bus.Bus[*session.Event], w io.Writer, p printer, f *filter.Filter, stop context.CancelCauseFunc) {
	out := bufio.NewWriterSize(w, 64<<10)
	var buf []byte
	failed := false
	b.Subscribe(bus.Options[*session.Event]{Name: "output", Gap: gap, Handle: func(batch []*session.Event) {
		for _, e := range batch {
			if failed || !f.Match(e) {
				continue
			}
			buf = p(buf[:0], e)
			_, _ = out.Write(buf) // the error sticks and shows in Flush
		}
		if err := out.Flush(); err != nil && !failed {
			failed = true
			if !errors.Is(err, syscall.EPIPE) {
				err = &exitError{exitIO, fmt.Errorf("write the output: %w", err), ""}
			}
			stop(err)
		}
	}})
}

// recording is a capture file that is being written.
type recording struct {
	name     string
	file     io.WriteCloser
	recorder *store.Recorder
	failed   atomic.Bool
}

// record subscribes what writes events to the pcapng file; +FILE adds to one, - is standard output.
func record(b *bus.Bus[*session.Event], path string, stdout io.Writer, names map[netip.Addr]string, log *slog.Logger) (*recording, error) {
	r := &recording{name: strings.TrimPrefix(path, "+")}
	w, err := r.open(path, stdout)
	if err != nil {
		return nil, &exitError{exitIO, fmt.Errorf("record to %s: %w", r.name, err), ""}
	}
	r.recorder = store.NewRecorder(w, store.RecorderOptions{Names: names, OnError: func(err error) {
		r.failed.Store(true)
		log.Error("recording stopped, traffic goes on", "file", r.name, "err", err)
	}})
	b.Subscribe(bus.Options[*session.Event]{
		Name: "recorder", Handle: r.recorder.Handle,
		Gap: func(first, last *session.Event, lost int) *session.Event {
			log.Error("events are missing in the recording: the disk was too slow", "file", r.name, "events", lost, "from", first.N, "to", last.N)
			return gap(first, last, lost)
		},
	})
	return r, nil
}

func (r *recording) open(path string, stdout io.Writer) (*pcap.Writer, error) {
	o := pcap.WriterOptions{Application: "msnscope " + version()}
	if path == "-" {
		r.file = nopCloser{stdout}
		return pcap.NewWriter(stdout, o)
	}
	mode := os.O_CREATE | os.O_WRONLY | os.O_TRUNC
	if path != r.name {
		mode = os.O_CREATE | os.O_RDWR
	}
	// What people write to each other is nobody else's business.
	f, err := os.OpenFile(r.name, mode, 0o600)
	if err != nil {
		return nil, err
	}
	r.file = f
	var w *pcap.Writer
	if path != r.name {
		w, err = pcap.AppendTo(f, o)
	} else {
		w, err = pcap.NewWriter(f, o)
	}
	if err != nil {
		f.Close()
	}
	return w, err
}

// close ends the file; the bus must have been closed.
func (r *recording) close(at time.Time) error {
	if r == nil {
		return nil
	}
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

type nopCloser struct{ io.Writer }

func (nopCloser) Close() error { return nil }
