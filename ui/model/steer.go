package model

import "github.com/msnscope/msnscope/internal/steer"

// Steering is what a person can do to live traffic. All methods are safe for concurrent use and return at once.
type Steering interface {
	// Held returns the commands that wait, the oldest first.
	Held() []steer.Held
	// Release lets a command go on as it came, Replace as raw instead (nil is dropped). [steer.ErrGone] says that it waits no longer.
	Release(id uint64) error
	Replace(id uint64, raw ...[]byte) error
	// Inject sends a command. A *steer.NotAllowedError says why the table does not allow it.
	Inject(steer.Injection) error
	// Kill ends a connection.
	Kill(conn int) error
	// Intercept holds, from now on, the commands that an expression of the filter language matches; "" holds none.
	Intercept(expr string) error
	// Intercepting returns that expression.
	Intercepting() string
}
