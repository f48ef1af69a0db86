package main

import (
	"fmt"

	"github.com/spf13/cobra"
	"github.com/spf13/cobra/doc"
)

func manCommand(e *env) *cobra.Command {
	var dir string
	c := &cobra.Command{
		Use: "man [COMMAND...]", Short: "Print a manual page",
		Long: "Prints the manual page of the program or of one of its commands, or writes the pages of all of them.",
		Example: "  msnscope man dump > msnscope-dump.1\n" +
			"  msnscope man --dir .",
		RunE: func(c *cobra.Command, args []string) error {
			// The same program makes the same pages on any day: they bear the date of its commit.
			// SOURCE_DATE_EPOCH, which the library reads, comes first.
			header := &doc.GenManHeader{Section: "1", Source: "msnscope " + version()}
			if _, made, _ := commit(); !made.IsZero() && e.getenv("SOURCE_DATE_EPOCH") == "" {
				header.Date = &made
			}
			if dir != "" {
				if err := doc.GenManTree(c.Root(), header, dir); err != nil {
					return &exitError{exitIO, fmt.Errorf("--dir: %w", err), "the folder must exist"}
				}
				return nil
			}
			page, rest, err := c.Root().Find(args)
			if err == nil && len(rest) > 0 {
				err = usage("there is no command %q", rest[0])
			}
			if err != nil {
				return err
			}
			return doc.GenMan(page, header, c.OutOrStdout())
		},
	}
	c.Flags().StringVar(&dir, "dir", "", "write the pages of all commands into this `FOLDER`")
	return c
}
