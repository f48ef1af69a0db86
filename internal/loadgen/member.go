package loadgen

import (
	"context"
	"fmt"
	"sync/atomic"

	"github.com/msnscope/msnscope/internal/client"
)

// member is a user and its part in a group.
type member struct {
	r       *run
	user    User
	client  *client.Client
	in      atomic.Bool // signed in, as far as is known
	group   *group
	noticed int // the last act of the group that it noticed; guarded by group.mu
}

func (m *member) signIn(ctx context.Context) (err error) {
	c, err := client.Login(ctx, client.Options{
		Server: m.r.o.Server, Dial: m.r.o.Dial, Handle: m.user.Handle, Password: m.user.Password, OnEvent: m.event,
	})
	if err != nil {
		return err
	}
	m.client = c
	m.r.signedIn.Add(1)
	m.in.Store(true)
	select {
	case <-c.Done(): // the connection may have ended before in was set
		m.lost(c.Err())
	default:
	}
	return nil
}

// lost counts a user that is no longer signed in, once. A user whose sign-in failed in its last
// step never was.
func (m *member) lost(err error) {
	if m.in.CompareAndSwap(true, false) && !m.r.ending.Load() {
		m.r.signedIn.Add(-1)
		m.r.fail("stay signed in", err)
	}
}

// alive reports whether the user's connection has not ended.
func (m *member) alive() bool {
	select {
	case <-m.client.Done():
		return false
	default:
		return true
	}
}

func (m *member) signOff(ctx context.Context) {
	if m.in.CompareAndSwap(true, false) {
		m.r.signedIn.Add(-1)
	}
	m.r.step(ctx, "sign-off", m.client.Logout)
	m.client.Close() // even where Logout ran out of time
}

// event handles the client's events. It runs on the goroutine that reads.
func (m *member) event(e client.Event) {
	switch e := e.(type) {
	case client.Presence:
		if m.group != nil {
			m.group.notice(m, e.Handle, e.State)
		}
	case client.Message:
		if m.group != nil && e.Session != nil {
			m.group.notice(m, e.From, e.Text)
		}
	case client.Entered:
		if e.Err != nil && !m.r.ending.Load() {
			m.r.fail("join", e.Err)
		}
	case client.Out:
		err := e.Err
		if e.Reason != "" {
			err = fmt.Errorf("the server sent OUT %s", e.Reason)
		}
		m.lost(err)
	}
}
