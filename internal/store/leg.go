package store

import (
	"github.com/msnscope/msnscope/decode"
	"github.com/msnscope/msnscope/decode/session"
)

// Leg is one of the two connections that a proxy joins.
type Leg byte

// The legs.
const (
	ClientLeg Leg = 'C' // what the client sent and received
	ServerLeg Leg = 'S' // what the server sent and received
)

// Of returns the event as it was on this leg alone, and false where nothing of it was: a command that was dropped before it
// came here, or was made on the other leg. What is no command is on both. e does not change.
func (l Leg) Of(e *session.Event) (*session.Event, bool) {
	if e.Kind != session.Command {
		return e, true
	}
	origin := decode.Dir(l) == e.Dir
	switch {
	case origin && e.Flags&session.Injected != 0:
		return nil, false
	case e.Out == nil && (origin || e.Flags&session.Dropped == 0):
		return e, true
	}
	now := *e
	now.Out = nil
	now.Flags &^= session.Rewritten | session.Edited | session.Held | session.Dropped
	if !origin {
		if len(e.Out) == 0 {
			return nil, false
		}
		if now.In = e.Sent(); now.In.Opaque() {
			now.Flags |= session.Opaque
		}
		now.Row = guessRow(&now)
	}
	return &now, true
}
