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
	// maxConns: each takes two descriptors once it goes somewhere, of which a process usually has 20,000.
	maxConns = 9500
	// holdBytes and holdTime are how much of an unfinished command is kept back, and how long, so that it leaves whole.
	holdBytes = 64 << 10
	holdTime  = 200 * time.Millisecond
	// dialTime is how long an upstream may take to accept, lingerTime how long one direction goes on after the other ended.
	dialTime   = 30 * time.Second
	lingerTime = 10 * time.Second
	// firstLineTime is how long a client may take for the rest of the line that tells where it wants to go: a person who
	// types at a raw connection, or a bad network, needs some seconds.
	firstLineTime = 10 * time.Second
	// maxReferralPorts bounds the listeners that --referral-ports opens, maxBusy how many ports in a row may be taken by
	// others when it opens one.
	maxReferralPorts = 1024
	maxBusy          = 64
)

// Options configure a Proxy. Only Upstream and Publish are required.
type Options struct {
	// Upstream is the address (host:port) of the server for clients that no referral brought.
	Upstream string
	// Publish gets every event, in the order of their numbers, one at a time. It must not block.
	Publish func(*session.Event)
	// Behind reports whether somebody who should not lose events has many to handle yet; nil: nobody. While it is so, events are
	// made later, as long as there is room for what they are made of. It must not block.
	Behind func() bool
	// Dial connects to upstreams; nil dials TCP.
	Dial func(ctx context.Context, network, addr string) (net.Conn, error)
	// Role tells what kind of server an upstream address is, 0 where nobody knows; nil knows none.
	Role func(addr string) dialect.Role
	// Advertise is the host, or host:port, that rewritten addresses say. Empty: the address by which the client came.
	Advertise string
	// ReferralPorts is the first of the ports that stand for upstreams, one each, for clients that honour the port of a
	// referral; 0: all come back to the one port.
	ReferralPorts int
	// Listen opens the listeners of ReferralPorts; nil listens on TCP.
	Listen func(network, addr string) (net.Listener, error)
	// OnePerWrite sends each command in a write of its own, for servers that take one read for one command.
	OnePerWrite bool
	// Now is the clock; nil: time.Now.
	Now func() time.Time
	// Log gets what a person who runs the proxy should know; nil discards it.
	Log *slog.Logger
}

// Proxy relays connections. Make one with [New]; its methods are safe for concurrent use.
type Proxy struct {
	opts Options
	log  *slog.Logger

	conns sync.WaitGroup
	once  sync.Once       // the story ends
	ctx   context.Context // ends when the proxy does
	stop  context.CancelCauseFunc

	hook  atomic.Pointer[hook]
	story *story

	// mu guards what the connections share to decide by: the graph of sessions and the book of referrals. It is held for the
	// time of some map accesses. p.story.mu may be taken with it held.
	mu    sync.Mutex
	graph session.Graph
	byID  map[int]*Conn
	// claims are the referrals that clients have not followed yet.
	claims   map[claim]*wait
	bypassed int // how many were given up
	latest   string
	book     referral.Book
	open     int
	own      map[string]bool   // addresses that clients were told, in canonical form
	at       []netip.AddrPort  // what the proxy listens on
	hosts    []netip.Addr      // of the listeners, but those that another one covers
	ports    map[string]string // upstream -> the port that stands for it
	next     int               // where to look for the next such port
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
	if o.Behind == nil {
		o.Behind = func() bool { return false }
	}
	if o.Log == nil {
		o.Log = slog.New(slog.DiscardHandler)
	}
	p := &Proxy{
		opts: o, log: o.Log, own: map[string]bool{}, ports: map[string]string{}, next: o.ReferralPorts,
		byID: map[int]*Conn{}, claims: map[claim]*wait{}, story: newStory(o.Publish, o.Behind),
	}
	if _, _, err := net.SplitHostPort(o.Advertise); err == nil {
		p.own[canonical(o.Advertise)] = true
	}
	p.ctx, p.stop = context.WithCancelCause(context.Background())
	return p
}

// Serve accepts clients on l until the proxy or l is closed, and closes l. It may be called for several listeners. It returns nil
// after [Proxy.Close]. Other errors of l, such as too many open files, pass: it logs them and goes on.
func (p *Proxy) Serve(l net.Listener) error {
	p.mu.Lock()
	p.ownLocked(l)
	p.mu.Unlock()
	return p.serve(l, "")
}

// serve accepts clients; all go to the upstream fixed unless that is empty.
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
			p.accept(client, fixed)
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

// accept starts a connection, unless there are too many.
func (p *Proxy) accept(client net.Conn, fixed string) {
	p.mu.Lock()
	full := p.open >= maxConns
	if !full {
		p.open++
		p.conns.Add(1)
	}
	p.mu.Unlock()
	if full {
		p.log.Error("connection refused: too many are open", "client", client.RemoteAddr(), "limit", maxConns)
		client.Close()
		return
	}
	go func() {
		defer p.conns.Done()
		newConn(p, client, fixed).serve()
		p.mu.Lock()
		p.open--
		p.mu.Unlock()
	}()
}

// Conns returns the connections that are open, in no order.
func (p *Proxy) Conns() []*Conn {
	p.mu.Lock()
	defer p.mu.Unlock()
	return slices.Collect(maps.Values(p.byID))
}

// Conn returns the open connection with the number, nil for none.
func (p *Proxy) Conn(id int) *Conn {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.byID[id]
}

// Note publishes a note that belongs to no connection.
func (p *Proxy) Note(text string) {
	p.story.remark(p.opts.Now(), text)
	p.story.help()
}

// Close ends all connections and listeners and waits for them. No event is published after it returned.
func (p *Proxy) Close() {
	p.stop(ErrStopped)
	p.conns.Wait()
	p.once.Do(p.story.close)
}
