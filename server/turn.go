package server

// begin takes the turn and holds back what others send to the client until the answers are queued.
func (c *conn) begin() {
	c.turn.Lock()
	c.out.hold()
}

// end gives the turn back and writes everything that is queued. Only the connection's own goroutine
// calls it, since it blocks until the client has taken the bytes.
func (c *conn) end() {
	c.yield()
	c.flush()
}

// yield gives the turn back without writing. It is for a goroutine that took the turn of another
// client's connection, which may not be reading: kick writes the rest.
func (c *conn) yield() {
	c.out.release()
	c.kickTouched()
	c.turn.Unlock()
}

// kickTouched starts writing to the connections that this one's commands sent something to.
func (c *conn) kickTouched() {
	for _, m := range c.touched {
		m.kick()
	}
	c.touched = nil
}

// breathe gives the turn to others while the client has many answers to read. If the client never
// reads, a write times out and closes the connection, which ends the wait. Only the connection's
// own goroutine may call it, holding the turn.
func (c *conn) breathe() {
	if !c.sent || c.out.muchToRead() == nil {
		c.sent = false
		return
	}
	c.relay()
	c.end()
	defer c.begin()
	c.untilRead()
}

// lend is breathe in the middle of an answer: what others send to the client meanwhile waits for
// the end of the answer. It reports whether the rest is still wanted.
func (c *conn) lend() bool {
	if c.out.muchToRead() != nil {
		c.out.lend(true)
		c.kickTouched()
		c.turn.Unlock()
		c.flush()
		c.untilRead()
		c.turn.Lock()
		c.out.lend(false)
	}
	return !c.out.ending()
}

// untilRead blocks until the client has few answers left to read, or the connection is closed.
func (c *conn) untilRead() {
	// another goroutine may be writing
	for taken := c.out.muchToRead(); taken != nil; taken = c.out.muchToRead() {
		select {
		case <-taken:
		case <-c.closed:
			return
		}
	}
}
