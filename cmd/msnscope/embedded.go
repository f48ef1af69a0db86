package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net"
	"net/netip"
	"strings"

	"github.com/spf13/pflag"

	"github.com/msnscope/msnscope/decode"
	"github.com/msnscope/msnscope/decode/dialect"
	"github.com/msnscope/msnscope/proxy"
	"github.com/msnscope/msnscope/server"
	"github.com/msnscope/msnscope/server/accounts"
)

// The addresses that the embedded server names in its referrals when it is reached within the
// process. No port is opened for them.
const (
	embeddedDispatch    = "127.0.0.2:1863"
	embeddedSwitchboard = "127.0.0.4:1863"
)

// serverFlags are the flags of every verb that runs an embedded server.
type serverFlags struct {
	preset        string
	set           []string
	db            string
	users         []string
	noDispatch    bool
	notifications int
	connections   int
	proxies       []string
	cluster       clusterFlags
}

func (f *serverFlags) add(fs *pflag.FlagSet) {
	fs.StringVar(&f.preset, "preset", "lenient", "behaviour of the embedded server: lenient, draft or observed")
	fs.StringArrayVar(&f.set, "set", nil,
		"one setting other than the preset's, or a limit, `SETTING=VALUE`; may be repeated. "+
			"docs/SERVER.md explains them")
	fs.StringArrayVar(&f.users, "user", nil,
		"an account of the embedded server, `HANDLE:PASSWORD[:NAME]`, or with {1..N} in the handle many; "+
			"may be repeated")
	fs.BoolVar(&f.noDispatch, "no-dispatch", false,
		"the embedded server has no dispatch server: clients log on directly")
	fs.IntVar(&f.notifications, "notification", 1, "number of notification servers of the embedded server")
}

// addDB adds --db, for the verbs whose server lives long enough to need it.
func (f *serverFlags) addDB(fs *pflag.FlagSet) {
	fs.StringVar(&f.db, "db", "", "accounts live in this SQLite `FILE`; default: in memory")
}

// options returns the server's options that the flags ask for. The accounts are those of the
// cluster that member belongs to, if it is not nil. The caller sets the addresses, and calls
// closeStore in the end.
func (f *serverFlags) options(log *slog.Logger, member *membership) (o server.Options, err error) {
	if o.Preset, err = server.ParsePreset(f.preset); err != nil {
		return o, usage("--preset: %w", err)
	}
	if o.Settings, err = f.settings(o.Preset); err != nil {
		return o, err
	}
	if f.notifications < 1 || f.notifications > 100 {
		return o, usage("--notification: %d is not a number of servers from 1 to 100", f.notifications)
	}
	users, err := f.accounts()
	if err != nil {
		return o, err
	}
	if f.connections < 0 {
		return o, usage("--connections: %d is not a number of connections", f.connections)
	}
	if o.ProxyFrom, err = networks(f.proxies); err != nil {
		return o, err
	}
	o.NoDispatch, o.Log, o.MaxConns = f.noDispatch, log, f.connections
	store := accounts.Admin(accounts.Defaults())
	if f.db != "" {
		if store, err = accounts.Open(f.db, accounts.OpenOptions{Log: log}); err != nil {
			return o, storeError(err)
		}
	}
	if member != nil {
		store = member.store
	}
	o.Store = store
	if err = eachAtOnce(context.Background(), users, func(a account) error { return a.put(store) }); err != nil {
		closeStore(o)
		return o, storeError(err)
	}
	if member != nil {
		return o, nil
	}
	if all, err := store.Handles(context.Background()); err == nil && len(all) == 0 {
		log.Warn("there are no accounts yet: msnscope accounts add HANDLE --db " + f.db + " makes one, now or later")
	}
	return o, nil
}

// networks returns the networks that --proxy-protocol-from names. A single address is a network of
// one.
func networks(names []string) (all []netip.Prefix, err error) {
	for _, name := range names {
		p, err := netip.ParsePrefix(name)
		if at, one := netip.ParseAddr(name); one == nil {
			p, err = at.Prefix(at.BitLen())
		}
		if err != nil || p.Addr().Zone() != "" {
			return nil, usage("--proxy-protocol-from %q: it must be a network such as 10.0.0.0/8, or an address", name)
		}
		all = append(all, p.Masked())
	}
	return all, nil
}

// settings returns the settings of the preset with the changes of --set.
func (f *serverFlags) settings(p server.Preset) (*server.Settings, error) {
	s := p.Settings()
	for _, change := range f.set {
		key, value, _ := strings.Cut(change, "=")
		if err := s.Set(key, value); err != nil {
			return nil, usage("--set %q: %w", change, err)
		}
	}
	return &s, nil
}

// closeStore closes the store if it is a file, after the server that uses it has been closed. It
// logs an error.
func closeStore(o server.Options) {
	if c, ok := o.Store.(io.Closer); ok {
		if err := c.Close(); err != nil {
			o.Log.Error("the accounts could not be closed", "err", err)
		}
	}
}

// account is one account that --user names.
type account struct{ handle, password, name string }

// accounts returns the accounts that --user names, with ranges expanded.
func (f *serverFlags) accounts() (all []account, err error) {
	for _, u := range f.users {
		pattern, rest, ok := strings.Cut(u, ":")
		password, name, _ := strings.Cut(rest, ":")
		if !ok || pattern == "" || password == "" {
			return nil, usage("--user %q: it must be HANDLE:PASSWORD or HANDLE:PASSWORD:NAME", pattern)
		}
		handles, err := expand(pattern)
		if err != nil {
			return nil, usage("--user %q: %w", pattern, err)
		}
		for _, h := range handles {
			if err := errors.Join(accounts.CheckHandle(h), accounts.CheckName(decode.Escape(name))); err != nil {
				return nil, usage("--user %q: %w", h, err)
			}
			all = append(all, account{h, password, name})
		}
	}
	return all, nil
}

// put creates the account, or sets password and, if there is one, name of the existing account with
// that handle.
func (a account) put(store accounts.Admin) error {
	name := a.name
	if name == "" {
		name, _, _ = strings.Cut(a.handle, "@")
	}
	err := store.Create(a.handle, a.password, decode.Escape(name))
	if !errors.Is(err, accounts.ErrExists) {
		return err
	}
	err = store.SetPassword(context.Background(), a.handle, a.password)
	if err == nil && a.name != "" {
		_, err = store.Set(context.Background(), a.handle, accounts.Name, decode.Escape(a.name))
	}
	return err
}

// embedded is a server in this process, with what a proxy needs to know about it.
type embedded struct {
	*server.Server
	options server.Options
	entry   string                  // where clients begin
	roles   map[string]dialect.Role // by address
	names   map[netip.Addr]string
}

// embed returns a server without ports, which is reached through its dial.
func (f *serverFlags) embed(log *slog.Logger) (*embedded, error) { return f.embedWith(log, nil) }

// embedWith is embed with the accounts of a store, unless that is nil.
func (f *serverFlags) embedWith(log *slog.Logger, store accounts.Store) (*embedded, error) {
	o, err := f.options(log, nil)
	if err != nil {
		return nil, err
	}
	if store != nil {
		o.Store = store
	}
	e := &embedded{entry: embeddedDispatch, roles: map[string]dialect.Role{}, names: map[netip.Addr]string{}}
	o.Dispatch, o.Switchboard = embeddedDispatch, embeddedSwitchboard
	e.know(o.Dispatch, dialect.DS, "dispatch")
	e.know(o.Switchboard, dialect.SB, "switchboard")
	for i := range f.notifications {
		host, name := "127.0.0.3", "notification"
		if i > 0 {
			host, name = fmt.Sprintf("127.0.1.%d", i+1), fmt.Sprintf("notification-%d", i+1)
		}
		o.Notification = append(o.Notification, net.JoinHostPort(host, "1863"))
		e.know(o.Notification[i], dialect.NS, name)
	}
	if f.noDispatch {
		e.entry = o.Notification[0]
	}
	e.options, e.Server = o, server.New(o)
	return e, nil
}

// dial connects a client of the proxy to the server. For the server, the client is at the address
// that it has for the proxy.
func (e *embedded) dial(ctx context.Context, network, addr string) (net.Conn, error) {
	if client, ok := proxy.ClientOf(ctx); ok {
		return e.DialFrom(ctx, client, network, addr)
	}
	return e.Dial(ctx, network, addr)
}

// Close ends the server, and then its store.
func (e *embedded) Close() {
	e.Server.Close()
	closeStore(e.options)
}

func (e *embedded) know(addr string, role dialect.Role, name string) {
	e.roles[addr] = role
	e.names[netip.MustParseAddrPort(addr).Addr()] = name
}

// role returns the kind of server at the address.
func (e *embedded) role(addr string) dialect.Role { return e.roles[addr] }
