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
	"github.com/msnscope/msnscope/server/cluster"
)

// accountFlags are the flags that the accounts verbs share.
type accountFlags struct {
	storeFlags
	name, password, form string
}

func accountsCommand(e *env) *cobra.Command {
	var f accountFlags
	c := &cobra.Command{
		Use:   "accounts",
		Short: "Add, change and list accounts, also while their server runs",
		Long: "Creates and changes accounts in the database of `msnscope serve --db FILE`, or those of a cluster:\n" +
			"--data names the folder of a node that runs on this machine. A running server learns of each\n" +
			"change at once and notifies its users.",
		Example: "  msnscope accounts add erin@hotmail.com --name Erin --password secret --db accounts.db\n" +
			"  msnscope accounts lists add erin@hotmail.com FL erin@hotmail.com --db accounts.db\n" +
			"  msnscope accounts show erin@hotmail.com --db accounts.db",
		Args: noArgs, RunE: needsVerb,
	}
	c.PersistentFlags().SortFlags = false
	f.storeFlags.add(c.PersistentFlags())
	lists := &cobra.Command{
		Use: "lists", Short: "Add somebody to a list of a user, or remove somebody",
		Example: "  msnscope accounts lists add erin@hotmail.com FL dave@hotmail.com --db accounts.db",
		Args:    noArgs, RunE: needsVerb,
	}
	lists.AddCommand(f.listAdd(e), f.listRem(e))
	c.AddCommand(f.add(e), f.passwd(e), f.remove(e), f.list(e), f.show(e), lists, f.state(e), f.notify(e), f.kick(e),
		f.export(e), f.importAll(e))
	return c
}

// needsVerb refuses to run a command that only has subcommands.
func needsVerb(c *cobra.Command, _ []string) error {
	return &exitError{
		exitUsage, fmt.Errorf("%s needs a command", c.CommandPath()),
		c.CommandPath() + " --help lists them",
	}
}

// with opens the accounts, calls do and closes them again. Unless existing is set, which only add
// and import leave unset, it creates a database that is not there.
func (f *accountFlags) with(ctx context.Context, do func(accountStore) error, existing bool) (err error) {
	s, err := f.open(ctx, existing)
	if err != nil {
		return storeError(err)
	}
	defer func() { err = errors.Join(err, storeError(s.Close())) }()
	return storeError(do(s))
}

// storeError gives an error of a store its exit code: 3 where the file failed, 1 where these
// accounts cannot be changed in that way.
func storeError(err error) error {
	var file *accounts.FileError
	var done *exitError
	switch {
	case err == nil || errors.As(err, &done) || errors.Is(err, context.Canceled):
		return err
	case errors.As(err, &file):
		return &exitError{exitIO, err, file.Remedy}
	case errors.Is(err, accounts.ErrNoServer):
		return &exitError{exitDiffers, err, "msnscope serve starts one"}
	case errors.Is(err, cluster.ErrNoMajority):
		return &exitError{exitTimeout, err, "start more of its nodes, then try again; the change may have been made"}
	}
	return &exitError{exitDiffers, err, ""}
}

func (f *accountFlags) add(e *env) *cobra.Command {
	c := &cobra.Command{
		Use: "add HANDLE...", Short: "Create accounts",
		Long: "Creates accounts, and the database if it does not exist. {1..N} in a handle creates N accounts.\n" +
			"All of them get the same password, which is asked for at the terminal.",
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
	c.Flags().StringVar(&f.password, "password", "",
		"the password, - reads it from standard input; other users of this machine may see it here")
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
	return f.with(ctx, func(s accountStore) error {
		return eachAtOnce(ctx, handles, func(h string) error {
			name := f.name
			if name == "" {
				name, _, _ = strings.Cut(h, "@")
			}
			return forAccount(h, s.Create(h, password, decode.Escape(name)))
		})
	}, false)
}

// forAccount adds to an error the handle of the account that it concerns.
func forAccount(handle string, err error) error {
	if err == nil || errors.As(err, new(*accounts.FileError)) {
		return err
	}
	return fmt.Errorf("%s: %w", handle, err)
}

func (f *accountFlags) passwd(e *env) *cobra.Command {
	c := &cobra.Command{
		Use: "passwd HANDLE", Short: "Change the password of an account",
		Long: "Changes the password of an account. A running server ends every connection of the user, who can\n" +
			"log on again with the new password.",
		Example: "  msnscope accounts passwd erin@hotmail.com --password other --db accounts.db",
		Args:    cobra.ExactArgs(1),
		RunE: func(c *cobra.Command, args []string) error {
			return f.with(c.Context(), func(s accountStore) error {
				if _, err := s.Lookup(c.Context(), args[0]); err != nil { // before anything is typed
					return forAccount(args[0], err)
				}
				password, err := e.password(c.Context(), f.password, c.Flags().Changed("password"), args[0])
				if err != nil {
					return err
				}
				return forAccount(args[0], s.SetPassword(c.Context(), args[0], password))
			}, true)
		},
	}
	f.addPassword(c)
	return c
}

func (f *accountFlags) remove(*env) *cobra.Command {
	return &cobra.Command{
		Use: "remove HANDLE...", Short: "Remove accounts, also from the lists of all other users",
		Long: "Removes accounts, also from the lists of all other users. A running server ends every connection\n" +
			"of these users, chats included.",
		Example: "  msnscope accounts remove frank@hotmail.com --db accounts.db",
		Args:    cobra.MinimumNArgs(1),
		RunE: func(c *cobra.Command, args []string) error {
			handles, err := expandAll(args)
			if err != nil {
				return err
			}
			return f.with(c.Context(), func(s accountStore) error {
				return eachAtOnce(c.Context(), handles,
					func(h string) error { return forAccount(h, s.Delete(c.Context(), h)) })
			}, true)
		},
	}
}

func (f *accountFlags) listAdd(e *env) *cobra.Command {
	c := &cobra.Command{
		Use: "add HANDLE FL|AL|BL OTHER", Short: "Add OTHER to a list of HANDLE",
		Example: "  msnscope accounts lists add erin@hotmail.com BL dave@hotmail.com --db accounts.db",
		Args:    cobra.ExactArgs(3),
		RunE: func(c *cobra.Command, args []string) error {
			if err := accounts.CheckName(decode.Escape(f.name)); err != nil {
				return usage("--name: %w", err)
			}
			return f.onList(c.Context(), args, func(s accountStore, l accounts.List) error {
				entry := accounts.Entry{Handle: args[2], Name: decode.Escape(f.name)}
				if f.name == "" {
					if other, err := s.Lookup(c.Context(), args[2]); err == nil {
						entry.Name = other.FriendlyName
					}
				}
				// The server limits its clients; the owner of the file may go beyond that limit.
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
		Use: "rem HANDLE FL|AL|BL OTHER", Short: "Remove OTHER from a list of HANDLE",
		Example: "  msnscope accounts lists rem erin@hotmail.com BL dave@hotmail.com --db accounts.db",
		Args:    cobra.ExactArgs(3),
		RunE: func(c *cobra.Command, args []string) error {
			return f.onList(c.Context(), args, func(s accountStore, l accounts.List) error {
				_, err := s.Remove(c.Context(), args[0], l, args[2])
				return err
			})
		},
	}
}

func (f *accountFlags) onList(ctx context.Context, args []string, do func(accountStore, accounts.List) error) error {
	l, ok := accounts.ParseList(strings.ToUpper(args[1]))
	switch {
	case !ok:
		return usage("%q is not a list: the lists are FL, AL and BL", args[1])
	case l == accounts.Reverse:
		return &exitError{
			exitUsage, errors.New("the reverse list follows from the forward lists of others"),
			"change FL of OTHER",
		}
	}
	return f.with(ctx, func(s accountStore) error {
		return forAccount(fmt.Sprintf("%s, %s, %s", args[0], l, args[2]), do(s, l))
	}, true)
}

func (f *accountFlags) state(*env) *cobra.Command {
	return &cobra.Command{
		Use: "state HANDLE STATE", Short: "Set the state of a user who is logged on",
		Long: "Sets the state of a user who is logged on to a running server, as NLN, BSY or AWY (" +
			strings.Join(dialect.States, ", ") + ").",
		Example:   "  msnscope accounts state erin@hotmail.com AWY --db accounts.db",
		Args:      cobra.ExactArgs(2),
		ValidArgs: dialect.States,
		RunE: func(c *cobra.Command, args []string) error {
			state := strings.ToUpper(args[1])
			if !slices.Contains(dialect.States, state) {
				return usage("%q is not a state: the states are %s", args[1], strings.Join(dialect.States, ", "))
			}
			return f.tell(c.Context(), accounts.News{What: accounts.State, Handle: args[0], Value: state})
		},
	}
}

func (f *accountFlags) notify(e *env) *cobra.Command {
	return &cobra.Command{
		Use: "notify HANDLE TEXT", Short: "Send a message to a user who is logged on",
		Long: "Sends a system message to a user who is logged on to a running server (§8.8). TEXT - is read from\n" +
			"standard input.",
		Example: "  msnscope accounts notify erin@hotmail.com 'The server stops at noon.' --db accounts.db",
		Args:    cobra.ExactArgs(2),
		RunE: func(c *cobra.Command, args []string) error {
			text := args[1]
			if text == "-" {
				all, err := io.ReadAll(io.LimitReader(&interruptible{c.Context(), e.stdin}, accounts.MaxText+2))
				if err != nil {
					return err
				}
				text = strings.TrimSuffix(string(all), "\n")
			}
			text = strings.ToValidUTF8(text, "\uFFFD")
			if err := accounts.CheckText(text); err != nil {
				return usage("%w", err)
			}
			return f.tell(c.Context(), accounts.News{What: accounts.Text, Handle: args[0], Value: text})
		},
	}
}

func (f *accountFlags) kick(*env) *cobra.Command {
	return &cobra.Command{
		Use: "kick HANDLE", Short: "End every connection of a user",
		Long: "Ends every connection of a user to a running server, chats included, and the user's open\n" +
			"invitations. The user may log on again, unless `msnscope accounts passwd` changes the password.",
		Example: "  msnscope accounts kick erin@hotmail.com --db accounts.db",
		Args:    cobra.ExactArgs(1),
		RunE: func(c *cobra.Command, args []string) error {
			return f.tell(c.Context(), accounts.News{What: accounts.Ended, Handle: args[0], Value: "kicked"})
		},
	}
}

func (f *accountFlags) tell(ctx context.Context, n accounts.News) error {
	return f.with(ctx, func(s accountStore) error { return forAccount(n.Handle, s.Tell(ctx, n)) }, true)
}
