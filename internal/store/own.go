package store

import (
	"bytes"
	"strings"

	"github.com/msnscope/msnscope/decode"
	"github.com/msnscope/msnscope/decode/session"
	"github.com/msnscope/msnscope/replay/pcap"
)

// section is one recording of ours in a file, which may hold several, each with numbers of its own.
type section struct {
	im *importer
	*recording
}

// recording is how the numbers of one become the log's. A recording may go on in another file.
type recording struct {
	events numbering
	conns  numbering
}

// maxRecordings is how many recordings are remembered for their next files, maxOf how long the name of one may be: ours have 13 letters.
const maxRecordings, maxOf = 1 << 10, 64

// section begins a recording, or goes on with one whose earlier files are in the log: then connections keep their numbers.
// A file that does not come after those begins another one.
func (im *importer) section(begin *record) *section {
	r := im.log.recordings[begin.of]
	if begin.of == "" || r == nil || begin.event.N <= r.events.max {
		s := im.newSection()
		if begin.of != "" && len(im.log.recordings) < maxRecordings {
			if im.log.recordings == nil {
				im.log.recordings = make(map[string]*recording)
			}
			im.log.recordings[strings.Clone(begin.of)] = s.recording // not with all that the comment says
		}
		return s
	}
	r.from(im)
	return &section{im, r}
}

// newSection begins a recording, whose numbers go on where the log's end.
func (im *importer) newSection() *section {
	r := new(recording)
	r.from(im)
	return &section{im, r}
}

// from makes numbers that were not used yet greater than all that are in the log.
func (r *recording) from(im *importer) {
	if r.events.at(r.events.max+1) <= im.lastN {
		r.events.set(r.events.max+1, im.lastN+1)
	}
	if r.conns.at(r.conns.max+1) <= uint64(im.conns) {
		r.conns.set(r.conns.max+1, uint64(im.conns)+1)
	}
}

// note takes a record that is on no frame. One on a frame that brought nothing new is a frame that is twice in the file.
func (im *importer) note(r *record, item *pcap.Item) {
	if r.what == "flow" || item.Flow != nil {
		return
	}
	if im.own == nil {
		im.own = im.newSection() // its beginning was cut off
	}
	if r.event.Kind == session.Command {
		if r.finish(r.event.Dir, nil); len(r.event.In.Raw) == 0 && r.event.Out == nil {
			return
		}
	}
	im.own.append(r, item, place{})
}

// append adds an event of the recording to the log, whose bytes are in a frame at the given place.
func (s *section) append(r *record, item *pcap.Item, at place) {
	e := &r.event
	if !r.timed {
		e.Time = item.Time
	}
	s.im.found = true
	n, conn := s.im.track.lastN, s.im.track.lastConn
	e.N = s.events.take(e.N, n)
	e.Conn = s.conn(e.Conn, conn)
	e.Via = int(s.conns.at(uint64(e.Via)))
	e.ReplyTo = s.events.at(e.ReplyTo)
	s.im.append(e, at)
}

func (s *section) conn(id, floor int) int {
	if id == 0 {
		return 0
	}
	return int(s.conns.take(uint64(id), uint64(floor)))
}

// ours takes an item of the flow that carries a record.
func (f *flow) ours(r *record, item *pcap.Item) {
	if f.own == nil {
		f.own = f.im.newSection()
		f.im.own = f.own
	}
	f.kind = flowOurs
	f.im.found = true
	f.ownConn = r.event.Conn
	switch {
	case r.what == "flow":
	case r.event.Kind != session.Command:
		f.own.append(r, item, place{})
	case item.Kind == pcap.KindData:
		f.part[side(item.FromClient)] = nil
		f.take(r, item)
	}
}

// partial is a command that takes several frames.
type partial struct {
	record record
	data   []byte
	first  int64 // its first packet
}

// take makes an event of a record and the frame that it is on, unless more frames belong to it.
func (f *flow) take(r *record, item *pcap.Item) {
	if r.length > len(item.Data) {
		f.part[side(item.FromClient)] = &partial{*r, bytes.Clone(item.Data), item.Packet}
		return
	}
	at := place{}
	if item.Offset >= 0 {
		at = place{source: f.im.source, at: item.Offset}
	}
	f.complete(r, item, item.Data, item.Packet, at)
}

// more takes a frame without a record, and reports whether it belongs to the command that the last one began.
func (f *flow) more(item *pcap.Item) bool {
	p := f.part[side(item.FromClient)]
	if p == nil {
		return false
	}
	p.data = append(p.data, item.Data...)
	if len(p.data) >= p.record.length {
		f.part[side(item.FromClient)] = nil
		f.complete(&p.record, item, p.data, p.first, place{})
	}
	return true
}

func (f *flow) complete(r *record, item *pcap.Item, data []byte, first int64, at place) {
	dir := decode.FromServer
	if item.FromClient {
		dir = decode.FromClient
	}
	r.finish(dir, data)
	e := &r.event
	if e.Packets = (session.Packets{First: uint64(first), Last: uint64(item.Packet)}); r.data != nil || e.Out != nil {
		at = place{} // what is on the frame is not what was received
	}
	f.own.append(r, item, at)
}
