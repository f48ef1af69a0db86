package main

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/spf13/cobra"

	"github.com/msnscope/msnscope/decode/dialect"
	"github.com/msnscope/msnscope/decode/referral"
	"github.com/msnscope/msnscope/decode/session"
	"github.com/msnscope/msnscope/internal/bus"
	"github.com/msnscope/msnscope/internal/eventlog"
	"github.com/msnscope/msnscope/internal/script"
	"github.com/msnscope/msnscope/replay"
)

// The targets of --to that are no addresses.
const (
	toEmbedded = "embedded"
	toSelf     = "self"
)

func replayCommand(e *env) *cobra.Command {
	var f replayFlags
	c := &cobra.Command{
		Use:   "replay FILE...",
		Short: "Play a recording against a server, or as a server, and say what differs",
		Long: "Plays all recorded clients against a server (--to), or the recorded server to a live client\n" +
			"(--serve), or both to each other (--to self). Digests, cookies, session numbers, serials and\n" +
			"addresses are those of the new session; what comes is compared with what was recorded. The\n" +
			"embedded server is prepared as the recording presupposes it. docs/REPLAY.md has it all.\n" +
			"\n" +
			"With --script, the clients come to the server of --to through a proxy with the script.\n" +
			"\n" +
			"The exit code is 0 if all is as recorded, 1 if not, 4 if answers came late or not at all.",
		Example: "  msnscope replay captures/samples/conversation.pcapng --to embedded\n" +
			"  msnscope replay captures/samples/conversation.pcapng --to 192.0.2.33 --password " +
			"alice@hotmail.com=secret\n" +
			"  msnscope replay captures/samples/clients/gaim-2001.pcap --serve 127.0.0.1:1863",
		Args: func(c *cobra.Command, args []string) error {
			if len(args) > 1 && slices.ContainsFunc(args, isScenario) {
				return usage("replay plays one scenario, or the files of one capture, not %d files", len(args))
			}
			return files(c, args)
		},
		RunE: func(c *cobra.Command, args []string) error {
			if f.to == "" && f.serve == "" {
				f.to = toEmbedded
			}
			return f.run(c.Context(), e, args)
		},
	}
	f.addFlags(c)
	return c
}

// run plays one capture and reports the outcome.
func (f *replayFlags) run(ctx context.Context, e *env, paths []string) error {
	if err := f.check(paths); err != nil {
		return err
	}
	log, end, err := f.read(ctx, e, paths)
	if err != nil {
		return err
	}
	defer end()
	if isScenario(f.write) {
		return f.writeScenario(ctx, log)
	}
	plan, err := f.planOf(log)
	if err != nil {
		return &exitError{exitIO, fmt.Errorf("%s: %w", strings.Join(paths, " "), err), ""}
	}
	if f.plan {
		write := plan.WriteText
		if f.form == "json" {
			write = plan.WriteJSON
		}
		return writeError(write(e.stdout))
	}
	return f.play(ctx, e, plan)
}

// planOf returns the plan for a log.
func (f *replayFlags) planOf(log replay.Log) (*replay.Plan, error) {
	o := replay.PlanOptions{Logon: f.logon}
	if f.keep != nil {
		o.Only = f.keep.Match
	}
	if f.to == toEmbedded {
		o.Speaks = embeddedSpeaks
	}
	return replay.NewPlanOf(log, o)
}

// embeddedSpeaks reports whether the embedded server speaks a dialect: it speaks those whose users
// sign in by MD5.
func embeddedSpeaks(name string) bool {
	table := dialect.Lookup(name)
	return table == nil || table.Number() <= lastWithMD5
}

// lastWithMD5 is the number of the last dialect whose users sign in by MD5.
const lastWithMD5 = 7

// isScenario reports whether a file is a scenario, by its name.
func isScenario(path string) bool { return strings.HasSuffix(path, ".msn") }

// read reads what is to be played: a capture, or a scenario. The caller calls end when it needs the
// log no longer.
func (f *replayFlags) read(ctx context.Context, e *env, paths []string) (log replay.Log, end func(), err error) {
	path := paths[0]
	if !isScenario(path) {
		l := eventlog.New(eventlog.Options{})
		if err := e.loadAll(ctx, paths, l); err != nil {
			l.Close()
			return nil, nil, err
		}
		return l, func() { l.Close() }, nil
	}
	text, err := readScenario(path)
	if err != nil {
		return nil, nil, &exitError{exitIO, err, ""}
	}
	s, err := replay.ParseScenario(string(text))
	if err != nil {
		return nil, nil, &exitError{exitUsage, fmt.Errorf("%s: %w", path, err), "docs/REPLAY.md has the notation"}
	}
	for handle, password := range s.Passwords() {
		if _, ok := f.known[handle]; !ok {
			f.known[handle] = password
		}
	}
	return s, func() {}, nil
}

func readScenario(path string) ([]byte, error) {
	f, err := os.Open(path)
	if err != nil {
		return nil, err
	}
	defer f.Close()
	text, err := io.ReadAll(io.LimitReader(f, replay.MaxScenario+1))
	if err == nil && len(text) > replay.MaxScenario {
		err = fmt.Errorf("%s: a scenario has %d bytes at most", path, replay.MaxScenario)
	}
	return text, err
}

// writeScenario writes a recording as a scenario, to the file of -w.
func (f *replayFlags) writeScenario(ctx context.Context, log replay.Log) error {
	if _, err := os.Stat(f.write); err == nil && !f.force {
		return usage("-w %s: it exists; --force replaces it", f.write)
	}
	file, err := createOutput(ctx, "-w", f.write)
	if err != nil {
		return err
	}
	if err = file.end(replay.WriteScenario(file, log)); err != nil {
		return &exitError{exitIO, fmt.Errorf("-w %s: %w", f.write, err), ""}
	}
	return nil
}

// play plays the plan, and writes its outcomes and the reports.
func (f *replayFlags) play(ctx context.Context, e *env, plan *replay.Plan) error {
	out := &outcomes{out: bufio.NewWriter(e.stdout), text: replay.TextOptions{ASCII: !isUTF8(e.getenv)}}
	publish, end, err := f.recording(e)
	if err != nil {
		return err
	}
	for _, note := range plan.Notes {
		e.say("%s", note)
	}
	var result *replay.Result
	switch {
	case f.to == toSelf:
		result, err = f.playSelf(ctx, e, plan, out.print, publish)
	case f.serve != "":
		result, err = f.playServer(ctx, e, plan, out.print, publish)
	default:
		result, err = f.playClients(ctx, e, plan, out.print, publish)
	}
	if err = errors.Join(err, end()); err != nil {
		return err
	}
	fmt.Fprintln(out.out, result.Summary())
	if f.reporter != nil {
		err = f.reporter.write(ctx, map[string]func(io.Writer) error{
			"json":  func(w io.Writer) error { return replay.WriteJSON(w, result) },
			"junit": func(w io.Writer) error { return replay.WriteJUnit(w, result) },
		})
	}
	return errors.Join(writeError(out.out.Flush()), err, verdict(result))
}

// outcomes prints outcomes as they come. Unexpected commands, which may come without end, are only
// counted from some number on.
type outcomes struct {
	mu    sync.Mutex
	out   *bufio.Writer
	text  replay.TextOptions
	extra int
}

func (o *outcomes) print(outcome replay.Outcome) {
	o.mu.Lock()
	defer o.mu.Unlock()
	if outcome.Verdict == replay.Extra {
		if o.extra++; o.extra > replay.MaxExtra {
			if o.extra == replay.MaxExtra+1 {
				fmt.Fprintln(o.out, "note: there are so many unexpected commands that further ones are only counted")
			}
			return
		}
	}
	_, _ = o.out.Write(replay.AppendLine(nil, &outcome, o.text)) // the error sticks and shows in Flush
	_ = o.out.Flush()
}

// recording returns the function that gets the events of the run, nil if it is not recorded, and
// the one that ends the recording.
func (f *replayFlags) recording(e *env) (publish func(*session.Event), end func() error, err error) {
	if f.write == "" {
		return nil, func() error { return nil }, nil
	}
	events, out := bus.New((*session.Event).Size), &outlets{log: e.logger(nil)}
	rec, err := record(events, f.recordFlags, nil, out, time.Now())
	if err != nil {
		return nil, nil, err
	}
	return events.Publish, func() error { return errors.Join(rec.close(time.Now()), out.err()) }, nil
}

// options returns the options for playing the clients.
func (f *replayFlags) options(e *env, report func(replay.Outcome), publish func(*session.Event)) replay.Options {
	o := replay.Options{
		Timeout: f.timeout, Speed: f.speed, Late: f.late, Ignore: f.ignore, Report: report, Publish: publish,
		Password: func(handle string) (string, bool) {
			p, ok := f.known[strings.ToLower(handle)]
			return p, ok
		},
	}
	if f.step && f.wait != nil {
		o.Step = f.wait
	} else if f.step {
		o.Step = e.stepper()
	}
	return o
}

// playClients plays the clients against a server.
func (f *replayFlags) playClients(
	ctx context.Context, e *env, plan *replay.Plan, report func(replay.Outcome), publish func(*session.Event),
) (*replay.Result, error) {
	var srv *staged
	var err error
	if f.to == toEmbedded {
		if srv, err = f.stage(e.logger(nil), plan, f.known); err != nil {
			return nil, err
		}
		defer srv.Close()
	}
	o := f.options(e, report, publish)
	if err := readRoutes(f.routes, &o.Routes); err != nil {
		return nil, err
	}
	if srv != nil {
		o.To, o.Dial, o.Do = srv.entry, srv.Dial, srv.do
	} else {
		o.To, _ = referral.Normalize(f.to)
	}
	log := e.logger(nil)
	scripts, err := f.scriptFlags.load(script.Options{
		Seed: f.seed, Log: log, Print: func(name, line string) { log.Info(line, "script", name) },
	})
	if err != nil {
		return nil, err
	}
	if scripts != nil {
		through, err := throughScripts(ctx, scripts, &o, srv, log)
		if err != nil {
			return nil, err
		}
		defer through.close()
	}
	result, err := replay.Run(ctx, plan, o)
	if err != nil {
		return nil, replayError(err)
	}
	return result, nil
}

// stepper returns the function that waits for Enter before each command of a client.
func (e *env) stepper() func(ctx context.Context, next *session.Event) error {
	var mu sync.Mutex
	lines := bufio.NewReader(&interruptible{context.Background(), e.stdin})
	return func(ctx context.Context, next *session.Event) error {
		mu.Lock()
		defer mu.Unlock()
		e.say("next: #%d %s: %s  (Enter sends it)", next.N, next.User, next.In.Line())
		read := make(chan error, 1)
		go func() {
			_, err := lines.ReadString('\n')
			read <- err
		}()
		select {
		case err := <-read:
			if errors.Is(err, io.EOF) {
				return nil // standard input has ended: the rest is played at once
			}
			return err
		case <-ctx.Done():
			return context.Cause(ctx)
		}
	}
}

func replayError(err error) error {
	if errors.Is(err, context.Canceled) {
		return err
	}
	if errors.Is(err, replay.ErrPassword) {
		return &exitError{exitUsage, err, ""}
	}
	return &exitError{exitIO, err, ""}
}

// verdict returns the error with the exit code of a replay that ran to its end. The summary has
// given the reason.
func verdict(r *replay.Result) error {
	switch err := r.Err(); {
	case err == nil:
		return nil
	case errors.Is(err, replay.ErrTimeout):
		return &exitError{code: exitTimeout}
	default:
		return &exitError{code: exitDiffers}
	}
}

// isUTF8 reports whether the terminal shows more than ASCII.
func isUTF8(getenv func(string) string) bool {
	for _, key := range []string{"LC_ALL", "LC_CTYPE", "LANG"} {
		if v := strings.ToUpper(getenv(key)); v != "" {
			return strings.Contains(v, "UTF-8") || strings.Contains(v, "UTF8")
		}
	}
	return false
}
