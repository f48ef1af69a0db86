package server

import (
	"crypto/rand"
	"fmt"
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
	// Preset is the behaviour where the draft and real servers differ.
	Preset Preset

	// The addresses that the server gives out in its referrals (§7.4, §8.1, §8.4) and that Dial knows: host:port, where
	// port 1863 may be left out. Defaults: 127.0.0.2:1863, {127.0.0.3:1863}, 127.0.0.4:1863. Several notification
	// addresses are shared out among the users by their handles; each of them serves every user.
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
	// SwitchboardIdle closes a switchboard connection that has sent nothing for so long; never when 0. Notification
	// connections are never idle: clients of this dialect have nothing to keep them alive with.
	SwitchboardIdle time.Duration

	// ListLimit is the greatest number of entries of FL, AL and BL; 150 when 0, as servers of the time had it.
	ListLimit int
	// MaxConns is the greatest number of connections; 4096 when 0: at most 20 KB each unless data is queued.
	MaxConns int
	// MaxParticipants is the greatest number of users in a switchboard session, those being rung included; 50 when 0.
	MaxParticipants int

	// Now is the clock for cookies and texts, time.Now when nil. Timeouts always run on the system's clock.
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
	if len(o.Notification) == 0 {
		o.Notification = []string{"127.0.0.3:1863"}
	}
	notification := make([]string, len(o.Notification))
	for i, a := range o.Notification {
		notification[i] = withPort(a)
	}
	o.Notification = notification
	o.Dispatch = withPort(or(o.Dispatch, "127.0.0.2"))
	o.Switchboard = withPort(or(o.Switchboard, "127.0.0.4"))
	o.LogonTimeout = or(o.LogonTimeout, time.Minute)
	o.WriteTimeout = or(o.WriteTimeout, 30*time.Second)
	o.ListLimit = or(o.ListLimit, 150)
	o.MaxConns = or(o.MaxConns, 4096)
	o.MaxParticipants = or(o.MaxParticipants, 50)
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

// or returns v, and def where v is zero.
func or[T comparable](v, def T) T {
	var zero T
	if v == zero {
		return def
	}
	return v
}

// withPort appends the protocol's port to an address without one: clients of the time crash on an address without a port.
func withPort(addr string) string {
	if _, _, err := net.SplitHostPort(addr); err == nil {
		return addr
	}
	return net.JoinHostPort(addr, "1863")
}

// Preset is a set of behaviours where the draft and real servers differ.
type Preset uint8

// The presets.
const (
	// Lenient answers errors as the draft says and knows what real clients send beyond the draft.
	Lenient Preset = iota
	// Draft is the draft literally: nothing that it does not have, and JOI also to the one who joins (§8.5).
	Draft
	// Observed does as Microsoft's servers did: it closes where the draft has an error, sends a profile after the logon
	// and takes messages of at most 1664 bytes.
	Observed
)

var presetNames = [...]string{Lenient: "lenient", Draft: "draft", Observed: "observed"}

// String returns "lenient", "draft" or "observed".
func (p Preset) String() string {
	if int(p) >= len(presetNames) {
		return fmt.Sprintf("Preset(%d)", uint8(p))
	}
	return presetNames[p]
}

// ParsePreset returns the preset with the given name.
func ParsePreset(s string) (Preset, error) {
	for i, name := range presetNames {
		if name == s {
			return Preset(i), nil
		}
	}
	return 0, fmt.Errorf("preset %q is none of lenient, draft, observed", s)
}

// settings are what the presets differ in; nothing else asks for the preset.
type settings struct {
	answers      *[failures]answer // what a failure is answered with
	extensions   bool              // commands that the draft does not have; CVR0 in VER
	versionFirst bool              // USR without VER before it is refused (§7.1)
	closeSurplus bool              // surplus arguments close the connection
	outReply     bool              // the notification server answers OUT (§7.10)
	profile      bool              // a profile message follows the logon
	joiToJoiner  bool              // JOI goes to the joining client too (§8.5)
	byeReason    bool              // BYE tells that the user was idle
	maxMessage   int               // bytes of a message's payload, 0 for no limit
}

// settings returns the preset's; an unknown preset is Lenient.
func (p Preset) settings() settings {
	switch p {
	case Draft:
		return settings{answers: &draftAnswers, versionFirst: true, outReply: true, joiToJoiner: true}
	case Observed:
		return settings{
			answers: &observedAnswers, extensions: true, closeSurplus: true, profile: true, byeReason: true, maxMessage: 1664,
		}
	}
	return settings{answers: &draftAnswers, extensions: true, outReply: true, byeReason: true}
}
