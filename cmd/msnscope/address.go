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

	"github.com/msnscope/msnscope/decode/referral"
)

// portNumber returns an error unless port is a decimal number from least to 65535.
func portNumber(port string, least uint64) error {
	n, err := strconv.ParseUint(port, 10, 16)
	if err != nil || n < least {
		return fmt.Errorf("%q is not a port", port)
	}
	return nil
}

// listenable returns an error for an address of the wrong form. Only the system knows whether it
// can be listened on.
func listenable(addr string) error {
	_, port, err := net.SplitHostPort(addr)
	if err != nil {
		return errors.New("it must be HOST:PORT")
	}
	return portNumber(port, 0)
}

// advertised splits an address that clients are given, an IP address or a name, into its host and
// port; port is empty where there is none.
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
	if !referral.IsName(host) {
		return "", "", fmt.Errorf("%q is neither an IP address nor a name", host)
	}
	return host, port, nil
}

// leadsTo reports whether a connection to upstream (host:port) arrives at the listener at own.
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

// isOurs reports whether this machine has the address.
func isOurs(ip netip.Addr) bool {
	addrs, _ := net.InterfaceAddrs() // none known: none is ours
	return slices.ContainsFunc(addrs, func(a net.Addr) bool {
		p, err := netip.ParsePrefix(a.String())
		return err == nil && p.Addr().Unmap() == ip
	})
}
