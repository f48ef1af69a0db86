package server

import (
	"fmt"
	"strconv"
	"time"

	"github.com/msnscope/msnscope/decode"
	"github.com/msnscope/msnscope/server/accounts"
)

// newsPause is how long the server waits before it asks a store for news again that has failed to give any.
const newsPause = time.Second

// watch hands on the news of the store until the server goes down.
func (s *Server) watch(w accounts.Watcher) {
	for {
		err := w.Watch(s.news, s.hear)
		if s.news.Err() != nil {
			return
		}
		s.o.Log.Error("changes from elsewhere may be missed", "err", err)
		select {
		case <-s.news.Done():
		case <-time.After(newsPause):
		}
	}
}

// hear brings news to the user, and reports whether it is logged on here. Of users who are logged on elsewhere other servers
// hear the same.
func (s *Server) hear(n accounts.News) bool {
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
	err := hear(c, &n)
	if err != nil {
		c.log().Error("a change from elsewhere was missed", "user", c.user.Handle, "err", err)
	}
	return err == nil
}

// newsHandlers has what to do about each kind of news.
var newsHandlers = map[accounts.What]func(*conn, *accounts.News) error{
	accounts.Added:   (*conn).hearAdded,
	accounts.Removed: (*conn).hearRemoved,
	accounts.Changed: (*conn).hearChanged,
	accounts.State:   (*conn).hearState,
	accounts.Text:    (*conn).hearText,
	accounts.Deleted: (*conn).hearDeleted,
}

// hearAdded tells the client of an entry (§7.8), and what follows from it.
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
			reply.add("NLN", p.State, p.Handle, p.Name) // an ILN is an answer to the client's own ADD
		}
	}
	c.send(reply)
	before := u.Without(n.List, n.Entry.Handle)
	c.announcePrivacy(&before, &u)
	return nil
}

// hearRemoved tells the client that an entry is gone (§7.8).
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

// hearChanged does what follows from another setting. The draft has no command that tells the client: it learns with its next
// SYN (§7.5).
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

// hearState is a CHG that the client did not ask for (§7.7).
func (c *conn) hearState(n *accounts.News) error {
	row := c.table.Of(decode.FromServer, decode.V("CHG"))[0]
	if m := decode.Parse([]byte("CHG 0 "+n.Value+"\r\n"), decode.FromServer, c.table); !allowed(row, &m) || m.NumArgs() != 1 {
		return fmt.Errorf("%q is no state", n.Value)
	}
	return c.setState("0", n.Value)
}

// hearText sends a message of the system (§8.8).
func (c *conn) hearText(n *accounts.News) error {
	c.send(message("Hotmail", "Hotmail", []byte("MIME-Version: 1.0\r\nContent-Type: text/plain; charset=UTF-8\r\n\r\n"+n.Value)))
	return nil
}

// hearDeleted ends the connection of a user who is none any more (§7.10).
func (c *conn) hearDeleted(*accounts.News) error {
	c.send(line("OUT"))
	c.finish()
	c.s.conns.Go(c.wake)
	return nil
}

// addLine tells that an entry is on a list (§7.8), and in which group, if that is not "".
func (c *conn) addLine(id string, l accounts.List, serial int, e accounts.Entry, group string) *lines {
	return line("ADD", withValue(group, id, l.String(), strconv.Itoa(serial), e.Handle, wireName(e.Name, e.Handle))...)
}

// remLine tells that an entry is gone from a list (§7.8), or from a group, if that is not "".
func (c *conn) remLine(id string, l accounts.List, serial int, handle, group string) *lines {
	return line("REM", withValue(group, id, l.String(), strconv.Itoa(serial), handle)...)
}
