package referral

import (
	"net/netip"
	"strconv"
	"strings"
)

// DefaultPort is the port of an address that names none (§5.1, §8.2).
const DefaultPort = "1863"

// Normalize returns the address of a referral as host:port. It reports false for anything else than
// an IP address or a possible host name, with or without a port from 1 to 65535.
func Normalize(address string) (string, bool) {
	host, port, ok := split(address)
	if !ok {
		return "", false
	}
	if port == "" {
		port = DefaultPort
	}
	return join(host, port), true
}

// target returns the address that a server tells a client to go to, as [Normalize] does. It also
// takes the forms of IPv4 addresses that only inet_addr reads, such as 127.1, 0x7f.1 and
// 2130706433: clients of the time go there.
func target(address string) (string, bool) {
	host, port, hasPort := strings.Cut(address, ":")
	at, ok := classic(host)
	switch {
	case !ok: // perhaps a name, an IPv6 address, or brackets
		return Normalize(address)
	case hasPort:
		return Normalize(at.String() + ":" + port)
	}
	return Normalize(at.String())
}

// classic reads an IPv4 address of one to four numbers, each decimal, octal after a 0 or
// hexadecimal after 0x; the last number fills all bytes that are left. It reports false for
// anything else, and for addresses that begin with 0, where nobody can be.
func classic(host string) (netip.Addr, bool) {
	parts := strings.Split(host, ".")
	if len(parts) > 4 {
		return netip.Addr{}, false
	}
	var at uint64
	for i, part := range parts {
		base := 10
		if hex, is := strings.CutPrefix(strings.ToLower(part), "0x"); is {
			part, base = hex, 16
		} else if len(part) > 1 && part[0] == '0' {
			base = 8
		}
		bits := 8
		if i == len(parts)-1 {
			bits = 8 * (5 - len(parts))
		}
		n, err := strconv.ParseUint(part, base, bits)
		if err != nil {
			return netip.Addr{}, false
		}
		at = at<<bits | n
	}
	return netip.AddrFrom4([4]byte{byte(at >> 24), byte(at >> 16), byte(at >> 8), byte(at)}), at>>24 != 0
}

// Canonical returns an address in a form that can be compared with ==: with a port, IPv4 addresses
// not mapped to IPv6, names in lower case, localhost as its IP address. A string that is not an
// address is returned unchanged.
func Canonical(address string) string {
	full, ok := Normalize(address)
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

// split returns the parts of an address: an IP address without brackets or a name, and the port in
// its shortest form, "" if there is none. It reports false for a string that is not an address.
func split(address string) (host, port string, ok bool) {
	host, hasPort := address, false
	switch bracketed := strings.HasPrefix(address, "["); {
	case bracketed:
		after, closed := "", false
		if host, after, closed = strings.Cut(address[1:], "]"); !closed || !isIP(host) {
			return "", "", false
		}
		if port, hasPort = strings.CutPrefix(after, ":"); !hasPort && after != "" {
			return "", "", false
		}
	case strings.Count(address, ":") == 1:
		host, port, hasPort = strings.Cut(address, ":")
	}
	if hasPort {
		n, err := strconv.ParseUint(port, 10, 16)
		if err != nil || n == 0 {
			return "", "", false
		}
		port = strconv.FormatUint(n, 10)
	}
	return host, port, isIP(host) || IsName(host)
}

// join does what net.JoinHostPort does; this package does not import net.
func join(host, port string) string {
	if strings.Contains(host, ":") {
		host = "[" + host + "]"
	}
	return host + ":" + port
}

func isIP(host string) bool {
	_, err := netip.ParseAddr(host)
	return err == nil
}

// IsName reports whether s can be a host name. A name whose last label is a number cannot: it would
// be a malformed IP address.
func IsName(s string) bool {
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
