package main

import (
	"errors"
	"fmt"
	"path/filepath"
	"strings"

	"github.com/spf13/cobra"

	"github.com/msnscope/msnscope/internal/store"
	"github.com/msnscope/msnscope/ui"
)

func inspectCommand(e *env) *cobra.Command {
	var expr, address string
	c := &cobra.Command{
		Use:     "inspect FILE...",
		Short:   "The inspector on captures, or on a proxy without one",
		Example: "  msnscope inspect captures/conversation.pcapng\n  msnscope inspect --attach ./proxy.sock",
		Args: func(c *cobra.Command, args []string) error {
			if address == "" {
				return files(c, args)
			}
			return noArgs(c, args)
		},
		RunE: func(c *cobra.Command, args []string) error {
			if _, err := compile(expr); err != nil {
				return err
			}
			if !isTerminal(e.stdout) {
				return &exitError{exitUsage, errors.New("the inspector needs a terminal"), "msnscope dump prints to a file or a pipe"}
			}
			if address != "" {
				return attach(c, e, address, expr)
			}
			log := store.NewLog(store.LogOptions{})
			defer log.Close()
			l := e.loadBehind(c.Context(), args, log)
			defer l.stop()
			if <-l.some; log.Len() == 0 {
				return l.wait()
			}
			if err := view(c, log, args, expr, l); err != nil {
				return err
			}
			return l.stop()
		},
	}
	c.Flags().StringVarP(&expr, "filter", "Y", "", "begin with this filter `EXPR`")
	c.Flags().StringVar(&address, "attach", "", "inspect a running proxy, by its --control `SOCKET|ADDR`")
	return c
}

// view runs the inspector on a log that is being loaded.
func view(c *cobra.Command, log *store.Log, paths []string, expr string, l *loading) error {
	var names []string
	for _, p := range paths {
		names = append(names, filepath.Base(p))
	}
	title := strings.Join(names, " ")
	app, err := ui.New(ui.Options{Log: log, Filter: expr, Title: func() string { return title }, Loading: l.status})
	if err != nil {
		return fmt.Errorf("inspector: %w", err)
	}
	if err := app.Run(c.Context()); err != nil && c.Context().Err() == nil {
		return &exitError{exitIO, fmt.Errorf("inspector: %w", err), ""}
	}
	return nil
}
