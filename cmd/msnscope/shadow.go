package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net"
	"strings"
	"sync"
	"time"

	"github.com/spf13/pflag"

	"github.com/msnscope/msnscope/decode/referral"
	"github.com/msnscope/msnscope/internal/eventlog"
	"github.com/msnscope/msnscope/replay"
	"github.com/msnscope/msnscope/server/accounts"
)

// shadowFlags are the flags of the shadow: a second server that gets what clients say, and whose
// answers are compared.
type shadowFlags struct {
	shadow, shadowReport string
	passwords, ignore    []string

	shadowTo string          // the address, with its port
	report   *report         // nil for none
	routes   referral.Routes // of --route
	known    func(handle string) (string, bool)
	dial     func(ctx context.Context, network, addr string) (net.Conn, error) // nil for TCP
}

func (f *shadowFlags) add(fs *pflag.FlagSet) {
	fs.StringVar(&f.shadow, "shadow", "",
		"also send everything to this server, `ADDR`, and compare its answers; clients do not notice it")
	fs.StringVar(&f.shadowReport, "shadow-report", "",
		"at the end, write the differences of the shadow, by cause, to `json:FILE|junit:FILE`")
	fs.StringArrayVar(&f.passwords, "password", nil,
		"a user's password at the shadow, `HANDLE=PASSWORD`; may be repeated")
	fs.StringArrayVar(&f.ignore, "ignore", nil,
		"a `FIELD` in which the shadow may differ, such as Ser; may be repeated")
}

// read checks the flags and parses them.
func (f *shadowFlags) read(users []string) error {
	if f.shadow == "" {
		if len(f.passwords)+len(f.ignore)+len(f.shadowReport) > 0 {
			return usage("--password, --ignore and --shadow-report are for a shadow: " +
				"name it with --shadow ADDR")
		}
		return nil
	}
	var err error
	if f.report, err = readReport("--shadow-report", f.shadowReport, nil); err != nil {
		return err
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

// shadow compares a second server while the proxy runs.
type shadow struct {
	to     string
	ended  chan struct{} // closed when no more events come
	stop   context.CancelFunc
	played sync.WaitGroup
	report *report
	// Valid once the replay has ended.
	result *replay.Result
	notes  *shadowNotes
	err    error
}

// shadowTime is how long the end of a run waits for answers of the shadow.
const shadowTime = 10 * time.Second

// startShadow starts to play to the shadow what clients say, half a second later. It passes
// differences to note. It returns nil if the flags ask for no shadow.
func (f *shadowFlags) startShadow(ctx context.Context, events *eventlog.Log, note func(string),
	log *slog.Logger,
) *shadow {
	if f.shadow == "" {
		return nil
	}
	ctx, stop := context.WithCancel(context.WithoutCancel(ctx)) // it must outlive the run, to get the last answers
	s := &shadow{to: f.shadowTo, ended: make(chan struct{}), stop: stop, report: f.report}
	s.notes = &shadowNotes{to: f.shadowTo, log: log, note: func(text string) {
		select {
		case <-s.ended: // no more events come
		default:
			note(text)
		}
	}}
	o := replay.Options{
		To: f.shadowTo, Routes: f.routes, Dial: f.dial, Password: f.known, Ignore: f.ignore, Report: s.notes.take,
	}
	s.played.Go(func() { s.result, s.err = replay.Follow(ctx, events, s.ended, o) })
	return s
}

// shadowNotes remembers what has been reported about a shadow.
type shadowNotes struct {
	to          string
	log         *slog.Logger
	note        func(string)
	causes      replay.Causes
	unreachable bool
	full        bool // a note has said that there are too many causes
}

// take reports each cause of differences when it is found, and once that the shadow cannot be
// reached.
func (t *shadowNotes) take(out replay.Outcome) {
	if out.Unreached() {
		if !t.unreachable {
			t.unreachable = true
			t.log.Warn("the shadow cannot be reached: what is said meanwhile is not compared; it is tried again for "+
				"each connection",
				"shadow", t.to, "err", out.Why)
			t.note("the shadow " + t.to + " cannot be reached: " + out.Why)
		}
		return
	}
	_, first := t.causes.Add(&out)
	switch {
	case first:
		if len(t.causes.Groups) == 1 {
			t.log.Warn("the shadow differs for the first time", "shadow", t.to, "command", out.N, "verdict",
				string(out.Verdict))
		}
		t.note("the shadow " + t.to + " differs: " + outcomeLine(&out))
	case t.causes.Left > 0 && !t.full:
		t.full = true
		t.note("the shadow " + t.to + " differs for so many causes that further ones are only counted")
	}
}

func outcomeLine(out *replay.Outcome) string {
	return strings.TrimSpace(string(replay.AppendLine(nil, out, replay.TextOptions{})))
}

// close waits for the shadow's last answers and prints the summary. The error has the exit code for
// a difference, for what was not compared, or for a report that was not written.
func (s *shadow) close(e *env) error {
	if s == nil {
		return nil
	}
	close(s.ended)
	late := time.AfterFunc(shadowTime, s.stop)
	s.played.Wait()
	slow := !late.Stop() && s.err != nil
	s.stop()
	unfinished, err := s.verdict(e, slow)
	wrote := s.write(unfinished)
	if x := (*exitError)(nil); wrote != nil && errors.As(err, &x) && x.err == nil {
		return wrote // the summary has listed the differences
	}
	return errors.Join(wrote, err)
}

// verdict prints the summary. It returns why the comparison is incomplete, "" if it is complete,
// and the error with the exit code.
func (s *shadow) verdict(e *env, slow bool) (unfinished string, err error) {
	switch {
	case s.err != nil && !slow:
		return s.err.Error(), &exitError{exitIO, fmt.Errorf("the shadow %s: %w", s.to, s.err), ""}
	case s.result.Unopened > 0 && s.result.Opened == 0:
		return "it could not be reached: nothing was compared", &exitError{
			exitIO, fmt.Errorf("the shadow %s could not be reached: nothing was compared", s.to),
			"a server must be listening on --shadow ADDR while clients connect",
		}
	}
	e.say("the shadow: %s", s.result.Summary())
	s.notes.list(e)
	if n := s.result.Unopened; n > 0 {
		unfinished = fmt.Sprintf("%d connections could not be opened there: nothing of them was compared", n)
		e.say("the shadow: %s", unfinished)
	}
	err = verdict(s.result)
	if slow {
		unfinished = "it was too slow: what came last was not compared"
		e.say("the shadow: %s", unfinished)
		if err == nil {
			err = &exitError{code: exitTimeout}
		}
	}
	return unfinished, err
}

// The summary lists this many causes, and this many differences of each.
const (
	maxCauses   = 50
	maxFollowed = 10
)

// list prints the differences, grouped by cause, and how many it leaves out.
func (t *shadowNotes) list(e *env) {
	all := t.causes.Groups
	if len(all) == 0 {
		return
	}
	e.say("the shadow: %s", t.causes.Totals())
	for i, g := range all {
		if i == maxCauses {
			e.say("the shadow: %d more causes are not listed; --shadow-report has all", len(all)-i)
			break
		}
		e.say("the shadow: %s: %s", g.Totals(), outcomeLine(&g.Cause))
		shown := g.Outcomes[min(1, len(g.Outcomes)):min(maxFollowed, len(g.Outcomes))]
		for j := range shown {
			e.say("the shadow:     then %s", outcomeLine(&shown[j]))
		}
		if left := g.Count - 1 - len(shown); left > 0 {
			has := map[bool]string{true: "all", false: "some of them"}[len(g.Outcomes) == g.Count]
			e.say("the shadow:     and %d more; --shadow-report has %s", left, has)
		}
	}
}

// write writes the report, if there is one.
func (s *shadow) write(unfinished string) error {
	if s.report == nil || s.result == nil {
		return nil
	}
	c := replay.Comparison{Server: s.to, Result: s.result, Causes: &s.notes.causes, Unfinished: unfinished}
	ctx, cancel := context.WithTimeout(context.Background(), lastWrite) // for a reader of a pipe
	defer cancel()
	return s.report.write(ctx, map[string]func(io.Writer) error{"json": c.WriteJSON, "junit": c.WriteJUnit})
}

// abandon ends the shadow and writes the report, without a summary.
func (s *shadow) abandon() error {
	if s == nil {
		return nil
	}
	s.stop()
	s.played.Wait()
	return s.write("it ended before all was compared")
}
