package captures

import (
	"bytes"
	"strings"

	"github.com/msnscope/msnscope/captures/pcap"
	"github.com/msnscope/msnscope/captures/recording"
	"github.com/msnscope/msnscope/decode"
	"github.com/msnscope/msnscope/decode/session"
	"github.com/msnscope/msnscope/internal/eventlog"
)

// section is one recording of ours in a file. A file may hold several, each with numbers of its
// own.
type section struct {
	im *importer
	*renumbering
}

// renumbering maps the numbers of one recording to those of the log. It outlives the file, because
// a recording may go on in another one.
type renumbering struct {
	events numbering
	conns  numbering // in recordings of the old form
	name   string    // the others have names
	frames *frames   // and say all of themselves on each frame
}

// maxRecordings is how many recordings a Loader remembers for their further files.
const maxRecordings = 1 << 10

// section begins a recording, or continues one whose earlier files are in the log: then its
// connections keep their numbers. A file that does not follow on those begins another recording.
func (im *importer) section(begin *recording.Record) *section {
	r := im.loader.recordings[begin.Of]
	if begin.Of == "" || r == nil || begin.Event.N <= r.events.max {
		s := im.newSection()
		if begin.Of != "" && len(im.loader.recordings) < maxRecordings {
			if im.loader.recordings == nil {
				im.loader.recordings = make(map[string]*renumbering)
			}
			im.loader.recordings[strings.Clone(begin.Of)] = s.renumbering // Of is a part of a long comment
		}
		return s
	}
	r.from(im)
	return &section{im, r}
}

// newSection begins a recording whose numbers go on where those of the log end.
func (im *importer) newSection() *section {
	im.joins(nil)
	r := new(renumbering)
	r.from(im)
	return &section{im, r}
}

// from makes numbers that the recording has not used yet map to numbers greater than all in the
// log.
func (r *renumbering) from(im *importer) {
	if r.events.at(r.events.max+1) <= im.lastN {
		r.events.set(r.events.max+1, im.lastN+1)
	}
	if r.conns.at(r.conns.max+1) <= uint64(im.conns) {
		r.conns.set(r.conns.max+1, uint64(im.conns)+1)
	}
}

// note handles a record that is on no frame. A record on a frame that brought no bytes is skipped:
// that frame is in the file twice.
func (im *importer) note(r *recording.Record, item *pcap.Item) {
	if r.What == "flow" || item.Flow != nil {
		return
	}
	if im.own == nil {
		im.own = im.newSection() // the file does not have its beginning
	}
	if r.Event.Kind == session.Command {
		if r.Finish(r.Event.Dir, nil); len(r.Event.In.Raw) == 0 && r.Event.Out == nil {
			return
		}
	}
	im.own.append(r, item, eventlog.Place{})
}

// append adds the record's event, whose bytes are at the given place, to the log. Numbers are
// mapped to those of the log.
func (s *section) append(r *recording.Record, item *pcap.Item, at eventlog.Place) {
	e := &r.Event
	if !r.Timed {
		e.Time = item.Time
	}
	s.im.found = true
	n, conn := s.im.track.lastN, s.im.track.lastConn
	e.N = s.events.take(e.N, n)
	e.Conn = s.conn(e.Conn, conn)
	e.Via = int(s.conns.at(uint64(e.Via)))
	e.ReplyTo = s.events.at(e.ReplyTo)
	s.im.append(e, at, nil)
}

func (s *section) conn(id, floor int) int {
	if id == 0 {
		return 0
	}
	return int(s.conns.take(uint64(id), uint64(floor)))
}

// ours handles an item of the connection that carries a record.
func (c *connection) ours(r *recording.Record, item *pcap.Item) {
	if c.own == nil {
		c.own = c.im.newSection()
		c.im.own = c.own
	}
	c.kind = kindOurs
	c.im.found = true
	c.ownConn = r.Event.Conn
	switch {
	case r.What == "flow":
	case r.Event.Kind != session.Command:
		c.own.append(r, item, eventlog.Place{})
	case item.Kind == pcap.KindData:
		c.part[side(item.FromClient)] = nil
		c.take(r, item)
	}
}

// partial is a command that takes several frames, of which some are missing yet.
type partial struct {
	record recording.Record
	data   []byte
	first  int64 // number of its first packet
}

// take appends the event of a record and its frame, or keeps both if more frames belong to it.
func (c *connection) take(r *recording.Record, item *pcap.Item) {
	if r.Length > len(item.Data) {
		c.part[side(item.FromClient)] = &partial{*r, bytes.Clone(item.Data), item.Packet}
		return
	}
	c.complete(r, item, item.Data, item.Packet, c.im.place(item))
}

// more handles a frame without a record, and reports whether it belongs to the command that an
// earlier frame began.
func (c *connection) more(item *pcap.Item) bool {
	p := c.part[side(item.FromClient)]
	if p == nil {
		return false
	}
	p.data = append(p.data, item.Data...)
	if len(p.data) >= p.record.Length {
		c.part[side(item.FromClient)] = nil
		c.complete(&p.record, item, p.data, p.first, eventlog.Place{})
	}
	return true
}

func (c *connection) complete(r *recording.Record, item *pcap.Item, data []byte, first int64, at eventlog.Place) {
	dir := decode.FromServer
	if item.FromClient {
		dir = decode.FromClient
	}
	r.Finish(dir, data)
	e := &r.Event
	if e.Packets = (session.Packets{First: uint64(first), Last: uint64(item.Packet)}); !r.Framed() {
		at = eventlog.Place{} // what is on the frame is not what was received
	}
	c.own.append(r, item, at)
}
