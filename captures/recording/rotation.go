package recording

import (
	"maps"
	"slices"
	"time"

	"github.com/msnscope/msnscope/captures/pcap"
	"github.com/msnscope/msnscope/decode/session"
)

// Rotation says when a recording goes on in another file. Each file can be read alone: it has its
// own head and names, and a connection that is open begins again in it with its next event. The
// numbers of events and connections continue, so that the files together hold every event once;
// loaded into one log in their order they are one recording.
type Rotation struct {
	// Size is how many bytes a file may have before the next one begins; 0 for any number. A file
	// may exceed it by one command, and by what ends its open connections: some 250 bytes for each.
	Size int64
	// Every is how long a file is written to, by the times of the events; 0 for ever.
	Every time.Duration
	// Next ends the previous file and returns the writer of the one for events from the time at on.
	// number counts the files and is 2 in the first call. An error ends the recording.
	Next func(number int, at time.Time) (*pcap.Writer, error)
}

// due reports whether an event of the time at goes to another file. A file has at least one event.
func (r *Writer) due(at time.Time) bool {
	o := &r.o.Rotation
	if o.Next == nil || r.events == 0 {
		return false
	}
	return o.Size > 0 && r.w.Size() >= o.Size || o.Every > 0 && at.Sub(r.since) >= o.Every
}

// rotate continues in the next file, with the event e.
func (r *Writer) rotate(e *session.Event) error {
	if err := r.end(e.Time, goesOn); err != nil {
		return err
	}
	if err := r.w.Flush(); err != nil {
		return err
	}
	r.file++
	w, err := r.o.Rotation.Next(r.file, e.Time)
	if err != nil {
		return err
	}
	r.w, r.begun = w, false
	r.names.again()
	return r.begin(e.Time, e)
}

// end closes, at the time at, the flows of connections that are still open, with why as the
// comment. The reader knows these comments and does not take them for the end of the connections.
func (r *Writer) end(at time.Time, why string) error {
	for _, id := range slices.Sorted(maps.Keys(r.flows)) {
		c := r.flows[id]
		if c.open = nil; c.flow == nil {
			continue
		}
		r.record.start("last")
		r.record.uint("n", r.lastN)
		r.record.uint("conn", uint64(id))
		r.record.place(c.at)
		if err := c.flow.Close(true, at, r.record.comments(why)...); err != nil {
			return err
		}
		c.flow, c.last = nil, session.ConnInfo{}
	}
	return nil
}

// again marks all names as not yet written, because a new file has none.
func (m *naming) again() {
	for _, n := range m.known {
		n.written = ""
	}
}
