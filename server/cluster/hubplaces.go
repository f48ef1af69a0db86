package cluster

import (
	"cmp"
	"hash/fnv"
	"slices"

	"github.com/msnscope/msnscope/server/accounts"
)

// places is where a node serves, and how busy it is, as its beats say.
type places struct {
	Dispatch     string   `json:"dispatch,omitempty"`
	Notification []string `json:"notification,omitempty"`
	Switchboard  string   `json:"switchboard,omitempty"`
	Users        int      `json:"users"`    // logged on there
	Sessions     int      `json:"sessions"` // at its switchboard
	Leaving      bool     `json:"leaving,omitempty"`
}

func (s *places) pack(p *packer) {
	p.str(s.Dispatch)
	p.strs(s.Notification)
	p.str(s.Switchboard)
	p.num(uint64(s.Users))
	p.num(uint64(s.Sessions))
	p.bool(s.Leaving)
}

func (s *places) unpack(u *unpacker) {
	all := places{
		Dispatch: u.str(), Notification: u.strs(), Switchboard: u.str(), Users: int(u.num()), Sessions: int(u.num()),
		Leaving: u.bool(),
	}
	if !u.bad {
		*s = all
	}
}

// crowded reports whether a server with so much to do is to get less: a quarter more than the
// average, and not only by a few.
func crowded(load, all, servers int) bool { return load > all/servers*5/4+16 }

// nodes returns all nodes, this one included, that were heard lately and are not leaving, in the
// order of their names. The caller holds mu.
func (h *Hub) nodes() []*member {
	var all []*member
	for _, m := range h.fresh() {
		if !m.Leaving {
			all = append(all, m)
		}
	}
	if !h.self.Leaving {
		h.self.Users = h.self.count
		all = append(all, h.self)
	}
	slices.SortFunc(all, func(a, b *member) int { return cmp.Compare(a.name, b.name) })
	return all
}

// Notification implements [server.Placement]. Each user has an order of the servers that changes
// only where servers come and go (rendezvous hashing), and is sent to the first that is not
// crowded.
func (h *Hub) Notification(handle string) string {
	h.mu.Lock()
	defer h.mu.Unlock()
	type candidate struct {
		addr   string
		users  int
		weight uint64
	}
	var all []candidate
	users := 0
	for _, m := range h.nodes() {
		for _, a := range m.places.Notification {
			all = append(all, candidate{a, m.Users / len(m.places.Notification), weight(handle, a)})
			users += m.Users / len(m.places.Notification)
		}
	}
	slices.SortFunc(all, func(a, b candidate) int { return cmp.Compare(b.weight, a.weight) })
	for _, c := range all {
		if !crowded(c.users, users, len(all)) {
			return c.addr
		}
	}
	return "" // there is none: one at least is not above the average
}

// weight returns how far in front a server is for a user: a number that looks random, and is the
// same on every node.
func weight(handle, addr string) uint64 {
	f := fnv.New64a()
	_, _ = f.Write([]byte(accounts.Key(handle) + " " + addr)) // writing to a hash never fails
	x := f.Sum64()
	// FNV's highest bits hardly depend on the last bytes, in which the addresses differ.
	x = (x ^ x>>33) * 0xff51afd7ed558ccd
	return (x ^ x>>33) * 0xc4ceb9fe1a85ec53
}

// Count has the hub ask for the number of sessions at this node's switchboard, now and then.
func (h *Hub) Count(sessions func() int) {
	h.mu.Lock()
	defer h.mu.Unlock()
	h.sessions = sessions
}

// Leave says that nobody is to be sent to this node any more. Who is here may stay.
func (h *Hub) Leave() {
	h.mu.Lock()
	defer h.mu.Unlock()
	h.self.Leaving = true
	h.postBeat()
}

// Switchboard implements [server.Placement]: the one of this node, where the caller is, unless it
// is crowded; else the one with the fewest sessions.
func (h *Hub) Switchboard(string) string {
	h.mu.Lock()
	defer h.mu.Unlock()
	var boards []*member
	sessions := 0
	for _, m := range h.nodes() {
		if m.places.Switchboard != "" {
			boards = append(boards, m)
			sessions += m.Sessions
		}
	}
	if len(boards) == 0 {
		return ""
	}
	if slices.Contains(boards, h.self) && !crowded(h.self.Sessions, sessions, len(boards)) {
		return h.self.places.Switchboard
	}
	return slices.MinFunc(boards, func(a, b *member) int { return cmp.Compare(a.Sessions, b.Sessions) }).
		places.Switchboard
}
