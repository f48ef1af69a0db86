package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"strings"
	"sync"

	"github.com/spf13/cobra"

	"github.com/msnscope/msnscope/decode/session"
	"github.com/msnscope/msnscope/internal/eventlog"
	"github.com/msnscope/msnscope/internal/redact"
	"github.com/msnscope/msnscope/replay"
	"github.com/msnscope/msnscope/ui"
)

// replayRun is a replay that the inspector started. It plays what `msnscope replay` would.
type replayRun struct {
	cancel context.CancelFunc
	ended  chan struct{}

	mu      sync.Mutex
	news    []replay.Outcome
	waiting []stepping // the commands that wait for a step, the oldest first
	text    string     // how it ended
	failed  bool
}

// stepping is a command that waits for a step, and what is closed to let it go.
type stepping struct {
	text string
	goes chan struct{}
}

// startReplay begins to replay a log, which may still grow: what it has by then is played. The
// error is for options that cannot be.
func (e *env) startReplay(ctx context.Context, log *eventlog.Log, how ui.ReplayOptions) (*replayRun, error) {
	var f replayFlags
	f.addFlags(&cobra.Command{}) // sets what is usual
	f.to, f.timing, f.only, f.passwords = how.To, how.Timing, how.Only, strings.Fields(how.Passwords)
	if f.to == "" {
		return nil, errors.New("an address is needed, as in 192.0.2.33:1863")
	}
	if err := f.check(nil); err != nil {
		return nil, err
	}
	ctx, cancel := context.WithCancel(ctx)
	r := &replayRun{cancel: cancel, ended: make(chan struct{})}
	f.wait = r.wait
	quiet := &env{stdin: strings.NewReader(""), stdout: io.Discard, stderr: io.Discard, getenv: e.getenv}
	go r.play(ctx, quiet, &f, log)
	return r, nil
}

// play plans and plays.
func (r *replayRun) play(ctx context.Context, e *env, f *replayFlags, log *eventlog.Log) {
	defer close(r.ended)
	plan, err := f.planOf(log)
	var result *replay.Result
	switch {
	case err != nil:
	case f.to == toSelf:
		result, err = f.playSelf(ctx, e, plan, r.report, nil)
	default:
		result, err = f.playClients(ctx, e, plan, r.report, nil)
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	switch {
	case ctx.Err() != nil:
		r.text, r.failed = "stopped", true
	case err != nil:
		r.text, r.failed = err.Error(), true
	default:
		r.text, r.failed = result.Summary(), result.Verdict() != replay.Same
		for _, note := range plan.Notes {
			r.text += "; " + note
		}
	}
}

func (r *replayRun) report(o replay.Outcome) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.news = append(r.news, o)
}

// wait waits until a step lets a command go.
func (r *replayRun) wait(ctx context.Context, next *session.Event) error {
	s := stepping{fmt.Sprintf("#%d %s: %s", next.N, next.User, redact.Line(&next.In, next.Row)), make(chan struct{})}
	r.mu.Lock()
	r.waiting = append(r.waiting, s)
	r.mu.Unlock()
	select {
	case <-s.goes:
		return nil
	case <-ctx.Done():
		return context.Cause(ctx)
	}
}

// News implements [ui.Replay].
func (r *replayRun) News() []replay.Outcome {
	r.mu.Lock()
	defer r.mu.Unlock()
	news := r.news
	r.news = nil
	return news
}

// Next implements [ui.Replay].
func (r *replayRun) Next() string {
	r.mu.Lock()
	defer r.mu.Unlock()
	if len(r.waiting) == 0 {
		return ""
	}
	return r.waiting[0].text
}

// Step implements [ui.Replay].
func (r *replayRun) Step() {
	r.mu.Lock()
	defer r.mu.Unlock()
	if len(r.waiting) > 0 {
		close(r.waiting[0].goes)
		r.waiting = r.waiting[1:]
	}
}

// Over implements [ui.Replay].
func (r *replayRun) Over() (text string, failed, over bool) {
	r.mu.Lock()
	defer r.mu.Unlock()
	return r.text, r.failed, r.text != ""
}

// Stop implements [ui.Replay].
func (r *replayRun) Stop() {
	r.cancel()
	<-r.ended
}
