package main

import (
	"context"
	"errors"
	"fmt"
	"net"
	"net/netip"
	"slices"
	"strconv"
	"strings"
	"time"
)

// portNumber refuses what is no decimal port from least on.
func portNumber(port string, least uint64) error {
	n, err := strconv.ParseUint(port, 10, 16)
	if err != nil || n < least {
		return fmt.Errorf("%q is no port", port)
	}
	return nil
}

// listenable refuses an address whose form is wrong; whether it can be listened on is the system's to say.
func listenable(addr string) error {
	_, port, err := net.SplitHostPort(addr)
	if err != nil {
		return errors.New("it must be HOST:PORT")
	}
	return portNumber(port, 0)
}

// advertised takes apart an address that clients are to be told: an IP address or a name, with a port or, empty, without.
func advertised(s string) (host, port string, err error) {
	host, hasPort := s, false
	switch rest, bracketed := strings.CutPrefix(s, "["); {
	case bracketed:
		inside, after, closed := strings.Cut(rest, "]")
		if _, err := netip.ParseAddr(inside); !closed || err != nil || !strings.Contains(inside, ":") {
			return "", "", errors.New("brackets are for IPv6 addresses")
		}
		host = inside
		if port, hasPort = strings.CutPrefix(after, ":"); !hasPort && after != "" {
			return "", "", errors.New("it must be HOST or HOST:PORT")
		}
	case strings.Count(s, ":") == 1:
		host, port, hasPort = strings.Cut(s, ":")
	}
	if hasPort {
		if err := portNumber(port, 1); err != nil {
			return "", "", err
		}
	}
	if ip, err := netip.ParseAddr(host); err == nil {
		if ip.Unmap().IsUnspecified() || ip.Zone() != "" {
			return "", "", errors.New("nobody can connect to that address from elsewhere")
		}
		return host, port, nil
	}
	if !isHostName(host) {
		return "", "", fmt.Errorf("%q is neither an IP address nor a name", host)
	}
	return host, port, nil
}

// isHostName reports whether s can be a host's name. One whose last part is a number would be an IP address that is wrong.
func isHostName(s string) bool {
	labels := strings.Split(strings.TrimSuffix(s, "."), ".")
	for _, l := range labels {
		odd := func(r rune) bool {
			return r != '-' && r != '_' && (r < '0' || r > '9') && (r|0x20 < 'a' || r|0x20 > 'z')
		}
		if l == "" || len(l) > 63 || l[0] == '-' || strings.ContainsFunc(l, odd) {
			return false
		}
	}
	_, err := strconv.ParseUint(labels[len(labels)-1], 10, 64)
	return err != nil && len(s) <= 253
}

// leadsTo reports whether who connects to upstream (host:port) connects to the listener at own.
func leadsTo(ctx context.Context, own net.Addr, upstream string) bool {
	at, err := netip.ParseAddrPort(own.String())
	host, port, uerr := net.SplitHostPort(upstream)
	if err != nil || uerr != nil || port != strconv.Itoa(int(at.Port())) {
		return false
	}
	ctx, cancel := context.WithTimeout(ctx, 2*time.Second) // a name that takes longer is not this machine's
	defer cancel()
	to, _ := net.DefaultResolver.LookupNetIP(ctx, "ip", host) // one that cannot be found leads nowhere
	local := at.Addr().Unmap()
	return slices.ContainsFunc(to, func(ip netip.Addr) bool {
		ip = ip.Unmap()
		if ip.IsUnspecified() {
			return local.IsUnspecified() || local.IsLoopback()
		}
		return ip == local || local.IsUnspecified() && (ip.IsLoopback() || isOurs(ip))
	})
}

// isOurs reports whether the address is one of this machine's.
func isOurs(ip netip.Addr) bool {
	addrs, _ := net.InterfaceAddrs() // none known: none is ours
	return slices.ContainsFunc(addrs, func(a net.Addr) bool {
		p, err := netip.ParsePrefix(a.String())
		return err == nil && p.Addr().Unmap() == ip
	})
}
