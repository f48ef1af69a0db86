package main

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"sync"

	"github.com/msnscope/msnscope/captures"
	"github.com/msnscope/msnscope/internal/eventlog"
	"github.com/msnscope/msnscope/internal/format"
)

// loading reads captures in the background while the inspector shows the events that have come.
type loading struct {
	cancel context.CancelFunc
	some   chan struct{} // closed with the first events, or with the end
	ended  chan struct{}

	mu   sync.Mutex
	text string // progress, or the error
	over bool
	err  error // once over
}

// startLoading starts to read the captures one after the other. On a terminal it shows progress if
// no event has come within a second.
func (e *env) startLoading(ctx context.Context, paths []string, log *eventlog.Log, into *captures.Loader) *loading {
	ctx, cancel := context.WithCancel(ctx)
	l := &loading{cancel: cancel, some: make(chan struct{}), ended: make(chan struct{})}
	go l.run(ctx, e, paths, log, into)
	return l
}

func (l *loading) run(ctx context.Context, e *env, paths []string, log *eventlog.Log, into *captures.Loader) {
	defer close(l.ended)
	first := sync.OnceFunc(func() { close(l.some) })
	defer first()
	var failed error
	var passed []string
	for i, path := range paths {
		onTerminal := e.progress(path)
		err := e.loadTelling(ctx, path, into, func(done, total int64) {
			l.say(share(i, len(paths), done, total))
			if log.Len() > 0 {
				first() // from now on the screen is the inspector's
			} else if onTerminal != nil {
				onTerminal(done, total)
			}
		})
		if err != nil {
			failed = err
		}
		for _, remark := range into.Remarks() {
			passed = append(passed, format.Printable(path)+": "+remark)
		}
		if ctx.Err() != nil {
			break
		}
	}
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.text, l.err, l.over = strings.Join(passed, "; "), failed, true; failed != nil {
		l.text = failed.Error()
	}
}

// share describes how much of the files has been read, in bytes of the current one.
func share(file, files int, done, total int64) string {
	text := "reading "
	if files > 1 {
		text += fmt.Sprintf("file %d of %d: ", file+1, files)
	}
	return text + amount(done, total)
}

func (l *loading) say(text string) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.text = text
}

// status returns what the inspector's header shows, and whether files are still being read.
func (l *loading) status() (text string, busy bool) {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.text, !l.over
}

// wait waits until everything is read and returns what went wrong.
func (l *loading) wait() error {
	<-l.ended
	return l.err
}

// stop ends the reading and returns what went wrong before that.
func (l *loading) stop() error {
	l.cancel()
	if err := l.wait(); !errors.Is(err, context.Canceled) {
		return err
	}
	return nil
}
