package main

import (
	"context"
	"fmt"
	"log/slog"
	"net"
	"strings"
	"sync"
	"time"

	"github.com/spf13/pflag"

	"github.com/msnscope/msnscope/decode/referral"
	"github.com/msnscope/msnscope/internal/store"
	"github.com/msnscope/msnscope/replay"
	"github.com/msnscope/msnscope/server/accounts"
)

// shadowFlags are the flags of the shadow: another server that hears what clients say, and is compared.
type shadowFlags struct {
	shadow            string
	passwords, ignore []string

	shadowTo string // the address, with its port
	known    func(handle string) (string, bool)
	dial     func(ctx context.Context, network, addr string) (net.Conn, error) // nil for TCP
}

func (f *shadowFlags) add(fs *pflag.FlagSet) {
	fs.StringVar(&f.shadow, "shadow", "", "say the same to this server too, `ADDR`, and compare what it answers; clients hear nothing of it")
	fs.StringArrayVar(&f.passwords, "password", nil, "a user's password at the shadow, `HANDLE=PASSWORD`; may be repeated")
	fs.StringArrayVar(&f.ignore, "ignore", nil, "a `FIELD` in which the shadow may differ, such as Ser; may be repeated")
}

// read checks the flags.
func (f *shadowFlags) read(users []string) error {
	if f.shadow == "" {
		if len(f.passwords)+len(f.ignore) > 0 {
			return usage("--password and --ignore are the shadow's: say where that is with --shadow ADDR")
		}
		return nil
	}
	var ok bool
	if f.shadowTo, ok = referral.Normalize(f.shadow); !ok {
		return usage("--shadow %q: it must be HOST or HOST:PORT", f.shadow)
	}
	known, err := knownPasswords(users, f.passwords)
	if err != nil {
		return err
	}
	f.known = func(handle string) (string, bool) {
		if p, ok := known[strings.ToLower(handle)]; ok {
			return p, true
		}
		u, err := accounts.Defaults().Lookup(context.Background(), handle)
		return u.Password, err == nil
	}
	return nil
}

// shadow is another server that is being compared.
type shadow struct {
	to     string
	ended  chan struct{} // closed when no more events come
	stop   context.CancelFunc
	played sync.WaitGroup
	result *replay.Result
	err    error
}

// maxNotes is how many differences are told one by one; then the count at the end must do.
const maxNotes = 20

// shadowTime is how long the end waits for what the shadow has not answered yet.
const shadowTime = 10 * time.Second

// startShadow plays what clients say to the shadow, a moment later; note tells of differences. nil plays nothing.
func (f *shadowFlags) startShadow(ctx context.Context, events *store.Log, note func(string), log *slog.Logger) *shadow {
	if f.shadow == "" {
		return nil
	}
	ctx, stop := context.WithCancel(context.WithoutCancel(ctx)) // it goes on behind the end
	s := &shadow{to: f.shadowTo, ended: make(chan struct{}), stop: stop}
	t := &shadowTold{to: f.shadowTo, log: log, note: func(text string) {
		select {
		case <-s.ended: // no more events come
		default:
			note(text)
		}
	}}
	o := replay.Options{To: f.shadowTo, Dial: f.dial, Password: f.known, Ignore: f.ignore, Report: t.report}
	s.played.Go(func() { s.result, s.err = replay.Follow(ctx, events, s.ended, o) })
	return s
}

// shadowTold is what was told of a shadow.
type shadowTold struct {
	to          string
	log         *slog.Logger
	note        func(string)
	differences int
	unreachable bool
}

// report tells of differences, and once that the shadow cannot be reached.
func (t *shadowTold) report(out replay.Outcome) {
	switch {
	case out.Good():
	case out.Unopened():
		if !t.unreachable {
			t.unreachable = true
			t.log.Warn("the shadow cannot be reached: what is said meanwhile is not compared; it is tried again for each connection",
				"shadow", t.to, "err", out.Why)
			t.note("the shadow " + t.to + " cannot be reached: " + out.Why)
		}
	case t.differences < maxNotes:
		if t.differences++; t.differences == 1 {
			t.log.Warn("the shadow differs for the first time", "shadow", t.to, "command", out.N, "verdict", string(out.Verdict))
		}
		t.note("the shadow " + t.to + " differs: " + strings.TrimSpace(string(replay.AppendLine(nil, &out, replay.TextOptions{}))))
	}
}

// close waits for what the shadow still has to answer, and says how it went; the error has the exit code for a difference, or for
// what was not compared.
func (s *shadow) close(e *env) error {
	if s == nil {
		return nil
	}
	close(s.ended)
	late := time.AfterFunc(shadowTime, s.stop)
	s.played.Wait()
	slow := !late.Stop() && s.err != nil
	s.stop()
	switch {
	case s.err != nil && !slow:
		return &exitError{exitIO, fmt.Errorf("the shadow %s: %w", s.to, s.err), ""}
	case s.result.Unopened > 0 && !s.result.Compared():
		return &exitError{
			exitIO, fmt.Errorf("the shadow %s could not be reached: nothing was compared", s.to), "--shadow ADDR must be where a server listens while clients connect",
		}
	}
	e.say("the shadow: %s", s.result.Summary())
	if n := s.result.Unopened; n > 0 {
		e.say("the shadow: %d connections could not be opened there: nothing of them was compared", n)
	}
	err := verdict(s.result)
	if slow {
		e.say("the shadow: it was too slow: what came last was not compared")
		if err == nil {
			err = &exitError{code: exitTimeout}
		}
	}
	return err
}

// abandon ends the shadow without a word.
func (s *shadow) abandon() {
	if s != nil {
		s.stop()
		s.played.Wait()
	}
}
