package main

import (
	"bufio"
	"context"
	"fmt"
	"io"
	"slices"
	"strings"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"

	"github.com/msnscope/msnscope/decode/lint"
	"github.com/msnscope/msnscope/internal/eventlog"
	"github.com/msnscope/msnscope/internal/filter"
)

// lintFlags are the flags of lint.
type lintFlags struct {
	form, preset, expr string
	skip               []string
	rules              bool
}

// lintForms are the forms of lint's -T.
var lintForms = []string{"text", "json", "junit"}

func lintCommand(e *env) *cobra.Command {
	var f lintFlags
	c := &cobra.Command{
		Use:   "lint FILE...",
		Short: "Check captures against the protocol",
		Long: "Reads captures as dump does and checks each command against the rules of the protocol: what is\n" +
			"wrong, in which section of the draft, with the bytes at fault. docs/LINT.md lists the rules, and\n" +
			"msnscope explain L02 explains one.\n" +
			"\n" +
			"--preset draft takes the draft by its letter. observed leaves out what real clients and servers do\n" +
			"without harm, so that what is left is worth looking at in any capture.\n" +
			"\n" +
			"The exit code is 1 if a finding is an error, 0 if all are warnings or information.",
		Example: "  msnscope lint captures/samples/mistakes.pcapng\n" +
			"  msnscope lint captures/samples/mistakes.pcapng --preset observed -T junit\n" +
			"  msnscope lint --rules",
		RunE: func(c *cobra.Command, args []string) error { return f.run(c, e, args) },
	}
	fs := c.Flags()
	fs.SortFlags = false
	fs.StringVarP(&f.form, "type", "T", "text", "form of the output: text, json or junit")
	fs.StringVar(&f.preset, "preset", string(lint.Draft), "how strict to be: draft or observed")
	fs.StringSliceVar(&f.skip, "skip", nil, "leave out the `RULE`; may be repeated")
	fs.StringVarP(&f.expr, "filter", "Y", "", "report only events for which this `EXPR` is true")
	fs.BoolVar(&f.rules, "rules", false, "list the rules of the preset instead")
	completeForms(c, lintForms...)
	return c
}

func (f *lintFlags) run(c *cobra.Command, e *env, paths []string) error {
	options, err := lintOptions("--preset", f.preset)
	if err != nil {
		return err
	}
	if !slices.Contains(lintForms, f.form) {
		return usage("-T %s: the forms are text, json and junit", f.form)
	}
	for _, id := range f.skip {
		r := lint.Lookup(id)
		if r == nil {
			return &exitError{
				exitUsage, fmt.Errorf("--skip %s: there is no such rule", id),
				"msnscope lint --rules lists them",
			}
		}
		options.Skip = append(options.Skip, r.ID)
	}
	if f.rules {
		_, err := io.WriteString(e.stdout, ruleList(options))
		return writeError(err)
	}
	if err := files(c, paths); err != nil {
		return err
	}
	match, err := e.filter(f.expr)
	if err != nil {
		return err
	}
	out := bufio.NewWriterSize(e.stdout, 64<<10)
	l := linter{env: e, filter: match, checker: lint.New(options)}
	l.to = map[string]func() findings{
		"text":  func() findings { return &textFindings{out: out} },
		"json":  func() findings { return &jsonFindings{out: out, preset: f.preset} },
		"junit": func() findings { return newJUnitFindings(out, options) },
	}[f.form]()
	err = l.files(c.Context(), paths)
	if werr := writeError(out.Flush()); werr != nil {
		return werr
	}
	return err
}

// lintOptions returns the options for a preset that a flag names.
func lintOptions(flag, preset string) (lint.Options, error) {
	if !slices.Contains(lint.Presets(), preset) {
		return lint.Options{}, usage("%s %s: the presets are %s", flag, preset, strings.Join(lint.Presets(), " and "))
	}
	return lint.Options{Preset: lint.Preset(preset)}, nil
}

// lintFlag is the flag that has events checked as lint does, whatever is then done with them.
type lintFlag struct{ preset string }

func (f *lintFlag) add(fs *pflag.FlagSet) {
	fs.StringVar(&f.preset, "lint", "", "check the commands as lint does, by the preset draft or observed: `PRESET`")
}

// options returns the options of the flag's preset, nil without the flag.
func (f *lintFlag) options() (*lint.Options, error) {
	if f.preset == "" {
		return nil, nil
	}
	o, err := lintOptions("--lint", f.preset)
	return &o, err
}

// checker returns what checks the events that match is asked about, nil without the flag. Where
// match reads findings all the same, checker writes a hint to standard error.
func (f *lintFlag) checker(e *env, match *filter.Filter) (*lint.Checker, error) {
	o, err := f.options()
	switch {
	case err != nil:
		return nil, err
	case o != nil:
		return lint.New(*o), nil
	case match.ReadsLint():
		e.talk("msnscope: the filter reads lint, but nothing is checked\nhint: --lint observed, or --lint draft\n")
	}
	return nil, nil
}

// ruleList returns one line for each rule that the options select.
func ruleList(o lint.Options) string {
	var b strings.Builder
	for _, r := range lint.Rules() {
		if r.In(o) {
			fmt.Fprintf(&b, "%s  %-5s  %-5s  %s\n", r.ID, r.Severity, section(r.Section), r.Means)
		}
	}
	return b.String()
}

// section returns the mark of a section of the draft, "-" for none.
func section(s string) string {
	if s == "" {
		return "-"
	}
	return "§" + s
}

// linter checks the events of captures and reports what it finds.
type linter struct {
	env     *env
	filter  *filter.Filter
	checker *lint.Checker
	to      findings
	count   [3]int // of errors, warnings and information
}

// severities are the severities in the order of linter.count, and what they are called together.
var severities = []struct {
	is   lint.Severity
	many string
}{{lint.Error, "errors"}, {lint.Warn, "warnings"}, {lint.Info, "of information"}}

// files checks the captures as one log. Where reading fails, it checks what came before the error.
func (l *linter) files(ctx context.Context, args []string) error {
	log := eventlog.New(eventlog.Options{})
	defer log.Close()
	paths, into, err := l.env.inputs(args, log)
	if err != nil {
		return err
	}
	var failed error
	for _, path := range paths {
		from := log.Len()
		err := l.env.load(ctx, path, into)
		if err != nil && failed != nil {
			l.env.report(failed)
		}
		if err != nil {
			failed = err
		}
		if err := l.events(ctx, log, from); err != nil {
			return err
		}
	}
	if err := l.to.end(l.count); err != nil {
		return writeError(err)
	}
	l.env.say("errors: %d, warnings: %d, information: %d", l.count[0], l.count[1], l.count[2])
	switch {
	case failed != nil:
		return failed
	case l.count[0] > 0:
		return &exitError{code: exitDiffers}
	}
	return nil
}

// events checks the events of the log from an index on.
func (l *linter) events(ctx context.Context, log *eventlog.Log, from int) error {
	r := log.Reader()
	for i := from; i < log.Len(); i++ {
		if i&0xfff == 0 && ctx.Err() != nil {
			return context.Cause(ctx)
		}
		e := r.At(i)
		found := l.checker.Check(e)
		if len(found) == 0 {
			continue
		}
		if e.Found(found); !l.filter.Match(e) {
			continue
		}
		for k := range found {
			for at := range severities {
				if string(severities[at].is) == found[k].Severity {
					l.count[at]++
				}
			}
		}
		if err := l.to.add(e); err != nil {
			return writeError(err)
		}
	}
	return nil
}
