package main

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"os"
	"slices"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"github.com/msnscope/msnscope/decode/referral"
	"github.com/msnscope/msnscope/internal/store"
	"github.com/msnscope/msnscope/replay"
	"github.com/msnscope/msnscope/server/accounts"
)

// replayFlags are the flags of replay.
type replayFlags struct {
	serverFlags
	to, report string
	passwords  []string
	ignore     []string
	timeout    time.Duration
}

func replayCommand(e *env) *cobra.Command {
	var f replayFlags
	c := &cobra.Command{
		Use:   "replay FILE",
		Short: "Play a recording's clients against a server: does it still answer the same?",
		Long: "Plays all recorded clients in the order of the recording, over all their connections. Digests, cookies, session\n" +
			"numbers and addresses are worked out anew; what the server answers is compared with what it answered then.\n" +
			"The embedded server gets an account for everybody whom the recorded one knew.\n" +
			"The exit code is 0 if all is the same, 1 if not, 4 if answers did not come in time.",
		Example: "  msnscope replay captures/conversation.pcapng --to embedded\n" +
			"  msnscope replay captures/conversation.pcapng --to 192.0.2.33 --password alice@hotmail.com=secret",
		Args: func(c *cobra.Command, args []string) error {
			if len(args) > 1 {
				return usage("replay takes one FILE, not %d", len(args))
			}
			return files(c, args)
		},
		RunE: func(c *cobra.Command, args []string) error { return f.run(c.Context(), e, args[0]) },
	}
	fs := c.Flags()
	fs.SortFlags = false
	fs.StringVar(&f.to, "to", "embedded", "the server: `ADDR`, or embedded for a fresh one in this process")
	fs.StringArrayVar(&f.passwords, "password", nil, "a user's password, `HANDLE=PASSWORD`; may be repeated")
	fs.StringArrayVar(&f.ignore, "ignore", nil, "a `FIELD` whose differences do not count, such as Ser; may be repeated")
	fs.DurationVar(&f.timeout, "timeout", 5*time.Second, "how long to wait for an answer")
	fs.StringVar(&f.report, "report", "", "write the outcome of each command to a file as well, `json:FILE`")
	f.serverFlags.add(fs)
	completeForms(c)
	return c
}

// run plays one capture.
func (f *replayFlags) run(ctx context.Context, e *env, path string) error {
	report, ok := strings.CutPrefix(f.report, "json:")
	if f.report != "" && (!ok || report == "") {
		return usage("--report %q: it must be json:FILE", f.report)
	}
	known, err := knownPasswords(f.users, f.passwords)
	if err != nil {
		return err
	}
	log := store.NewLog(store.LogOptions{})
	defer log.Close()
	if err := e.load(ctx, path, log); err != nil {
		return err
	}
	plan, err := replay.NewPlan(log)
	if err != nil {
		return &exitError{exitIO, fmt.Errorf("%s: %w", path, err), ""}
	}
	out := bufio.NewWriter(e.stdout)
	text := replay.TextOptions{ASCII: !isUTF8(e.getenv)}
	o := replay.Options{Timeout: f.timeout, Ignore: f.ignore, Report: func(outcome replay.Outcome) {
		_, _ = out.Write(replay.AppendLine(nil, &outcome, text)) // the error sticks and shows in Flush
		_ = out.Flush()
	}}
	o.Password = func(handle string) (string, bool) {
		p, ok := known[strings.ToLower(handle)]
		return p, ok
	}
	if f.to == "embedded" {
		srv, err := f.stage(e, plan, known)
		if err != nil {
			return err
		}
		defer srv.Close()
		o.To, o.Dial = srv.entry, srv.Dial
	} else if o.To, ok = referral.Normalize(f.to); !ok {
		return usage("--to %q: it must be HOST, HOST:PORT or embedded", f.to)
	}
	result, err := replay.Run(ctx, plan, o)
	if err != nil {
		return replayError(err)
	}
	fmt.Fprintln(out, result.Summary())
	if report != "" {
		err = writeReport(report, result)
	}
	return errors.Join(writeError(out.Flush()), err, verdict(result))
}

// knownPasswords returns the passwords by handle that --user and --password give.
func knownPasswords(users, passwords []string) (map[string]string, error) {
	known := map[string]string{}
	for _, u := range users {
		pattern, rest, _ := strings.Cut(u, ":")
		password, _, _ := strings.Cut(rest, ":")
		handles, err := expand(pattern)
		if err != nil {
			return nil, usage("--user %q: %w", pattern, err)
		}
		for _, handle := range handles {
			known[strings.ToLower(handle)] = password
		}
	}
	for _, p := range passwords {
		handle, password, ok := strings.Cut(p, "=")
		if !ok || handle == "" {
			return nil, usage("--password: it must be HANDLE=PASSWORD")
		}
		known[strings.ToLower(handle)] = password
	}
	return known, nil
}

// stage returns a fresh embedded server with an account for everybody who logs on in the plan and everybody else whom the
// recorded server knew: password NAMEpw, unless another is given.
func (f *replayFlags) stage(e *env, plan *replay.Plan, known map[string]string) (*embedded, error) {
	flags := f.serverFlags
	var missing []string
	seen := map[string]bool{}
	for _, handle := range slices.Concat(plan.Passwords(), plan.Users()) {
		key := strings.ToLower(handle)
		if seen[key] {
			continue
		}
		seen[key] = true
		if _, ok := known[key]; ok {
			missing = append(missing, handle)
			continue
		}
		name, _, _ := strings.Cut(key, "@")
		known[key] = name + "pw"
		if _, err := accounts.Defaults().Lookup(context.Background(), handle); err != nil {
			missing = append(missing, handle)
		}
	}
	given := strings.ToLower(strings.Join(flags.users, "\n"))
	for _, handle := range missing {
		if !strings.Contains("\n"+given, "\n"+strings.ToLower(handle)+":") {
			flags.users = append(flags.users, handle+":"+known[strings.ToLower(handle)])
		}
	}
	return flags.embed(e.logger(nil))
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

// verdict is the exit code of a replay that ran to its end; the summary said why.
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

func writeReport(path string, r *replay.Result) error {
	file, err := os.OpenFile(path, os.O_CREATE|os.O_WRONLY|os.O_TRUNC, 0o600)
	if err != nil {
		return &exitError{exitIO, err, ""}
	}
	err = replay.WriteJSON(file, r)
	if cerr := file.Close(); err == nil {
		err = cerr
	}
	if err != nil {
		return &exitError{exitIO, fmt.Errorf("write the report: %w", err), ""}
	}
	return nil
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
