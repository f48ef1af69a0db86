package captures

import (
	"time"

	"github.com/msnscope/msnscope/decode/session"
	"github.com/msnscope/msnscope/internal/eventlog"
)

// tracking is the session graph of the connections that are tracked here, with the mapping of its
// numbers to those of the log.
type tracking struct {
	graph    session.Graph
	events   numbering
	conns    numbering
	lastN    uint64 // the greatest numbers in the log of an event and a connection made here
	lastConn int
}

// open adds a connection to the graph, and makes its open event the importer's event. id is its
// number in the log, 0 for a new one.
func (im *importer) open(at time.Time, client, server string, id int) *session.Conn {
	im.joins(nil)
	t := &im.track
	c := t.graph.Begin(&im.event, at, client, server)
	if id == 0 {
		id = im.conns + 1
		t.lastConn = id
	}
	t.conns.set(uint64(c.ID()), uint64(id))
	return c
}

// emit gives an event of the graph the next number in the log and appends it.
func (im *importer) emit(e *session.Event, at eventlog.Place, o *eventlog.Origin) {
	t := &im.track
	t.lastN = im.lastN + 1
	t.events.set(e.N, t.lastN)
	e.N, e.ReplyTo = t.lastN, t.events.at(e.ReplyTo)
	e.Conn, e.Via = int(t.conns.at(uint64(e.Conn))), int(t.conns.at(uint64(e.Via)))
	im.append(e, at, o)
}
