package main

import (
	"bufio"
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"unicode/utf8"

	"github.com/spf13/cobra"

	"github.com/msnscope/msnscope/server/accounts"
)

// exported is one line of an export: everything that a store has of an account, as it is stored. It
// differs from accountJSON, which is for people and lacks the password.
type exported struct {
	Handle   string          `json:"handle"`
	Password exact           `json:"password"`
	Name     exact           `json:"name"` // escaped, as on the wire
	GTC      string          `json:"gtc"`
	BLP      string          `json:"blp"`
	More     exact           `json:"more,omitempty"` // telephone numbers and groups, as the server writes them
	Serial   int             `json:"serial"`
	FL       []exportedEntry `json:"fl,omitempty"`
	RL       []exportedEntry `json:"rl,omitempty"`
	AL       []exportedEntry `json:"al,omitempty"`
	BL       []exportedEntry `json:"bl,omitempty"`
}

type exportedEntry struct {
	Handle string `json:"handle"`
	Name   exact  `json:"name,omitempty"`
}

// exact is a string in JSON that comes back byte for byte: one that is not UTF-8 is {"b64": "..."}.
type exact string

type exactBytes struct {
	B64 []byte `json:"b64"`
}

// MarshalJSON implements json.Marshaler.
func (e exact) MarshalJSON() ([]byte, error) {
	if !utf8.ValidString(string(e)) {
		return json.Marshal(exactBytes{[]byte(e)})
	}
	return json.Marshal(string(e))
}

// UnmarshalJSON implements json.Unmarshaler.
func (e *exact) UnmarshalJSON(b []byte) error {
	if !bytes.HasPrefix(b, []byte("{")) {
		return json.Unmarshal(b, (*string)(e))
	}
	var v exactBytes
	err := json.Unmarshal(b, &v)
	*e = exact(v.B64)
	return err
}

// lists returns the lists in the order of their numbers.
func (t *exported) lists() []*[]exportedEntry {
	return []*[]exportedEntry{
		accounts.Forward: &t.FL, accounts.Reverse: &t.RL, accounts.Allow: &t.AL, accounts.Block: &t.BL,
	}
}

func exportedOf(u *accounts.User) exported {
	t := exported{
		Handle: u.Handle, Password: exact(u.Password), Name: exact(u.FriendlyName), GTC: u.GTC, BLP: u.BLP,
		More: exact(u.More), Serial: u.Serial,
	}
	for l, list := range t.lists() {
		for _, e := range u.Lists[l] {
			*list = append(*list, exportedEntry{e.Handle, exact(e.Name)})
		}
	}
	return t
}

func (t *exported) user() accounts.User {
	u := accounts.User{
		Handle: t.Handle, Password: string(t.Password), FriendlyName: string(t.Name), GTC: t.GTC, BLP: t.BLP,
		More: string(t.More), Serial: t.Serial,
	}
	for l, list := range t.lists() {
		for _, e := range *list {
			u.Lists[l] = append(u.Lists[l], accounts.Entry{Handle: e.Handle, Name: string(e.Name)})
		}
	}
	return u
}

// transferGroup is how many accounts are read or written at a time.
const transferGroup = 256

func (f *accountFlags) export(e *env) *cobra.Command {
	var out string
	c := &cobra.Command{
		Use: "export", Short: "Write all accounts, one JSON object a line, for import elsewhere",
		Long: "Writes all accounts with their passwords, settings, serials and lists: one JSON object a line, in\n" +
			"the order of the handles. Whoever reads the output can log on as any user.",
		Example: "  msnscope accounts export --db accounts.db -o accounts.jsonl",
		Args:    noArgs,
		RunE: func(c *cobra.Command, _ []string) error {
			return f.with(c.Context(), func(s accountStore) error {
				if out == "" || out == "-" {
					return exportAccounts(c.Context(), s, e.stdout)
				}
				// a new file, for the owner only
				file, err := os.OpenFile(out, os.O_WRONLY|os.O_CREATE|os.O_EXCL, 0o600)
				if err != nil {
					return &exitError{exitIO, err, "name a file that is not there"}
				}
				return errors.Join(exportAccounts(c.Context(), s, file), file.Close())
			}, true)
		},
	}
	c.Flags().StringVarP(&out, "output", "o", "", "a new `FILE` to write; default: standard output")
	return c
}

// exportAccounts writes all accounts. It leaves out those that are deleted meanwhile.
func exportAccounts(ctx context.Context, s accounts.Admin, w io.Writer) error {
	handles, err := s.Handles(ctx)
	if err != nil {
		return err
	}
	b := bufio.NewWriter(w)
	out := json.NewEncoder(b)
	out.SetEscapeHTML(false)
	for len(handles) > 0 {
		group := handles[:min(len(handles), transferGroup)]
		handles = handles[len(group):]
		users := make([]*accounts.User, len(group))
		at := make([]int, len(group))
		for i := range at {
			at[i] = i
		}
		err := eachAtOnce(ctx, at, func(i int) error {
			u, err := s.Lookup(ctx, group[i])
			if errors.Is(err, accounts.ErrNoUser) {
				return nil
			}
			users[i] = &u
			return forAccount(group[i], err)
		})
		if err != nil {
			return err
		}
		for _, u := range users {
			if u == nil {
				continue
			}
			if err := out.Encode(exportedOf(u)); err != nil {
				return writeError(err)
			}
		}
	}
	return writeError(b.Flush())
}

func (f *accountFlags) importAll(e *env) *cobra.Command {
	var skip bool
	c := &cobra.Command{
		Use: "import FILE", Short: "Create the accounts of an export",
		Long: "Creates the accounts that `msnscope accounts export` has written, as they were, serials included.\n" +
			"FILE - is standard input. Nothing is created unless each line of FILE is right. Accounts that\n" +
			"exist already are an error, or with --skip are left as they are.",
		Example: "  msnscope accounts import accounts.jsonl --db other.db",
		Args:    cobra.ExactArgs(1),
		RunE: func(c *cobra.Command, args []string) error {
			users, err := readTransfer(c.Context(), e, args[0])
			if err != nil {
				return err
			}
			return f.with(c.Context(), func(s accountStore) error {
				return eachAtOnce(c.Context(), users, func(u accounts.User) error {
					err := s.Import(c.Context(), u)
					if skip && errors.Is(err, accounts.ErrExists) {
						return nil
					}
					return forAccount(u.Handle, err)
				})
			}, false)
		},
	}
	c.Flags().BoolVar(&skip, "skip", false, "leave accounts that exist already as they are")
	return c
}

// maxTransferLine is the length of the longest line of an import in bytes: an account with four
// lists of 10,000 entries.
const maxTransferLine = 64 << 20

// readTransfer reads and checks an export.
func readTransfer(ctx context.Context, e *env, path string) (users []accounts.User, err error) {
	in := io.Reader(&interruptible{ctx, e.stdin})
	if path != "-" {
		file, err := os.Open(path)
		if err != nil {
			return nil, &exitError{exitIO, err, ""}
		}
		defer file.Close()
		in = file
	}
	lines := bufio.NewScanner(in)
	lines.Buffer(nil, maxTransferLine)
	first := map[string]int{} // the line of each account
	for n := 1; lines.Scan(); n++ {
		u, err := parseTransfer(lines.Bytes())
		if err == nil && first[accounts.Key(u.Handle)] > 0 {
			err = fmt.Errorf("the account %s is in line %d already", u.Handle, first[accounts.Key(u.Handle)])
		}
		if err != nil {
			return nil, &exitError{
				exitIO, fmt.Errorf("%s, line %d: %w", path, n, err),
				"msnscope accounts export writes such files; nothing was created",
			}
		}
		first[accounts.Key(u.Handle)] = n
		users = append(users, u)
	}
	if err := lines.Err(); err != nil {
		return nil, &exitError{exitIO, fmt.Errorf("%s: %w", path, err), ""}
	}
	return users, nil
}

// parseTransfer reads a line of an export.
func parseTransfer(line []byte) (accounts.User, error) {
	in := json.NewDecoder(bytes.NewReader(line))
	in.DisallowUnknownFields() // of a later version, or of something else
	var t exported
	if err := in.Decode(&t); err != nil {
		return accounts.User{}, err
	}
	if _, err := in.Token(); !errors.Is(err, io.EOF) {
		return accounts.User{}, errors.New("there is more than one JSON object")
	}
	u := t.user()
	return u, u.Check()
}
