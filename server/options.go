package server

import (
	"cmp"
	"crypto/rand"
	"io"
	"log/slog"
	"net"
	"net/netip"
	"time"

	star "github.com/msnscope/msnscope/internal/script"
	"github.com/msnscope/msnscope/server/accounts"
)

// Options configure a [Server]. The zero value is a complete server with the four accounts of
// [accounts.Defaults], reached with [Server.Dial] at three addresses of the loopback network.
type Options struct {
	// Store keeps the accounts; nil means accounts.Defaults().
	Store accounts.Store
	// Hub connects servers that serve the same users and share a Store; nil means a Hub of its own.
	Hub Hub
	// Preset chooses the behaviour where the draft and real servers differ.
	Preset Preset
	// Settings, if not nil, replaces the Preset's: take [Preset.Settings] and change some.
	Settings *Settings

	// These are the addresses that the server gives out in its referrals (§7.4, §8.1, §8.4) and
	// that Dial accepts, as host or host:port; the default port is 1863. Defaults: 127.0.0.2:1863,
	// {127.0.0.3:1863}, 127.0.0.4:1863. Users are distributed over several notification addresses
	// by their handles; each address serves every user, and may belong to another process or Server
	// with the same Hub.
	Dispatch     string
	Notification []string
	Switchboard  string
	// Placement, if not nil, says which of these servers, or of those of other processes, users are
	// sent to, in place of the addresses above.
	Placement Placement
	// NoDispatch leaves out the dispatch server: Dial refuses its address, and clients log on at a
	// notification server directly, as §7.4 allows.
	NoDispatch bool

	// LogonTimeout is how long a connection may take to log on; 0 means 60 s.
	LogonTimeout time.Duration
	// WriteTimeout is how long one write to a client may take; 0 means 30 s.
	WriteTimeout time.Duration
	// StoreTimeout is how long the Store may take for one command, which fails with 501 after that;
	// 0 means 10 s.
	StoreTimeout time.Duration

	// MaxConns is the greatest number of connections; 0 means 20,000, about as many as a process
	// may have descriptors. A connection takes less than 10 KB unless data is queued. To make room
	// for one more, the connection that has gone longest without a logon is closed. [Limits] bound
	// how many of them, and how much memory, one user or address may take.
	MaxConns int
	// ProxyFrom lists the addresses of proxies that begin each connection with a PROXY protocol
	// header, version 1 or 2, which gives the client's address (see [Limits]). A connection from
	// there without a header is closed; from anywhere else a header is refused.
	ProxyFrom []netip.Prefix

	// Scripts see each command of a client before it is served, and may change, drop or answer it;
	// nil means none. Load them with [ScriptLimits].
	Scripts *star.Set

	// Now is the clock for times in messages; nil means time.Now. Timeouts and cookies use the
	// system's monotonic clock.
	Now func() time.Time
	// Rand is the source of challenges, cookies and session numbers; nil means crypto/rand. It must
	// be safe for concurrent use.
	Rand io.Reader
	// Log receives what an operator needs to know; nil discards it.
	Log *slog.Logger
}

// Placement says which server users are sent to where several processes serve them. It must be safe
// for concurrent use, and return at once.
type Placement interface {
	// Notification returns the address of the notification server for a user who logs on (§7.4), ""
	// if there is none at present.
	Notification(handle string) string
	// Switchboard returns the address of the switchboard for a new session of a user who is logged
	// on here (§8.1), "" if there is none at present.
	Switchboard(handle string) string
}

// withDefaults returns o with a default for each unset field.
func (o Options) withDefaults() Options {
	if o.Store == nil {
		o.Store = accounts.Defaults()
	}
	if o.Hub == nil {
		o.Hub = NewHub()
	}
	if o.Settings == nil {
		set := o.Preset.Settings()
		o.Settings = &set
	}
	if len(o.Notification) == 0 {
		o.Notification = []string{"127.0.0.3:1863"}
	}
	notification := make([]string, len(o.Notification))
	for i, a := range o.Notification {
		notification[i] = withPort(a)
	}
	o.Notification = notification
	o.Dispatch = withPort(cmp.Or(o.Dispatch, "127.0.0.2"))
	o.Switchboard = withPort(cmp.Or(o.Switchboard, "127.0.0.4"))
	o.LogonTimeout = cmp.Or(o.LogonTimeout, time.Minute)
	o.WriteTimeout = cmp.Or(o.WriteTimeout, 30*time.Second)
	o.StoreTimeout = cmp.Or(o.StoreTimeout, 10*time.Second)
	o.MaxConns = cmp.Or(o.MaxConns, 20_000)
	if o.Now == nil {
		o.Now = time.Now
	}
	if o.Rand == nil {
		o.Rand = rand.Reader
	}
	if o.Log == nil {
		o.Log = slog.New(slog.DiscardHandler)
	}
	return o
}

// withPort appends port 1863 to an address without a port: clients of the time crash on such an
// address.
func withPort(addr string) string {
	if _, _, err := net.SplitHostPort(addr); err == nil {
		return addr
	}
	return net.JoinHostPort(addr, "1863")
}
