package session

import (
	"github.com/msnscope/msnscope/decode/body"
	"github.com/msnscope/msnscope/decode/dialect"
)

// Fold is the kind of routine traffic that an event belongs to. A screen may show a run of events
// with the same Fold as a single line: in real captures six of seven messages only say that
// somebody is typing.
type Fold uint8

// The folds.
const (
	NoFold    Fold = iota // an event that is shown by itself
	Typing                // a notice that a user is typing
	KeepAlive             // a question whether the connection still works, or its answer
	Content               // a block of a file
)

// String returns "typing", "keep-alive", "file content", and "" for NoFold.
func (f Fold) String() string { return [...]string{"", "typing", "keep-alive", "file content"}[f] }

// Folds returns the Fold of an event. It is NoFold for an event that was changed, held or otherwise
// marked on its way.
func Folds(e *Event) Fold {
	switch {
	case e.Kind != Command || e.Flags != 0:
		return NoFold
	case e.Row != nil && e.Row.Effect(e.Role) == dialect.KeepsAlive:
		return KeepAlive
	case e.In.Block():
		return Content
	case body.IsTyping(e.In.Payload()):
		return Typing
	}
	return NoFold
}
