package server

import (
	"cmp"
	"crypto/rand"
	"io"
	"log/slog"
	"net"
	"time"

	"github.com/msnscope/msnscope/server/accounts"
)

// Options say how a [Server] is to be. The zero value is a whole server with the four accounts of [accounts.Defaults], for
// [Server.Dial] on three addresses of the loopback network.
type Options struct {
	// Store keeps the accounts; accounts.Defaults() when nil.
	Store accounts.Store
	// Hub joins servers that serve the same users, and have the same Store; one of its own when nil.
	Hub Hub
	// Preset is the behaviour where the draft and real servers differ.
	Preset Preset
	// Settings replaces what the Preset says, when not nil: take [Preset.Settings] and change some.
	Settings *Settings

	// The addresses that the server gives out in its referrals (§7.4, §8.1, §8.4) and that Dial knows: host:port, where
	// port 1863 may be left out. Defaults: 127.0.0.2:1863, {127.0.0.3:1863}, 127.0.0.4:1863. Several notification
	// addresses are shared out among the users by their handles; each of them serves every user, and may be another
	// process or Server with the same Hub.
	Dispatch     string
	Notification []string
	Switchboard  string
	// NoDispatch leaves out the dispatch server: Dial refuses its address. Clients log on to a notification server
	// directly, as §7.4 allows.
	NoDispatch bool

	// LogonTimeout is how long a connection may take until it is logged on; 60 s when 0.
	LogonTimeout time.Duration
	// WriteTimeout is how long one write to a client may take; 30 s when 0.
	WriteTimeout time.Duration
	// StoreTimeout is how long the Store may take for one command, after which that fails with 501; 10 s when 0.
	StoreTimeout time.Duration

	// MaxConns is the greatest number of connections; 20,000 when 0, at less than 10 KB each unless data is queued: about as
	// many as a process may have descriptors.
	MaxConns int
	// FailureLimit is how many logons may fail in a minute from one address, and for one account; 20 when 0, no limit when
	// negative. After that logons are refused with 600. Those that succeed do not count.
	FailureLimit int
	// MaxParticipants is the greatest number of users in a switchboard session, those being rung included; 50 when 0.
	MaxParticipants int

	// Now is the clock for texts, time.Now when nil. Timeouts and cookies run on the system's monotonic clock.
	Now func() time.Time
	// Rand gives challenges, cookies and session numbers, crypto/rand when nil. It must be safe for concurrent use.
	Rand io.Reader
	// Log gets what an operator wants to know; nothing is logged when nil.
	Log *slog.Logger
}

// withDefaults returns o with everything set.
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
	o.FailureLimit = cmp.Or(o.FailureLimit, 20)
	o.MaxParticipants = cmp.Or(o.MaxParticipants, 50)
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

// withPort appends the protocol's port to an address without one: clients of the time crash on an address without a port.
func withPort(addr string) string {
	if _, _, err := net.SplitHostPort(addr); err == nil {
		return addr
	}
	return net.JoinHostPort(addr, "1863")
}
