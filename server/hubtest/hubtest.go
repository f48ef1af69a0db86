// Package hubtest tests what a [server.Hub] promises:
//
//	func TestHub(t *testing.T) {
//		hubtest.Run(t, func(t *testing.T, n int) []hubtest.Server { ... })
//	}
package hubtest

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/msnscope/msnscope/server"
)

// patience is how long a notice may take. Only a failed test waits as long.
const patience = 20 * time.Second

// Server is one of several servers that serve the same users: its Hub, and the address of its
// switchboard.
type Server struct {
	server.Hub
	Switchboard string
}

// Run tests the hubs of one server, and those of three that serve the same users. make returns the
// hubs of n servers, and has t end them.
func Run(t *testing.T, make func(t *testing.T, n int) []Server) {
	for _, n := range []int{1, 3} {
		t.Run(fmt.Sprint(n), func(t *testing.T) {
			all := make(t, n)
			for _, c := range contract {
				t.Run(c.name, func(t *testing.T) {
					c.test(&hubs{t, all, strings.ReplaceAll(c.name, " ", "-")})
				})
			}
		})
	}
}

// contract is what a Hub promises.
var contract = []struct {
	name string
	test func(*hubs)
}{
	{"the second logon ousts the first", secondLogon},
	{"a logon may have to be the first", firstOnly},
	{"one of many logons prevails", manyLogons},
	{"who is logged on is found", find},
	{"an update is of the connection", update},
	{"an announcement has the present state", announce},
	{"the later of two announcements prevails", crossing},
	{"notices keep their order", order},
	{"a notice may be refused", refused},
	{"a ticket admits once", ticket},
	{"a ticket expires", expiry},
	{"tickets are revoked", revoke},
}

// hubs are the servers of a test, whose users have handles of its own.
type hubs struct {
	*testing.T
	all  []Server
	name string
}

// at returns a server; there is one for every i.
func (h *hubs) at(i int) Server { return h.all[i%len(h.all)] }

// user returns a handle of this test.
func (h *hubs) user(name string) string { return name + "@" + h.name + ".com" }

// client is a connection that remembers its notices.
type client struct {
	h       *hubs
	p       server.Presence
	notices chan server.Notice
	refuses bool
}

// Notify implements [server.Receiver].
func (c *client) Notify(n server.Notice) bool {
	if c.refuses && n.Kind == server.Rung {
		return false
	}
	c.notices <- n
	return true
}

// client returns the connection of a user who is not logged on.
func (h *hubs) client(name string) *client {
	return &client{
		h: h, p: server.Presence{Handle: h.user(name), Name: name, State: "FLN"},
		notices: make(chan server.Notice, 10_000),
	}
}

// online returns the connection of a user who is logged on to server i with the state NLN.
func (h *hubs) online(name string, i int) *client {
	h.Helper()
	c := h.client(name)
	if _, err := h.at(i).Enter(h.Context(), c.p, c, false); err != nil {
		h.Fatalf("%s cannot log on: %v", name, err)
	}
	c.set(i, "NLN")
	return c
}

// set sets the user's state at server i.
func (c *client) set(i int, state string) {
	c.h.Helper()
	c.p.State = state
	if _, err := c.h.at(i).Update(c.h.Context(), c.p, c); err != nil {
		c.h.Fatalf("%s cannot change to %q: %v", c.p.Handle, state, err)
	}
}

// announce announces the user's state to others.
func (c *client) announce(i int, to ...*client) {
	c.h.Helper()
	var handles []string
	for _, o := range to {
		handles = append(handles, o.p.Handle)
	}
	if err := c.h.at(i).Announce(c.h.Context(), c.p.Handle, handles); err != nil {
		c.h.Fatal(err)
	}
}

// next returns the next notice.
func (c *client) next() server.Notice {
	c.h.Helper()
	select {
	case n := <-c.notices:
		return n
	case <-time.After(patience):
		c.h.Fatalf("%s got no notice", c.p.Handle)
	}
	return server.Notice{}
}

// moved fails the test unless the next notice is that a user has the presence p.
func (c *client) moved(p server.Presence) {
	c.h.Helper()
	if n := c.next(); n.Kind != server.Moved || n.Presence != p {
		c.h.Errorf("%s got %+v, want that %+v moved", c.p.Handle, n, p)
	}
}

// told sends the user words from server i, and fails the test unless they are the next notice:
// nothing else has come.
func (c *client) told(i int, words string) {
	c.h.Helper()
	c.tell(i, words)
	if n := c.next(); n.Kind != server.Said || string(n.Lines) != words {
		c.h.Errorf("%s got %+v, want %q", c.p.Handle, n, words)
	}
}

// tell sends the user words from server i.
func (c *client) tell(i int, words string) {
	c.h.Helper()
	if !c.h.deliver(i, c.p.Handle, server.Notice{Kind: server.Said, Lines: []byte(words)}) {
		c.h.Errorf("%s did not get %q", c.p.Handle, words)
	}
}

func (h *hubs) deliver(i int, handle string, n server.Notice) bool {
	h.Helper()
	ok, err := h.at(i).Deliver(h.Context(), handle, n)
	if err != nil {
		h.Error(err)
	}
	return ok
}

// found fails the test unless server i finds just these users.
func (h *hubs) found(i int, handles []string, want ...server.Presence) {
	h.Helper()
	got, err := h.at(i).Find(h.Context(), handles)
	if err != nil {
		h.Fatal(err)
	}
	if fmt.Sprint(got) != fmt.Sprint(want) {
		h.Errorf("server %d finds %+v, want %+v", i, got, want)
	}
}
