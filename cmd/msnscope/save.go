package main

import (
	"bufio"
	"cmp"
	"context"
	"errors"
	"fmt"
	"io"
	"iter"
	"slices"
	"sync"
	"time"

	"github.com/msnscope/msnscope/captures/pcap"
	"github.com/msnscope/msnscope/captures/recording"
	"github.com/msnscope/msnscope/decode/session"
	"github.com/msnscope/msnscope/internal/eventlog"
	"github.com/msnscope/msnscope/ui"
)

// savedForms maps the forms in which the inspector saves, except for the recording, to those of -T.
var savedForms = map[string]string{"jsonl": "jsonl", "text": "text", "C:/S:": "cs"}

// saver returns the function that saves parts of a log for the inspector, to any file but the
// inputs, until ctx ends. It returns how many events it wrote.
func (e *env) saver(ctx context.Context, log *eventlog.Log, inputs ...string) func(ui.Saving) (int, error) {
	return func(s ui.Saving) (int, error) {
		create := createOutput
		if _, text := savedForms[s.Form]; text {
			create = createText
		}
		file, err := create(ctx, "save", s.Path, inputs...)
		if err != nil {
			return 0, err
		}
		events := s.Events
		s.Events = func(yield func(*session.Event) bool) {
			events(func(e *session.Event) bool { return ctx.Err() == nil && yield(e) })
		}
		out := bufio.NewWriterSize(file, 256<<10)
		n, err := saveEvents(out, log, s)
		return n, file.end(cmp.Or(err, out.Flush(), ctx.Err()))
	}
}

// ending returns a function that saves as the given one does, and another that waits until what is
// being saved is there. That one returns the error, which no screen shows any more.
func ending(save func(ui.Saving) (int, error), say func(string, ...any)) (
	func(ui.Saving) (int, error), func() error,
) {
	var saving sync.Mutex
	var path string
	var failed error
	return func(s ui.Saving) (n int, err error) {
			saving.Lock()
			defer saving.Unlock()
			path = s.Path
			n, failed = save(s)
			return n, failed
		}, func() error {
			if saving.TryLock() {
				return nil // the screen has shown its result
			}
			say("the commands are still being saved; Ctrl-C ends it")
			saving.Lock()
			if failed != nil {
				return &exitError{exitIO, fmt.Errorf("%s is not complete: %w", path, failed), ""}
			}
			return nil
		}
}

// pageSaver returns the function that saves parts of a log for a page.
func pageSaver(log *eventlog.Log) func(io.Writer, string, iter.Seq[*session.Event], map[uint64]string) (int, error) {
	return func(w io.Writer, form string, events iter.Seq[*session.Event], comments map[uint64]string) (int, error) {
		out := bufio.NewWriterSize(w, 64<<10)
		n, err := saveEvents(out, log, ui.Saving{Form: form, Events: events, Comments: comments})
		return n, errors.Join(err, out.Flush())
	}
}

// saveEvents writes the events of s in its form, and returns how many.
func saveEvents(w io.Writer, log *eventlog.Log, s ui.Saving) (n int, err error) {
	if form, ok := savedForms[s.Form]; ok {
		var buf []byte
		for event := range s.Events {
			buf = printers[form](buf[:0], event)
			if _, err := w.Write(buf); err != nil {
				return n, err
			}
			n++
		}
		return n, nil
	}
	pw, err := pcap.NewWriter(w, pcap.WriterOptions{Application: "msnscope " + version()})
	if err != nil {
		return 0, fmt.Errorf("begin a recording: %w", err)
	}
	rec := recording.NewWriter(pw, recording.Options{
		Names:  log.Names(),
		Remark: func(e *session.Event) string { return s.Comments[e.N] },
	})
	var last time.Time
	var events []*session.Event
	for event := range s.Events {
		if events, last = append(events, event), event.Time; len(events) == batch {
			rec.Handle(events)
			events = slices.Delete(events, 0, len(events))
		}
		if n++; rec.Err() != nil {
			return n, rec.Err()
		}
	}
	rec.Handle(events)
	return n, errors.Join(rec.Err(), rec.Close(last))
}
