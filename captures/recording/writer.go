package recording

import (
	"errors"
	"fmt"
	"hash/fnv"
	"net/netip"
	"strconv"
	"strings"
	"time"

	"github.com/msnscope/msnscope/captures/pcap"
	"github.com/msnscope/msnscope/decode"
	"github.com/msnscope/msnscope/decode/session"
)

// Options says how a recording is made. The zero value is ready for use.
type Options struct {
	// Names are names of addresses, which take precedence over those that the Writer finds by
	// itself. Names of addresses that have connections are written. The map is copied.
	Names map[netip.Addr]string
	// Rotation says when the recording goes on in another file; the zero value means never.
	Rotation Rotation
	// Remark, unless nil, returns what a person wrote about an event, "" for nothing. It becomes a
	// comment of the event's frame, besides those of the recording.
	Remark func(e *session.Event) string
	// OnError, unless nil, is called once, with the first error of the file. Nothing is recorded
	// after it.
	OnError func(error)
}

// Writer writes events to a capture file as they come, the client's side of each connection.
// Loading the file gives back the same events. It is for one goroutine: the handler of a
// subscription to a bus.
type Writer struct {
	w      *pcap.Writer
	o      Options
	err    error
	begun  bool
	record recordWriter
	names  naming
	flows  map[int]*recorded
	file   int       // number of the file in the recording, from 1
	since  time.Time // when the file began
	events int       // events in the file
	lastN  uint64    // number of the last event
}

// recorded is an open connection, with its flow in the file, nil before it has one.
type recorded struct {
	flow *pcap.Flow
	last session.ConnInfo
	open *session.Event // its beginning, until it is on the first frame of the flow
	at   Place          // what has been recorded of it
}

// NewWriter returns a Writer that writes to w and is its only user. The caller closes the file,
// after Close.
func NewWriter(w *pcap.Writer, o Options) *Writer {
	given := make(map[netip.Addr]string, len(o.Names))
	for a, name := range o.Names {
		if name = shorten(plain(name)); a.IsValid() && name != "" {
			given[a.WithZone("").Unmap()] = name
		}
	}
	return &Writer{w: w, o: o, file: 1, names: naming{given: given}, flows: make(map[int]*recorded)}
}

// Handle records a batch of events and flushes it to the file, so that it is there even if the
// process is killed later. It does nothing after an error.
func (r *Writer) Handle(batch []*session.Event) {
	if r.err != nil || len(batch) == 0 {
		return
	}
	err := r.begin(batch[0].Time, batch[0])
	for _, e := range batch {
		if err == nil && r.due(e.Time) {
			err = r.rotate(e)
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

// Close ends the recording. For connections that are still open it writes FINs at the time at,
// which loading does not take for their end. It returns the first error of the recording.
func (r *Writer) Close(at time.Time) error {
	if r.err != nil {
		return r.err
	}
	err := r.begin(at, new(session.Event))
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
func (r *Writer) Err() error { return r.err }

func (r *Writer) fail(err error) {
	if err == nil {
		return
	}
	r.err = err
	if r.o.OnError != nil {
		r.o.OnError(err)
	}
}

// begin begins the recording, or another file of it, with its first event, which is empty if there
// is none.
func (r *Writer) begin(at time.Time, first *session.Event) error {
	if r.begun {
		return nil
	}
	r.begun, r.since, r.events = true, at, 0
	if r.record.of == "" {
		r.record.of = nameOf(at, first)
	}
	r.record.start("frame")
	if err := r.w.Bare(strings.Clone(r.record.comments()[0])); err != nil {
		return err
	}
	r.record.start("begin")
	r.record.uint("n", first.N)
	return r.w.Note(at, r.record.comments("recorded by msnscope")...)
}

// nameOf returns what distinguishes a recording from others: when it began and with what, because
// the clock alone may be coarse.
func nameOf(at time.Time, first *session.Event) string {
	h := fnv.New32a()
	fmt.Fprintf(h, "%s\n%s\n%s\n%s\n%s", first.Client, first.Server, first.Text, first.In.Raw, first.Out)
	return strconv.FormatInt(at.UnixNano(), 36) + "-" + strconv.FormatUint(uint64(h.Sum32()), 36)
}

func (r *Writer) event(e *session.Event) error {
	r.events++
	r.lastN = e.N
	if e.Conn == 0 {
		return r.note(nil, e)
	}
	c := r.flows[e.Conn]
	if c == nil {
		if e.Kind != session.Open && e.Kind != session.Command {
			return r.note(nil, e) // nothing is open, and nothing begins with it
		}
		c = new(recorded)
		r.flows[e.Conn] = c
	}
	switch e.Kind {
	case session.Open:
		return r.open(c, e)
	case session.Close:
		return r.close(c, e)
	case session.HalfClose:
		return r.halfClose(c, e)
	case session.Command:
		if len(onFrame(e)) > 0 && !c.flow.Ended(e.Dir == decode.FromClient) {
			return r.data(c, e)
		}
	}
	return r.note(c, e)
}

// open writes the handshake of a connection at once if it is known where it goes, otherwise with
// its first command.
func (r *Writer) open(c *recorded, e *session.Event) error {
	if c.flow != nil {
		return r.note(c, e)
	}
	if c.open = e; e.Server == "" {
		return r.note(c, e)
	}
	return r.flow(c, e)
}

func (r *Writer) handshake(c *recorded, e *session.Event, comments []string) error {
	var err error
	client, server := r.names.ends(e)
	c.flow, err = r.w.Open(client, server, e.Time, comments...)
	return err
}

// flow makes sure that the connection has a flow in the file. If that begins after the connection
// has begun, the record of its beginning is on the flow's first frame once more: that of others may
// be lost when somebody cuts the file.
func (r *Writer) flow(c *recorded, e *session.Event) error {
	if c.flow != nil {
		return nil
	}
	if open := c.open; open != nil {
		c.open = nil
		if r.record.event(open, Place{}, false); !open.Time.Equal(e.Time) {
			r.record.time(open.Time)
		}
		r.record.names(open)
		return r.handshake(c, e, r.comments(open))
	}
	r.record.start("flow")
	r.record.uint("conn", uint64(e.Conn))
	r.record.place(c.at)
	if e.ClientName != "" || e.ServerName != "" {
		r.record.text("client", e.Client)
		r.record.text("server", e.Server)
	}
	r.record.names(e)
	return r.handshake(c, e, r.record.comments(openWords(e)))
}

func (r *Writer) data(c *recorded, e *session.Event) error {
	if err := r.flow(c, e); err != nil {
		return err
	}
	if !c.last.Is(e) {
		c.last = session.InfoOf(e)
		if err := r.names.update(r.w, c.flow, e); err != nil {
			return err
		}
	}
	r.record.event(e, c.at, true)
	frame, comments := onFrame(e), r.comments(e)
	c.at = c.at.Add(e.Dir, len(frame))
	for len(frame) > 0 {
		n := min(len(frame), pcap.MaxSegment)
		if err := c.flow.Data(e.Dir == decode.FromClient, frame[:n], e.Time, comments...); err != nil {
			return err
		}
		if frame = frame[n:]; len(frame) > 0 {
			r.record.start("more")
			r.record.uint("n", e.N)
			comments = r.record.comments()
		}
	}
	return nil
}

func (r *Writer) close(c *recorded, e *session.Event) error {
	delete(r.flows, e.Conn)
	if err := r.flow(c, e); err != nil {
		return err
	}
	r.record.event(e, c.at, false)
	return c.flow.Close(!strings.Contains(e.Text, "server"), e.Time, r.comments(e)...)
}

// halfClose writes the FIN of one end, at its own time.
func (r *Writer) halfClose(c *recorded, e *session.Event) error {
	fromClient := e.Dir == decode.FromClient
	if c.flow.Ended(fromClient) {
		return r.note(c, e)
	}
	if err := r.flow(c, e); err != nil {
		return err
	}
	r.record.event(e, c.at, false)
	return c.flow.HalfClose(fromClient, e.Time, r.comments(e)...)
}

// note writes the record of an event that belongs to no frame on a frame of its own. c is nil where
// no connection is known.
func (r *Writer) note(c *recorded, e *session.Event) error {
	if c == nil {
		r.record.event(e, Place{}, false)
		return r.w.Note(e.Time, r.comments(e)...)
	}
	if c.at[0] > 0 { // in another file: a reader of this one must know that
		if err := r.flow(c, e); err != nil {
			return err
		}
	}
	r.record.event(e, c.at, false)
	if e.Kind == session.Command {
		c.at = c.at.Add(e.Dir, 0)
	}
	if c.flow == nil {
		return r.w.Note(e.Time, r.comments(e)...)
	}
	return c.flow.Note(e.Time, r.comments(e)...)
}

// cutComment returns a comment cut to maxComment bytes of valid UTF-8, with a blank before it if it
// would look like a record.
func cutComment(text string) string {
	if strings.HasPrefix(text, recordStart) || strings.HasPrefix(text, recordMore) {
		text = " " + text
	}
	return strings.ToValidUTF8(text[:min(len(text), maxComment)], "")
}

// comments returns the explanation, if any, the record that has been built, and the remark.
func (r *Writer) comments(e *session.Event) []string {
	var all []string
	if text := explanation(e); text != "" {
		all = r.record.comments(text)
	} else {
		all = r.record.comments()
	}
	if r.o.Remark != nil {
		if text := r.o.Remark(e); text != "" {
			all = append(all, cutComment(text))
		}
	}
	return all
}
