package store

import (
	"errors"
	"fmt"
	"net/netip"
	"strconv"
	"strings"
	"time"

	"github.com/msnscope/msnscope/decode"
	"github.com/msnscope/msnscope/decode/session"
	"github.com/msnscope/msnscope/replay/pcap"
)

// RecorderOptions says how a recording is made. Its zero value works.
type RecorderOptions struct {
	// Names are names of addresses, instead of those that the recorder finds by itself: those of connections are written. The
	// map is copied.
	Names map[netip.Addr]string
	// Rotation says when the recording goes on in another file; the zero value never.
	Rotation Rotation
	// OnError is called once, with the first error of the file, nil for nobody. What comes after it is not recorded.
	OnError func(error)
}

// Recorder writes events to a capture file as they come, the client's leg of each connection. [Load] gives back the same
// events. It is for one goroutine: the handler of a subscription to a bus.
type Recorder struct {
	w      *pcap.Writer
	o      RecorderOptions
	err    error
	begun  bool
	record recordWriter
	names  naming
	flows  map[int]*recorded
	of     string    // which recording this is, among others: when it began
	file   int       // which file of the recording it is, from 1
	since  time.Time // when it began
	events int       // in it
}

// recorded is a connection that is open, with the flow that stands for it in the file, nil before there is one.
type recorded struct {
	flow *pcap.Flow
	last about
}

// NewRecorder returns a Recorder that writes to w, of which it is the only user. The caller closes the file, after Close.
func NewRecorder(w *pcap.Writer, o RecorderOptions) *Recorder {
	given := make(map[netip.Addr]string, len(o.Names))
	for a, name := range o.Names {
		if name = shorten(plain(name)); a.IsValid() && name != "" {
			given[a.WithZone("").Unmap()] = name
		}
	}
	return &Recorder{w: w, o: o, file: 1, names: naming{given: given}, flows: make(map[int]*recorded)}
}

// Handle records a batch of events and hands it to the file: a process that is killed later leaves it there. It does nothing
// after an error.
func (r *Recorder) Handle(batch []*session.Event) {
	if r.err != nil || len(batch) == 0 {
		return
	}
	err := r.begin(batch[0].Time, batch[0].N)
	for _, e := range batch {
		if err == nil && r.due(e.Time) {
			err = r.rotate(e.Time, e.N)
		}
		if err != nil {
			break
		}
		if err = r.event(e); errors.Is(err, pcap.ErrComment) {
			err = r.w.Note(e.Time, fmt.Sprintf("event %d could not be recorded: %v", e.N, err))
		}
	}
	if err == nil {
		err = r.w.Flush()
	}
	r.fail(err)
}

// Close ends the recording: connections that are still open are shown as ending at this time, which loading does not take
// for their end. It returns the first error of the recording.
func (r *Recorder) Close(at time.Time) error {
	if r.err != nil {
		return r.err
	}
	err := r.begin(at, 0)
	if err == nil {
		err = r.end(at, endsHere)
	}
	clear(r.flows)
	if err == nil {
		err = r.w.Flush()
	}
	r.fail(err)
	return r.err
}

// Err returns the first error of the recording, after which nothing was recorded.
func (r *Recorder) Err() error { return r.err }

func (r *Recorder) fail(err error) {
	if err == nil {
		return
	}
	r.err = err
	if r.o.OnError != nil {
		r.o.OnError(err)
	}
}

// begin begins the recording, or a further file of it, of which n is the first event, 0 for none.
func (r *Recorder) begin(at time.Time, n uint64) error {
	if r.begun {
		return nil
	}
	r.begun, r.since, r.events = true, at, 0
	if r.of == "" {
		r.of = strconv.FormatInt(at.UnixNano(), 36)
	}
	r.record.start("begin")
	r.record.text("of", r.of)
	r.record.uint("n", n)
	return r.w.Note(at, r.record.comments("recorded by msnscope")...)
}

func (r *Recorder) event(e *session.Event) error {
	r.events++
	if e.Conn == 0 {
		return r.note(e)
	}
	c := r.flows[e.Conn]
	if c == nil {
		if e.Kind == session.Close || e.Kind == session.Note || e.Kind == session.Gap {
			return r.note(e) // nothing is open, and nothing begins with it
		}
		c = new(recorded)
		r.flows[e.Conn] = c
	}
	switch e.Kind {
	case session.Open:
		return r.open(c, e)
	case session.Close:
		return r.close(c, e)
	case session.Command:
		if len(onFrame(e)) > 0 {
			return r.data(c, e)
		}
	}
	return r.note(e)
}

// open shows the handshake of a connection at once if it is known where it goes, else with its first command.
func (r *Recorder) open(c *recorded, e *session.Event) error {
	if c.flow != nil || e.Server == "" {
		return r.note(e)
	}
	r.record.event(e, false)
	return r.handshake(c, e, r.comments(e))
}

func (r *Recorder) handshake(c *recorded, e *session.Event, comments []string) error {
	var err error
	client, server := r.names.ends(e)
	c.flow, err = r.w.Open(client, server, e.Time, comments...)
	return err
}

// flow makes sure that the connection has a flow.
func (r *Recorder) flow(c *recorded, e *session.Event) error {
	if c.flow != nil {
		return nil
	}
	r.record.start("flow")
	r.record.uint("conn", uint64(e.Conn))
	return r.handshake(c, e, r.record.comments(openWords(e)))
}

func (r *Recorder) data(c *recorded, e *session.Event) error {
	if err := r.flow(c, e); err != nil {
		return err
	}
	if now := aboutOf(e); now != c.last {
		c.last = now
		if err := r.names.update(r.w, c.flow, e); err != nil {
			return err
		}
	}
	r.record.event(e, true)
	return c.flow.Data(e.Dir == decode.FromClient, onFrame(e), e.Time, r.comments(e)...)
}

func (r *Recorder) close(c *recorded, e *session.Event) error {
	delete(r.flows, e.Conn)
	if err := r.flow(c, e); err != nil {
		return err
	}
	r.record.event(e, false)
	return c.flow.Close(!strings.Contains(e.Text, "server"), e.Time, r.comments(e)...)
}

// note writes what belongs to no frame.
func (r *Recorder) note(e *session.Event) error {
	r.record.event(e, false)
	return r.w.Note(e.Time, r.comments(e)...)
}

// comments returns the record that was put together, after the words for people.
func (r *Recorder) comments(e *session.Event) []string {
	if text := words(e); text != "" {
		return r.record.comments(text)
	}
	return r.record.comments()
}
