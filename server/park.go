package server

import (
	"errors"
	"time"
)

// restTime is how long a client that may stay silent for as long as it likes has been silent when
// its connection is parked. Conversations and logons have no such pauses, so that they never wait
// for a goroutine to begin.
const restTime = 2 * time.Second

var errParked = errors.New("parked")

// park makes the connection wait for its client without a goroutine, whose stack would take half of
// what an idle user costs, and reports whether it does: then the caller must return without
// touching c again. Whoever sets parked to false runs the connection from then on: the lot when the
// client sends something, or rouse.
func (c *conn) park() bool {
	c.parked.Store(true)
	if c.s.lot.watch(c) && !c.out.ending() && c.until().IsZero() { // checked after parked was set: see rouse
		return true
	}
	return !c.parked.CompareAndSwap(true, false)
}

// rouse makes a parked connection look at what has changed: what is to end it, or its deadline. It
// does not block and may be called with any lock held.
func (c *conn) rouse() {
	if c.parked.CompareAndSwap(true, false) {
		go c.resume()
	}
}
