package server

import (
	"context"
	"sync"
	"time"

	"github.com/msnscope/msnscope/server/accounts"
)

// memory is a [Hub] for one process. It notifies receivers with mu locked: that keeps notices in
// order, and is why receivers must not block.
type memory struct {
	mu      sync.Mutex
	online  map[string]entry // by accounts.Key
	tickets tickets
}

// entry is a user who is logged on and the user's connection.
type entry struct {
	Presence
	to Receiver
}

// NewHub returns a Hub in memory, for any number of servers of this process.
func NewHub() Hub { return &memory{online: make(map[string]entry)} }

// Enter implements [Presences].
func (h *memory) Enter(_ context.Context, p Presence, r Receiver, first bool) (Presence, error) {
	h.mu.Lock()
	defer h.mu.Unlock()
	key := accounts.Key(p.Handle)
	before := h.online[key]
	if first && before.to != nil {
		return Presence{}, ErrThere
	}
	h.online[key] = entry{p, r}
	if before.to != nil {
		before.to.Notify(Notice{Kind: Ousted})
	}
	return before.Presence, nil
}

// Update implements [Presences].
func (h *memory) Update(_ context.Context, p Presence, r Receiver) (Presence, error) {
	h.mu.Lock()
	defer h.mu.Unlock()
	key := accounts.Key(p.Handle)
	before := h.online[key]
	switch {
	case before.to != r:
		return Presence{}, ErrReplaced
	case p.State == "":
		h.online = without(h.online, key)
	default:
		h.online[key] = entry{p, r}
	}
	return before.Presence, nil
}

// Find implements [Presences].
func (h *memory) Find(_ context.Context, handles []string) ([]Presence, error) {
	h.mu.Lock()
	defer h.mu.Unlock()
	var found []Presence
	for _, handle := range handles {
		if e, ok := h.online[accounts.Key(handle)]; ok {
			found = append(found, e.Presence)
		}
	}
	return found, nil
}

// Deliver implements [Router].
func (h *memory) Deliver(_ context.Context, handle string, n Notice) (bool, error) {
	h.mu.Lock()
	defer h.mu.Unlock()
	e, ok := h.online[accounts.Key(handle)]
	return ok && e.to.Notify(n), nil
}

// Announce implements [Router].
func (h *memory) Announce(_ context.Context, handle string, to []string) error {
	h.mu.Lock()
	defer h.mu.Unlock()
	member, ok := h.online[accounts.Key(handle)]
	if !ok {
		member.Presence = Presence{Handle: handle}
	}
	n := Notice{Kind: Moved, Presence: member.Presence}
	for _, watcher := range to {
		if e, ok := h.online[accounts.Key(watcher)]; ok {
			e.to.Notify(n)
		}
	}
	return nil
}

// Issue implements [Tickets].
func (h *memory) Issue(_ context.Context, t Ticket, validity time.Duration) error {
	h.mu.Lock()
	defer h.mu.Unlock()
	h.tickets.issue(t, time.Now(), validity)
	return nil
}

// Redeem implements [Tickets].
func (h *memory) Redeem(_ context.Context, t Ticket) (bool, error) {
	h.mu.Lock()
	defer h.mu.Unlock()
	return h.tickets.redeem(t, time.Now()), nil
}

// Revoke implements [Tickets].
func (h *memory) Revoke(_ context.Context, handle string) error {
	h.mu.Lock()
	defer h.mu.Unlock()
	h.tickets.revoke(accounts.Key(handle))
	return nil
}
