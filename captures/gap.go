package captures

import (
	"fmt"

	"github.com/msnscope/msnscope/captures/pcap"
	"github.com/msnscope/msnscope/captures/recording"
	"github.com/msnscope/msnscope/decode/session"
	"github.com/msnscope/msnscope/internal/eventlog"
)

// missing says what the capture lacks of a connection before an event: in a gap, if a number is
// free for one, else in the event.
func (s *section) missing(c *ownConn, r *recording.Record, item *pcap.Item) {
	lost := c.lacks(r)
	if c.known = true; lost[0] == 0 {
		return
	}
	c.at = r.Before
	e := &r.Event
	if e.N > s.frames.last+1 {
		s.gap(c, e, e.N-1, lost)
	} else if e.N > s.frames.last {
		say(e, lostText(lost))
	}
}

// lacks returns how many commands and bytes of a connection the capture lacks before a frame.
func (c *ownConn) lacks(r *recording.Record) (lost recording.Place) {
	if !r.Placed || r.Before[0] <= c.at[0] {
		return lost
	}
	for i := range lost {
		lost[i] = r.Before[i] - min(c.at[i], r.Before[i])
	}
	return lost
}

// gap appends a gap before an event.
func (s *section) gap(c *ownConn, e *session.Event, n uint64, lost recording.Place) {
	s.emit(c, &recording.Record{Event: session.Event{
		N: n, Kind: session.Gap, Time: e.Time, Conn: e.Conn, Client: e.Client, Server: e.Server, Role: e.Role,
		Inferred: e.Inferred, Dialect: e.Dialect, User: e.User, Session: e.Session, Via: e.Via,
		Flags: session.Missing, Text: lostText(lost),
	}, Timed: true}, nil, eventlog.Place{})
}

func lostText(lost recording.Place) string {
	text := count(lost[0], "command")
	for i, who := range []string{"client", "server"} {
		if n := lost[1+i]; n > 0 {
			text += fmt.Sprintf(", %s from the %s", count(n, "byte"), who)
		}
	}
	return text + ": not in the capture"
}

// count returns a count with its noun, whose plural takes an s: "1 command", "3 commands".
func count(n uint64, what string) string {
	if n == 1 {
		return "1 " + what
	}
	return fmt.Sprint(n, " ", what, "s")
}
