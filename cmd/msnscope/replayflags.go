package main

import (
	"context"
	"errors"
	"strconv"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"github.com/msnscope/msnscope/decode/referral"
	"github.com/msnscope/msnscope/decode/session"
	"github.com/msnscope/msnscope/internal/filter"
	"github.com/msnscope/msnscope/replay"
)

// replayFlags are the flags of replay.
type replayFlags struct {
	serverFlags
	recordFlags
	scriptFlags
	seed               uint64
	to, serve, timing  string
	report, only, form string
	unmatched          string
	passwords, ignore  []string
	routes             []string
	timeout, late      time.Duration
	plan, logon, once  bool

	speed    float64 // of timing
	step     bool
	wait     func(context.Context, *session.Event) error // waits for leave to send a command; nil: for Enter
	keep     *filter.Filter                              // of only
	reporter *report
	known    map[string]string // passwords by handle in lower case
}

func (f *replayFlags) addFlags(c *cobra.Command) {
	fs := c.Flags()
	fs.SortFlags = false
	fs.StringVar(&f.to, "to", "",
		"play the clients against the server at this `ADDR`; embedded: a fresh one in this process, the default;\n"+
			"self: the recording's own server")
	fs.StringVar(&f.serve, "serve", "", "play the server at this `ADDR`, to whoever connects")
	fs.StringVar(&f.timing, "timing", "lockstep",
		"when clients speak: `HOW` is lockstep (as soon as what they wait for has come), real, xN (N times as fast),\n"+
			"or step (at each Enter)")
	fs.StringVar(&f.only, "only", "", "play only connections on which a command matches this `EXPR`")
	fs.BoolVar(&f.logon, "logon", false, "users who are online where the recording begins sign in first")
	fs.BoolVar(&f.plan, "plan", false, "print what would be played, and what waits for what, and play nothing")
	fs.StringVarP(&f.form, "type", "T", "text", "the `FORM` of the plan: text or json")
	fs.StringArrayVar(&f.passwords, "password", nil, "a user's password, `HANDLE=PASSWORD`; may be repeated")
	fs.StringArrayVar(&f.ignore, "ignore", nil,
		"ignore differences in this `FIELD`, such as FriendlyName; may be repeated")
	fs.DurationVar(&f.timeout, "timeout", 5*time.Second, "how long to wait for an answer")
	fs.DurationVar(&f.late, "late", time.Second,
		"how much later than recorded a server's command may come; in lockstep nothing is late")
	fs.StringVar(&f.unmatched, "unmatched", string(replay.Nearest),
		"with --serve, what is answered to what was not recorded: nearest, error, silence or embedded")
	fs.BoolVar(&f.once, "once", false, "with --serve, end when every recorded connection has been there")
	fs.StringVar(&f.report, "report", "",
		"write the outcome of each command to a file as well, `json:FILE` or junit:FILE")
	fs.StringVarP(&f.write, "write", "w", "",
		"record the run itself to this pcapng `FILE`; "+
			"FILE.msn: write the recording as a scenario, and play nothing")
	fs.BoolVar(&f.force, "force", false, "-w replaces a file that exists")
	fs.StringVar(&f.db, "db", "",
		"accounts of the embedded server, from this SQLite `FILE`, to which nothing is written")
	addRoutes(fs, &f.routes)
	f.scriptFlags.add(fs)
	fs.Uint64Var(&f.seed, "seed", 1, "seed of the scripts' random numbers")
	f.serverFlags.add(fs)
	completeForms(c, "text", "json")
	for flag, words := range map[string][]string{
		"to": {toEmbedded, toSelf}, "timing": {"lockstep", "real", "x10", "step"}, "report": {"json:", "junit:"},
		"unmatched": {"nearest", "error", "silence", "embedded"},
	} {
		_ = c.RegisterFlagCompletionFunc(flag, cobra.FixedCompletions(words, cobra.ShellCompDirectiveNoSpace))
	}
	_ = c.RegisterFlagCompletionFunc("only", completeFilter)
}

// check returns an error for what is wrong with the flags, before anything is read.
func (f *replayFlags) check(paths []string) (err error) {
	switch {
	case f.form != "text" && f.form != "json":
		return usage("-T %s: the forms of a plan are text and json", f.form)
	case f.to != "" && f.to != toEmbedded && f.to != toSelf:
		if _, ok := referral.Normalize(f.to); !ok {
			return usage("--to %q: it must be HOST, HOST:PORT, embedded or self", f.to)
		}
	}
	if f.serve != "" && f.to != "" && f.to != toSelf {
		return usage("--serve goes with --to self only: a recording plays one end, or both ends to each other")
	}
	if len(f.scripts) > 0 && (f.serve != "" || f.to == toSelf) {
		return &exitError{
			exitUsage, errors.New("--script goes with --to, and a server"),
			"msnscope --upstream ADDR --script FILE stands before the server of --serve",
		}
	}
	if _, err := replay.CheckPolicy(f.unmatched); err != nil {
		return usage("--unmatched: %w", err)
	}
	if f.speed, f.step, err = parseTiming(f.timing); err != nil {
		return err
	}
	if f.only != "" {
		if f.keep, err = compile(f.only); err != nil {
			return err
		}
	}
	if f.known, err = knownPasswords(f.users, f.passwords); err != nil {
		return err
	}
	if err := f.recordFlags.check(paths...); err != nil {
		return err
	}
	f.reporter, err = readReport("--report", f.report, paths)
	return err
}

// parseTiming returns the speed of a replay, 0 for lockstep, and whether to wait for Enter before
// each command.
func parseTiming(how string) (speed float64, step bool, err error) {
	switch how {
	case "lockstep":
		return 0, false, nil
	case "step":
		return 0, true, nil
	case "real":
		return 1, false, nil
	}
	times, ok := strings.CutPrefix(how, "x")
	if speed, err = strconv.ParseFloat(times, 64); !ok || err != nil || !(speed > 0 && speed <= 1e6) {
		return 0, false, usage("--timing %q: it must be lockstep, real, step, or xN such as x10", how)
	}
	return speed, false, nil
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
