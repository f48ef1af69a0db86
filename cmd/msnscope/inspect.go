package main

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"path/filepath"
	"strings"

	"github.com/spf13/cobra"

	"github.com/msnscope/msnscope/internal/eventlog"
	"github.com/msnscope/msnscope/ui"
	"github.com/msnscope/msnscope/ui/web"
)

func inspectCommand(e *env) *cobra.Command {
	var expr, address, page string
	c := &cobra.Command{
		Use:   "inspect FILE...",
		Short: "The inspector on captures, or on a proxy without one",
		Long: "Shows captures in the inspector. With --web they are shown in a browser too, and there alone where\n" +
			"there is no terminal; a signal ends that.",
		Example: "  msnscope inspect captures/samples/conversation.pcapng\n  msnscope inspect --attach ./proxy.sock\n" +
			"  msnscope inspect captures/samples/conversation.pcapng --web 127.0.0.1:8080",
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
			if !isTerminal(e.stdout) && page == "" {
				return &exitError{
					exitUsage, errors.New("the inspector needs a terminal"),
					"msnscope dump prints to a file or a pipe; --web shows a page in a browser",
				}
			}
			if address != "" {
				return attach(c, e, address, expr, page)
			}
			log := eventlog.New(eventlog.Options{})
			defer log.Close()
			paths, into, err := e.inputs(args, log)
			if err != nil {
				return err
			}
			l := e.startLoading(c.Context(), paths, log, into)
			defer l.stop()
			if <-l.some; log.Len() == 0 {
				return l.wait()
			}
			if err := e.view(c, log, paths, expr, page, l); err != nil {
				return err
			}
			return l.stop()
		},
	}
	c.Flags().StringVarP(&expr, "filter", "Y", "", "begin with this filter `EXPR`")
	addWeb(c.Flags(), &page)
	c.Flags().StringVar(&address, "attach", "", "inspect a running proxy, by its --control `SOCKET|ADDR`")
	return c
}

// view runs the inspector on a log while files are loaded into it, and the page at an address, ""
// for none.
func (e *env) view(c *cobra.Command, log *eventlog.Log, paths []string, expr, page string, l *loading) error {
	var names []string
	for _, p := range paths {
		names = append(names, filepath.Base(p))
	}
	title := strings.Join(names, " ")
	o := ui.Options{Log: log, Filter: expr, Title: func() string { return title }, Loading: l.status}
	return e.inspect(c.Context(), o, page, "msnscope dump prints the commands", paths...)
}

// inspect runs the inspector, the page at an address, or both: without a terminal the page alone,
// until ctx ends. The other arguments are those of runInspector.
func (e *env) inspect(ctx context.Context, o ui.Options, page, without string, inputs ...string) error {
	w := web.LiveOptions{
		Log: o.Log, Live: o.Live, Filter: o.Filter, Title: o.Title, Status: o.Status, Loading: o.Loading,
		Steering: o.Steering,
	}
	if log, ok := o.Log.(*eventlog.Log); ok {
		w.Save = pageSaver(log)
	}
	p, err := serveWeb(ctx, page, o.Lint, w, func(err error) { e.say("error: %v", err) })
	if err != nil {
		return err
	}
	defer p.close()
	if isTerminal(e.stdout) {
		o.Greeting = p.greeting()
		return e.runInspector(ctx, o, without, inputs...)
	}
	p.say(e)
	<-ctx.Done()
	return nil
}

// runInspector runs the inspector until its user leaves or ctx ends, and what is being saved then
// is there or given up. Where the inspector cannot use the terminal, the error's hint names what
// works without it. Nothing is saved to one of the inputs.
func (e *env) runInspector(ctx context.Context, o ui.Options, without string, inputs ...string) (err error) {
	if log, ok := o.Log.(*eventlog.Log); ok {
		save, ended := ending(e.saver(ctx, log, inputs...), e.say)
		o.Save = save
		defer func() { err = cmp.Or(err, ended()) }()
		o.Replay = func(how ui.ReplayOptions) (ui.Replay, error) { return e.startReplay(ctx, log, how) }
	}
	o.Settings, o.History = settingsFiles(e.getenv)
	app, err := ui.New(o)
	if err != nil {
		return fmt.Errorf("inspector: %w", err)
	}
	var failed *exitError
	if err := survive(func() error { return app.Run(ctx) }); errors.As(err, &failed) {
		return err
	} else if err != nil && ctx.Err() == nil {
		return &exitError{
			exitIO, fmt.Errorf("inspector: %w", err),
			fmt.Sprintf("TERM is %q: set it to the type of the terminal, such as xterm-256color; without one, %s",
				e.getenv("TERM"), without),
		}
	}
	return nil
}

// settingsFiles returns the paths of the inspector's settings and of its history; "" for a user
// without a home.
func settingsFiles(getenv func(string) string) (settings, history string) {
	return userFile(getenv, "XDG_CONFIG_HOME", ".config", "inspector.conf"),
		userFile(getenv, "XDG_STATE_HOME", ".local/state", "history")
}

// userFile returns the path of a file of the user's where the XDG Base Directory Specification has
// it: in the folder that the variable of the environment names, else below the user's home. It
// returns "" for a user without a home.
func userFile(getenv func(string) string, variable, below, name string) string {
	if dir := getenv(variable); filepath.IsAbs(dir) {
		return filepath.Join(dir, "msnscope", name)
	}
	if home := getenv("HOME"); home != "" {
		return filepath.Join(home, below, "msnscope", name)
	}
	return ""
}
