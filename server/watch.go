package server

import (
	"fmt"
	"log/slog"
	"slices"
	"strconv"
	"time"

	"github.com/msnscope/msnscope/decode/dialect"
	"github.com/msnscope/msnscope/server/accounts"
)

// newsPause is how long the server waits before it watches the store again after that failed.
const newsPause = time.Second

// watch passes the store's news to hear until the server shuts down.
func (s *Server) watch(w accounts.Watcher) {
	for missed := new(accounts.Repeats); ; {
		err := w.Watch(s.news, s.hear)
		if s.news.Err() != nil {
			return
		}
		if n, due := missed.Due(time.Now()); due {
			s.o.Log.Error("watching the store failed, changes from elsewhere may be missed", "count", n, "err", err)
		}
		select {
		case <-s.news.Done():
		case <-time.After(newsPause):
		}
	}
}

// hear handles one piece of news, and reports whether its user is logged on to this server and it
// was handled. Where several servers share the store, each of them gets all news.
func (s *Server) hear(n accounts.News) bool {
	switch n.What {
	case accounts.Deleted:
		return s.expel(n.Handle, "the account was removed")
	case accounts.Ended:
		return s.expel(n.Handle, n.Value)
	}
	c := s.userConn(n.Handle)
	if c == nil {
		return false
	}
	c.begin()
	defer c.kick()
	defer c.yield()
	hear := newsHandlers[n.What]
	if hear == nil || c.out.ending() || c.user.referred {
		return false
	}
	if c.out.slow() {
		c.kill(errSlow)
		return false
	}
	err := hear(c, &n)
	if err != nil {
		c.logOften(slog.LevelError, "missed a change from elsewhere", "user", c.user.Handle, "err", err)
	}
	return err == nil
}

// newsHandlers has the handler for each kind of news but Deleted and Ended, which end connections.
var newsHandlers = map[accounts.What]func(*conn, *accounts.News) error{
	accounts.Added:   (*conn).hearAdded,
	accounts.Removed: (*conn).hearRemoved,
	accounts.Changed: (*conn).hearChanged,
	accounts.State:   (*conn).hearState,
	accounts.Text:    (*conn).hearText,
}

// hearAdded sends the client a new entry of a list (§7.8), and the states that follow from it.
func (c *conn) hearAdded(n *accounts.News) error {
	ctx, done := c.s.storeTime()
	defer done()
	u, err := c.s.lookup(ctx, c.user.Handle)
	if err != nil {
		return err
	}
	reply := c.addLine("0", n.List, n.Serial, n.Entry, c.groupsOf(&u, n.List)(n.Entry.Handle))
	if n.List == accounts.Forward && c.user.State != offline {
		for _, p := range c.visible(ctx, []string{n.Entry.Handle}) {
			// an ILN would answer an ADD of the client's own
			reply.add("NLN", p.State, p.Handle, p.Name)
		}
	}
	c.send(reply)
	before := u.Without(n.List, n.Entry.Handle)
	c.announcePrivacy(&before, &u)
	return nil
}

// hearRemoved tells the client that an entry was removed from a list (§7.8).
func (c *conn) hearRemoved(n *accounts.News) error {
	ctx, done := c.s.storeTime()
	defer done()
	u, err := c.s.lookup(ctx, c.user.Handle)
	if err != nil {
		return err
	}
	c.send(c.remLine("0", n.List, n.Serial, n.Entry.Handle, ""))
	before := u.With(n.List, n.Entry)
	c.announcePrivacy(&before, &u)
	return nil
}

// hearChanged handles a changed setting. The draft has no command for it: the client learns of the
// new value with its next SYN (§7.5).
func (c *conn) hearChanged(n *accounts.News) error {
	ctx, done := c.s.storeTime()
	defer done()
	u, err := c.s.lookup(ctx, c.user.Handle)
	if err != nil {
		return err
	}
	switch n.Setting {
	case accounts.BLP:
		before := u
		before.BLP = map[string]string{"AL": "BL", "BL": "AL"}[n.Value]
		c.announcePrivacy(&before, &u)
	case accounts.Name:
		return c.rename(ctx, &u)
	}
	return nil
}

// hearState changes the user's state with a CHG that the client did not ask for (§7.7).
func (c *conn) hearState(n *accounts.News) error {
	if !slices.Contains(dialect.States, n.Value) {
		return fmt.Errorf("unknown state %q", n.Value)
	}
	return c.setState(new(lines), "0", n.Value)
}

// hearText sends the client a system message (§8.8).
func (c *conn) hearText(n *accounts.News) error {
	if err := accounts.CheckText(n.Value); err != nil {
		return err
	}
	c.send(message("Hotmail", "Hotmail",
		[]byte("MIME-Version: 1.0\r\nContent-Type: text/plain; charset=UTF-8\r\n\r\n"+n.Value)))
	return nil
}

// addLine returns an ADD (§7.8): an entry was added to a list, and to a group if that is not "". id
// is the TrID, 0 for one that nobody asked for.
func (c *conn) addLine(id string, l accounts.List, serial int, e accounts.Entry, group string) *lines {
	return line("ADD", withValue(group, id, l.String(), strconv.Itoa(serial), e.Handle, wireName(e.Name, e.Handle))...)
}

// remLine returns a REM (§7.8): an entry was removed from a list, or from a group if that is not
// "". id is the TrID, 0 for one that nobody asked for.
func (c *conn) remLine(id string, l accounts.List, serial int, handle, group string) *lines {
	return line("REM", withValue(group, id, l.String(), strconv.Itoa(serial), handle)...)
}
