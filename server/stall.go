package server

import (
	"log/slog"
	"time"
)

// waitTime is how long the rest of a command may be missing before the log says so: longer than any
// network takes for it, and short enough for the author of a client who wonders why no answer
// comes. The most frequent cause is a message whose line announces more bytes than follow.
const waitTime = 2 * time.Second

// unfinishedAt returns when to say that the command at hand is unfinished, the zero time if there
// is none or it was said. It is the deadline of the read that waits for the rest, so an idle
// connection needs nothing for it.
func (c *conn) unfinishedAt() time.Time {
	c.turn.Lock()
	defer c.turn.Unlock()
	if c.told || c.in == nil || len(c.in.Pending()) == 0 && !c.in.InParts() {
		return time.Time{}
	}
	return time.Now().Add(waitTime)
}

// sayUnfinished logs what the command at hand waits for. The text has the command's name, TrID and
// sizes, and nothing else that the client sent.
func (c *conn) sayUnfinished() {
	c.turn.Lock()
	defer c.turn.Unlock()
	c.told = true
	if !c.begged.IsZero() { // the next deadline leaves out what has been waited already
		c.waited += time.Since(c.begged)
	}
	c.logOften(slog.LevelWarn, "a command is unfinished", "user", c.who(), "what", c.in.Waits())
}
