package client

import (
	"context"
	"net"
)

// DefaultPort is the port where an address names none (§5.1).
const DefaultPort = "1863"

// Caps. Each is far above what a person, or the load generator, does with one user.
const (
	maxReferrals = 5    // referrals in one logon: one is usual, a loop is none's wish
	maxCalls     = 256  // requests without a reply on one connection
	maxSessions  = 64   // switchboard sessions at a time, answered ones included
	maxEntries   = 2000 // entries of one list: servers stopped at 600
	maxAddrs     = 1024 // different addresses that Referrals remembers
)

// Options say who signs in, where and how. Server, Handle and Password are needed; everything else may be zero.
type Options struct {
	// Server is the address to connect to first: of a dispatch server, or of a notification server that logs on directly
	// (§7.4). Without a port it is DefaultPort.
	Server string
	// Dial opens a connection; nil is that of a zero net.Dialer.
	Dial func(ctx context.Context, network, addr string) (net.Conn, error)
	// Handle is the user handle (§5.4), Password what MD5 is made of; it never goes over the wire.
	Handle, Password string
	// Dialects are offered in VER (§7.1); nil is MSNP2 and CVR0, as real clients did.
	Dialects []string
	// Cache are properties from an earlier session: the first Sync sends their serial (§7.5). nil is none.
	Cache *Properties

	// IgnorePort makes every connection use the port of Server, whatever a referral says: a client that takes §8.1 and
	// §8.2 by the word, where addresses have no port.
	IgnorePort bool
	// SkipVER leaves out VER and INF at the server that the dispatch server referred to, as clients of 2000 did.
	SkipVER bool
	// BareLF ends lines with LF alone, as clients of 2000 did.
	BareLF bool

	// OnEvent is told what no request of this client caused; nil for nobody. It runs on the goroutine that reads: calls
	// for one connection come in order, those for two may come at once. It must return soon, and must not call a method
	// that takes a context, Close or Answer: those wait for what this very goroutine would read.
	OnEvent func(Event)
	// OnRing is told of invitations, under the same conditions, and may have Ring.Answer called elsewhere. nil answers
	// each at once; [Entered] then has the session.
	OnRing func(*Ring)
}

func (o *Options) dial(ctx context.Context, addr string) (net.Conn, error) {
	if o.Dial != nil {
		return o.Dial(ctx, "tcp", addr)
	}
	var d net.Dialer
	return d.DialContext(ctx, "tcp", addr)
}

func (o *Options) dialects() []string {
	if len(o.Dialects) > 0 {
		return o.Dialects
	}
	return []string{"MSNP2", "CVR0"}
}

func (o *Options) emit(e Event) {
	if o.OnEvent != nil {
		o.OnEvent(e)
	}
}

// target returns where to connect for an address from a referral: with a port, and with Server's under IgnorePort.
func (o *Options) target(addr string) string {
	host, port := splitAddr(addr)
	if o.IgnorePort {
		_, port = splitAddr(o.Server)
	}
	return joinAddr(host, port)
}

func joinAddr(host, port string) string { return net.JoinHostPort(host, port) }

// splitAddr takes host, host:port, [v6]:port and a bare v6 address.
func splitAddr(addr string) (host, port string) {
	if h, p, err := net.SplitHostPort(addr); err == nil {
		return h, p
	}
	return addr, DefaultPort
}
