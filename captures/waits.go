package captures

import (
	"time"

	"github.com/msnscope/msnscope/internal/eventlog"
)

// waitTime is how long a command of a live capture may remain unfinished before an event says so,
// as in the proxy.
const waitTime = 2 * time.Second

// stall is the wait for the rest of a command.
type stall struct {
	after int       // how many commands came before it
	since time.Time // when it was first seen to be unfinished, zero for none
	told  bool      // whether an event says so
}

// tellWaits adds an event for each command that has been unfinished for waitTime, once.
func (im *importer) tellWaits(now time.Time) {
	im.batch = im.loader.log.Begin()
	for _, c := range im.live {
		if c.kind != kindMSN {
			continue
		}
		for _, in := range c.in {
			if in == nil || !in.stalls(now) {
				continue
			}
			e := c.sess.Wait(in.last.Add(now.Sub(in.stall.since)), in.Dir, in.Waits())
			im.emit(e, eventlog.Place{}, nil)
		}
	}
	im.batch.End()
}

// stalls reports whether an event must say that the command at hand is unfinished.
func (s *stream) stalls(now time.Time) bool {
	w := &s.stall
	if unfinished := len(s.Pending()) > 0 || s.InParts(); !unfinished || s.count != w.after || w.since.IsZero() {
		*w = stall{after: s.count}
		if unfinished {
			w.since = now
		}
		return false
	}
	if w.told || now.Sub(w.since) < waitTime {
		return false
	}
	w.told = true
	return true
}
