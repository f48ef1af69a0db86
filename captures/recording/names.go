package recording

import (
	"net/netip"
	"slices"
	"strings"

	"github.com/msnscope/msnscope/captures/pcap"
	"github.com/msnscope/msnscope/decode/dialect"
	"github.com/msnscope/msnscope/decode/session"
)

const (
	// maxUsers is how many users an address shows in its name.
	maxUsers = 3
	// maxNamed is how many addresses a recording has names for, and how many hosts without an
	// address get one: 10 MB. Those beyond have no name.
	maxNamed = 1 << 16
)

// naming names the addresses of a recording: a server by its roles, a client by its users.
type naming struct {
	given map[netip.Addr]string
	known map[netip.Addr]*named
	hosts map[string]netip.Addr // made-up addresses of hosts known by name only
}

type named struct {
	written string
	roles   dialect.Role
	host    string
	users   []string
	more    bool
}

func (m *naming) of(a netip.Addr) *named {
	n := m.known[a]
	if n == nil {
		if n = new(named); m.known == nil {
			m.known = make(map[netip.Addr]*named)
		}
		if len(m.known) < maxNamed {
			m.known[a] = n
		}
	}
	return n
}

// update learns from an event of the flow f and writes the names that have changed.
func (m *naming) update(w *pcap.Writer, f *pcap.Flow, e *session.Event) error {
	if e.Role != 0 {
		m.of(f.Server().Addr()).roles |= e.Role
	}
	if e.User != "" {
		m.of(f.Client().Addr()).addUser(plain(e.User))
	}
	if err := m.write(w, f.Server().Addr()); err != nil {
		return err
	}
	return m.write(w, f.Client().Addr())
}

func (m *naming) write(w *pcap.Writer, a netip.Addr) error {
	n := m.of(a)
	name, given := m.given[a]
	if !given {
		name = n.name()
	}
	if name == "" || name == n.written {
		return nil
	}
	n.written = name
	return w.Name(a, name)
}

func (n *named) addUser(user string) {
	same := func(u string) bool { return strings.EqualFold(u, user) }
	switch {
	case slices.ContainsFunc(n.users, same):
	case len(n.users) < maxUsers:
		n.users = append(n.users, user)
	default:
		n.more = true
	}
}

func (n *named) name() string {
	var all []string
	for _, role := range [...]dialect.Role{dialect.DS, dialect.NS, dialect.SB} {
		if n.roles&role != 0 {
			all = append(all, role.Title())
		}
	}
	switch {
	case all != nil:
	case n.host != "":
		all = []string{n.host}
	default:
		if all = slices.Clone(n.users); n.more {
			all = append(all, "others")
		}
	}
	return shorten(strings.ReplaceAll(strings.Join(all, "+"), " ", "_"))
}

// shorten makes a name as short as a file can hold it.
func shorten(name string) string {
	if len(name) > pcap.MaxName {
		name = strings.ToValidUTF8(name[:pcap.MaxName], "")
	}
	return name
}

// ends returns the two ends of a connection as a frame can show them. If both are on one machine,
// addresses would not distinguish client and server, nor one server from another: then each server
// gets a made-up address, and the comments of the handshake and the record have the true one.
func (m *naming) ends(e *session.Event) (client, server netip.AddrPort) {
	client, server = m.address(e.Client), m.address(e.Server)
	if client.Addr() == server.Addr() && server.IsValid() {
		server = netip.AddrPortFrom(m.host(e.Server), server.Port())
	}
	return client, server
}

// address returns the end of a connection as a frame can show it. A host known only by its name
// gets an address from a block that is reserved for such purposes, and its name.
func (m *naming) address(s string) netip.AddrPort {
	if ap, err := netip.ParseAddrPort(s); err == nil {
		return netip.AddrPortFrom(ap.Addr().WithZone("").Unmap(), ap.Port())
	}
	if a, err := netip.ParseAddr(s); err == nil {
		return netip.AddrPortFrom(a.WithZone("").Unmap(), 0)
	}
	if s == "" {
		return netip.AddrPort{}
	}
	host := s
	if i := strings.LastIndexByte(s, ':'); i > 0 {
		host = s[:i]
	}
	return netip.AddrPortFrom(m.host(host), 0)
}

// host returns the made-up address of a host, in 198.18.0.0/15, which is reserved for tests of
// networks.
func (m *naming) host(name string) netip.Addr {
	if a, ok := m.hosts[name]; ok {
		return a
	}
	if m.hosts == nil {
		m.hosts = make(map[string]netip.Addr)
	}
	n := (len(m.hosts) + 1) % maxNamed
	a := netip.AddrFrom4([4]byte{198, 18, byte(n >> 8), byte(n)})
	if len(m.hosts) < maxNamed {
		m.hosts[name] = a
		m.of(a).host = plain(name)
	}
	return a
}
