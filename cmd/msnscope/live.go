package main

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io"
	"syscall"
	"time"

	"github.com/msnscope/msnscope/decode/session"
	"github.com/msnscope/msnscope/internal/bus"
	"github.com/msnscope/msnscope/internal/filter"
	"github.com/msnscope/msnscope/internal/format"
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

// batchTime is how long events wait for more before they are printed, recorded or kept for the screen: nobody sees it, and
// traffic that is heavy does not pay for a write each.
const batchTime = 5 * time.Millisecond

// output subscribes what prints events to w as they come. A reader that has gone away ends the run through stop.
func output(b *bus.Bus[*session.Event], w io.Writer, p printer, f *filter.Filter, stop context.CancelCauseFunc) *bus.Subscription {
	out := bufio.NewWriterSize(w, 64<<10)
	var buf []byte
	failed := false
	return b.Subscribe(bus.Options[*session.Event]{Name: "output", Gap: gap, Delay: batchTime, Handle: func(batch []*session.Event) {
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
