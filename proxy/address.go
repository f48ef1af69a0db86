package proxy

import (
	"fmt"
	"net"
	"net/netip"
	"slices"
	"strconv"
	"strings"

	"github.com/msnscope/msnscope/decode/referral"
)

// ownLocked notes that the proxy listens on l. p.mu is held.
func (p *Proxy) ownLocked(l net.Listener) {
	at := addrPort(l.Addr())
	covered := func(host, by netip.Addr) bool {
		return host == by || by.IsUnspecified() && (by.Is6() || host.Is4()) // [::] listens to IPv4 as well
	}
	if !slices.ContainsFunc(p.hosts, func(h netip.Addr) bool { return covered(at.Addr(), h) }) {
		p.hosts = append(slices.DeleteFunc(p.hosts, func(h netip.Addr) bool { return covered(h, at.Addr()) }), at.Addr())
	}
	p.at = append(p.at, at)
	if a := p.opts.Advertise; a != "" {
		p.own[canonical(net.JoinHostPort(a, strconv.Itoa(int(at.Port()))))] = true
	}
}

// leadsHere reports whether whoever connects to address comes to this proxy. local is an address that it is reached by. It
// resolves no names but localhost. p.mu is held.
func (p *Proxy) leadsHere(address string, local netip.Addr) bool {
	if p.opts.Role(address) != 0 {
		return false // a server that is known for what it is
	}
	address = canonical(address)
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

// reaches reports whether a connection to the IP address to arrives at a listener on at, a machine's that has the address
// local too. To connect to the unspecified address is to connect to the machine itself.
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

// canonical returns an address in the form in which equal ones are equal: with a port, IPv4 as such, names in lower case,
// localhost as the IP address that it is.
func canonical(address string) string {
	full, ok := referral.Normalize(address)
	if !ok {
		return address
	}
	full = strings.ToLower(full)
	if port, is := strings.CutPrefix(full, "localhost:"); is {
		full = "127.0.0.1:" + port
	}
	at, err := netip.ParseAddrPort(full)
	if err != nil {
		return full
	}
	return netip.AddrPortFrom(at.Addr().Unmap(), at.Port()).String()
}

// advertise returns what to tell a client that came to local instead of the address of an upstream ("" for one that nobody
// can connect to), and false for an address that leads to this proxy already. p.mu is held.
func (p *Proxy) advertise(local netip.AddrPort, target string) (string, bool) {
	if target != "" && p.leadsHere(target, local.Addr()) {
		return "", false
	}
	host, port := local.Addr().String(), strconv.Itoa(int(local.Port()))
	if a := p.opts.Advertise; a != "" {
		if h, pt, err := net.SplitHostPort(a); err == nil {
			host, port = h, pt
		} else {
			host = a
		}
	}
	if p.opts.ReferralPorts > 0 && target != "" {
		if own, ok := p.portFor(target); ok {
			port = own
		}
	}
	address := net.JoinHostPort(host, port)
	p.own[canonical(address)] = true
	return address, true
}

// portFor returns the port that stands for an upstream, and opens its listeners the first time, one wherever the proxy listens.
// p.mu is held for that: it happens once an upstream, and opening a listener does not block.
func (p *Proxy) portFor(target string) (string, bool) {
	if port, ok := p.ports[target]; ok {
		return port, true
	}
	if len(p.ports) >= maxReferralPorts || p.ctx.Err() != nil {
		return "", false
	}
	listeners, err := p.listenFrom(p.next)
	if err != nil {
		p.log.Error("no port of its own for an upstream; its clients come back to the main port", "upstream", target, "err", err)
		return "", false
	}
	at := int(addrPort(listeners[0].Addr()).Port())
	p.ports[target], p.next = strconv.Itoa(at), at+1
	for _, l := range listeners {
		p.ownLocked(l)
		p.log.Info("listening for one upstream", "address", l.Addr(), "upstream", target)
		p.conns.Go(func() {
			if err := p.serve(l, target); err != nil {
				p.log.Error("listener failed", "err", err)
			}
		})
	}
	return p.ports[target], true
}

// listenFrom listens on the first of the ports from port on that is free wherever the proxy listens.
func (p *Proxy) listenFrom(port int) ([]net.Listener, error) {
	err := fmt.Errorf("there is no port %d", port)
	for last := min(port+maxBusy, 65535); port <= last; port++ {
		var all []net.Listener
		if all, err = p.listenAll(port); err == nil {
			return all, nil
		}
	}
	return nil, err
}

func (p *Proxy) listenAll(port int) (all []net.Listener, err error) {
	for _, host := range p.hosts {
		l, err := p.opts.Listen("tcp", netip.AddrPortFrom(host, uint16(port)).String())
		if err != nil {
			for _, l := range all {
				l.Close()
			}
			return nil, err
		}
		all = append(all, l)
	}
	return all, nil
}
