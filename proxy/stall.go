package proxy

import "time"

// waitTime is how long a command may remain unfinished before an event says so: longer than any
// network takes for the rest, and short enough for a person who wonders why no answer comes. The
// most frequent cause is a client that announces more bytes than it sends.
const waitTime = 2 * time.Second

// stall is the wait for the rest of a command.
type stall struct {
	after int       // how many commands had left before it
	since time.Time // when it was first seen to be unfinished, zero for none
	told  bool      // whether an event says so
}

// tellAt returns when an event must say that the command at hand is unfinished, or the zero time if
// there is none or an event has said so.
func (f *direction) tellAt() time.Time {
	w := &f.stall
	unfinished := len(f.in.Pending()) > 0 || f.in.InParts()
	if f.count != w.after || !unfinished {
		*w = stall{after: f.count}
	}
	switch {
	case !unfinished || w.told:
		return time.Time{}
	case w.since.IsZero():
		w.since = time.Now()
	}
	return w.since.Add(waitTime)
}

// tell adds an event that says what the command at hand waits for.
func (f *direction) tell() {
	f.stall.told = true
	f.c.p.journal.wait(f.c, f.c.p.opts.Now(), f.dir, f.in.Waits())
}
