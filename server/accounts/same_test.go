package accounts_test

import (
	"fmt"
	"path/filepath"
	"testing"

	"pgregory.net/rapid"

	"github.com/msnscope/msnscope/server/accounts"
	"github.com/msnscope/msnscope/server/accounts/accountstest"
)

func TestStores(t *testing.T) {
	t.Run("memory", func(t *testing.T) {
		accountstest.Run(t, func(*testing.T) accounts.Admin { return accounts.Defaults() })
	})
	t.Run("sqlite", func(t *testing.T) {
		accountstest.Run(t, func(t *testing.T) accounts.Admin {
			s, err := accounts.Open(filepath.Join(t.TempDir(), "accounts.db"), accounts.OpenOptions{})
			if err != nil {
				t.Fatal(err)
			}
			t.Cleanup(func() { _ = s.Close() })
			accountstest.Fill(t, s)
			return s
		})
	})
}

// TestBothStoresDoTheSame runs random operations on a store of each kind: results, errors and
// contents must agree, even after the file was closed and opened again.
func TestBothStoresDoTheSame(t *testing.T) {
	dir, run := t.TempDir(), 0
	rapid.Check(t, func(rt *rapid.T) {
		run++
		var file *accounts.SQLite
		p := &accountstest.Pair{T: t, Want: new(accounts.Memory)}
		open := func(rt *rapid.T) {
			var err error
			path := filepath.Join(dir, fmt.Sprintf("%d.db", run))
			if file, err = accounts.Open(path, accounts.OpenOptions{}); err != nil {
				rt.Fatal(err)
			}
			p.Got = file
			p.Stored = func(handle string) (accounts.User, error) { return file.Stored(t.Context(), handle) }
		}
		open(rt)
		defer func() { _ = file.Close() }()
		actions := p.Actions()
		actions["reopen"] = func(rt *rapid.T) {
			if err := file.Close(); err != nil {
				rt.Fatal(err)
			}
			open(rt)
		}
		rt.Repeat(actions)
	})
}
