package cluster

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/msnscope/msnscope/server"
)

// A ticket lives in the memory of the node whose switchboard it names, and nowhere else.

var errNoSwitchboard = errors.New("no node has that switchboard")

// keeper returns the node that has the switchboard, nil for none. The caller holds mu.
func (h *Hub) keeper(switchboard string) *member {
	if switchboard == h.self.Switchboard {
		return h.self
	}
	for _, m := range h.peers {
		if m.Switchboard == switchboard {
			return m
		}
	}
	return nil
}

// Issue implements [server.Tickets].
func (h *Hub) Issue(ctx context.Context, t server.Ticket, validity time.Duration) error {
	h.mu.Lock()
	m := h.keeper(t.Switchboard)
	switch m {
	case nil:
		h.mu.Unlock()
		return fmt.Errorf("%w: %s", errNoSwitchboard, t.Switchboard)
	case h.self:
		h.mu.Unlock()
		return h.tickets.Issue(ctx, t, validity)
	}
	c := h.call(evIssue, m, []*member{m}, func(p *packer) {
		p.ticket(t)
		p.num(uint64(max(validity, 0)))
	})
	h.mu.Unlock()
	defer h.hangUp(c)
	a, err := h.await(ctx, c)
	if err == nil && !a.ok {
		err = errNoAnswer
	}
	return err
}

func (h *Hub) hearIssue(m *member, u *unpacker) {
	id, t, validity := u.num(), u.ticket(), time.Duration(u.num())
	if !u.bad {
		h.answer(m, id, done(true, h.tickets.Issue(h.ctx, t, validity)))
	}
}

// done returns the answer for the outcome of something that this node did for another.
func done(ok bool, err error) answer {
	if err != nil {
		return answer{failed: err.Error()}
	}
	return answer{ok: ok}
}

// Redeem implements [server.Tickets].
func (h *Hub) Redeem(ctx context.Context, t server.Ticket) (bool, error) {
	h.mu.Lock()
	m := h.keeper(t.Switchboard)
	switch m {
	case nil:
		h.mu.Unlock()
		return false, nil
	case h.self:
		h.mu.Unlock()
		return h.tickets.Redeem(ctx, t)
	}
	c := h.call(evRedeem, m, []*member{m}, func(p *packer) { p.ticket(t) })
	h.mu.Unlock()
	defer h.hangUp(c)
	a, err := h.await(ctx, c)
	return a.ok, err
}

func (h *Hub) hearRedeem(m *member, u *unpacker) {
	if id, t := u.num(), u.ticket(); !u.bad {
		h.answer(m, id, done(h.tickets.Redeem(h.ctx, t)))
	}
}

// Revoke implements [server.Tickets]. It asks every node, and fails where one does not answer: its
// tickets may still be valid.
func (h *Hub) Revoke(ctx context.Context, handle string) error {
	if err := h.tickets.Revoke(ctx, handle); err != nil {
		return err
	}
	h.mu.Lock()
	var all []*member
	for _, m := range h.peers {
		if m.Switchboard != "" {
			all = append(all, m)
		}
	}
	c := h.call(evRevoke, nil, all, func(p *packer) { p.str(handle) })
	h.mu.Unlock()
	defer h.hangUp(c)
	_, err := h.await(ctx, c)
	return err
}

func (h *Hub) hearRevoke(m *member, u *unpacker) {
	if id, handle := u.num(), u.str(); !u.bad {
		h.answer(m, id, done(true, h.tickets.Revoke(h.ctx, handle)))
	}
}
