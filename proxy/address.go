package proxy

import (
	"fmt"
	"net"
	"net/netip"
	"slices"
	"strconv"

	"github.com/msnscope/msnscope/decode/referral"
)

// ownLocked records that the proxy listens on l. p.mu is held.
func (p *Proxy) ownLocked(l net.Listener) {
	at := addrPort(l.Addr())
	covered := func(host, by netip.Addr) bool {
		return host == by || by.IsUnspecified() && (by.Is6() || host.Is4()) // [::] listens to IPv4 as well
	}
	if !slices.ContainsFunc(p.hosts, func(h netip.Addr) bool { return covered(at.Addr(), h) }) {
		p.hosts = append(slices.DeleteFunc(p.hosts, func(h netip.Addr) bool { return covered(h, at.Addr()) }),
			at.Addr())
	}
	p.at = append(p.at, at)
	if a := p.opts.Advertise; a != "" {
		p.own[referral.Canonical(net.JoinHostPort(a, strconv.Itoa(int(at.Port()))))] = true
	}
}

// leadsHere reports whether a connection to address would come to this proxy. local is an address
// at which clients reach the proxy. No name but localhost is resolved.
func (p *Proxy) leadsHere(address string, local netip.Addr) bool {
	if p.opts.Role(address) != 0 {
		return false // a server that is known for what it is
	}
	address = referral.Canonical(address)
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.own[address] {
		return true
	}
	to, err := netip.ParseAddrPort(address)
	if err != nil {
		return false
	}
	for _, at := range p.at {
		if at.Port() == to.Port() && reaches(to.Addr(), at.Addr(), local) {
			return true
		}
	}
	return false
}

// reaches reports whether a connection to the IP address to arrives at a listener on at, a
// machine's that has the address local too. To connect to the unspecified address is to connect to
// the machine itself.
func reaches(to, at, local netip.Addr) bool {
	self := to.IsUnspecified() || to == netip.IPv6Loopback() || to == netip.AddrFrom4([4]byte{127, 0, 0, 1})
	switch {
	case at.IsUnspecified():
		return self || to == local
	case to.IsUnspecified():
		return at.IsLoopback()
	}
	return to == at
}

// advertise returns the address that replaces target, an upstream's, for a client that came to
// local, and false if target leads to this proxy already.
func (p *Proxy) advertise(local netip.AddrPort, target string) (string, bool) {
	if p.leadsHere(target, local.Addr()) {
		return "", false
	}
	host, port, _ := net.SplitHostPort(p.here(local))
	if p.opts.ReferralPorts > 0 {
		if own, ok := p.portFor(target); ok {
			port = own
		}
	}
	address := net.JoinHostPort(host, port)
	p.mu.Lock()
	defer p.mu.Unlock()
	p.own[referral.Canonical(address)] = true
	return address, true
}

// here returns the address that stands for this proxy towards a client that came to local.
func (p *Proxy) here(local netip.AddrPort) string {
	host, port := local.Addr().String(), strconv.Itoa(int(local.Port()))
	if a := p.opts.Advertise; a != "" {
		if h, pt, err := net.SplitHostPort(a); err == nil {
			host, port = h, pt
		} else {
			host = a
		}
	}
	return net.JoinHostPort(host, port)
}

// portFor returns the port that stands for the upstream target, and false if there is none. The
// first time it opens a listener on each of the proxy's hosts; opening one does not block.
func (p *Proxy) portFor(target string) (string, bool) {
	p.mu.Lock()
	port, ok := p.ports[target]
	full, from, hosts := len(p.ports) >= maxReferralPorts, p.next, slices.Clone(p.hosts)
	p.mu.Unlock()
	if ok || full || p.ctx.Err() != nil {
		return port, ok
	}
	listeners, err := p.listenFrom(from, hosts)
	if err != nil {
		p.log.Error("cannot open a separate port for an upstream: its clients will come to the main port", "upstream",
			target,
			"err", err)
		return "", false
	}
	port, first := p.standsFor(target, listeners)
	if !first { // another connection was as quick
		closeAll(listeners)
		return port, true
	}
	for _, l := range listeners {
		p.log.Info("listening for one upstream", "address", l.Addr(), "upstream", target)
		p.conns.Go(func() {
			if err := p.serve(l, target); err != nil {
				p.log.Error("listener failed", "err", err)
			}
		})
	}
	return port, true
}

// standsFor makes the port of the listeners stand for the upstream target, unless another port does
// already, and returns the port that does. first reports whether it is the listeners' port.
func (p *Proxy) standsFor(target string, listeners []net.Listener) (port string, first bool) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if port, ok := p.ports[target]; ok {
		return port, false
	}
	at := int(addrPort(listeners[0].Addr()).Port())
	p.ports[target], p.next = strconv.Itoa(at), max(p.next, at+1)
	for _, l := range listeners {
		p.ownLocked(l)
	}
	return p.ports[target], true
}

// listenFrom listens on the first port, from port on, that is free on all of the hosts.
func (p *Proxy) listenFrom(port int, hosts []netip.Addr) ([]net.Listener, error) {
	err := fmt.Errorf("there is no port %d", port)
	for last := min(port+maxBusy, 65535); port <= last; port++ {
		var all []net.Listener
		if all, err = p.listenAll(port, hosts); err == nil {
			return all, nil
		}
	}
	return nil, err
}

func (p *Proxy) listenAll(port int, hosts []netip.Addr) (all []net.Listener, err error) {
	for _, host := range hosts {
		l, err := p.opts.Listen("tcp", netip.AddrPortFrom(host, uint16(port)).String())
		if err != nil {
			closeAll(all)
			return nil, err
		}
		all = append(all, l)
	}
	return all, nil
}

func closeAll(listeners []net.Listener) {
	for _, l := range listeners {
		l.Close()
	}
}
