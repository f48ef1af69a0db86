package main

import (
	"errors"
	"log/slog"
	"sync/atomic"
	"syscall"

	"github.com/msnscope/msnscope/internal/eventlog"
)

// outlets applies one rule to all that a run writes while traffic passes (law 4): standard output,
// the recording, spill files, the control API and its streams, and standard error. An outlet that
// fails stops and says so once; everything else goes on, and the exit code in the end is 3. Its
// methods are safe for concurrent use.
type outlets struct {
	log    *slog.Logger
	failed atomic.Bool
}

// stopped logs that an outlet has stopped, and why; attrs are keys and values that identify it.
func (o *outlets) stopped(outlet string, err error, attrs ...any) {
	o.failed.Store(true)
	o.log.Error(outlet+" stopped, traffic goes on", append(attrs, "err", err)...)
}

// incomplete records that the output of an outlet is not complete, which the caller has reported.
func (o *outlets) incomplete() { o.failed.Store(true) }

// newLog returns a log whose spill files count as outlets.
func (o *outlets) newLog() *eventlog.Log {
	return eventlog.New(eventlog.Options{SpillFailed: func(err error) { o.stopped("spill file of the session", err) }})
}

// err returns the error with the exit code for a run whose outlet failed, nil if none did.
func (o *outlets) err() error {
	if o.failed.Load() {
		return &exitError{code: exitIO}
	}
	return nil
}

// hadEnough reports whether a write failed because its reader has gone away, as `| head` does.
func hadEnough(err error) bool { return errors.Is(err, syscall.EPIPE) }
