package server

import (
	"strconv"
	"sync"
	"time"

	"github.com/msnscope/msnscope/decode/dialect"
	"github.com/msnscope/msnscope/server/accounts"
)

// hub is what all connections share: who is online, and the switchboard's sessions.
type hub struct {
	now             func() time.Time
	maxParticipants int

	mu      sync.Mutex
	online  map[string]*conn // by accounts.Key: the one notification connection of a user
	tickets tickets
	last    int // the number of the last switchboard session
}

func newHub(o *Options) *hub {
	// Session numbers begin high: one client takes a small one for one of its own TrIDs. They are no secret, so that a
	// random source that fails, which shows with the first challenge, matters little here.
	first, err := digits(o.Rand, 8)
	if err != nil {
		first = "11752012"
	}
	last, _ := strconv.Atoi(first) // digits are digits
	return &hub{now: o.Now, maxParticipants: o.MaxParticipants, online: make(map[string]*conn), last: last}
}

// seen reports whether contacts see the user: state NLN or a sub-state of it (§7.7). The hub must be locked.
func (c *conn) seen() bool { return c.hears() && c.shown != "HDN" }

// hears reports whether the user gets notifications of contacts (§7.7). The hub must be locked.
func (c *conn) hears() bool { return c.shown != "FLN" }

// isSeen is seen for who has not locked the hub.
func (c *conn) isSeen() bool {
	c.s.hub.mu.Lock()
	defer c.s.hub.mu.Unlock()
	return c.seen()
}

// logon makes c the connection of its user, greets it, and sends an earlier one away (§7.10). It reports whether contacts
// saw that one.
func (h *hub) logon(c *conn, u *accounts.User, greeting *lines) (wasSeen bool) {
	h.mu.Lock()
	defer h.mu.Unlock()
	c.handle, c.key, c.shown = u.Handle, accounts.Key(u.Handle), "FLN"
	if old := h.online[c.key]; old != nil {
		wasSeen = old.seen()
		old.send(line("OUT", "OTH"))
		old.finish()
	}
	h.online[c.key] = c
	c.send(greeting)
	return wasSeen
}

// leave takes a connection that ended out of everything. late says that it was idle for too long.
func (h *hub) leave(c *conn, late bool) {
	h.mu.Lock()
	defer h.mu.Unlock()
	if c.session != nil {
		c.session.leave(c, late && c.s.set.byeReason)
	}
}

// logoff removes the user's connection, if c still is it, and reports whether contacts saw it.
func (h *hub) logoff(c *conn) (wasSeen bool) {
	h.mu.Lock()
	defer h.mu.Unlock()
	if c.role != dialect.NS || c.key == "" || h.online[c.key] != c {
		return false
	}
	delete(h.online, c.key)
	return c.seen()
}

// setState changes the user's state (§7.7), answers with it, and with those of contacts that are seen (§7.9). It returns
// whether contacts saw the user before and whether they do now.
func (h *hub) setState(c *conn, r *request, state string, contacts []accounts.User) (before, after bool) {
	h.mu.Lock()
	defer h.mu.Unlock()
	before = c.seen()
	c.shown = state
	reply := line("CHG", r.id, state)
	for i := range contacts {
		h.addILN(reply, r.id, &contacts[i])
	}
	c.send(reply)
	return before, c.seen()
}

// addILN appends the state of a contact, if it is seen. The hub must be locked.
func (h *hub) addILN(reply *lines, id string, u *accounts.User) {
	if n := h.online[accounts.Key(u.Handle)]; n != nil && n.seen() {
		reply.add("ILN", id, n.shown, u.Handle, wireName(u.FriendlyName, u.Handle))
	}
}

// view is what one user may see of another.
type view uint8

const (
	unchanged view = iota // nothing to tell
	truth                 // the state that holds
	offline               // offline, whatever the state
)

// announce tells those who have u on their forward list about u's state (§7.9), each as views says.
func (h *hub) announce(u *accounts.User, views func(handle string) view) {
	h.mu.Lock()
	defer h.mu.Unlock()
	gone, now := line("FLN", u.Handle), line("FLN", u.Handle)
	if n := h.online[accounts.Key(u.Handle)]; n != nil && n.seen() {
		now = line("NLN", n.shown, u.Handle, wireName(u.FriendlyName, u.Handle))
	}
	for _, e := range u.Lists[accounts.Reverse] {
		w := h.online[accounts.Key(e.Handle)]
		if w == nil || !w.hears() {
			continue
		}
		switch views(e.Handle) {
		case truth:
			w.send(now)
		case offline:
			w.send(gone)
		}
	}
}

// tell sends l to a user, if it is logged on.
func (h *hub) tell(handle string, l *lines) {
	h.mu.Lock()
	defer h.mu.Unlock()
	if n := h.online[accounts.Key(handle)]; n != nil {
		n.send(l)
	}
}

// newSession returns a session with a number of its own. The hub must be locked.
func (h *hub) newSession() *session {
	h.last++
	return &session{id: strconv.Itoa(h.last), rung: make(map[string]time.Time)}
}
