package model

import "github.com/msnscope/msnscope/internal/edit"

// Steering is what a person can do to live traffic. Its methods are safe for concurrent use and do
// not block.
type Steering interface {
	// Held returns the held commands, the oldest first.
	Held() []edit.Held
	// Release sends a held command on as it came; Replace sends raw in its place, nothing where raw
	// is nil. Both fail with [edit.ErrGone] where the command is no longer held.
	Release(id uint64) error
	Replace(id uint64, raw ...[]byte) error
	// Inject sends a command that the user composed. It fails with an *edit.NotAllowedError, which
	// names the reason, if the command table does not allow it.
	Inject(edit.Injection) error
	// Kill closes a connection on both sides.
	Kill(conn int) error
	// Intercept holds from now on the commands that match an expression of the filter language; ""
	// holds none.
	Intercept(expr string) error
	// Intercepting returns the expression of the last Intercept.
	Intercepting() string
}
