package conformance

import (
	"context"
	"fmt"
	"math/rand/v2"
	"net"
	"regexp"
	"strconv"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/msnscope/msnscope/decode/dialect"
	"github.com/msnscope/msnscope/decode/session"
	"github.com/msnscope/msnscope/internal/memnet"
	"github.com/msnscope/msnscope/proxy"
	"github.com/msnscope/msnscope/server"
	"github.com/msnscope/msnscope/server/accounts"
)

// These are the addresses of the embedded server, and of the proxies before each of its three
// kinds.
const (
	dsAddr, nsAddr, sbAddr                = "127.0.0.2:1863", "127.0.0.3:1863", "127.0.0.4:1863"
	ns2Addr                               = "127.0.0.5:1863"
	dsProxyAddr, nsProxyAddr, sbProxyAddr = "127.0.1.2:1863", "127.0.1.3:1863", "127.0.1.4:1863"
)

// addresses matches what may differ between two transcripts.
var addresses = regexp.MustCompile(`127\.0\.[01]\.[2345]:\d+`)

// users returns the accounts that the embedded server starts with.
func users() []User {
	var all []User
	for _, name := range []string{"alice", "bob", "carol", "dave"} {
		all = append(all, User{Name: name, Handle: name + "@hotmail.com", Password: name + "pw"})
	}
	return all
}

// lockedRand gives the same bytes in each run. It is safe for concurrent use.
type lockedRand struct {
	mu  sync.Mutex
	src *rand.ChaCha8
}

func (r *lockedRand) Read(p []byte) (int, error) {
	r.mu.Lock()
	defer r.mu.Unlock()
	return r.src.Read(p)
}

// embedded returns a new server for a case. The caller must close it.
func embedded(t *testing.T, preset string, options []string) *backend {
	t.Helper()
	p, err := server.ParsePreset(preset)
	if err != nil {
		t.Fatal(err)
	}
	settings := p.Settings()
	o := server.Options{
		Settings: &settings, Dispatch: dsAddr, Notification: []string{nsAddr}, Switchboard: sbAddr,
		Rand: &lockedRand{src: rand.NewChaCha8([32]byte{1})},
	}
	for _, option := range options {
		name, value, _ := strings.Cut(option, "=")
		if err := set(&o, name, value); err != nil {
			t.Fatalf("option %s: %v", option, err)
		}
	}
	store := &elsewhere{Memory: accounts.Defaults(), news: make(chan accounts.News, 16)}
	o.Store = store
	return &backend{server.New(o), store}
}

// set sets one of the options that cases ask for.
func set(o *server.Options, name, value string) error {
	n, err := strconv.Atoi(value)
	switch name {
	case "ListLimit":
		o.Settings.ListLimit = n
	case "MaxParticipants":
		o.Settings.Limits.SessionUsers = n
	case "Notification": // number of servers; all but the first are reached only by referral
		for i := 1; i < n; i++ {
			o.Notification = append(o.Notification, ns2Addr)
		}
	case "NewAccounts": // as of a new server
		return nil
	case "NoDispatch":
		o.NoDispatch = true
		return nil
	case "SwitchboardIdle":
		o.Settings.IdleTimeout, err = time.ParseDuration(value)
	default:
		return fmt.Errorf("no case may set it")
	}
	return err
}

// direct returns the embedded server itself as a target. It must be called in a bubble.
func direct(_ *testing.T, s *backend) Target {
	return Target{
		Dial:     func(ctx context.Context, address string) (net.Conn, error) { return s.Dial(ctx, "tcp", address) },
		Dispatch: dsAddr, Notification: nsAddr, Switchboard: sbAddr,
		Users: users(), Nobody: "nobody@hotmail.com",
		Settle: settle, Wait: time.Sleep,
		Do: s.do,
	}
}

// settle waits until the server has answered everything: a failed logon is answered after 20 ms,
// whatever was wrong.
func settle() {
	time.Sleep(20 * time.Millisecond)
	synctest.Wait()
}

// proxied puts a proxy before each kind of server: one for clients that start at the dispatch
// server, and two for clients that a case sends elsewhere at once. mode, if not nil, changes their
// options.
func proxied(t *testing.T, s *backend, mode func(*proxy.Options)) (Target, func()) {
	target := direct(t, s)
	roles := map[string]dialect.Role{dsAddr: dialect.DS, nsAddr: dialect.NS, ns2Addr: dialect.NS, sbAddr: dialect.SB}
	var front memnet.Network
	var proxies []*proxy.Proxy
	var served sync.WaitGroup
	for at, upstream := range map[string]string{dsProxyAddr: dsAddr, nsProxyAddr: nsAddr, sbProxyAddr: sbAddr} {
		l, err := front.Listen(at)
		if err != nil {
			t.Fatal(err)
		}
		o := proxy.Options{
			Upstream: upstream, Dial: s.Dial, Role: func(a string) dialect.Role { return roles[a] },
			Publish: func(*session.Event) {},
			Listen:  func(_, a string) (net.Listener, error) { return front.Listen(a) },
		}
		if mode != nil {
			mode(&o)
		}
		p := proxy.New(o)
		proxies = append(proxies, p)
		served.Go(func() { _ = p.Serve(l) })
	}
	target.Dial = func(ctx context.Context, address string) (net.Conn, error) {
		return front.DialContext(ctx, "tcp", address)
	}
	target.Dispatch, target.Notification, target.Switchboard = dsProxyAddr, nsProxyAddr, sbProxyAddr
	return target, func() {
		for _, p := range proxies {
			p.Close()
		}
		served.Wait()
	}
}

// playDirect plays a case against a new embedded server.
func playDirect(t *testing.T, c *Case, preset string) (got Transcript, err error) {
	synctest.Test(t, func(t *testing.T) {
		s := embedded(t, preset, c.Options)
		defer s.Close()
		got, err = c.Play(t.Context(), direct(t, s), preset)
	})
	return got, err
}

// playProxied plays a case against a new embedded server behind proxies.
func playProxied(t *testing.T, c *Case, preset string, mode func(*proxy.Options)) (got Transcript, err error) {
	synctest.Test(t, func(t *testing.T) {
		s := embedded(t, preset, c.Options)
		defer s.Close()
		target, stop := proxied(t, s, mode)
		defer stop()
		got, err = c.Play(t.Context(), target, preset)
	})
	return got, err
}
