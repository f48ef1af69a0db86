package main

import (
	"fmt"
	"log/slog"
	"net"
	"net/netip"
	"strings"

	"github.com/spf13/pflag"

	"github.com/msnscope/msnscope/decode"
	"github.com/msnscope/msnscope/decode/dialect"
	"github.com/msnscope/msnscope/server"
	"github.com/msnscope/msnscope/server/accounts"
)

// The addresses that the embedded server gives out when it is reached in the process: no port is opened for them.
const (
	embeddedDispatch    = "127.0.0.2:1863"
	embeddedSwitchboard = "127.0.0.4:1863"
)

// serverFlags are the flags of every verb that runs a server of ours.
type serverFlags struct {
	preset        string
	users         []string
	noDispatch    bool
	notifications int
}

func (f *serverFlags) add(fs *pflag.FlagSet) {
	fs.StringVar(&f.preset, "preset", "lenient", "behaviour of the embedded server: lenient, draft or observed")
	fs.StringArrayVar(&f.users, "user", nil, "an account of the embedded server, `HANDLE:PASSWORD[:NAME]`; may be repeated")
	fs.BoolVar(&f.noDispatch, "no-dispatch", false, "the embedded server has no dispatch server: clients log on directly")
	fs.IntVar(&f.notifications, "notification", 1, "the embedded server has so many notification servers")
}

// options returns what the flags say; the addresses are the caller's.
func (f *serverFlags) options(log *slog.Logger) (server.Options, error) {
	preset, err := server.ParsePreset(f.preset)
	if err != nil {
		return server.Options{}, usage("--preset: %w", err)
	}
	if f.notifications < 1 || f.notifications > 100 {
		return server.Options{}, usage("--notification: %d is not a number of servers from 1 to 100", f.notifications)
	}
	store := accounts.Defaults()
	for _, u := range f.users {
		handle, rest, ok := strings.Cut(u, ":")
		password, name, named := strings.Cut(rest, ":")
		if !ok || handle == "" || password == "" {
			return server.Options{}, usage("--user %q: it must be HANDLE:PASSWORD or HANDLE:PASSWORD:NAME", handle)
		}
		if !named {
			name, _, _ = strings.Cut(handle, "@")
		}
		if err := store.Create(handle, password, decode.Escape(name)); err != nil {
			return server.Options{}, usage("--user %q: %w", handle, err)
		}
	}
	return server.Options{Store: store, Preset: preset, NoDispatch: f.noDispatch, Log: log}, nil
}

// embedded is a server inside this process, with what a proxy must know of it.
type embedded struct {
	*server.Server
	entry string                  // where clients begin
	roles map[string]dialect.Role // by address
	names map[netip.Addr]string
}

// embed returns a server that is reached by its Dial.
func (f *serverFlags) embed(log *slog.Logger) (*embedded, error) {
	o, err := f.options(log)
	if err != nil {
		return nil, err
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
	e.Server = server.New(o)
	return e, nil
}

func (e *embedded) know(addr string, role dialect.Role, name string) {
	e.roles[addr] = role
	e.names[netip.MustParseAddrPort(addr).Addr()] = name
}

// role tells what kind of server has the address.
func (e *embedded) role(addr string) dialect.Role { return e.roles[addr] }
