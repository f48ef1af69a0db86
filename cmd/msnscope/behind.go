package main

import (
	"context"
	"errors"
	"fmt"
	"sync"

	"github.com/msnscope/msnscope/internal/store"
)

// loading is captures that are read while the inspector shows what there is of them.
type loading struct {
	cancel context.CancelFunc
	some   chan struct{} // closed with the first events, or with the end
	ended  chan struct{}

	mu   sync.Mutex
	text string // how far it is, or what went wrong
	over bool
	err  error // once over
}

// loadBehind begins to read the captures one after the other. On a terminal, what takes longer than a second before there is
// anything to show says how far it is.
func (e *env) loadBehind(ctx context.Context, paths []string, log *store.Log) *loading {
	ctx, cancel := context.WithCancel(ctx)
	l := &loading{cancel: cancel, some: make(chan struct{}), ended: make(chan struct{})}
	go l.run(ctx, e, paths, log)
	return l
}

func (l *loading) run(ctx context.Context, e *env, paths []string, log *store.Log) {
	defer close(l.ended)
	first := sync.OnceFunc(func() { close(l.some) })
	defer first()
	var failed error
	for i, path := range paths {
		onTerminal := e.progress(path)
		err := e.loadTelling(ctx, path, log, func(done, total int64) {
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
		if ctx.Err() != nil {
			break
		}
	}
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.text, l.err, l.over = "", failed, true; failed != nil {
		l.text = failed.Error()
	}
}

// share says how far the reading of files is.
func share(file, files int, done, total int64) string {
	text := fmt.Sprintf("reading %d MB", done>>20)
	if total > 0 {
		text = fmt.Sprintf("reading %d %%", 100*min(done, total)/total)
	}
	if files > 1 {
		text += fmt.Sprintf(" of file %d of %d", file+1, files)
	}
	return text
}

func (l *loading) say(text string) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.text = text
}

// status is what the inspector's header says.
func (l *loading) status() (text string, busy bool) {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.text, !l.over
}

// wait returns what went wrong, once all is read.
func (l *loading) wait() error {
	<-l.ended
	return l.err
}

// stop ends the reading and returns what went wrong before.
func (l *loading) stop() error {
	l.cancel()
	if err := l.wait(); !errors.Is(err, context.Canceled) {
		return err
	}
	return nil
}
