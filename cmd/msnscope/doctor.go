package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"slices"
	"strings"
	"time"

	"github.com/spf13/cobra"
)

// finding is what one look of the doctor's came to.
type finding struct {
	// Check names what was looked at: listen, upstream, protocol, referral, address, port, sign-in.
	Check string `json:"check"`
	// Status is ok, warn (it may be as it should) or fail (a client would not stay inside, or not get in).
	Status string `json:"status"`
	Text   string `json:"text"`
	Hint   string `json:"hint,omitempty"`
}

// diagnosis is all that the doctor found.
type diagnosis struct {
	Inside   bool      `json:"inside"` // a client would stay inside the proxy
	Findings []finding `json:"findings"`
}

func (d *diagnosis) add(check, status, hint, form string, args ...any) {
	d.Findings = append(d.Findings, finding{check, status, fmt.Sprintf(form, args...), hint})
}

// failed reports whether something is in the way.
func (d *diagnosis) failed() bool {
	return slices.ContainsFunc(d.Findings, func(f finding) bool { return f.Status == "fail" })
}

// doctorFlags are those of the proxy that decide where clients go, and what the doctor needs besides.
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
		Long: "Starts the proxy as it would be started with the same flags, signs in through it as a client would, and says whether\n" +
			"every connection came back through the proxy: whether the ports are free, the upstream is there and speaks MSN, where it\n" +
			"refers clients to, whether what they are told instead can be reached from here, and what a client does that does not\n" +
			"honour the port of a referral. With --account it signs in, goes online and opens a switchboard; without, it stops\n" +
			"where a password is asked for. Exit code 0: a client stays inside; 1: it does not.",
		Example: "  msnscope doctor --upstream 192.0.2.33\n" +
			"  msnscope doctor --listen 127.0.0.1:2000 --upstream 192.0.2.33 --account alice@hotmail.com:secret -T json",
		Args: noArgs,
		RunE: func(c *cobra.Command, _ []string) error { return f.run(c.Context(), e) },
	}
	fs := c.Flags()
	fs.SortFlags = false
	fs.StringVar(&f.upstream, "upstream", "", "the server to go to (port 1863 if none is given); default: the embedded one")
	fs.StringArrayVar(&f.listen, "listen", []string{defaultListen}, "where clients connect; may be repeated")
	fs.StringVar(&f.advertise, "advertise", "", "what rewritten addresses say, `HOST[:PORT]`")
	fs.IntVar(&f.referralPorts, "referral-ports", 0, "one more listener for each server that clients are referred to, from this `PORT` on")
	fs.BoolVar(&f.onePerWrite, "one-per-write", false, "each command in a write of its own")
	fs.StringVar(&f.account, "account", "", "sign in as `HANDLE:PASSWORD`; the embedded server has alice@hotmail.com:alicepw")
	fs.DurationVar(&f.patience, "timeout", 5*time.Second, "how long to wait for the server")
	fs.StringVarP(&f.form, "type", "T", "text", "form of the report: text or json")
	_ = c.RegisterFlagCompletionFunc("type", cobra.FixedCompletions([]string{"text", "json"}, cobra.ShellCompDirectiveNoFileComp))
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
	d, err := f.examine(ctx, slog.New(slog.DiscardHandler))
	if err != nil {
		return err
	}
	if err := d.print(e.stdout, f.form); err != nil {
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

// print writes the report.
func (d *diagnosis) print(w io.Writer, form string) error {
	if form == "json" {
		enc := json.NewEncoder(w)
		enc.SetIndent("", "  ")
		return enc.Encode(d)
	}
	var b strings.Builder
	for _, f := range d.Findings {
		mark := map[string]string{"ok": "✓", "warn": "!", "fail": "✗"}[f.Status]
		fmt.Fprintf(&b, "%s  %-9s %s\n", mark, f.Check, printable(f.Text))
		if f.Hint != "" {
			fmt.Fprintf(&b, "             hint: %s\n", printable(f.Hint))
		}
	}
	verdict := "inside: a client stays inside the proxy"
	if !d.Inside {
		verdict = "outside: a client does not stay inside the proxy, or does not get in"
	}
	_, err := fmt.Fprintln(w, b.String()+verdict)
	return err
}
