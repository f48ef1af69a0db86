package client

import (
	"context"
	"fmt"
	"maps"
	"slices"
	"strings"

	"github.com/msnscope/msnscope/decode"
)

// Switchboard is one session of instant messages (§8). It is safe for concurrent use. It ends by Leave or Close, with its
// client, or when the server closes; who is left alone in it may go on inviting.
type Switchboard struct {
	c *Client
	w *wire

	gate   // guards what follows
	id     string
	others []Contact // the participants but for the user itself
}

// ID returns the session's number: of the invitation, or of the first Invite; "" before.
func (s *Switchboard) ID() (id string) {
	s.view(func() { id = s.id })
	return id
}

// Participants returns who else is in the session, in the order of coming. The slice is the caller's.
func (s *Switchboard) Participants() (others []Contact) {
	s.view(func() { others = slices.Clone(s.others) })
	return others
}

// Has reports whether the handle is in the session.
func (s *Switchboard) Has(handle string) bool { return has(s.Participants(), handle) }

// Await waits until all handles are in the session, ctx ends or the session does.
func (s *Switchboard) Await(ctx context.Context, handles ...string) error {
	ended := false
	err := s.await(ctx, func() bool {
		ended = s.w.over()
		return ended || !slices.ContainsFunc(handles, func(h string) bool { return !has(s.others, h) })
	})
	if err == nil && ended {
		err = ErrClosed
	}
	if err != nil {
		return fmt.Errorf("wait for %v: %w", handles, err)
	}
	return nil
}

// Done returns a channel that is closed when the session has ended, whoever ended it.
func (s *Switchboard) Done() <-chan struct{} { return s.w.ended }

// Invite calls a user into the session (§8.3). It returns when the server rings; Await waits for the user.
func (s *Switchboard) Invite(ctx context.Context, handle string) error {
	m, err := s.w.ask(ctx, cmd("CAL", handle), "CAL")
	if err != nil {
		return fmt.Errorf("invite %s: %w", handle, err)
	}
	s.update(func() { s.id = arg(&m, 1) })
	return nil
}

// Leave sends OUT and waits until the switchboard has closed (§8.6), at most until ctx ends.
func (s *Switchboard) Leave(ctx context.Context) error {
	defer s.Close()
	return s.w.leave(ctx)
}

// Close drops the connection without OUT. A second Close does nothing.
func (s *Switchboard) Close() { s.w.close() }

// Sessions returns the sessions that the client is in.
func (c *Client) Sessions() (all []*Switchboard) {
	c.view(func() { all = slices.Collect(maps.Keys(c.sessions)) })
	return all
}

// Call opens a session (§8.1, §8.2) and invites the handles into it; without any it is an empty session. When one of them
// cannot be invited the session is left again and the error returned, 217 for somebody who is not there.
func (c *Client) Call(ctx context.Context, handles ...string) (*Switchboard, error) {
	m, err := c.ask(ctx, cmd("XFR", "SB"), "XFR")
	if err != nil {
		return nil, err
	}
	addr, cookie := arg(&m, 1), arg(&m, 3)
	c.referred(addr)
	if err := c.reserve(); err != nil {
		return nil, err
	}
	s, err := c.enter(ctx, addr)
	if err != nil {
		return nil, err
	}
	_, err = s.w.ask(ctx, cmd("USR", c.opts.Handle, cookie), "USR")
	for i := 0; i < len(handles) && err == nil; i++ {
		err = s.Invite(ctx, handles[i])
	}
	if err != nil {
		s.abandon(ctx)
		return nil, err
	}
	return s, nil
}

// abandon leaves a session that nobody will use.
func (s *Switchboard) abandon(ctx context.Context) {
	ctx, cancel := context.WithTimeout(ctx, leaveTimeout)
	defer cancel()
	_ = s.Leave(ctx) // why it is abandoned says more
}

// rung takes an invitation (§8.4).
func (c *Client) rung(m *decode.Message) {
	r := &Ring{
		SessionID: arg(m, 0), Addr: arg(m, 1), Cookie: arg(m, 3),
		From: arg(m, 4), Name: text(m, 5), client: c,
	}
	c.referred(r.Addr)
	c.opts.emit(r)
	if c.opts.OnRing != nil {
		c.opts.OnRing(r)
		return
	}
	if err := c.reserve(); err != nil {
		c.opts.emit(Entered{Ring: r, Err: err})
		return
	}
	_ = c.spawn(func() { // a client that has ended answers nobody
		ctx, cancel := context.WithTimeout(c.ctx, answerTimeout)
		defer cancel()
		s, err := c.answer(ctx, r)
		c.opts.emit(Entered{Ring: r, Session: s, Err: err})
	})
}

// answer enters a session (§8.4): the roster comes first, then ANS OK. A place for it is reserved.
func (c *Client) answer(ctx context.Context, r *Ring) (*Switchboard, error) {
	s, err := c.enter(ctx, r.Addr)
	if err != nil {
		return nil, err
	}
	s.update(func() { s.id = r.SessionID })
	_, err = s.w.ask(ctx, cmd("ANS", c.opts.Handle, r.Cookie, r.SessionID), "ANS")
	if err != nil {
		s.Close()
		return nil, err
	}
	return s, nil
}

// reserve takes a place for one more session. It is given back when the session ends, or when enter fails.
func (c *Client) reserve() (err error) {
	c.update(func() {
		if c.open >= maxSessions {
			err = fmt.Errorf("%w: %d sessions are open", ErrBusy, maxSessions)
			return
		}
		c.open++
	})
	return err
}

// enter connects to a switchboard, for which a place is reserved.
func (c *Client) enter(ctx context.Context, addr string) (*Switchboard, error) {
	s := &Switchboard{c: c}
	err := c.connect(ctx, c.opts.target(addr),
		func(w *wire) {
			s.w, w.rest = w, s.notified
			c.update(func() { c.sessions[s] = struct{}{} })
		},
		func(*wire) {
			s.forget()
			s.update(func() {}) // wakes Await
			c.opts.emit(SessionEnded{Session: s})
		})
	if err != nil {
		s.forget()
		return nil, err
	}
	return s, nil
}

func (s *Switchboard) forget() {
	s.c.update(func() {
		delete(s.c.sessions, s)
		s.c.open--
	})
}

func has(list []Contact, handle string) bool {
	return slices.ContainsFunc(list, func(o Contact) bool { return strings.EqualFold(o.Handle, handle) })
}
