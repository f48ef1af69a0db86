package server

import (
	"context"
	"errors"

	"github.com/msnscope/msnscope/server/accounts"
)

// Who sees whom (§5.7, §7.9): B sees A when A is on B's forward list, A's state is NLN or a sub-state, and A's settings let B.
// Those who have A on the forward list are A's reverse list.

// Notify implements [Receiver].
func (c *conn) Notify(n Notice) bool {
	if n.Kind == Ousted {
		c.tell(ousted)
		c.dismiss()
		return true
	}
	if !c.since(n.Since) { // a dialect is chosen before the logon, and stays
		return false
	}
	b := n.Lines
	if n.Kind == Moved {
		b = movedLine(n.About)
	}
	ok, first, err := c.out.notify(n.Kind, b)
	switch {
	case err != nil:
		c.kill(err)
	case first:
		c.kickLater()
	}
	return ok
}

var ousted = line("OUT", "OTH").bytes()

// movedLine tells of a contact's state (§7.9).
func movedLine(p Presence) []byte {
	if !p.Seen() {
		return line("FLN", p.Handle).bytes()
	}
	return line("NLN", p.State, p.Handle, p.Name).bytes()
}

// notify is tell for a notice, which the user may not want in its state.
func (q *queue) notify(kind NoticeKind, b []byte) (ok, first bool, err error) {
	q.mu.Lock()
	defer q.mu.Unlock()
	shown := Presence{State: q.shown}
	if kind == Rung && !shown.Seen() || kind == Moved && q.shown == offline {
		return false, false, nil
	}
	return q.putHeld(b)
}

// show says what the user's state is, for notices.
func (q *queue) show(state string) {
	q.mu.Lock()
	defer q.mu.Unlock()
	q.shown = state
}

// announce tells those who may see the user what its state is now.
func (c *conn) announce(u *accounts.User) {
	var to []string
	for _, e := range u.Lists[accounts.Reverse] {
		if u.Permits(e.Handle) {
			to = append(to, e.Handle)
		}
	}
	c.announceTo(to)
}

func (c *conn) announceTo(to []string) {
	if len(to) == 0 {
		return
	}
	ctx, done := c.s.storeTime()
	defer done()
	if err := c.s.hub.Announce(ctx, c.user.Handle, to); err != nil {
		c.log().Error("contacts do not learn of a change", "user", c.user.Handle, "err", err)
	}
}

// announcePrivacy tells those whose right to see the user has changed: blocking looks like going offline.
func (c *conn) announcePrivacy(before, after *accounts.User) {
	if !c.user.Seen() {
		return
	}
	var to []string
	for _, e := range after.Lists[accounts.Reverse] {
		switch was, is := before.Permits(e.Handle), after.Permits(e.Handle); {
		case is && !was:
			to = append(to, e.Handle)
		case was && !is:
			c.deliver(e.Handle, Notice{Kind: Moved, About: Presence{Handle: c.user.Handle}})
		}
	}
	c.announceTo(to)
}

// deliver gives a notice to another user, and reports whether that one took it.
func (c *conn) deliver(handle string, n Notice) bool {
	ctx, done := c.s.storeTime()
	defer done()
	ok, err := c.s.hub.Deliver(ctx, handle, n)
	if err != nil {
		c.log().Error("a notice was lost", "from", c.who(), "to", handle, "err", err)
	}
	return ok
}

// addContacts appends an ILN for each contact that the user sees (§7.9), in the order of the forward list. The user itself, who
// may be there too, is told of its own change like everybody else.
func (c *conn) addContacts(ctx context.Context, reply *lines, id string, u *accounts.User) {
	handles := make([]string, 0, len(u.Lists[accounts.Forward]))
	for _, e := range u.Lists[accounts.Forward] {
		if accounts.Key(e.Handle) != accounts.Key(u.Handle) {
			handles = append(handles, e.Handle)
		}
	}
	for _, p := range c.visible(ctx, handles) {
		reply.add("ILN", id, p.State, p.Handle, p.Name)
	}
}

// visible returns what the user sees of others, whom it has on its forward list.
func (c *conn) visible(ctx context.Context, handles []string) []Presence {
	found, err := c.s.hub.Find(ctx, handles)
	if err != nil {
		c.log().Error("a user does not learn who is online", "user", c.user.Handle, "err", err)
	}
	var seen []Presence
	for _, p := range found {
		if !p.Seen() {
			continue
		}
		switch contact, err := c.s.lookup(ctx, p.Handle); {
		case errors.Is(err, accounts.ErrNoUser): // deleted since
		case err != nil:
			c.log().Error("the store failed: a user does not learn who is online", "user", c.user.Handle, "err", err)
		case contact.Permits(c.user.Handle):
			seen = append(seen, p)
		}
	}
	return seen
}
