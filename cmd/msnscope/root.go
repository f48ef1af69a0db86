package main

import (
	"errors"
	"fmt"
	"os"
	"runtime/debug"

	"github.com/spf13/cobra"
	"golang.org/x/term"
)

// newRoot returns the command line. Without a verb it is that of the proxy.
func newRoot(e *env) *cobra.Command {
	root := proxyCommand(e)
	root.Use = "msnscope"
	root.Short = "Proxy, inspector, recorder and server for the MSN Messenger protocol"
	root.Version = version()
	root.SilenceUsage, root.SilenceErrors = true, true
	root.SetHelpTemplate(helpTemplate)
	root.SetUsageTemplate(usageTemplate)
	root.SetVersionTemplate("msnscope {{.Version}}\n")
	root.SetFlagErrorFunc(func(c *cobra.Command, err error) error {
		return &exitError{exitUsage, err, fmt.Sprintf("%s --help lists the flags", c.CommandPath())}
	})
	proxy := proxyCommand(e)
	root.AddCommand(
		proxy, doctorCommand(e), serveCommand(e), accountsCommand(e), inspectCommand(e), dumpCommand(e), sniffCommand(e), exportCommand(e), replayCommand(e),
		loadCommand(e), explainCommand(e),
		versionCommand(), faultsHelp(),
	)
	return root
}

func versionCommand() *cobra.Command {
	return &cobra.Command{
		Use: "version", Short: "Print the version", Args: noArgs, Example: "  msnscope version",
		Run: func(c *cobra.Command, _ []string) { fmt.Fprintln(c.OutOrStdout(), "msnscope", version()) },
	}
}

// version returns the version of the module as it was built, "devel" for one from a working tree.
func version() string {
	if info, ok := debug.ReadBuildInfo(); ok && info.Main.Version != "" && info.Main.Version != "(devel)" {
		return info.Main.Version
	}
	return "devel"
}

// noArgs refuses arguments, and says what they may have been meant to be.
func noArgs(c *cobra.Command, args []string) error {
	if len(args) == 0 {
		return nil
	}
	return &exitError{exitUsage, fmt.Errorf("unknown command or argument %q", args[0]), "msnscope --help lists the commands"}
}

// files refuses a command line without files.
func files(c *cobra.Command, args []string) error {
	if len(args) > 0 {
		return nil
	}
	return &exitError{exitUsage, errors.New("no capture file is named"), c.CommandPath() + " FILE; - reads standard input"}
}

// isTerminal reports whether the stream is a terminal.
func isTerminal(stream any) bool {
	f, ok := stream.(*os.File)
	return ok && term.IsTerminal(int(f.Fd()))
}
