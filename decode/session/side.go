package session

import "github.com/msnscope/msnscope/decode"

// Side is one of the two connections that a proxy joins. Its value is the letter of the peer at its
// end.
type Side byte

// The sides.
const (
	ClientSide Side = 'C' // what the client sent and received
	ServerSide Side = 'S' // what the server sent and received
)

// Of returns the event as this side alone saw it. It reports false for an event of which this side
// saw nothing: a command that was dropped before it came here, or that was made on the other side.
// An event that is not a command belongs to both sides. Of does not change e, and may return it.
func (s Side) Of(e *Event) (*Event, bool) {
	if e.Kind != Command {
		return e, true
	}
	origin := decode.Dir(s) == e.Dir
	switch {
	case origin && e.Flags&Injected != 0:
		return nil, false
	case e.Out == nil && (origin || e.Flags&Dropped == 0):
		return e, true
	}
	now := *e
	now.Out = nil
	now.Flags &^= Rewritten | Edited | Held | Dropped
	if !origin {
		if len(e.Out) == 0 {
			return nil, false
		}
		if now.In = e.Sent(); now.In.Opaque() {
			now.Flags |= Opaque
		}
		now.Row = RowOf(&now)
	}
	return &now, true
}
