package proxy

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"maps"
	"net"
	"net/netip"
	"slices"
	"sync"
	"sync/atomic"
	"time"

	"github.com/msnscope/msnscope/decode/dialect"
	"github.com/msnscope/msnscope/decode/referral"
	"github.com/msnscope/msnscope/decode/session"
)

// Limits of a proxy and of each of its connections.
const (
	// maxConns bounds the connections: each takes two descriptors once it has an upstream, and a
	// process usually has 20,000.
	maxConns = 9500
	// holdBytes and holdTime are how many bytes of an unfinished command are kept, and how long, so
	// that it leaves whole.
	holdBytes = 64 << 10
	holdTime  = 200 * time.Millisecond
	// dialTime is how long an upstream may take to accept, lingerTime how long one direction goes
	// on after the other broke.
	dialTime   = 30 * time.Second
	lingerTime = 10 * time.Second
	// guessTime is how long a server that is only a guess may take to accept: one that drops
	// packets must not cost another user at the client's address half a minute. If the guess was
	// right, the command that names the user leads there all the same.
	guessTime = 3 * time.Second
	// halfOpenTime is how long a connection stays when one end has closed and the other is silent:
	// what a NAT must grant such a connection at least (RFC 5382, REQ-5). Each command of the open
	// end starts it again.
	halfOpenTime = 4 * time.Minute
	// firstLineTime is how long a client may take for the rest of the line that says where it wants
	// to go: a person who types at a raw connection, or a bad network, needs some seconds.
	firstLineTime = 10 * time.Second
	// maxReferralPorts bounds the listeners that --referral-ports opens, maxBusy how many ports in
	// a row may be taken by others when it opens one.
	maxReferralPorts = 1024
	maxBusy          = 64
)

// Options configure a Proxy. Only Upstream and Publish are required.
type Options struct {
	// Upstream is the address (host:port) of the server for clients that no referral brought.
	Upstream string
	// Gateway is the address (host:port) of the gateway for clients over HTTP. If it is empty, the
	// proxy is the gateway, in front of servers that speak plain TCP.
	Gateway string
	// Notification is the address of the notification server for clients over HTTP that ask for
	// one while the proxy is the gateway; empty for Upstream.
	Notification string
	// Publish is called with every event, in the order of their numbers, one call at a time. It
	// must not block.
	Publish func(*session.Event)
	// Lagging reports whether a subscriber that must not lose events has many left to handle; nil
	// means never. While it does, events are made later, as long as the queue has room. It must not
	// block.
	Lagging func() bool
	// Dial connects to upstreams; nil dials TCP. [ClientOf] its context returns the client.
	Dial func(ctx context.Context, network, addr string) (net.Conn, error)
	// Role returns the role of the server at an upstream address, 0 if unknown; nil knows none. It
	// must not block.
	Role func(addr string) dialect.Role
	// Advertise is the host, or host:port, of rewritten addresses; empty for the address by which
	// the client came.
	Advertise string
	// ReferralPorts is the first of the ports that stand for upstreams, one each, for clients that
	// honour the port of a referral; 0: all come back to the one port.
	ReferralPorts int
	// Routes map the addresses of referrals to where the servers really are.
	Routes referral.Routes
	// Listen opens the listeners of ReferralPorts; nil listens on TCP.
	Listen func(network, addr string) (net.Listener, error)
	// OnePerWrite, if not 0, sends each command to the server in a write of its own, once the
	// server has answered the one before, a second later at most; or after this pause, if it
	// answers no such command. It is for servers that take one read for one command. What servers
	// say is relayed as usual.
	OnePerWrite time.Duration
	// FileBytes is how many bytes of the content of each file transfer become events; 0 means 1 MB,
	// less than 0 none. Beyond that, a gap says how many are left out.
	FileBytes int64
	// KeepFile makes the file in which the content of a file transfer is kept, on the connection
	// with the number conn; nil keeps none. It is called on a goroutine of its own.
	KeepFile func(conn int) (Keeper, error)
	// SpillFailed is called once if the file that holds the rest of a long burst cannot be written:
	// from then on such a burst leaves gaps. It must not block; nil for no call.
	SpillFailed func(error)
	// Now is the clock; nil: time.Now.
	Now func() time.Time
	// Log gets what a person who runs the proxy should know; nil discards it. It must not block.
	Log *slog.Logger
}

// Proxy relays connections. Make one with [New]; its methods are safe for concurrent use.
type Proxy struct {
	opts Options
	log  *slog.Logger

	conns sync.WaitGroup
	once  sync.Once       // the journal ends
	ctx   context.Context // ends when the proxy does
	stop  context.CancelCauseFunc

	hook    atomic.Pointer[hook]
	journal *journal
	gate    gate
	unheard unheard
	kept    atomic.Int64 // bytes of transferred files that wait to be written where they are kept

	// mu guards what all connections decide by: the graph of sessions and the book of referrals. It
	// is held for the time of some map accesses. doc.go has the order of locks.
	mu    sync.Mutex
	graph session.Graph
	byID  map[int]*Conn
	// pendingReferrals are the referrals that clients have not followed yet.
	pendingReferrals map[pendingReferral]*wait
	bypassed         int // how many were given up, and other signs that traffic goes past the proxy
	latest           string
	book             referral.Book
	transfers        transfers
	open             int
	own              map[string]bool   // addresses given to clients, in canonical form
	at               []netip.AddrPort  // what the proxy listens on
	hosts            []netip.Addr      // of the listeners, but those that another one covers
	ports            map[string]string // upstream -> the port that stands for it
	next             int               // where to look for the next such port
}

// ErrStopped is the cause of the end of connections that [Proxy.Close] ends.
var ErrStopped = errors.New("the proxy stopped")

// New returns a proxy.
func New(o Options) *Proxy {
	if o.Dial == nil {
		o.Dial = (&net.Dialer{}).DialContext
	}
	if o.Listen == nil {
		o.Listen = net.Listen
	}
	if o.Now == nil {
		o.Now = time.Now
	}
	if o.Role == nil {
		o.Role = func(string) dialect.Role { return 0 }
	}
	if o.Lagging == nil {
		o.Lagging = func() bool { return false }
	}
	if o.Log == nil {
		o.Log = slog.New(slog.DiscardHandler)
	}
	p := &Proxy{
		opts: o, log: o.Log, own: map[string]bool{}, ports: map[string]string{}, next: o.ReferralPorts,
		byID: map[int]*Conn{}, pendingReferrals: map[pendingReferral]*wait{}, journal: newJournal(o.Publish, o.Lagging),
	}
	p.journal.spillFailed = o.SpillFailed
	if _, _, err := net.SplitHostPort(o.Advertise); err == nil {
		p.own[referral.Canonical(o.Advertise)] = true
	}
	p.ctx, p.stop = context.WithCancelCause(context.Background())
	return p
}

// Serve accepts clients on l until the proxy or l is closed, and closes l. It may be called for
// several listeners. It returns nil after [Proxy.Close]. Other errors of l, such as too many open
// files, pass: it logs them and goes on.
func (p *Proxy) Serve(l net.Listener) error {
	p.mu.Lock()
	p.ownLocked(l)
	p.mu.Unlock()
	return p.serve(l, "")
}

// serve accepts clients until the proxy or l is closed. All go to the upstream fixed, unless that
// is empty.
func (p *Proxy) serve(l net.Listener, fixed string) error {
	defer l.Close()
	stop := context.AfterFunc(p.ctx, func() { l.Close() })
	defer stop()
	var wait time.Duration
	var logged time.Time
	for {
		client, err := l.Accept()
		switch {
		case p.ctx.Err() != nil:
			if err == nil {
				client.Close()
			}
			return nil
		case err == nil:
			wait = 0
			p.admit(client, func() { p.meet(client, fixed) })
		case errors.Is(err, net.ErrClosed):
			return fmt.Errorf("accept on %s: %w", l.Addr(), err)
		default: // too many open files and the like: these pass
			wait = min(max(2*wait, 5*time.Millisecond), time.Second)
			if now := time.Now(); now.Sub(logged) >= time.Second {
				logged = now
				p.log.Warn("accepting failed, trying again", "address", l.Addr(), "err", err)
			}
			select {
			case <-time.After(wait):
			case <-p.ctx.Done():
			}
		}
	}
}

// admit has a goroutine serve a client, or closes the client if too many connections are open.
func (p *Proxy) admit(client net.Conn, serve func()) bool {
	p.mu.Lock()
	full := p.open >= maxConns
	ok := !full && p.ctx.Err() == nil
	if ok {
		p.open++
		p.conns.Add(1)
	}
	p.mu.Unlock()
	if full {
		p.log.Error("connection refused: too many are open", "client", client.RemoteAddr(), "limit", maxConns)
	}
	if !ok {
		client.Close()
		return false
	}
	go func() {
		defer p.conns.Done()
		serve()
		p.mu.Lock()
		p.open--
		p.mu.Unlock()
	}()
	return true
}

// Conns returns the open connections in no particular order.
func (p *Proxy) Conns() []*Conn {
	p.mu.Lock()
	defer p.mu.Unlock()
	return slices.Collect(maps.Values(p.byID))
}

// Conn returns the open connection with the number id, nil if there is none.
func (p *Proxy) Conn(id int) *Conn {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.byID[id]
}

// Stats are figures of a proxy at one moment.
type Stats struct {
	// Open is the number of connections by the role of their servers, 0 where that is unknown yet.
	Open map[dialect.Role]int
	// Queued is how many events of what passed have not been made yet. QueuedBytes of it are in
	// memory, SpooledBytes in a file.
	Queued, QueuedBytes, SpooledBytes int
}

// Stats returns the figures. It takes the locks of traffic for moments only.
func (p *Proxy) Stats() Stats {
	s := Stats{Open: map[dialect.Role]int{}}
	p.mu.Lock()
	for _, c := range p.byID {
		s.Open[c.sess.Role()]++
	}
	p.mu.Unlock()
	p.journal.stats(&s)
	return s
}

// Note publishes a note that belongs to no connection.
func (p *Proxy) Note(text string) {
	p.journal.remark(p.opts.Now(), text)
	p.journal.help()
}

// Close ends all connections and listeners and waits for them, and for the events of what passed.
// No event is published after it has returned.
func (p *Proxy) Close() {
	p.mu.Lock() // nothing is admitted from here on
	p.stop(ErrStopped)
	p.mu.Unlock()
	p.conns.Wait()
	p.once.Do(p.journal.close)
}
