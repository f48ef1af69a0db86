package main

import (
	"fmt"
	"runtime"
	"runtime/debug"
	"time"

	"github.com/spf13/cobra"
)

func versionCommand() *cobra.Command {
	return &cobra.Command{
		Use: "version", Short: "Print the version", Args: noArgs, Example: "  msnscope version",
		Long: "Prints the version and, where they are known, the commit from which the program was built and its date.",
		Run: func(c *cobra.Command, _ []string) {
			out := c.OutOrStdout()
			fmt.Fprintln(out, "msnscope", version())
			if id, made, changed := commit(); id != "" {
				note := ""
				if changed {
					note = ", with changes"
				}
				fmt.Fprintf(out, "commit %.12s of %s%s\n", id, made.Format(time.RFC3339), note)
			}
			fmt.Fprintln(out, runtime.Version(), runtime.GOOS+"/"+runtime.GOARCH)
		},
	}
}

// version returns the version of the module as it was built, "devel" for one from a working tree.
func version() string {
	if info, ok := debug.ReadBuildInfo(); ok && info.Main.Version != "" && info.Main.Version != "(devel)" {
		return info.Main.Version
	}
	return "devel"
}

// commit returns the commit from which the program was built, its time, and whether the working
// tree had changes; "" and the zero time where the build did not note them.
func commit() (id string, made time.Time, changed bool) {
	info, ok := debug.ReadBuildInfo()
	if !ok {
		return "", time.Time{}, false
	}
	for _, s := range info.Settings {
		switch s.Key {
		case "vcs.revision":
			id = s.Value
		case "vcs.time":
			made, _ = time.Parse(time.RFC3339, s.Value) // git writes this form
		case "vcs.modified":
			changed = s.Value == "true"
		}
	}
	return id, made, changed
}
