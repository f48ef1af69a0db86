package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"github.com/msnscope/msnscope/internal/doctor"
)

// doctorFlags are the proxy's flags that decide where clients go, and those of the doctor itself.
type doctorFlags struct {
	proxyFlags
	account  string
	patience time.Duration
}

func doctorCommand(e *env) *cobra.Command {
	var f doctorFlags
	c := &cobra.Command{
		Use:   "doctor",
		Short: "Would a client stay inside the proxy?",
		Long: "Starts the proxy as the same flags would start it, signs in through it as a client would, and\n" +
			"reports whether every connection came back through the proxy. It checks that the ports are free,\n" +
			"that the upstream is there and speaks MSN, that the servers to which it refers clients are there,\n" +
			"that the addresses which clients get instead lead to the proxy, and what happens to a client that\n" +
			"does not honour the port in a referral.\n" +
			"\n" +
			"With --account it signs in, goes online and opens a switchboard; without, it goes on until a\n" +
			"password is needed. Exit code 0: a client stays inside; 1: it does not, or cannot sign in.",
		Example: "  msnscope doctor --upstream 192.0.2.33\n" +
			"  msnscope doctor --listen 127.0.0.1:2000 --upstream 192.0.2.33 " +
			"--account alice@hotmail.com:secret -T json",
		Args: noArgs,
		RunE: func(c *cobra.Command, _ []string) error { return f.run(c.Context(), e) },
	}
	fs := c.Flags()
	fs.SortFlags = false
	fs.StringVar(&f.upstream, "upstream", "",
		"the server to connect to (port 1863 if none is given); default: the embedded one")
	fs.StringArrayVar(&f.listen, "listen", []string{defaultListen}, "where clients connect; may be repeated")
	fs.StringVar(&f.advertise, "advertise", "", "the address `HOST[:PORT]` to which referrals are rewritten")
	fs.IntVar(&f.referralPorts, "referral-ports", 0,
		"a listener of its own for each server that clients are referred to, from this `PORT` on")
	f.quirks.add(fs)
	fs.StringVar(&f.account, "account", "",
		"sign in as `HANDLE:PASSWORD`; the embedded server has alice@hotmail.com:alicepw")
	fs.DurationVar(&f.patience, "timeout", 5*time.Second, "how long to wait for the server")
	fs.StringVarP(&f.form, "type", "T", "text", "form of the report: text or json")
	_ = c.RegisterFlagCompletionFunc("type",
		cobra.FixedCompletions([]string{"text", "json"}, cobra.ShellCompDirectiveNoFileComp))
	f.preset, f.notifications = "lenient", 1
	return c
}

func (f *doctorFlags) run(ctx context.Context, e *env) error {
	if f.form != "text" && f.form != "json" {
		return usage("-T %s: the forms are text and json", f.form)
	}
	if _, _, ok := strings.Cut(f.account, ":"); !ok && f.account != "" {
		return usage("--account: it must be HANDLE:PASSWORD")
	}
	if f.account == "" && f.upstream == "" {
		f.account = "alice@hotmail.com:alicepw"
	}
	d, err := f.examine(ctx)
	if err != nil {
		return err
	}
	print := d.WriteText
	if f.form == "json" {
		print = func(w io.Writer) error { return printJSON(w, d) }
	}
	if err := print(e.stdout); err != nil {
		return &exitError{exitIO, fmt.Errorf("write the report: %w", err), ""}
	}
	switch {
	case ctx.Err() != nil:
		return ctx.Err()
	case !d.Inside:
		return &exitError{exitDiffers, errors.New("a client would not stay inside the proxy"), ""}
	}
	return nil
}

// examine examines the proxy that the flags describe. Its errors are mistakes of the command line;
// whatever else goes wrong is a finding.
func (f *doctorFlags) examine(ctx context.Context) (*doctor.Diagnosis, error) {
	o, srv, err := f.options(slog.New(slog.DiscardHandler))
	if err != nil {
		return nil, err
	}
	if srv != nil {
		defer srv.Close()
	}
	on, err := listenAll(f.listen, listen)
	if x := (*exitError)(nil); errors.As(err, &x) && x.code == exitUsage {
		return nil, err
	}
	if err != nil {
		return doctor.CannotListen(ctx, f.listen, err), nil
	}
	d := doctor.Options{Proxy: o, Listeners: on, Patience: f.patience}
	d.Handle, d.Password, _ = strings.Cut(f.account, ":")
	if srv == nil {
		d.Loop = on.leadingTo(ctx, o.Upstream)
	}
	return doctor.Examine(ctx, d), nil
}
