package demo

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/msnscope/msnscope/internal/client"
)

const (
	// noticeTimeout is how long the effect of an action may take to reach another actor. That
	// leaves time for held commands and slow proxies in between; if the server never notifies the
	// other, the scene fails.
	noticeTimeout = 30 * time.Second
	// maxHeard is how many messages, and sessions, an actor remembers: a scene needs only the last
	// few.
	maxHeard = 32
)

// actor is one person: a client and what the server has told it. Its methods are for the goroutine
// that plays; events come from other goroutines.
type actor struct {
	user   User
	opts   *Options
	client *client.Client     // nil before the first logon
	cache  *client.Properties // properties as of the last logoff

	mu       sync.Mutex // guards the fields below
	changed  chan struct{}
	states   map[string]string // the state of each contact as this actor sees it
	sessions []*client.Switchboard
	heard    []string // messages in sessions: handle and text
}

func (a *actor) options() client.Options {
	return client.Options{
		Server: a.opts.Server, Dial: a.opts.Dial,
		Handle: a.user.Handle, Password: a.user.Password, Cache: a.cache, OnEvent: a.notice,
	}
}

func (a *actor) online() bool {
	if a.client == nil {
		return false
	}
	select {
	case <-a.client.Done():
		return false
	default:
		return true
	}
}

// signIn logs on, synchronizes and goes online.
func (a *actor) signIn(ctx context.Context) error {
	if a.client != nil {
		a.client.Close()
	}
	a.store(func() { a.states, a.sessions, a.heard = make(map[string]string), nil, nil })
	c, err := client.Login(ctx, a.options())
	if err != nil {
		return err
	}
	a.client = c
	if err := c.Sync(ctx); err != nil {
		return err
	}
	return c.SetState(ctx, "NLN")
}

// present signs the actor in if necessary, and resets a state that a failed scene left behind.
func (a *actor) present(ctx context.Context) error {
	if !a.online() {
		return a.signIn(ctx)
	}
	if a.client.State() == "NLN" {
		return nil
	}
	return a.client.SetState(ctx, "NLN")
}

// signOff logs off, or does nothing if the actor is not signed in.
func (a *actor) signOff(ctx context.Context) {
	if a.client == nil {
		return
	}
	known := a.client.Properties()
	a.cache = &known
	_ = a.client.Logout(ctx) // the client is closed in any case
}

// leaveAll leaves the sessions that a failed scene left open, and forgets what was said there.
func (a *actor) leaveAll(ctx context.Context) {
	if a.client == nil {
		return
	}
	a.store(func() { a.sessions, a.heard = nil, nil })
	for _, s := range a.client.Sessions() {
		_ = s.Leave(ctx) // a session that has ended already needs no leaving
	}
}

// notice handles the client's events. It runs on the goroutines of the client.
func (a *actor) notice(e client.Event) {
	a.store(func() {
		switch e := e.(type) {
		case client.Presence:
			a.states[strings.ToLower(e.Handle)] = e.State
		case client.Entered:
			if e.Err == nil {
				a.sessions = last(append(a.sessions, e.Session))
			}
		case client.Message:
			if e.Session != nil {
				a.heard = last(append(a.heard, heard(e.From, e.Text)))
			}
		}
	})
}

func heard(from, text string) string { return strings.ToLower(from) + " " + text }

func last[T any](s []T) []T { return s[max(0, len(s)-maxHeard):] }

// store runs f, which may change the fields that a.mu guards, and wakes await.
func (a *actor) store(f func()) {
	a.mu.Lock()
	defer a.mu.Unlock()
	f()
	if a.changed != nil {
		close(a.changed)
		a.changed = nil
	}
}

// await waits until ok, called with a.mu locked, returns true. what describes that for the error.
func (a *actor) await(ctx context.Context, what string, ok func() bool) error {
	ctx, cancel := context.WithTimeout(ctx, noticeTimeout)
	defer cancel()
	for {
		a.mu.Lock()
		if ok() {
			a.mu.Unlock()
			return nil
		}
		if a.changed == nil {
			a.changed = make(chan struct{})
		}
		changed := a.changed
		a.mu.Unlock()
		select {
		case <-changed:
		case <-ctx.Done():
			return fmt.Errorf("%s waits for %s: %w", a.user.Handle, what, ctx.Err())
		}
	}
}

// sees waits until the actor sees another in a state.
func (a *actor) sees(ctx context.Context, other *actor, state string) error {
	return a.await(ctx, other.user.Handle+" to be "+state, func() bool {
		return a.states[other.user.Handle] == state
	})
}

// hears waits until a message of another has come, and forgets it.
func (a *actor) hears(ctx context.Context, other *actor, text string) error {
	return a.await(ctx, "what "+other.user.Handle+" says", func() bool {
		i := slices.Index(a.heard, heard(other.user.Handle, text))
		if i >= 0 {
			a.heard = slices.Delete(a.heard, i, i+1)
		}
		return i >= 0
	})
}

// seat waits until the actor has answered the invitation to the session id, and returns its
// connection.
func (a *actor) seat(ctx context.Context, id string) (s *client.Switchboard, err error) {
	err = a.await(ctx, "the invitation to session "+id, func() bool {
		i := slices.IndexFunc(a.sessions, func(s *client.Switchboard) bool { return s.ID() == id })
		if i >= 0 {
			s = a.sessions[i]
			a.sessions = slices.Delete(a.sessions, i, i+1)
		}
		return i >= 0
	})
	return s, err
}

// know adds another to a list, under that user's name, unless it is there.
func (a *actor) know(ctx context.Context, list string, other *actor) error {
	if a.client.Has(list, other.user.Handle) {
		return nil
	}
	return a.client.AddContact(ctx, list, other.user.Handle, other.user.Name)
}

// drop removes another from a list, if it is there.
func (a *actor) drop(ctx context.Context, list string, other *actor) error {
	if !a.client.Has(list, other.user.Handle) {
		return nil
	}
	return a.client.RemoveContact(ctx, list, other.user.Handle)
}

// befriend adds another to the contact list and lets it see the actor, whatever was set before.
func (a *actor) befriend(ctx context.Context, other *actor) error {
	if err := a.know(ctx, "FL", other); err != nil {
		return err
	}
	if err := a.drop(ctx, "BL", other); err != nil {
		return err
	}
	return a.know(ctx, "AL", other)
}
