package client

import (
	"context"
	"net"
)

// DefaultPort is the port of an address that names none (§5.1).
const DefaultPort = "1863"

// These are the caps of a client. Each is far above what a person, or the load generator, does with
// one user.
const (
	maxReferrals = 5    // referrals in one logon: one is usual, many are a loop
	maxCalls     = 256  // requests without a reply on one connection
	maxSessions  = 64   // switchboard sessions at a time, including those that others opened
	maxEntries   = 2000 // entries of one list: servers allowed at most 600
	maxAddrs     = 1024 // different addresses that Referrals keeps
)

// Options say who signs in, where and how. Server, Handle and Password are required.
type Options struct {
	// Server is the address to connect to first: of a dispatch server, or of a notification server
	// that accepts direct logons (§7.4). The default port is DefaultPort.
	Server string
	// Dial opens a connection; nil means the DialContext of a zero net.Dialer.
	Dial func(ctx context.Context, network, addr string) (net.Conn, error)
	// Handle is the user handle (§5.4). Password is hashed with MD5 and never sent.
	Handle, Password string
	// Dialects are offered in VER (§7.1); nil means MSNP2 and CVR0, as real clients did.
	Dialects []string
	// Cache has the properties from an earlier session, whose serial the first Sync sends (§7.5);
	// nil means none.
	Cache *Properties

	// IgnorePort makes every connection use the port of Server, whatever a referral says, as a
	// client does that takes §8.1 and §8.2 literally, where addresses have no port.
	IgnorePort bool
	// SkipVER leaves out VER and INF at the server that the dispatch server refers to, as clients
	// of 2000 did.
	SkipVER bool
	// BareLF ends lines with LF alone, as clients of 2000 did.
	BareLF bool

	// OnEvent, if not nil, is called for each event. It runs on the goroutine that reads: calls for
	// one connection come in order, calls for two connections may come at the same time. It must
	// return soon. It must not call Close, Answer, or a method that takes a context, since these
	// wait for what the same goroutine has to read.
	OnEvent func(Event)
	// OnRing is called for each invitation, under the same conditions; it may start a goroutine
	// that calls Ring.Answer. If it is nil, each invitation is answered at once, and an [Entered]
	// event has the session.
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

// target returns the address to connect to for an address from a referral: it adds the default
// port, or sets Server's under IgnorePort.
func (o *Options) target(addr string) string {
	host, port := splitAddr(addr)
	if o.IgnorePort {
		_, port = splitAddr(o.Server)
	}
	return joinAddr(host, port)
}

func joinAddr(host, port string) string { return net.JoinHostPort(host, port) }

// splitAddr splits host, host:port, [v6]:port or a bare v6 address, and adds the default port.
func splitAddr(addr string) (host, port string) {
	if h, p, err := net.SplitHostPort(addr); err == nil {
		return h, p
	}
	return addr, DefaultPort
}
