package main

import (
	"context"
	"encoding/json"
	"fmt"
	"io"
	"strings"
	"text/tabwriter"

	"github.com/spf13/cobra"

	"github.com/msnscope/msnscope/decode"
	"github.com/msnscope/msnscope/internal/format"
	"github.com/msnscope/msnscope/server/accounts"
)

// accountJSON is an account for scripts. It never has the password.
type accountJSON struct {
	Handle string      `json:"handle"`
	Name   format.Text `json:"name"`
	Serial int         `json:"serial"`
	GTC    string      `json:"gtc"`
	BLP    string      `json:"blp"`
	// Lists has FL, RL, AL and BL.
	Lists map[string][]entryJSON `json:"lists"`
}

type entryJSON struct {
	Handle string      `json:"handle"`
	Name   format.Text `json:"name"`
}

// allLists has the four lists in the order in which a synchronization sends them (§7.5).
var allLists = []accounts.List{accounts.Forward, accounts.Allow, accounts.Block, accounts.Reverse}

func accountOf(u *accounts.User) accountJSON {
	a := accountJSON{
		u.Handle, format.Text(decode.Unescape(u.FriendlyName)), u.Serial, u.GTC, u.BLP,
		map[string][]entryJSON{},
	}
	for _, l := range allLists {
		list := make([]entryJSON, 0, len(u.Lists[l]))
		for _, e := range u.Lists[l] {
			list = append(list, entryJSON{e.Handle, format.Text(decode.Unescape(e.Name))})
		}
		a.Lists[l.String()] = list
	}
	return a
}

func (f *accountFlags) list(e *env) *cobra.Command {
	c := &cobra.Command{
		Use: "list", Short: "List the accounts", Args: noArgs,
		Example: "  msnscope accounts list --db accounts.db\n  msnscope accounts list -T json --db accounts.db",
		RunE: func(c *cobra.Command, _ []string) error {
			print, err := f.printer(printTable)
			if err != nil {
				return err
			}
			return f.with(c.Context(), func(s accountStore) error {
				handles, err := s.Handles(c.Context())
				if err != nil {
					return err
				}
				return f.print(c.Context(), e.stdout, s, handles, print)
			}, true)
		},
	}
	f.addForm(c)
	return c
}

func (f *accountFlags) show(e *env) *cobra.Command {
	c := &cobra.Command{
		Use: "show HANDLE", Short: "Show an account with its lists", Args: cobra.ExactArgs(1),
		Example: "  msnscope accounts show erin@hotmail.com --db accounts.db",
		RunE: func(c *cobra.Command, args []string) error {
			print, err := f.printer(printLists)
			if f.form == "json" {
				print = func(w io.Writer, all []accountJSON) error { return printJSON(w, all[0]) }
			}
			if err != nil {
				return err
			}
			return f.with(c.Context(), func(s accountStore) error {
				return f.print(c.Context(), e.stdout, s, args, print)
			}, true)
		},
	}
	f.addForm(c)
	return c
}

func (f *accountFlags) addForm(c *cobra.Command) {
	c.Flags().StringVarP(&f.form, "type", "T", "text", "form of the output: text or json")
	completeForms(c, "text", "json")
}

// printer returns the function that prints accounts in the form that -T names; text is the one that
// prints them for people.
func (f *accountFlags) printer(
	text func(io.Writer, []accountJSON) error,
) (func(io.Writer, []accountJSON) error, error) {
	switch f.form {
	case "text":
		return text, nil
	case "json":
		return func(w io.Writer, all []accountJSON) error { return printJSON(w, all) }, nil
	}
	return nil, usage("-T %s: the forms are text and json", f.form)
}

// print looks up the handles and prints their accounts. It fails for an account that was removed
// meanwhile.
func (f *accountFlags) print(ctx context.Context, w io.Writer, s accounts.Store, handles []string,
	print func(io.Writer, []accountJSON) error,
) error {
	all := make([]accountJSON, 0, len(handles))
	for _, h := range handles {
		u, err := s.Lookup(ctx, h)
		if err != nil {
			return forAccount(h, err)
		}
		all = append(all, accountOf(&u))
	}
	return writeError(print(w, all))
}

func printJSON(w io.Writer, v any) error {
	out := json.NewEncoder(w)
	out.SetEscapeHTML(false)
	out.SetIndent("", "  ")
	return out.Encode(v)
}

func printTable(w io.Writer, all []accountJSON) error {
	t := tabwriter.NewWriter(w, 0, 0, 2, ' ', 0)
	fmt.Fprintln(t, "HANDLE\tNAME\tSERIAL\tGTC\tBLP\tFL\tAL\tBL\tRL")
	for _, a := range all {
		fmt.Fprintf(t, "%s\t%s\t%d\t%s\t%s", format.Printable(a.Handle), format.Printable(string(a.Name)), a.Serial,
			a.GTC, a.BLP)
		for _, l := range allLists {
			fmt.Fprintf(t, "\t%d", len(a.Lists[l.String()]))
		}
		fmt.Fprintln(t)
	}
	return t.Flush()
}

func printLists(w io.Writer, all []accountJSON) error {
	var b strings.Builder
	for _, a := range all {
		fmt.Fprintf(&b, "%s  %s\nserial %d, GTC %s, BLP %s\n", format.Printable(a.Handle),
			format.Printable(string(a.Name)), a.Serial, a.GTC, a.BLP)
		for _, l := range allLists {
			for _, e := range a.Lists[l.String()] {
				fmt.Fprintf(&b, "%s  %s  %s\n", l, format.Printable(e.Handle), format.Printable(string(e.Name)))
			}
		}
	}
	_, err := io.WriteString(w, b.String())
	return err
}
