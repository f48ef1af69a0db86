package main

import (
	"cmp"
	"errors"
	"fmt"
	"os"
	"slices"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"
	"golang.org/x/term"

	"github.com/msnscope/msnscope/internal/filter"
)

// newRoot returns the root of the command line. Without a verb it runs the proxy.
func newRoot(e *env) *cobra.Command {
	root := proxyCommand(e)
	root.Use = "msnscope"
	root.Short = "Proxy, inspector, recorder and server for the MSN Messenger protocol"
	root.Version = version()
	root.SilenceUsage, root.SilenceErrors, root.DisableAutoGenTag = true, true, true
	root.SetHelpTemplate(helpTemplate)
	root.SetUsageTemplate(usageTemplate)
	root.SetVersionTemplate("msnscope {{.Version}}\n")
	root.SetFlagErrorFunc(func(c *cobra.Command, err error) error {
		return &exitError{exitUsage, err, fmt.Sprintf("%s%s --help lists the flags", likeFlag(c, err), c.CommandPath())}
	})
	root.PersistentFlags().String("config", "",
		"read flags from this `FILE`, not $XDG_CONFIG_HOME/msnscope/config.toml")
	root.PersistentPreRunE = func(c *cobra.Command, _ []string) error {
		return cmp.Or(
			noEmptyValues(c.Flags()), e.configure(c), noEmptyValues(c.Flags()), noSharedFiles(c.Flags()),
		)
	}
	proxy := proxyCommand(e)
	root.AddCommand(
		proxy, doctorCommand(e), serveCommand(e), accountsCommand(e), inspectCommand(e), dumpCommand(e),
		sniffCommand(e), exportCommand(e), lintCommand(e), flowCommand(e), learnCommand(e), replayCommand(e),
		diffCommand(e),
		loadCommand(e), conformCommand(e), scriptCommand(e), explainCommand(e),
		versionCommand(), manCommand(e), faultsHelp(),
	)
	return root
}

// noEmptyValues returns an error for a flag with an empty value, as a script passes it for a
// variable that is not set: an empty address or file name would mean another one than intended. An
// empty expression is allowed.
func noEmptyValues(flags *pflag.FlagSet) (err error) {
	flags.Visit(func(f *pflag.Flag) {
		name, _ := pflag.UnquoteUsage(f)
		list, many := f.Value.(pflag.SliceValue)
		switch {
		case err != nil || name == "EXPR":
		case many && slices.Contains(list.GetSlice(), ""), f.Value.Type() == "string" && f.Value.String() == "":
			err = &exitError{
				exitUsage, fmt.Errorf("--%s: its value is empty", f.Name),
				"leave the flag out, or check the variable that the value comes from",
			}
		}
	})
	return err
}

// noArgs returns an error if there are arguments, with a hint at what may have been meant.
func noArgs(c *cobra.Command, args []string) error {
	if len(args) == 0 {
		return nil
	}
	return &exitError{
		exitUsage, fmt.Errorf("unknown command or argument %q", args[0]),
		likeCommand(c, args[0]) + "msnscope --help lists the commands",
	}
}

// likeCommand returns a hint, as a question, with the verb that is most like a word; "" if none is.
func likeCommand(c *cobra.Command, word string) string {
	var names []string
	for _, verb := range c.Root().Commands() {
		names = append(names, verb.Name())
	}
	if like := filter.Closest(word, names); like != "" {
		return fmt.Sprintf("did you mean msnscope %s? ", like)
	}
	return ""
}

// likeFlag returns a hint, as a question, with the flag that is most like the unknown one of an
// error; "" if none is.
func likeFlag(c *cobra.Command, err error) string {
	var unknown *pflag.NotExistError
	if !errors.As(err, &unknown) {
		return ""
	}
	if like := closestFlag(c, unknown.GetSpecifiedName()); like != "" {
		return fmt.Sprintf("did you mean %s? ", like)
	}
	return ""
}

// closestFlag returns the flag of a command that is most like a name, with its dashes; "" if none
// is.
func closestFlag(c *cobra.Command, name string) string {
	var names []string
	c.Flags().VisitAll(func(f *pflag.Flag) { names = append(names, f.Name) })
	if like := filter.Closest(name, names); like != "" {
		return "--" + like
	}
	return ""
}

// files returns an error if the command line names no files.
func files(c *cobra.Command, args []string) error {
	if len(args) > 0 {
		return nil
	}
	return &exitError{
		exitUsage, errors.New("no capture file is named"),
		c.CommandPath() + " FILE; - reads standard input",
	}
}

// isTerminal reports whether the stream is a terminal.
func isTerminal(stream any) bool {
	f, ok := stream.(*os.File)
	return ok && term.IsTerminal(int(f.Fd()))
}
