package conformance

import (
	"context"
	"fmt"
	"strings"

	"github.com/msnscope/msnscope/server"
	"github.com/msnscope/msnscope/server/accounts"
)

// backend is the embedded server, with accounts that can be changed past it.
type backend struct {
	*server.Server
	store *elsewhere
}

// elsewhere is a store that reports changes made elsewhere to the server.
type elsewhere struct {
	*accounts.Memory
	news chan accounts.News
}

// Watch implements [accounts.Watcher].
func (e *elsewhere) Watch(ctx context.Context, f func(accounts.News) bool) error {
	for {
		select {
		case n := <-e.news:
			f(n)
		case <-ctx.Done():
			return ctx.Err()
		}
	}
}

// do carries out what a script says after "server:".
func (b *backend) do(what string) error {
	verb, rest, _ := strings.Cut(what, " ")
	handle, value, _ := strings.Cut(rest, " ")
	ctx := context.Background()
	switch verb {
	case "shutdown":
		go func() { _ = b.Shutdown(ctx) }()
		return nil
	case "drain":
		_, err := b.Drain(nsAddr, ns2Addr)
		return err
	case "ADD", "REM":
		return b.store.change(ctx, verb, handle, strings.Fields(value))
	case "GTC", "BLP":
		setting := map[string]accounts.Setting{"GTC": accounts.GTC, "BLP": accounts.BLP}[verb]
		c, err := b.store.Set(ctx, handle, setting, value)
		b.store.news <- accounts.News{
			What: accounts.Changed, Handle: handle, Serial: c.After.Serial,
			Setting: setting, Value: value,
		}
		return err
	case "CHG", "MSG":
		b.store.news <- accounts.News{What: map[string]accounts.What{
			"CHG": accounts.State,
			"MSG": accounts.Text,
		}[verb], Handle: handle, Value: value}
		return nil
	}
	return fmt.Errorf("the server cannot %s", what)
}

// change adds a user to a list, or removes one, and reports to the server the changes to both
// accounts.
func (e *elsewhere) change(ctx context.Context, verb, handle string, words []string) error {
	list, ok := accounts.ParseList(words[0])
	if !ok || len(words) != 2 {
		return fmt.Errorf("%q is no list and no handle", words)
	}
	entry := accounts.Entry{Handle: words[1], Name: words[1]}
	what := accounts.Added
	var c accounts.Change
	var err error
	if verb == "ADD" {
		c, err = e.Add(ctx, handle, list, entry, 100)
	} else {
		what = accounts.Removed
		c, err = e.Remove(ctx, handle, list, words[1])
	}
	if err != nil {
		return err
	}
	e.news <- accounts.News{What: what, Handle: handle, Serial: c.After.Serial, List: list, Entry: entry}
	if o := c.Other; o != nil {
		reverse := accounts.Entry{Handle: handle, Name: c.After.FriendlyName}
		e.news <- accounts.News{What: what, Handle: o.Handle, Serial: o.Serial, List: accounts.Reverse, Entry: reverse}
	}
	return nil
}
