package session

import (
	"bytes"
	"slices"

	"github.com/msnscope/msnscope/decode"
	"github.com/msnscope/msnscope/decode/body"
)

// Fold says what routine an event belongs to. A screen may show a run of neighbours with the same one as a single line: in
// real captures six of seven messages say only that somebody is typing.
type Fold uint8

// The folds.
const (
	NoFold    Fold = iota // it stands for itself
	Typing                // a notice that a user is typing
	KeepAlive             // a question whether the connection still works, or its answer
)

// String returns "typing", "keep-alive", and "" for NoFold.
func (f Fold) String() string { return [...]string{"", "typing", "keep-alive"}[f] }

// keepAlives are the commands that say nothing but that the connection works.
var keepAlives = []decode.Verb{decode.V("PNG"), decode.V("QNG")}

// control is the content type of a typing notice.
const control = "text/x-msmsgscontrol"

// Folds returns the fold of an event. An event that something happened to on its way stands for itself.
func Folds(e *Event) Fold {
	switch {
	case e.Kind != Command || e.Flags != 0:
		return NoFold
	case slices.Contains(keepAlives, e.In.Verb):
		return KeepAlive
	case isTyping(e.In.Payload()):
		return Typing
	}
	return NoFold
}

// isTyping takes a payload apart only where it may be a notice.
func isTyping(payload []byte) bool {
	if len(payload) == 0 || !bytes.Contains(bytes.ToLower(payload[:min(len(payload), 512)]), []byte(control)) {
		return false
	}
	b := body.Parse(payload)
	return b.Type == control && b.TypingUser() != ""
}
