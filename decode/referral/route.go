package referral

import (
	"errors"
	"fmt"
	"strings"
)

// Routes map the addresses that servers announce to those at which they can be reached, where the
// announced ones are good in another network only, such as that of containers. The zero value
// changes nothing. Routes are safe for concurrent use once all rules are added.
type Routes struct {
	to map[string]string // by host:port, or by host alone, in canonical form
}

// Add adds the rule FROM=TO. Both are a host, or a host and a port. FROM without a port matches
// every port; TO without a port keeps the port. The error says what is wrong with the rule.
func (r *Routes) Add(rule string) error {
	from, to, ok := strings.Cut(rule, "=")
	if !ok {
		return errors.New("it must be FROM=TO, each of them HOST or HOST:PORT")
	}
	for _, address := range []string{from, to} {
		if _, _, ok := split(address); !ok {
			return fmt.Errorf(
				"%q is neither HOST nor HOST:PORT; it must be FROM=TO, as in 172.17.0.2:1863=127.0.0.1:1863", address)
		}
	}
	key := routeKey(from)
	if was, twice := r.to[key]; twice && was != to {
		return fmt.Errorf("%s leads to %s already", from, was)
	}
	if r.to == nil {
		r.to = map[string]string{}
	}
	r.to[key] = to
	return nil
}

// To returns the address (host:port) at which the server announced as address (host:port) can be
// reached: by a rule for host and port, else by a rule for the host, else the same address.
func (r *Routes) To(address string) string {
	if len(r.to) == 0 {
		return address
	}
	full := Canonical(address)
	host, port, _ := split(full)
	to, ok := r.to[full]
	if !ok {
		if to, ok = r.to[host]; !ok {
			return address
		}
	}
	h, p, _ := split(to)
	if p == "" {
		p = port
	}
	return join(h, p)
}

// routeKey returns the key of a rule: host:port, or the host alone.
func routeKey(address string) string {
	_, port, _ := split(address)
	full := Canonical(address)
	if port != "" {
		return full
	}
	host, _, _ := split(full)
	return host
}
