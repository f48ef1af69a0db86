package main

import (
	"bufio"
	"context"
	"fmt"
	"strings"

	"github.com/spf13/cobra"

	"github.com/msnscope/msnscope/internal/eventlog"
	"github.com/msnscope/msnscope/replay"
)

// diffFlags are the flags of diff.
type diffFlags struct {
	form   string
	ignore []string
	all    bool
}

func diffCommand(e *env) *cobra.Command {
	var f diffFlags
	c := &cobra.Command{
		Use:   "diff A B",
		Short: "Compare two captures: what was said in one and not in the other?",
		Long: "Aligns the connections of two captures by user and kind of server, and their commands by\n" +
			"transaction. Challenges, cookies, session numbers, serials and addresses are no differences.\n" +
			"\n" +
			"The exit code is 0 if the captures are the same, 1 if not.",
		Example: "  msnscope diff captures/samples/logon.pcapng captures/samples/logon-direct.pcapng",
		Args: func(c *cobra.Command, args []string) error {
			if len(args) != 2 {
				return usage("diff takes two captures, not %d", len(args))
			}
			return files(c, args)
		},
		RunE: func(c *cobra.Command, args []string) error { return f.run(c.Context(), e, args[0], args[1]) },
	}
	fs := c.Flags()
	fs.SortFlags = false
	fs.StringVarP(&f.form, "type", "T", "text", "the `FORM`: text or json")
	fs.StringArrayVar(&f.ignore, "ignore", nil, "a `FIELD` whose differences do not count; may be repeated")
	fs.BoolVar(&f.all, "all", false, "print what is the same too")
	completeForms(c, "text", "json")
	return c
}

func (f *diffFlags) run(ctx context.Context, e *env, a, b string) error {
	if f.form != "text" && f.form != "json" {
		return usage("-T %s: the forms are text and json", f.form)
	}
	var logs [2]*eventlog.Log
	for i, path := range []string{a, b} {
		logs[i] = eventlog.New(eventlog.Options{})
		defer logs[i].Close()
		if err := e.loadAll(ctx, []string{path}, logs[i]); err != nil {
			return err
		}
	}
	r := replay.Diff(logs[0], logs[1], f.ignore)
	if err := writeError(f.print(e, r)); err != nil {
		return err
	}
	if r.Verdict() != replay.Same {
		return &exitError{code: exitDiffers}
	}
	return nil
}

// print writes the outcomes that differ, or all, in the form of -T.
func (f *diffFlags) print(e *env, r *replay.Result) error {
	if f.form == "json" {
		return replay.WriteJSON(e.stdout, r)
	}
	out := bufio.NewWriter(e.stdout)
	text := replay.TextOptions{ASCII: !isUTF8(e.getenv)}
	for i := range r.Outcomes {
		if o := &r.Outcomes[i]; f.all || !o.Good() {
			_, _ = out.Write(replay.AppendLine(nil, o, text)) // the error sticks and shows in Flush
		}
	}
	fmt.Fprintln(out, strings.Replace(r.Summary(), "0 sent, ", "", 1))
	return out.Flush()
}
