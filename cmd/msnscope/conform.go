package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"path"
	"slices"
	"strings"
	"text/tabwriter"
	"time"

	"github.com/spf13/cobra"

	"github.com/msnscope/msnscope/decode/referral"
	"github.com/msnscope/msnscope/internal/conformance"
	"github.com/msnscope/msnscope/internal/loadgen"
)

// These bound how long conform waits for an answer, and for silence.
const (
	maxPatience = 10 * time.Minute
	maxQuiet    = time.Minute
)

// conformForms has the forms of conform's -T, each with the function that writes it.
var conformForms = map[string]func(*conformance.Report, io.Writer) error{
	"text":  (*conformance.Report).WriteText,
	"json":  func(r *conformance.Report, w io.Writer) error { return printJSON(w, r) },
	"junit": (*conformance.Report).WriteJUnit,
}

// conformFlags are the flags of conform.
type conformFlags struct {
	users, only []string
	form, out   string
	allowRemote bool
	list        bool
	o           conformance.Options
}

func conformCommand(e *env) *cobra.Command {
	var f conformFlags
	c := &cobra.Command{
		Use:   "conform ADDR",
		Short: "Test any server: where does it differ from the draft and the servers of the time?",
		Long: "Plays the cases of docs/CONFORMANCE.md against a server and reports which of them it passes.\n" +
			"Failures with the same cause are grouped. Presets differ where the draft and the servers of the\n" +
			"time do; in each case the server may behave like any preset, unless --preset names one. Cases that\n" +
			"do not apply to this server are skipped, with the reason.\n" +
			"\n" +
			"The server needs four accounts made for this: before each case and at the end their contacts are\n" +
			"removed, and their settings and names are changed. With eight accounts two cases are played at the\n" +
			"same time, and so on. Without --user they are alice, bob, carol and dave @hotmail.com with the\n" +
			"passwords alicepw to davepw, as msnscope serve has them.\n" +
			"\n" +
			"Exit codes: 0 every case is as expected; 1 some case is not, or could not be played; 3 the server\n" +
			"cannot be reached; 4 it does not answer.",
		Example: "  msnscope conform 127.0.0.1\n" +
			"  msnscope conform 127.0.0.1:1863 --user 'test{1..8}@example.com:secret' -T junit -o conform.xml\n" +
			"  msnscope conform 127.0.0.1 --only 'usr.*' --only 'ver.*' --patience 2s\n" +
			"  msnscope conform --list",
		Args: f.arguments,
		RunE: func(c *cobra.Command, args []string) error { return f.run(c.Context(), e, args) },
	}
	fs := c.Flags()
	fs.SortFlags = false
	fs.StringArrayVar(&f.users, "user", nil,
		"play with these accounts, `HANDLE:PASSWORD`, as 'test{1..4}@example.com:secret'; may be repeated")
	fs.StringVar(&f.o.Nobody, "nobody", "",
		"a `HANDLE` without an account; default: nobody, at the host of the first user")
	fs.StringVar(&f.o.Preset, "preset", "", "hold the server to one preset: lenient, draft or observed")
	fs.StringArrayVar(&f.only, "only", nil,
		"only cases whose name matches this `PATTERN` with * and ?; may be repeated")
	fs.DurationVar(&f.o.Patience, "patience", 5*time.Second, "how long an answer may take")
	fs.DurationVar(&f.o.Quiet, "quiet", 50*time.Millisecond,
		"how long nothing may come before a case concludes that nothing will; longer where much is sent at once")
	fs.BoolVar(&f.allowRemote, "allow-remote", false, "also a server that is not on this machine: ask its owner first")
	fs.StringVarP(&f.form, "type", "T", "text", "form of the report: text, json or junit")
	fs.StringVarP(&f.out, "output", "o", "", "write the report to this `FILE` in place of standard output")
	fs.BoolVar(&f.list, "list", false, "list the cases, and play none")
	completeForms(c, "text", "json", "junit")
	_ = c.RegisterFlagCompletionFunc("only", completeCase)
	return c
}

// completeCase returns the names of all cases. They are parsed only when a shell asks.
func completeCase(*cobra.Command, []string, string) (names []cobra.Completion, _ cobra.ShellCompDirective) {
	for _, c := range conformance.Cases() {
		names = append(names, c.Name)
	}
	return names, cobra.ShellCompDirectiveNoFileComp
}

// arguments returns an error unless the command line has exactly one address; --list needs none.
func (f *conformFlags) arguments(c *cobra.Command, args []string) error {
	switch {
	case f.list:
		return noArgs(c, args)
	case len(args) == 1:
		return nil
	}
	return &exitError{exitUsage, errors.New("the address of one server is needed"), c.CommandPath() + " ADDR"}
}

func (f *conformFlags) run(ctx context.Context, e *env, args []string) error {
	if err := f.choose(); err != nil {
		return err
	}
	if f.list {
		return writeError(listCases(e.stdout, f.o.Cases))
	}
	if err := f.check(args[0]); err != nil {
		return err
	}
	write := conformForms[f.form]
	if f.out == "" || f.out == "-" {
		report, err := f.play(ctx, e)
		return conformOutcome(report, err, writeError(write(report, e.stdout)))
	}
	file, err := createText(ctx, "-o", f.out)
	if err != nil {
		return err
	}
	report, err := f.play(ctx, e)
	if errors.Is(err, context.Canceled) {
		return file.end(err)
	}
	werr := writeError(file.end(write(report, file)))
	if werr == nil {
		e.say("%s; the report is in %s", report.Summary(), f.out)
	}
	return conformOutcome(report, err, werr)
}

// conformOutcome returns the error of a run, given that of playing and that of writing the report.
func conformOutcome(report *conformance.Report, err, unwritten error) error {
	if unwritten != nil {
		return errors.Join(err, unwritten)
	}
	if err == nil && !report.AsWanted() {
		return &exitError{code: exitDiffers}
	}
	return conformError(err)
}

// choose keeps the cases that --only names.
func (f *conformFlags) choose() error {
	f.o.Cases = conformance.Cases()
	if len(f.only) == 0 {
		return nil
	}
	chosen := make([]bool, len(f.o.Cases))
	for _, pattern := range f.only {
		found := false
		for i := range f.o.Cases {
			ok, err := path.Match(pattern, f.o.Cases[i].Name)
			if err != nil {
				return usage("--only %q: %w", pattern, err)
			}
			chosen[i], found = chosen[i] || ok, found || ok
		}
		if !found {
			return &exitError{
				exitUsage, fmt.Errorf("--only %q: no case has a matching name", pattern),
				"msnscope conform --list prints the names; 'add.*' matches all that begin with add.",
			}
		}
	}
	i := -1
	f.o.Cases = slices.DeleteFunc(f.o.Cases, func(conformance.Case) bool { i++; return !chosen[i] })
	return nil
}

// check returns an error for what is wrong with the command line, and fills in its defaults.
func (f *conformFlags) check(addr string) error {
	var ok bool
	switch f.o.Address, ok = referral.Normalize(addr); {
	case !ok:
		return usage("%q is not the address of a server: it must be HOST or HOST:PORT", addr)
	case conformForms[f.form] == nil:
		return usage("-T %s: the forms are text, json and junit", f.form)
	case f.o.Preset != "" && !slices.Contains(conformance.Presets(), f.o.Preset):
		return usage("--preset %s: the presets are %s", f.o.Preset, strings.Join(conformance.Presets(), ", "))
	case f.o.Patience <= 0 || f.o.Patience > maxPatience:
		return usage("--patience %v: it must be more than 0, and at most %v", f.o.Patience, maxPatience)
	case f.o.Quiet <= 0 || f.o.Quiet > maxQuiet:
		return usage("--quiet %v: it must be more than 0, and at most %v", f.o.Quiet, maxQuiet)
	}
	if err := mayTrouble(addr, f.o.Address, f.allowRemote); err != nil {
		return err
	}
	f.o.Dial = loadgen.Dialer(f.allowRemote).DialContext
	return f.setUsers()
}

func (f *conformFlags) setUsers() error {
	if len(f.users) == 0 {
		f.users = defaultUsers()
	}
	all, err := (&serverFlags{users: f.users}).accounts()
	if err != nil {
		return err
	}
	if len(all) < conformance.LaneUsers {
		return &exitError{
			exitUsage, fmt.Errorf("--user: there are %d accounts, a case may need %d", len(all), conformance.LaneUsers),
			"--user 'test{1..4}@example.com:secret', or --user four times",
		}
	}
	for _, a := range all {
		f.o.Users = append(f.o.Users, conformance.User{Handle: strings.ToLower(a.handle), Password: a.password})
	}
	if f.o.Nobody == "" {
		_, host, _ := strings.Cut(f.o.Users[0].Handle, "@")
		f.o.Nobody = "nobody@" + host
	}
	return nil
}

// play plays the cases. It writes to standard error what they change on the server, and their
// progress.
func (f *conformFlags) play(ctx context.Context, e *env) (*conformance.Report, error) {
	lanes := len(f.o.Users) / conformance.LaneUsers
	var handles []string
	for _, u := range f.o.Users[:lanes*conformance.LaneUsers] {
		handles = append(handles, u.Handle)
	}
	if len(handles) > conformance.LaneUsers {
		handles = []string{handles[0], "...", handles[len(handles)-1]}
	}
	e.say("the contacts of %s are removed, and their settings and names changed", strings.Join(handles, ", "))
	if isTerminal(e.stderr) {
		f.o.Progress = func(p conformance.Progress) {
			fmt.Fprintf(e.stderr, "\rmsnscope: %d of %d cases, %d failed: %s\x1b[K", p.Done, p.Cases, p.Failed, p.Last)
		}
		defer fmt.Fprint(e.stderr, "\r\x1b[K")
	}
	return conformance.Run(ctx, f.o)
}

// conformError gives the error of a run its exit code.
func conformError(err error) error {
	switch {
	case errors.Is(err, loadgen.ErrRemote):
		return &exitError{exitIO, err, "the server refers clients there: --allow-remote, if its owner agrees"}
	case errors.Is(err, conformance.ErrUnreachable):
		return &exitError{exitIO, err, ""}
	case errors.Is(err, conformance.ErrSilent):
		return &exitError{exitTimeout, err, "--patience says how long an answer may take"}
	case errors.Is(err, conformance.ErrRefused):
		return &exitError{exitDiffers, err, "the server must have the accounts of --user, with these passwords"}
	}
	return err
}

func listCases(w io.Writer, cases []conformance.Case) error {
	t := tabwriter.NewWriter(w, 0, 0, 2, ' ', 0)
	for i := range cases {
		fmt.Fprintf(t, "%s\t%s\t%s\n", cases[i].Name, strings.Join(cases[i].Sections, ", "), cases[i].Means)
	}
	return t.Flush()
}
