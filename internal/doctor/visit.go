package doctor

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"net"
	"net/netip"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/msnscope/msnscope/decode"
	"github.com/msnscope/msnscope/decode/dialect"
	"github.com/msnscope/msnscope/decode/referral"
	"github.com/msnscope/msnscope/decode/session"
	"github.com/msnscope/msnscope/internal/client"
)

// maxHops is how many referrals the doctor follows before it reports that they do not end. Real
// servers refer once.
const maxHops = 5

// visit is one client of the doctor that connects through the proxy, and what it observes.
type visit struct {
	*examination
	news chan struct{} // holds a token when the proxy has published something new

	mu     sync.Mutex
	opened int             // connections that came to the proxy
	sent   map[string]sent // by the address that the server named
	dialed []string
	// heard has the referrals that the client received: the address, or the whole line if that is
	// faulty. The proxy publishes them a little later.
	heard []string
}

// sent is a referral that a server sent.
type sent struct {
	referral.Order
	advertised string // the address that the client received instead
}

// publish records the referrals and connections among the proxy's events.
func (v *visit) publish(e *session.Event) {
	v.mu.Lock()
	defer v.mu.Unlock()
	select {
	case v.news <- struct{}{}:
	default:
	}
	if e.Kind == session.Open {
		v.opened++
	}
	if e.Kind != session.Command || e.Dir != decode.FromServer {
		return
	}
	in := e.In.Clone()
	o, ok := referral.Read(e.Row, e.Role, &in)
	if !ok {
		return
	}
	out := e.Sent()
	to, _ := referral.Read(e.Row, e.Role, &out)
	v.sent[key(o, &in)] = sent{o, to.Address}
}

// await blocks until done returns true, for Patience at most, and reports whether it did. It calls
// done again whenever the proxy has published something, with v.mu locked.
func (v *visit) await(done func() bool) bool {
	late := time.NewTimer(v.Patience)
	defer late.Stop()
	for {
		v.mu.Lock()
		ok := done()
		v.mu.Unlock()
		if ok {
			return true
		}
		select {
		case <-v.news:
		case <-late.C:
			return false
		}
	}
}

// hear records a referral that a client received.
func (v *visit) hear(o referral.Order, m *decode.Message) {
	v.mu.Lock()
	defer v.mu.Unlock()
	v.heard = append(v.heard, key(o, m))
}

// hearAll records as received the referrals to the addresses that the client dialed, from the n-th
// on.
func (v *visit) hearAll(n int) {
	v.mu.Lock()
	defer v.mu.Unlock()
	v.heard = append(v.heard, v.dialed[min(n, len(v.dialed)):]...)
}

// key returns the key of a referral in sent: its address, or the whole line if that is faulty.
func key(o referral.Order, m *decode.Message) string {
	if o.Fault != "" {
		return string(m.Line())
	}
	return o.Address
}

// all reports whether the proxy has published every referral that the client received. v.mu must be
// locked.
func (v *visit) all() bool {
	known := func(told string) bool {
		for said, s := range v.sent {
			if said == told || s.advertised == told {
				return true
			}
		}
		return false
	}
	return !slices.ContainsFunc(v.heard, func(told string) bool { return !known(told) })
}

// dial connects the client and records where to.
func (v *visit) dial(ctx context.Context, network, addr string) (net.Conn, error) {
	v.mu.Lock()
	v.dialed = append(v.dialed, addr)
	v.mu.Unlock()
	return (&net.Dialer{Timeout: v.Patience}).DialContext(ctx, network, addr)
}

// come connects to the proxy at the address as a client does, and follows its referrals.
func (v *visit) come(ctx context.Context, address string) {
	if v.Handle != "" {
		v.signIn(ctx, address)
		return
	}
	at := address
	for range maxHops {
		answer, ok := v.knock(ctx, at)
		if !ok {
			return
		}
		row := dialect.MSNP2.Match(decode.FromServer, dialect.NS, answer)
		o, refers := referral.Read(row, dialect.NS, answer)
		if refers {
			v.hear(o, answer)
		}
		switch {
		case !refers:
			v.d.add("sign-in", "ok", "", "through %s, the server answers up to the request for a password", address)
			return
		case o.Fault != "":
			v.d.add("sign-in", "fail", "the server must name HOST or HOST:PORT",
				"through %s, the client is referred to an address that cannot be used: %s", address, o.Fault)
			return
		}
		at = o.Address
	}
	v.d.add("sign-in", "fail", "the servers refer clients to each other, or the server to itself",
		"through %s, the client was referred %d times and never asked for a password", address, maxHops)
}

// anAccount is the hint for a doctor that has no account.
const anAccount = "give an account of the server: --account HANDLE:PASSWORD"

// knock begins a logon at the address and returns the answer to USR if it is a challenge or a
// referral.
func (v *visit) knock(ctx context.Context, address string) (*decode.Message, bool) {
	c, err := v.dial(ctx, "tcp", address)
	if err != nil {
		v.d.add("sign-in", "fail", "", "the client cannot connect to %s, to which it was referred: %v", address, err)
		return nil, false
	}
	defer c.Close()
	var m decode.Message
	for _, line := range []string{"VER 1 MSNP2 CVR0\r\n", "INF 2\r\n", "USR 3 MD5 I doctor@hotmail.com\r\n"} {
		verb := line[:3]
		answer, err := ask(c, line, v.Patience)
		if err != nil {
			// the server may ignore strangers
			status := map[bool]string{true: "warn", false: "fail"}[verb == "USR"]
			v.d.add("sign-in", status, anAccount, "through %s, %s", address, silence(verb, err, v.Patience))
			return nil, false
		}
		m = decode.Parse([]byte(answer), decode.FromServer, dialect.MSNP2)
		request := decode.Parse([]byte(line), decode.FromClient, dialect.MSNP2)
		row := dialect.MSNP2.Match(decode.FromClient, dialect.DS, &request)
		switch {
		case m.Verb.Code() != 0:
			v.d.add("sign-in", "warn", anAccount, "through %s, the server refuses %s of an unknown user with %s",
				address, verb, m.Verb)
			return nil, false
		case !row.AnsweredBy(m.Verb) || dialect.Fits(decode.FromServer, dialect.DS|dialect.NS, &m) == 0:
			v.d.add("sign-in", "fail", "it may be another kind of server, or speak another dialect",
				"through %s, the server answers %s with %s", address, verb, quoted(answer))
			return nil, false
		}
	}
	return &m, true
}

// signIn signs in with the account and opens a switchboard.
func (v *visit) signIn(ctx context.Context, address string) {
	ctx, cancel := context.WithTimeout(ctx, 3*v.Patience)
	defer cancel()
	v.mu.Lock()
	n := len(v.dialed)
	v.mu.Unlock()
	defer func() { v.hearAll(n + 1) }() // the first is the address itself
	handle := v.Handle
	c, err := client.Login(ctx, client.Options{Server: address, Handle: handle, Password: v.Password, Dial: v.dial})
	if err != nil {
		v.d.add("sign-in", "fail", "", "%s cannot sign in through %s: %v", handle, address, err)
		return
	}
	defer c.Close()
	if err := c.SetState(ctx, "NLN"); err != nil { // a hidden user gets no switchboard (§8.1)
		v.d.add("sign-in", "warn", "", "%s is signed in through %s, but cannot go online: %v", handle, address, err)
	}
	if _, err := c.Call(ctx); err != nil {
		status, hint := "fail", "without a switchboard nobody can talk"
		if refused := (*client.ProtocolError)(nil); errors.As(err, &refused) {
			status, hint = "warn", "" // an answer of the server, so the way is open
		}
		v.d.add("sign-in", status, hint, "%s is signed in through %s, but gets no switchboard: %v", handle, address,
			err)
		return
	}
	v.d.add("sign-in", "ok", "", "%s is signed in through %s and has a switchboard", handle, address)
}

// conclude reports where clients were referred to, whether a server is there, and whether all
// connections came back to the proxy.
func (v *visit) conclude(ctx context.Context) {
	v.await(func() bool { return v.opened >= len(v.dialed) && v.all() })
	v.mu.Lock()
	dialed, came := slices.Clone(v.dialed), v.opened
	all := maps.Clone(v.sent)
	v.mu.Unlock()
	if len(dialed) > came {
		v.d.add("address", "fail", "", "of %d connections of the client only %d came to the proxy: %s", len(dialed),
			came, strings.Join(dialed, ", "))
	}
	if len(all) == 0 {
		v.d.add("referral", "warn", "give an account to see more: --account HANDLE:PASSWORD",
			"the server sent no referral")
		return
	}
	var seen []string
	for _, said := range slices.Sorted(maps.Keys(all)) {
		s := all[said]
		switch {
		case s.Fault != "":
			v.d.add("referral", "fail", "the server must name HOST or HOST:PORT", "no client can follow %s: %s",
				quoted(said), s.Fault)
			continue
		case s.Address == s.advertised:
			v.d.add("referral", "fail", routeHint(s.Address),
				"the server refers clients to %s, which already leads to this proxy or is not rewritten", s.Address)
			continue
		}
		v.d.add("referral", "ok", "", "the server refers clients to %s; they receive %s", s.Address, s.advertised)
		v.find(ctx, s)
		if !slices.Contains(seen, s.advertised) {
			seen = append(seen, s.advertised)
		}
	}
	for _, address := range seen {
		v.reach(address)
		v.ports(address)
	}
}

// routeHint returns the hint about --route, for a server that is not where another server says.
func routeHint(address string) string {
	return fmt.Sprintf(
		"if that address belongs to another network, as of containers: --route %s=HOST:PORT, where this machine finds "+
			"the server",
		address)
}

// find checks that there is a server at the address of a referral, where the proxy will look for
// it.
func (v *visit) find(ctx context.Context, s sent) {
	ctx, cancel := context.WithTimeout(ctx, v.Patience)
	defer cancel()
	address, is := v.Proxy.Routes.To(s.Address), ""
	if address != s.Address {
		is = " is " + address + ", and that"
	}
	host, _, _ := net.SplitHostPort(address)
	if _, err := netip.ParseAddr(host); err != nil {
		ips, err := net.DefaultResolver.LookupNetIP(ctx, "ip", host)
		if err != nil {
			v.d.add("server", "fail", routeHint(s.Address), "%s%s has a name that this machine cannot resolve: %v",
				s.Address, is, err)
			return
		}
		is += fmt.Sprintf(" has the IP address %s, and that", ips[0].Unmap())
	}
	c, err := v.server(ctx, "tcp", address)
	if err != nil {
		v.d.add("server", "fail", routeHint(s.Address), "%s%s cannot be reached from here: %v", s.Address, is, err)
		return
	}
	defer c.Close()
	if s.Role == dialect.SB { // a switchboard does not answer VER
		v.d.add("server", "ok", "", "%s%s accepts connections", s.Address, is)
		return
	}
	switch answer, err := ask(c, "VER 1 MSNP2 CVR0\r\n", v.Patience); {
	case strings.HasPrefix(answer, "VER "):
		v.d.add("server", "ok", "", "%s%s speaks MSN", s.Address, is)
	case err != nil:
		v.d.add("server", "fail", routeHint(s.Address), "%s%s accepts connections, but %s", s.Address, is,
			silence("VER", err, v.Patience))
	default:
		v.d.add("server", "fail", routeHint(s.Address), "%s%s does not speak MSN: it answers VER with %s",
			s.Address, is, quoted(answer))
	}
}

// reach checks that the address which clients receive leads to the proxy.
func (v *visit) reach(address string) {
	v.mu.Lock()
	before := v.opened
	v.mu.Unlock()
	c, err := net.DialTimeout("tcp", address, v.Patience)
	if err != nil {
		hint := "clients must reach it: correct --advertise"
		v.d.add("address", "fail", hint, "clients receive %s, which cannot be reached from here: %v", address, err)
		return
	}
	defer c.Close()
	if !v.await(func() bool { return v.opened > before }) {
		v.d.add("address", "fail", "clients must come to the proxy: correct --advertise",
			"clients receive %s, where another program listens", address)
		return
	}
	v.d.add("address", "ok", "", "%s leads to the proxy", address)
}
