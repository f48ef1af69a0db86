package store

import (
	"maps"
	"slices"
	"time"

	"github.com/msnscope/msnscope/replay/pcap"
)

// Rotation says when a recording goes on in another file. Each file can be read alone: it has its own head and names, and a
// connection that is open begins again in it with its next event. The numbers of events and connections go on, so that the
// files one after the other give every event once; loaded into one log in their order they are one recording.
type Rotation struct {
	// Size is how many bytes a file gets before the next one begins; 0 for any. It may become larger by one command, and by
	// what ends its connections: some 250 bytes for each that is open.
	Size int64
	// Every is how long a file is written to, by the times of the events; 0 for ever.
	Every time.Duration
	// Next ends the file before and returns the one for events from this time on. number counts the files; the first one that
	// it is called for is 2. An error ends the recording.
	Next func(number int, at time.Time) (*pcap.Writer, error)
}

// due reports whether an event of that time goes to another file. A file has at least one event.
func (r *Recorder) due(at time.Time) bool {
	o := &r.o.Rotation
	if o.Next == nil || r.events == 0 {
		return false
	}
	return o.Size > 0 && r.w.Size() >= o.Size || o.Every > 0 && at.Sub(r.since) >= o.Every
}

// rotate goes on in the next file, with event n.
func (r *Recorder) rotate(at time.Time, n uint64) error {
	if err := r.end(at, goesOn); err != nil {
		return err
	}
	if err := r.w.Flush(); err != nil {
		return err
	}
	r.file++
	w, err := r.o.Rotation.Next(r.file, at)
	if err != nil {
		return err
	}
	r.w, r.begun = w, false
	r.names.again()
	return r.begin(at, n)
}

// end shows connections that are still open as ending at this time, which loading does not take for their end.
func (r *Recorder) end(at time.Time, why string) error {
	for _, id := range slices.Sorted(maps.Keys(r.flows)) {
		c := r.flows[id]
		if c.flow == nil {
			continue
		}
		if err := c.flow.Close(true, at, why); err != nil {
			return err
		}
		c.flow, c.last = nil, about{}
	}
	return nil
}

// again forgets which names were written: another file has none yet.
func (m *naming) again() {
	for _, n := range m.known {
		n.written = ""
	}
}
