package main

import (
	"fmt"
	"strconv"
	"time"

	"github.com/spf13/cobra"
)

func manCommand(e *env) *cobra.Command {
	var dir string
	c := &cobra.Command{
		Use: "man [COMMAND...]", Short: "Print a manual page",
		Long: "Prints the manual page of the program or of one of its commands, or writes the pages of all of them.",
		Example: "  msnscope man dump > msnscope-dump.1\n" +
			"  msnscope man --dir .",
		RunE: func(c *cobra.Command, args []string) error {
			made, err := e.manDate()
			if err != nil {
				return err
			}
			m := manual{made, "msnscope " + version()}
			if dir != "" {
				if err := m.tree(c.Root(), dir); err != nil {
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
			m.page(c.OutOrStdout(), page)
			return nil
		},
	}
	c.Flags().StringVar(&dir, "dir", "", "write the pages of all commands into this `FOLDER`")
	return c
}

// manDate returns the date that pages bear. The same program makes the same pages on any day: it is
// that of its commit, unless SOURCE_DATE_EPOCH says another one, as those who package it set it.
func (e *env) manDate() (time.Time, error) {
	if epoch := e.getenv("SOURCE_DATE_EPOCH"); epoch != "" {
		seconds, err := strconv.ParseInt(epoch, 10, 64)
		if err != nil {
			return time.Time{}, usage("SOURCE_DATE_EPOCH is %q, and no number of seconds", epoch)
		}
		return time.Unix(seconds, 0), nil
	}
	if _, made, _ := commit(); !made.IsZero() {
		return made, nil
	}
	return time.Now(), nil
}
