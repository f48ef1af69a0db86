package main

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"syscall"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"

	"github.com/msnscope/msnscope/decode/session"
	"github.com/msnscope/msnscope/internal/eventlog"
	"github.com/msnscope/msnscope/internal/script"
)

// scriptFlags are the flags of the verbs that run scripts.
type scriptFlags struct{ scripts []string }

func (f *scriptFlags) add(fs *pflag.FlagSet) {
	fs.StringArrayVar(&f.scripts, "script", nil,
		"let a script in Starlark see and change the commands, `FILE`; may be repeated. docs/SCRIPTS.md explains it")
}

// load loads the scripts. It returns nil where there are none.
func (f *scriptFlags) load(o script.Options) (*script.Set, error) {
	if len(f.scripts) == 0 {
		return nil, nil
	}
	set, err := script.LoadAll(f.scripts, o)
	if err == nil {
		return set, nil
	}
	if unread := syscall.Errno(0); errors.As(err, &unread) {
		return nil, &exitError{exitIO, fmt.Errorf("--script %w", err), ""}
	}
	return nil, &exitError{exitUsage, fmt.Errorf("--script %w", err), "docs/SCRIPTS.md has the names, and examples"}
}

// scriptOptions returns the options of scripts that run on captures: what they print goes to
// standard error.
func (e *env) scriptOptions(seed uint64) script.Options {
	return script.Options{
		Seed: seed, Attended: true, Log: e.logger(nil),
		Print: func(name, line string) { e.say("%s: %s", name, line) },
	}
}

func scriptCommand(e *env) *cobra.Command {
	c := &cobra.Command{
		Use:   "script",
		Short: "Try out scripts",
		Long:  "docs/SCRIPTS.md says how to write them, and has examples.",
		Example: "  msnscope script test docs/scripts/count.star --on captures/samples/conversation.pcapng\n" +
			"  msnscope --script docs/scripts/translate.star --demo",
	}
	c.AddCommand(scriptTestCommand(e))
	return c
}

// scriptTestFlags are the flags of script test.
type scriptTestFlags struct {
	on         []string
	expr, form string
	seed       uint64
}

func scriptTestCommand(e *env) *cobra.Command {
	var f scriptTestFlags
	c := &cobra.Command{
		Use:   "test FILE...",
		Short: "Show what scripts would have done to a capture",
		Long: "Gives the scripts the commands of a capture, as if they came now, and prints those about which they\n" +
			"did something, what they would have sent, and what they print. Nothing waits: what a script would\n" +
			"delay or hold stands in its place. The hook tick is called before a command if a second has passed\n" +
			"since the last call, by the capture's clock.\n" +
			"\n" +
			"The exit code is 1 if a script failed.",
		Example: "  msnscope script test docs/scripts/translate.star --on captures/samples/conversation.pcapng\n" +
			"  msnscope script test docs/scripts/refuse.star --on captures/samples/conversation.pcapng -T jsonl",
		Args: func(c *cobra.Command, args []string) error {
			if len(args) == 0 {
				return &exitError{exitUsage, errors.New("no script is named"), c.CommandPath() + " FILE --on CAPTURE"}
			}
			return nil
		},
		RunE: func(c *cobra.Command, args []string) error { return f.run(c.Context(), e, args) },
	}
	fs := c.Flags()
	fs.SortFlags = false
	fs.StringArrayVar(&f.on, "on", nil, "the `CAPTURE` that the scripts are tried on; may be repeated")
	fs.StringVarP(&f.expr, "filter", "Y", "", "print only the commands for which this `EXPR` is true")
	fs.StringVarP(&f.form, "type", "T", "text", "form of the output: text, jsonl or cs")
	fs.Uint64Var(&f.seed, "seed", 1, "seed of the scripts' random numbers")
	completeForms(c)
	c.ValidArgsFunction = func(*cobra.Command, []string, string) ([]cobra.Completion, cobra.ShellCompDirective) {
		return []cobra.Completion{"star"}, cobra.ShellCompDirectiveFilterFileExt
	}
	return c
}

// done counts what scripts did.
type done struct{ commands, edited, dropped, held, sent int }

func (d *done) add(e *session.Event, changed bool) {
	switch {
	case e.Flags&session.Injected != 0 && changed:
		d.sent++
		return
	case e.Kind == session.Command:
		d.commands++
	}
	if !changed {
		return
	}
	for flag, n := range map[session.Flag]*int{
		session.Edited: &d.edited, session.Dropped: &d.dropped, session.Held: &d.held,
	} {
		if e.Flags&flag != 0 {
			*n++
		}
	}
}

func (f *scriptTestFlags) run(ctx context.Context, e *env, paths []string) error {
	print, known := printers[f.form]
	switch {
	case !known:
		return usage("-T %s: the forms are text, jsonl and cs", f.form)
	case len(f.on) == 0:
		return usage("--on CAPTURE is missing: a capture to try the scripts on")
	}
	match, err := e.filter(f.expr)
	if err != nil {
		return err
	}
	failures := 0
	o := e.scriptOptions(f.seed)
	o.Failed = func(script.Failure) { failures++ }
	scripts := scriptFlags{paths}
	set, err := scripts.load(o)
	if err != nil {
		return err
	}
	log := eventlog.New(eventlog.Options{})
	defer log.Close()
	unread := e.loadAll(ctx, f.on, log)
	out, player, reader := bufio.NewWriter(e.stdout), script.NewPlayer(set), log.Reader()
	var count done
	for i := range log.Len() {
		if i&0xfff == 0 && ctx.Err() != nil {
			return context.Cause(ctx)
		}
		was := reader.At(i)
		for _, is := range player.Play(was) {
			count.add(is, is != was)
			if is != was && match.Match(is) {
				_, _ = out.Write(print(nil, is)) // the error sticks and shows in Flush
			}
		}
	}
	if err := writeError(out.Flush()); err != nil {
		return err
	}
	e.say("%d commands: %d edited, %d dropped, %d held, %d delayed; %d sent by scripts", count.commands, count.edited,
		count.dropped, count.held, player.Delayed, count.sent)
	switch {
	case unread != nil:
		return unread
	case failures > 0:
		return &exitError{code: exitDiffers}
	}
	return nil
}
