package client

import (
	"context"
	"fmt"
	"maps"
	"slices"
	"strings"

	"github.com/msnscope/msnscope/decode"
)

// Switchboard is one session of instant messages (§8). It is safe for concurrent use. It ends by
// Leave or Close, with its client, or when the server closes it; a user who is left alone in it may
// invite others.
type Switchboard struct {
	c *Client
	w *wire

	gate   // guards what follows
	id     string
	others []Contact // the participants other than the user itself
}

// ID returns the session's number, from the invitation or from the first Invite; before that, "".
func (s *Switchboard) ID() (id string) {
	s.view(func() { id = s.id })
	return id
}

// Participants returns the other participants, in the order in which they joined. The caller owns
// the slice.
func (s *Switchboard) Participants() (others []Contact) {
	s.view(func() { others = slices.Clone(s.others) })
	return others
}

// Has reports whether the handle is in the session.
func (s *Switchboard) Has(handle string) bool { return has(s.Participants(), handle) }

// Await waits until all handles are in the session. It fails when ctx ends, and with ErrClosed when
// the session does.
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

// Done returns a channel that is closed when the session has ended, for whatever reason.
func (s *Switchboard) Done() <-chan struct{} { return s.w.ended }

// Invite invites a user to the session (§8.3). It returns when the server rings the user; Await
// waits for the user to join.
func (s *Switchboard) Invite(ctx context.Context, handle string) error {
	m, err := s.w.ask(ctx, cmd("CAL", handle), "CAL")
	if err != nil {
		return fmt.Errorf("invite %s: %w", handle, err)
	}
	s.update(func() { s.id = arg(&m, 1) })
	return nil
}

// Leave sends OUT and waits until the switchboard has closed the connection (§8.6) or ctx ends. The
// session is closed in any case.
func (s *Switchboard) Leave(ctx context.Context) error {
	defer s.Close()
	return s.w.leave(ctx)
}

// Close closes the connection without OUT. A second Close does nothing.
func (s *Switchboard) Close() { s.w.close() }

// Sessions returns the sessions that the client is in. The caller owns the slice.
func (c *Client) Sessions() (all []*Switchboard) {
	c.view(func() { all = slices.Collect(maps.Keys(c.sessions)) })
	return all
}

// Call opens a session (§8.1, §8.2) and invites the handles to it; without handles the session is
// empty. When one of them cannot be invited, Call leaves the session and returns that error: 217
// for a user who is not online.
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

// abandon leaves a session that will not be used.
func (s *Switchboard) abandon(ctx context.Context) {
	ctx, cancel := context.WithTimeout(ctx, leaveTimeout)
	defer cancel()
	_ = s.Leave(ctx) // the error that made it useless says more
}

// rung handles an invitation (§8.4).
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
	_ = c.spawn(func() { // fails only if the client has ended
		ctx, cancel := context.WithTimeout(c.ctx, answerTimeout)
		defer cancel()
		s, err := c.answer(ctx, r)
		c.opts.emit(Entered{Ring: r, Session: s, Err: err})
	})
}

// answer joins a session with ANS (§8.4): the roster comes first, then ANS OK. The caller has
// called reserve.
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

// reserve reserves a place for one more session. It becomes free when the session ends, or when
// enter fails.
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

// enter connects to a switchboard. The caller has called reserve.
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

// forget removes the session from its client and frees its place.
func (s *Switchboard) forget() {
	s.c.update(func() {
		delete(s.c.sessions, s)
		s.c.open--
	})
}

func has(list []Contact, handle string) bool {
	return slices.ContainsFunc(list, func(o Contact) bool { return strings.EqualFold(o.Handle, handle) })
}
