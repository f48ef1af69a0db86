package server

import (
	"context"
	"errors"
	"log/slog"

	"github.com/msnscope/msnscope/server/accounts"
)

// Who sees whom (§5.7, §7.9): B sees A when A is on B's forward list, A's state is NLN or a
// sub-state of it, and A's lists permit B. The users who have A on their forward lists are A's
// reverse list.

// Notify implements [Receiver].
func (c *conn) Notify(n Notice) bool {
	switch n.Kind {
	case Ousted:
		c.tell(ousted)
		c.dismiss()
		return true
	case Severed:
		c.tell(goingDown)
		c.dismiss()
		return true
	}
	if !c.since(n.Since) { // safe without the turn: the dialect does not change after the logon
		return false
	}
	b := n.Lines
	if n.Kind == Moved {
		b = movedLine(n.Presence)
	}
	ok, first, err := c.out.notify(n.Kind, b)
	for errors.Is(err, errHoard) && c.s.reap(c, len(b)) {
		ok, first, err = c.out.notify(n.Kind, b)
	}
	switch {
	case err != nil:
		c.kill(err)
	case first:
		c.kickLater()
	}
	return ok
}

// ousted is what a client gets when its user logs on elsewhere (§7.10).
var ousted = line("OUT", "OTH").bytes()

// movedLine returns the command that announces a contact's state (§7.9).
func movedLine(p Presence) []byte {
	if !p.Seen() {
		return line("FLN", p.Handle).bytes()
	}
	return line("NLN", p.State, p.Handle, p.Name).bytes()
}

// notify is tell for a notice; ok is false too where the user's state rules the notice out.
func (q *queue) notify(kind NoticeKind, b []byte) (ok, first bool, err error) {
	q.mu.Lock()
	defer q.mu.Unlock()
	shown := Presence{State: q.shown}
	if kind == Rung && !shown.Seen() || kind == Moved && q.shown == offline {
		return false, false, nil
	}
	return q.putHeld(b)
}

// show sets the user's state by which notify judges notices. It first queues the notices that are
// held, which came in the previous state: the caller then sends the client the new one, in which
// they may be ruled out.
func (q *queue) show(state string) {
	q.mu.Lock()
	defer q.mu.Unlock()
	if !q.lent { // if lent, the command with the new state is held too, behind them
		q.letGo()
	}
	q.shown = state
}

// announce sends the user's present state to all who may see the user.
func (c *conn) announce(u *accounts.User) {
	var to []string
	for _, e := range u.Lists[accounts.Reverse] {
		if u.Permits(e.Handle) {
			to = append(to, e.Handle)
		}
	}
	c.announceTo(to)
}

// announceTo has the hub announce the user's present state to the users in to.
func (c *conn) announceTo(to []string) {
	if len(to) == 0 {
		return
	}
	ctx, done := c.s.storeTime()
	defer done()
	if err := c.s.hub.Announce(ctx, c.user.Handle, to); err != nil {
		c.logOften(slog.LevelError, "cannot announce a change to contacts", "user", c.user.Handle, "err", err)
	}
}

// announcePrivacy sends the user's state to those whose permission to see the user has changed; to
// a contact that lost it, the user appears to go offline.
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
			c.deliver(e.Handle, Notice{Kind: Moved, Presence: Presence{Handle: c.user.Handle}})
		}
	}
	c.announceTo(to)
}

// deliver gives a notice to another user, and reports whether that user accepted it.
func (c *conn) deliver(handle string, n Notice) bool {
	ctx, done := c.s.storeTime()
	defer done()
	ok, err := c.s.hub.Deliver(ctx, handle, n)
	if err != nil {
		c.logOften(slog.LevelError, "lost a notice to a user", "from", c.who(), "to", handle, "err", err)
	}
	return ok
}

// addContacts appends an ILN for each contact that the user sees (§7.9), in the order of the
// forward list. It leaves out the user itself, who may be on the list too and gets a notice of its
// own change like everybody else.
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

// visible returns the presences of those handles, from the user's forward list, that the user may
// see.
func (c *conn) visible(ctx context.Context, handles []string) []Presence {
	found, err := c.s.hub.Find(ctx, handles)
	if err != nil {
		c.logOften(slog.LevelError, "cannot tell a user who is online", "user", c.user.Handle, "err", err)
	}
	var seen []Presence
	for _, p := range found {
		if !p.Seen() {
			continue
		}
		switch contact, err := c.s.lookup(ctx, p.Handle); {
		case errors.Is(err, accounts.ErrNoUser): // deleted meanwhile
		case err != nil:
			c.logOften(slog.LevelError, "the store failed: cannot tell a user who is online",
				"user", c.user.Handle, "err", err)
		case contact.Permits(c.user.Handle):
			seen = append(seen, p)
		}
	}
	return seen
}
