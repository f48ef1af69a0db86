package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"math"
	"slices"
	"strings"

	"github.com/spf13/cobra"

	"github.com/msnscope/msnscope/decode"
	"github.com/msnscope/msnscope/decode/dialect"
	"github.com/msnscope/msnscope/server/accounts"
)

// maxNotice is how long a message of notify is: clients take messages of at most 1664 bytes, headers included.
const maxNotice = 1500

// accountFlags are those of accounts' verbs.
type accountFlags struct {
	db, name, password, form string
}

func accountsCommand(e *env) *cobra.Command {
	var f accountFlags
	c := &cobra.Command{
		Use:   "accounts",
		Short: "Accounts of a server's database: add, change, list; also while the server runs",
		Long: "Makes and changes the accounts in the database of `msnscope serve --db FILE`. A server that runs learns of it at once, and\n" +
			"tells its users.",
		Example: "  msnscope accounts add erin@hotmail.com --name Erin --password secret --db accounts.db\n" +
			"  msnscope accounts lists add erin@hotmail.com FL erin@hotmail.com --db accounts.db\n" +
			"  msnscope accounts show erin@hotmail.com --db accounts.db",
		Args: noArgs, RunE: needsVerb,
	}
	c.PersistentFlags().StringVar(&f.db, "db", "", "the database, a SQLite `FILE`")
	lists := &cobra.Command{
		Use: "lists", Short: "Put somebody on a list of a user, or take off",
		Example: "  msnscope accounts lists add erin@hotmail.com FL dave@hotmail.com --db accounts.db",
		Args:    noArgs, RunE: needsVerb,
	}
	lists.AddCommand(f.listAdd(e), f.listRem(e))
	c.AddCommand(f.add(e), f.passwd(e), f.remove(e), f.list(e), f.show(e), lists, f.state(e), f.notify(e))
	return c
}

// needsVerb is for a command that only has others below it.
func needsVerb(c *cobra.Command, _ []string) error {
	return &exitError{exitUsage, fmt.Errorf("%s needs a command", c.CommandPath()), c.CommandPath() + " --help lists them"}
}

// with opens the database for one verb. Only add may make one.
func (f *accountFlags) with(do func(*accounts.SQLite) error, existing bool) (err error) {
	if f.db == "" {
		return &exitError{exitUsage, errors.New("no database is named"), "--db FILE names it, as for msnscope serve"}
	}
	s, err := accounts.Open(f.db, accounts.OpenOptions{Existing: existing, Announce: true})
	if err != nil {
		return storeError(err)
	}
	defer func() { err = errors.Join(err, storeError(s.Close())) }()
	return storeError(do(s))
}

// storeError gives an error of a store its exit code: 3 for a file, 1 for what cannot be done to these accounts.
func storeError(err error) error {
	var file *accounts.FileError
	var done *exitError
	switch {
	case err == nil || errors.As(err, &done) || errors.Is(err, context.Canceled):
		return err
	case errors.As(err, &file):
		return &exitError{exitIO, err, file.Remedy}
	case errors.Is(err, accounts.ErrNoServer):
		return &exitError{exitDiffers, err, "msnscope serve --db FILE starts one"}
	}
	return &exitError{exitDiffers, err, ""}
}

func (f *accountFlags) add(e *env) *cobra.Command {
	c := &cobra.Command{
		Use: "add HANDLE...", Short: "Make accounts",
		Long: "Makes accounts, and the database when there is none. {1..N} in a handle makes so many. All get the same password, which is\n" +
			"asked for at the terminal.",
		Example: "  msnscope accounts add frank@hotmail.com --password secret --db accounts.db\n" +
			"  msnscope accounts add 'user{1..1000}@hotmail.com' --password secret --db accounts.db",
		Args: cobra.MinimumNArgs(1),
		RunE: func(c *cobra.Command, args []string) error {
			return f.create(c.Context(), e, args, c.Flags().Changed("password"))
		},
	}
	c.Flags().StringVar(&f.name, "name", "", "the friendly name; default: what is before the @")
	f.addPassword(c)
	return c
}

func (f *accountFlags) addPassword(c *cobra.Command) {
	c.Flags().StringVar(&f.password, "password", "", "the password, - reads it from standard input; other users of this machine may see it here")
}

func (f *accountFlags) create(ctx context.Context, e *env, patterns []string, given bool) error {
	handles, err := expandAll(patterns)
	if err != nil {
		return err
	}
	for _, h := range handles {
		if err := errors.Join(accounts.CheckHandle(h), accounts.CheckName(decode.Escape(f.name))); err != nil {
			return usage("%s: %w", h, err)
		}
	}
	whose := handles[0]
	if len(handles) > 1 {
		whose = fmt.Sprintf("%d accounts", len(handles))
	}
	password, err := e.password(ctx, f.password, given, whose)
	if err != nil {
		return err
	}
	return f.with(func(s *accounts.SQLite) error {
		return eachAtOnce(ctx, handles, func(h string) error {
			name := f.name
			if name == "" {
				name, _, _ = strings.Cut(h, "@")
			}
			return about(h, s.Create(h, password, decode.Escape(name)))
		})
	}, false)
}

// about says whose account an error is of.
func about(handle string, err error) error {
	if err == nil || errors.As(err, new(*accounts.FileError)) {
		return err
	}
	return fmt.Errorf("%s: %w", handle, err)
}

func (f *accountFlags) passwd(e *env) *cobra.Command {
	c := &cobra.Command{
		Use: "passwd HANDLE", Short: "Give an account another password",
		Example: "  msnscope accounts passwd erin@hotmail.com --password other --db accounts.db",
		Args:    cobra.ExactArgs(1),
		RunE: func(c *cobra.Command, args []string) error {
			return f.with(func(s *accounts.SQLite) error {
				if _, err := s.Lookup(c.Context(), args[0]); err != nil { // before anything is typed
					return about(args[0], err)
				}
				password, err := e.password(c.Context(), f.password, c.Flags().Changed("password"), args[0])
				if err != nil {
					return err
				}
				return about(args[0], s.SetPassword(c.Context(), args[0], password))
			}, true)
		},
	}
	f.addPassword(c)
	return c
}

func (f *accountFlags) remove(*env) *cobra.Command {
	return &cobra.Command{
		Use: "remove HANDLE...", Short: "Take accounts away, and off the lists of all others",
		Example: "  msnscope accounts remove frank@hotmail.com --db accounts.db",
		Args:    cobra.MinimumNArgs(1),
		RunE: func(c *cobra.Command, args []string) error {
			handles, err := expandAll(args)
			if err != nil {
				return err
			}
			return f.with(func(s *accounts.SQLite) error {
				return eachAtOnce(c.Context(), handles, func(h string) error { return about(h, s.Delete(c.Context(), h)) })
			}, true)
		},
	}
}

func (f *accountFlags) listAdd(e *env) *cobra.Command {
	c := &cobra.Command{
		Use: "add HANDLE FL|AL|BL OTHER", Short: "Put OTHER on a list of HANDLE",
		Example: "  msnscope accounts lists add erin@hotmail.com BL dave@hotmail.com --db accounts.db",
		Args:    cobra.ExactArgs(3),
		RunE: func(c *cobra.Command, args []string) error {
			if err := accounts.CheckName(decode.Escape(f.name)); err != nil {
				return usage("--name: %w", err)
			}
			return f.onList(args, func(s *accounts.SQLite, l accounts.List) error {
				entry := accounts.Entry{Handle: args[2], Name: decode.Escape(f.name)}
				if f.name == "" {
					if other, err := s.Lookup(c.Context(), args[2]); err == nil {
						entry.Name = other.FriendlyName
					}
				}
				// The limit is the server's, for its clients; who has the file has the last word.
				_, err := s.Add(c.Context(), args[0], l, entry, math.MaxInt)
				return err
			})
		},
	}
	c.Flags().StringVar(&f.name, "name", "", "the name that HANDLE has for OTHER; default: OTHER's own")
	return c
}

func (f *accountFlags) listRem(*env) *cobra.Command {
	return &cobra.Command{
		Use: "rem HANDLE FL|AL|BL OTHER", Short: "Take OTHER off a list of HANDLE",
		Example: "  msnscope accounts lists rem erin@hotmail.com BL dave@hotmail.com --db accounts.db",
		Args:    cobra.ExactArgs(3),
		RunE: func(c *cobra.Command, args []string) error {
			return f.onList(args, func(s *accounts.SQLite, l accounts.List) error {
				_, err := s.Remove(c.Context(), args[0], l, args[2])
				return err
			})
		},
	}
}

func (f *accountFlags) onList(args []string, do func(*accounts.SQLite, accounts.List) error) error {
	l, ok := accounts.ParseList(strings.ToUpper(args[1]))
	switch {
	case !ok:
		return usage("%q is no list: these are FL, AL and BL", args[1])
	case l == accounts.Reverse:
		return &exitError{exitUsage, errors.New("the reverse list follows from the forward lists of others"), "change FL of OTHER"}
	}
	return f.with(func(s *accounts.SQLite) error {
		return about(fmt.Sprintf("%s, %s, %s", args[0], l, args[2]), do(s, l))
	}, true)
}

func (f *accountFlags) state(*env) *cobra.Command {
	return &cobra.Command{
		Use: "state HANDLE STATE", Short: "Set the state of a user who is logged on",
		Long:      "Sets the state of a user who is logged on to a running server, as NLN, BSY or AWY (" + strings.Join(dialect.States, ", ") + ").",
		Example:   "  msnscope accounts state erin@hotmail.com AWY --db accounts.db",
		Args:      cobra.ExactArgs(2),
		ValidArgs: dialect.States,
		RunE: func(c *cobra.Command, args []string) error {
			state := strings.ToUpper(args[1])
			if !slices.Contains(dialect.States, state) {
				return usage("%q is no state: these are %s", args[1], strings.Join(dialect.States, ", "))
			}
			return f.tell(c.Context(), accounts.News{What: accounts.State, Handle: args[0], Value: state})
		},
	}
}

func (f *accountFlags) notify(e *env) *cobra.Command {
	return &cobra.Command{
		Use: "notify HANDLE TEXT", Short: "Send a message to a user who is logged on",
		Long:    "Sends a message of the system to a user who is logged on to a running server (§8.8). - reads it from standard input.",
		Example: "  msnscope accounts notify erin@hotmail.com 'The server stops at noon.' --db accounts.db",
		Args:    cobra.ExactArgs(2),
		RunE: func(c *cobra.Command, args []string) error {
			text := args[1]
			if text == "-" {
				all, err := io.ReadAll(io.LimitReader(&interruptible{c.Context(), e.stdin}, maxNotice+2))
				if err != nil {
					return err
				}
				text = strings.TrimSuffix(string(all), "\n")
			}
			if text == "" || len(text) > maxNotice {
				return usage("the message has %d bytes; it must have from 1 to %d", len(text), maxNotice)
			}
			return f.tell(c.Context(), accounts.News{What: accounts.Text, Handle: args[0], Value: strings.ToValidUTF8(text, "\uFFFD")})
		},
	}
}

func (f *accountFlags) tell(ctx context.Context, n accounts.News) error {
	return f.with(func(s *accounts.SQLite) error { return about(n.Handle, s.Tell(ctx, n)) }, true)
}
