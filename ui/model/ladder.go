package model

import (
	"cmp"
	"net"
	"slices"
	"strconv"

	"github.com/msnscope/msnscope/decode"
	"github.com/msnscope/msnscope/decode/dialect"
	"github.com/msnscope/msnscope/decode/session"
)

// Lanes says how the lanes of a ladder are grouped.
type Lanes uint8

// The ways to group lanes.
const (
	EachLane  Lanes  = iota // a lane for each user, each server and each switchboard session
	RoleLanes               // a lane for each user and each role of server
	SideLanes               // one lane for all clients, one for all servers
	NumLanes  = iota        // how many there are
)

// maxLanes is how many lanes a side of a ladder has, more than anybody scrolls through; what is
// beyond shares one lane more.
const maxLanes = 256

// Lane is one vertical line of a ladder. Its texts are from the wire.
type Lane struct {
	Name string // the handle of a user, the address of a client whose user is unknown, "proxy", or a role
	Note string // the name or address of a server, the number of a switchboard session, "" for none
}

// Ladder says between which lanes the events of a log run: at the left those of the clients, then
// that of the proxy, then those of the servers. It holds lanes, not rows, so its size does not
// depend on the length of the log. It is the model's, to be read until the next call of Step.
type Ladder struct {
	Lanes []Lane
	// Proxy is the lane of the proxy, -1 where nothing shows that there was one.
	Proxy int
	By    Lanes

	ends  map[int]ends // of each connection
	other ends         // of connections that the tree has forgotten
	key   ladderKey
}

// ends are the lanes of the two ends of a connection.
type ends struct{ client, server int }

// ladderKey is everything on which a Ladder depends.
type ladderKey struct {
	by      Lanes
	scope   Scope
	proxied bool
	shape   int
}

// Rung is one event of a ladder: an arrow from one lane to another.
type Rung struct {
	// From and To are lanes, From at the end that sent; -1 for an event that belongs to no
	// connection. The proxy's is From of a command that was made there, To of one that ended there.
	From, To int
}

// Ladder returns the lanes of the connections in the scope, grouped by by.
func (m *Model) Ladder(by Lanes) *Ladder {
	key := ladderKey{by, m.scope, m.stats.Touched > 0, m.tree.shape}
	if l := m.ladders[by]; l == nil || l.key != key {
		m.ladders[by] = m.tree.ladder(key)
	}
	return m.ladders[by]
}

// Rung returns between which lanes an event runs.
func (l *Ladder) Rung(e *session.Event) Rung {
	if e.Conn == 0 {
		return Rung{-1, -1}
	}
	at := l.of(e.Conn)
	r := Rung{at.client, at.server}
	if e.Dir == decode.FromServer && e.Kind == session.Command {
		r = Rung{at.server, at.client}
	}
	if l.Proxy >= 0 {
		switch {
		case e.Flags&session.Injected != 0:
			r.From = l.Proxy
		case e.Flags&session.Dropped != 0:
			r.To = l.Proxy
		}
	}
	return r
}

// of returns the lanes of the two ends of a connection.
func (l *Ladder) of(conn int) ends {
	if at, ok := l.ends[conn]; ok {
		return at
	}
	return l.other
}

// side collects the lanes of one side of a ladder.
type side struct {
	lanes []Lane
	index map[string]int
}

// lane returns the index of the lane with the key. It adds lane if the key is new.
func (s *side) lane(key string, lane Lane) int {
	i, ok := s.index[key]
	if ok {
		return i
	}
	if len(s.lanes) >= maxLanes {
		key, lane = "others", Lane{Name: "others"}
		if i, ok := s.index[key]; ok {
			return i
		}
	}
	i = len(s.lanes)
	s.index[key], s.lanes = i, append(s.lanes, lane)
	return i
}

// ladder makes the lanes of the tree's connections.
func (t *tree) ladder(key ladderKey) *Ladder {
	clients, servers := side{index: map[string]int{}}, side{index: map[string]int{}}
	l := &Ladder{By: key.by, Proxy: -1, ends: map[int]ends{}, key: key}
	var conns []*Conn
	for _, g := range t.order {
		for _, c := range g.conns {
			if key.scope.holds(c) {
				conns = append(conns, c)
			}
		}
	}
	slices.SortStableFunc(conns, func(a, b *Conn) int {
		return cmp.Or(cmp.Compare(uint8(a.Role-1), uint8(b.Role-1)), cmp.Compare(a.ID, b.ID)) // 0 is last
	})
	for _, g := range t.order { // users keep the order in which they came
		for _, c := range g.conns {
			if key.scope.holds(c) {
				l.ends[c.ID] = ends{client: clients.lane(clientLane(key.by, g))}
			}
		}
	}
	for _, c := range conns {
		at := l.ends[c.ID]
		at.server = servers.lane(serverLane(key.by, c))
		l.ends[c.ID] = at
	}
	l.join(&clients, &servers, t.forgot && key.scope == Scope{})
	return l
}

// join puts the two sides and the proxy's lane side by side.
func (l *Ladder) join(clients, servers *side, forgot bool) {
	if forgot || len(l.ends) == 0 {
		l.other = ends{clients.lane("others", Lane{Name: "others"}), servers.lane("others", Lane{Name: "others"})}
	}
	l.Lanes = clients.lanes
	if l.key.proxied {
		l.Proxy = len(l.Lanes)
		l.Lanes = append(l.Lanes, Lane{Name: "proxy"})
	}
	shift := len(l.Lanes)
	l.Lanes = append(l.Lanes, servers.lanes...)
	l.other.server += shift
	for id, at := range l.ends {
		at.server += shift
		l.ends[id] = at
	}
}

func clientLane(by Lanes, g *group) (key string, lane Lane) {
	if by == SideLanes {
		return "", Lane{Name: "clients"}
	}
	return g.key, Lane{Name: g.name}
}

func serverLane(by Lanes, c *Conn) (key string, lane Lane) {
	role := c.Role.String()
	switch {
	case by == SideLanes:
		return "", Lane{Name: "servers"}
	case role == "":
		role = "server"
	}
	if by == RoleLanes {
		return role, Lane{Name: role}
	}
	if c.Role == dialect.SB {
		name := role + "#" + strconv.Itoa(c.ID)
		if c.Session == "" {
			return name, Lane{Name: name}
		}
		return role + " " + c.Session, Lane{Name: name, Note: c.Session}
	}
	host, _, err := net.SplitHostPort(c.Server)
	if err != nil {
		host = c.Server
	}
	return role + " " + c.Server, Lane{Name: role, Note: cmp.Or(c.ServerName, host)}
}

// Fitting returns the ladder with the finest lanes for which fits returns true, or the coarsest.
func (m *Model) Fitting(fits func(*Ladder) bool) *Ladder {
	for by := EachLane; ; by++ {
		if l := m.Ladder(by); by == SideLanes || fits(l) {
			return l
		}
	}
}

// Drawn returns the ladder of the rows, without the lanes that none of them touches: a drawing of
// a part shows those who take part. Its lanes are the finest for which fits returns true, or the
// coarsest. Drawn reads all rows.
func (m *Model) Drawn(fits func(*Ladder) bool) *Ladder {
	conns := map[int]bool{}
	for i := range m.Rows() {
		if e := m.Row(i); e.Conn != 0 {
			conns[e.Conn] = true
		}
	}
	for by := EachLane; ; by++ {
		if l := m.Ladder(by).only(conns); by == SideLanes || fits(l) {
			return l
		}
	}
}

// only returns the ladder with the lanes of some connections, and that of the proxy.
func (l *Ladder) only(conns map[int]bool) *Ladder {
	used := make([]bool, len(l.Lanes))
	for id := range conns {
		at := l.of(id)
		used[at.client], used[at.server] = true, true
	}
	if l.Proxy >= 0 {
		used[l.Proxy] = true
	}
	part, to := &Ladder{Proxy: -1, By: l.By, ends: map[int]ends{}}, make([]int, len(l.Lanes)) // where each lane goes
	for i, lane := range l.Lanes {
		to[i] = len(part.Lanes)
		if used[i] {
			part.Lanes = append(part.Lanes, lane)
		}
	}
	if l.Proxy >= 0 {
		part.Proxy = to[l.Proxy]
	}
	for id := range conns {
		at := l.of(id)
		part.ends[id] = ends{to[at.client], to[at.server]}
	}
	return part
}
