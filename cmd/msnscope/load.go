package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"maps"
	"net"
	"net/netip"
	"slices"
	"text/tabwriter"
	"time"

	"github.com/spf13/cobra"

	"github.com/msnscope/msnscope/decode/referral"
	"github.com/msnscope/msnscope/internal/loadgen"
)

const (
	// maxLoadUsers is more connections than a process may have on most systems.
	maxLoadUsers = 50_000
	maxLoadTime  = 24 * time.Hour
)

// loadFlags are the flags of load.
type loadFlags struct {
	serverFlags
	to, mode, form string
	users          int
	allowRemote    bool
	o              loadgen.Options
}

func loadCommand(e *env) *cobra.Command {
	var f loadFlags
	c := &cobra.Command{
		Use:   "load",
		Short: "A load generator: sign-ins, presence, chat, idle users, with latency percentiles",
		Long: "Puts a server under load and reports how long operations took and what failed. Modes:\n" +
			"\n" +
			"  signin    users sign in and off again, all the time\n" +
			"  presence  in each group one user changes its state, and the others have it on their forward\n" +
			"            lists (and keep it there)\n" +
			"  chat      in each pair one user writes and the other reads, one message at a time\n" +
			"  group     in each group one user writes and all others read\n" +
			"  idle      users sign in and stay\n" +
			"  lists     each user adds the next one to its allow list and removes it again: how fast the\n" +
			"            server stores\n" +
			"\n" +
			"--rate and --messages count sign-ins, changes or messages, depending on the mode. The server must\n" +
			"have the accounts of --user; without it they are alice, bob, carol and dave @hotmail.com with the\n" +
			"passwords alicepw to davepw. An embedded server has whatever accounts are needed. The exit code is\n" +
			"1 when something failed.",
		Example: "  msnscope load --mode chat --users 100 --duration 2s\n" +
			"  msnscope load --to 127.0.0.1 --mode signin --rate 500 --user 'user{1..1000}@hotmail.com:secret'",
		Args: noArgs,
		RunE: func(c *cobra.Command, _ []string) error { return f.run(c.Context(), e) },
	}
	fs := c.Flags()
	fs.SortFlags = false
	fs.StringVar(&f.to, "to", "embedded", "the server: `ADDR`, or embedded for one in this process")
	fs.StringVar(&f.mode, "mode", "chat", "what the users do: signin, presence, chat, group, idle or lists")
	fs.IntVar(&f.users, "users", 0,
		"how many users; default: as many as there are accounts, 100 for an embedded server")
	fs.IntVar(&f.o.GroupSize, "group", 10, "users of a group, in the modes presence and group")
	fs.Float64Var(&f.o.Rate, "rate", 0,
		"sign-ins, changes or messages a second, for all users together; 0 is as many as possible")
	fs.IntVar(&f.o.Messages, "messages", 0,
		"sign-ins or list changes a user, changes of state or messages a group; 0 is as many as possible")
	fs.DurationVar(&f.o.Duration, "duration", 10*time.Second, "how long to run once all users are signed in")
	fs.BoolVar(&f.allowRemote, "allow-remote", false,
		"also to a server that is not on this machine: ask its owner first")
	fs.StringVarP(&f.form, "type", "T", "text", "form of the report: text or json")
	f.add(fs)
	completeForms(c, "text", "json")
	return c
}

func (f *loadFlags) run(ctx context.Context, e *env) error {
	if err := f.check(); err != nil {
		return err
	}
	close, err := f.target(e)
	if err != nil {
		return err
	}
	defer close()
	if isTerminal(e.stderr) {
		f.o.Progress = func(p loadgen.Progress) {
			fmt.Fprintf(e.stderr, "\rmsnscope: %.0f s, %d of %d signed in, %d done, %d errors\x1b[K",
				p.Elapsed.Seconds(), p.SignedIn, p.Users, p.Acts, p.Errors)
		}
	}
	report, err := loadgen.Run(ctx, f.o)
	if f.o.Progress != nil {
		fmt.Fprint(e.stderr, "\r\x1b[K")
	}
	if err != nil {
		return usage("%w", err)
	}
	print := printLoad
	if f.form == "json" {
		print = func(w io.Writer, r *loadgen.Report) error { return printJSON(w, r) }
	}
	if err := writeError(print(e.stdout, report)); err != nil {
		return err
	}
	switch {
	case ctx.Err() != nil:
		return context.Cause(ctx)
	case len(report.Errors) > 0:
		return &exitError{code: exitDiffers}
	}
	return nil
}

func (f *loadFlags) check() error {
	switch {
	case f.form != "text" && f.form != "json":
		return usage("-T %s: the forms are text and json", f.form)
	case f.users < 0 || f.users > maxLoadUsers:
		return usage("--users: %d is not a number of users up to %d", f.users, maxLoadUsers)
	case f.o.Duration <= 0 || f.o.Duration > maxLoadTime:
		return usage("--duration: %v is not a time up to %v", f.o.Duration, maxLoadTime)
	}
	f.o.Mode, f.o.AllowRemote = loadgen.Mode(f.mode), f.allowRemote
	return nil
}

// target sets the server that gets the load, and its users. The caller calls close in the end.
func (f *loadFlags) target(e *env) (close func(), err error) {
	if f.to == "embedded" {
		return f.embedded(e)
	}
	var ok bool
	if f.o.Server, ok = referral.Normalize(f.to); !ok {
		return nil, usage("--to %q: it must be HOST, HOST:PORT or embedded", f.to)
	}
	if err := mayTrouble("--to "+f.to, f.o.Server, f.allowRemote); err != nil {
		return nil, err
	}
	if len(f.serverFlags.users) == 0 {
		f.serverFlags.users = defaultUsers()
	}
	return func() {}, f.setUsers()
}

// mayTrouble returns an error for a server that may be on another machine, unless its owner agrees:
// floods and broken commands would harm others. given is the address as the command line has it.
func mayTrouble(given, addr string, allowed bool) error {
	if host, _, _ := net.SplitHostPort(addr); !allowed && !isLoopback(host) {
		return &exitError{
			exitUsage, fmt.Errorf("%s: this may be another machine", given),
			"--allow-remote, if the server's owner agrees; or 127.0.0.1",
		}
	}
	return nil
}

// defaultUsers returns the accounts that every embedded server has, in the form of --user.
func defaultUsers() []string {
	return []string{
		"alice@hotmail.com:alicepw", "bob@hotmail.com:bobpw", "carol@hotmail.com:carolpw",
		"dave@hotmail.com:davepw",
	}
}

func isLoopback(host string) bool {
	ip, err := netip.ParseAddr(host)
	return host == "localhost" || err == nil && ip.IsLoopback()
}

// embedded starts a server in this process with the users and enough connections. The caller calls
// close in the end.
func (f *loadFlags) embedded(e *env) (close func(), err error) {
	if len(f.serverFlags.users) == 0 {
		if f.users == 0 {
			f.users = 100
		}
		f.serverFlags.users = []string{fmt.Sprintf("user{1..%d}@hotmail.com:secret", f.users)}
	}
	if err := f.setUsers(); err != nil {
		return nil, err
	}
	// Each user is connected to notification and in a session; the rest is room for connections
	// that are ending.
	f.connections = max(f.connections, 4*len(f.o.Users)+100)
	srv, err := f.embed(e.logger(nil))
	if err != nil {
		return nil, err
	}
	f.o.Server, f.o.Dial = srv.entry, srv.Dial
	return srv.Close, nil
}

func (f *loadFlags) setUsers() error {
	all, err := f.accounts()
	if err != nil {
		return err
	}
	if f.users > len(all) {
		return &exitError{
			exitUsage, fmt.Errorf("--users %d: there are %d accounts", f.users, len(all)),
			fmt.Sprintf("--user 'user{1..%d}@hotmail.com:secret', for msnscope serve as well", f.users),
		}
	}
	if f.users > 0 {
		all = all[:f.users]
	}
	for _, a := range all {
		f.o.Users = append(f.o.Users, loadgen.User{Handle: a.handle, Password: a.password})
	}
	return nil
}

func printLoad(w io.Writer, r *loadgen.Report) error {
	fmt.Fprintf(w, "mode %s, %d users, %d signed in at the end, %.1f s\n", r.Mode, r.Users, r.SignedIn, r.Seconds)
	t := tabwriter.NewWriter(w, 0, 0, 2, ' ', tabwriter.AlignRight)
	fmt.Fprintln(t, "ms\tcount\ta second\tmean\tp50\tp90\tp99\tp99.9\tmax\t")
	for _, name := range slices.Sorted(maps.Keys(r.Operations)) {
		l := r.Operations[name]
		fmt.Fprintf(t, "%s\t%d\t%.0f\t%.3f\t%.3f\t%.3f\t%.3f\t%.3f\t%.3f\t\n", name, l.Count, l.Rate, l.Mean, l.P50,
			l.P90, l.P99, l.P999, l.Max)
	}
	err := t.Flush()
	for _, kind := range slices.Sorted(maps.Keys(r.Errors)) {
		_, more := fmt.Fprintf(w, "error: %s: %d times\n", printable(kind), r.Errors[kind])
		err = errors.Join(err, more)
	}
	return err
}
