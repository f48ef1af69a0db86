package captures

import (
	"bytes"
	"cmp"
	"fmt"
	"net/netip"
	"slices"
	"strings"
	"time"

	"github.com/msnscope/msnscope/captures/pcap"
	"github.com/msnscope/msnscope/captures/recording"
	"github.com/msnscope/msnscope/decode"
	"github.com/msnscope/msnscope/decode/session"
	"github.com/msnscope/msnscope/internal/eventlog"
)

// Each frame of a recording says which recording it is of, what happened and what came before it in
// its connection. So it does not matter what other programs did to the file: frames may be missing,
// cut short, there twice, or among those of other captures.

// maxOwnConns is how many connections of one recording are remembered: 10 MB. Beyond it they are
// all forgotten, and with them what came before.
const maxOwnConns = 1 << 17

// frames is what is known of one recording from its frames.
type frames struct {
	numbers numberSet
	last    uint64 // the greatest number of an event so far
	conns   map[int]*ownConn
	part    *spread   // a command of which further frames may come, nil for none
	held    []*spread // events that wait for those before them, by number
	alone   bool      // no other source has events in the log
}

// ownConn is one connection of a recording.
type ownConn struct {
	id     int  // its number in the log
	known  bool // at is known
	closed bool
	at     recording.Place // what has been read of it
	text   string          // the client's address, as its events have it
	client netip.Addr      // the same, if it is one
}

// spread is an event of a recording whose bytes may be spread over several frames, one after the
// other.
type spread struct {
	partial
	item pcap.Item // the latest frame
}

// Some programs sort frames by time. An event has the time at which its last byte came, but the
// number of when it was passed on, so two events that are close together may have changed places in
// the file. Then the one with the higher number waits for the other.
const (
	maxHeld  = 64          // how many events wait
	holdTime = time.Second // for how long, by the times in the file
	// maxHeldBytes is how many bytes of data and comments wait, and have come of events that are
	// spread over several frames, in all recordings together. Whatever exceeds it is handled as if
	// no more would come.
	maxHeldBytes = 64 << 20
)

// size returns how many bytes the event keeps.
func (p *spread) size() int { return len(p.data) + size(p.item.Comments) }

// packet handles a frame that has a record of its own.
func (im *importer) packet(r *recording.Record, item *pcap.Item) {
	im.found, im.recorded = true, true
	if e := &r.Event; e.ClientName != "" || e.ServerName != "" {
		im.name(e.Client, e.ClientName)
		im.name(e.Server, e.ServerName)
	}
	s := im.recording(r.Of)
	if p := s.frames.part; p != nil && (r.What != "more" || r.Event.N != p.record.Event.N) {
		s.finishPart()
	}
	switch r.What {
	case "begin", "frame":
		if n := r.Event.N; n > 0 && s.frames.last == 0 {
			s.frames.last = n - 1
		} else if n > s.frames.last+1 {
			im.skips(s.frames.last+1, n-1)
		}
		im.remark(item, r, 0)
	case "more":
		s.more(item)
	case "flow", "last":
		c := s.connOf(r.Event.Conn)
		if r.What == "last" {
			s.release()
		}
		s.bounds(c, r, item)
		im.remark(item, r, c.id)
	default:
		s.event(r, item)
	}
}

// name gives an address with a port a name, unless that is empty.
func (im *importer) name(address, name string) {
	if at, err := netip.ParseAddrPort(address); err == nil && name != "" {
		im.loader.log.AddName(at.Addr().WithZone("").Unmap(), name)
	}
}

// recording returns the section of the recording with this name, which may have begun in an earlier
// capture.
func (im *importer) recording(name string) *section {
	if s := im.current; s != nil && s.name == name {
		return s
	}
	l := im.loader
	r := l.recordings[name]
	if r == nil {
		name = strings.Clone(name) // not with all that the comment says
		r = &renumbering{name: name, frames: &frames{conns: make(map[int]*ownConn)}}
		r.frames.alone = im.lastN == 0 && im.conns == 0 && l.sole == nil
		if l.recordings == nil {
			l.recordings = make(map[string]*renumbering)
		}
		if len(l.recordings) < maxRecordings {
			l.recordings[name] = r
		}
		im.joins(r)
	}
	im.current = &section{im, r}
	return im.current
}

// joins notes that the capture has another source of events. From then on the numbers of recordings
// are no longer those in the log.
func (im *importer) joins(r *renumbering) {
	l := im.loader
	if l.sole != nil && l.sole != r {
		if im.current != nil && im.current.renumbering == l.sole {
			im.current.release()
		}
		l.sole.frames.alone = false
		return
	}
	if r != nil && r.frames.alone {
		l.sole = r
	}
}

// connOf returns the connection with a number of the recording's.
func (s *section) connOf(n int) *ownConn {
	c := s.frames.conns[n]
	if c == nil {
		if len(s.frames.conns) >= maxOwnConns {
			clear(s.frames.conns)
		}
		c = &ownConn{id: n}
		if !s.frames.alone && n <= s.im.conns {
			c.id = s.im.conns + 1
		}
		s.im.conns = max(s.im.conns, c.id)
		s.frames.conns[n] = c
	}
	return c
}

// event handles a frame with an event, or the first frame of one.
func (s *section) event(r *recording.Record, item *pcap.Item) {
	e := &r.Event
	if !s.frames.numbers.add(e.N) {
		if e.Kind != session.Open { // which a recording has twice: at its time and on its connection
			s.im.doubled++
		}
		return
	}
	if !r.Timed {
		e.Time = item.Time
	}
	if len(item.Data) == pcap.MaxSegment && r.Length > pcap.MaxSegment {
		s.frames.part = &spread{partial{*r, bytes.Clone(item.Data), item.Packet}, *item}
		if s.im.loader.held += s.frames.part.size(); s.im.loader.held > maxHeldBytes {
			s.finishPart()
		}
		return
	}
	if s.inTurn(e.N) { // nearly always
		s.deliver(r, item, item.Data, item.Packet)
		return
	}
	s.arrive(&spread{partial{*r, bytes.Clone(item.Data), item.Packet}, *item})
}

// inTurn reports whether no event before event n may come later.
func (s *section) inTurn(n uint64) bool {
	return len(s.frames.held) == 0 && (n <= s.frames.last+1 || !s.frames.alone)
}

// arrive delivers an event: at once, unless an event with a lower number may still come.
func (s *section) arrive(p *spread) {
	f, n := s.frames, p.record.Event.N
	if s.inTurn(n) {
		s.deliver(&p.record, &p.item, p.data, p.first)
		return
	}
	i, _ := slices.BinarySearchFunc(f.held, n, func(h *spread, n uint64) int {
		return cmp.Compare(h.record.Event.N, n)
	})
	f.held = slices.Insert(f.held, i, p)
	s.im.loader.held += p.size()
	for len(f.held) > 0 {
		first := &f.held[0].record.Event
		if first.N > f.last+1 && len(f.held) <= maxHeld && s.im.loader.held <= maxHeldBytes &&
			p.item.Time.Sub(first.Time) < holdTime {
			return
		}
		h := f.held[0]
		s.im.loader.held -= h.size()
		s.deliver(&h.record, &h.item, h.data, h.first)
		f.held = slices.Delete(f.held, 0, 1)
	}
}

// release delivers the events that wait for ones with lower numbers.
func (s *section) release() {
	s.finishPart()
	held := s.frames.held
	s.frames.held = nil
	for _, p := range held {
		s.im.loader.held -= p.size()
		s.deliver(&p.record, &p.item, p.data, p.first)
	}
}

// noConn is the connection of events that belong to none. It must not be changed.
var noConn ownConn

// deliver appends an event, of which the frames from packet first to item hold the data.
func (s *section) deliver(r *recording.Record, item *pcap.Item, data []byte, first int64) {
	e := &r.Event
	c := &noConn
	if e.Conn != 0 {
		c = s.connOf(e.Conn)
		if s.missing(c, r, item); e.Kind == session.Close {
			c.at, c.closed = recording.Place{}, true
		}
		s.im.readdressed(c, e, item)
	}
	if e.Kind == session.Command && r.Placed && e.Conn != 0 {
		c.at = r.Before.Add(e.Dir, r.Length)
	}
	if e.Kind != session.Command || r.Held() {
		r.Finish(e.Dir, nil)
		s.emit(c, r, item, eventlog.Place{})
		return
	}
	at := eventlog.Place{}
	if r.Framed() && item.Packet == first {
		at = s.im.place(item)
	}
	s.command(r, item, data, first, c, at)
}

// more adds a further frame to a command.
func (s *section) more(item *pcap.Item) {
	p := s.frames.part
	if p == nil {
		return // its beginning is missing, and the connection's next event will say so
	}
	s.im.loader.held -= p.size()
	p.data, p.item = append(p.data, item.Data...), *item
	s.im.loader.held += p.size()
	if item.Lost > 0 || len(p.data) >= p.record.Length || s.im.loader.held > maxHeldBytes {
		s.finishPart()
	}
}

func (s *section) finishPart() {
	if p := s.frames.part; p != nil {
		s.frames.part = nil
		s.im.loader.held -= p.size()
		s.arrive(p)
	}
}

// command appends a command, with as many of its bytes as the capture has.
func (s *section) command(r *recording.Record, item *pcap.Item, data []byte, first int64, c *ownConn,
	at eventlog.Place,
) {
	if r.Length == 0 {
		r.Length = len(data) // the record is damaged, and its frame may be whole
	}
	data = data[:min(len(data), r.Length)]
	e := &r.Event
	r.Finish(e.Dir, data)
	if len(e.In.Raw) == 0 && e.Out == nil { // the frame was cut, or is no longer read
		s.gap(c, e, e.N, recording.Place{}.Add(e.Dir, r.Length))
		return
	}
	e.Packets = session.Packets{First: uint64(first), Last: uint64(item.Packet)}
	if lost := r.Length - len(data); lost > 0 {
		say(e, fmt.Sprintf("%s of it are not in the capture", count(uint64(lost), "byte")))
		if r.Framed() {
			e.In, e.Row, e.Flags = decode.Blob(data, decode.CutShort), nil, e.Flags|session.Opaque
		}
	}
	s.emit(c, r, item, at)
}

// say adds to the text of an event what the capture lacks there.
func say(e *session.Event, text string) {
	e.Flags |= session.Missing
	if e.Text != "" {
		text = e.Text + "; " + text
	}
	e.Text = text
}

// bounds handles the record of where a connection begins or ends in a file.
func (s *section) bounds(c *ownConn, r *recording.Record, item *pcap.Item) {
	if r.What == "flow" {
		if !c.known {
			c.known, c.at = true, r.Before
		}
		return // what is missing the next event will say
	}
	if lost := c.lacks(r); lost[0] > 0 && !c.closed {
		c.at = r.Before
		if r.Event.N <= s.frames.last {
			s.im.ends += lost[0]
			return
		}
		r.Event.Time = item.Time
		s.gap(c, &r.Event, r.Event.N, lost)
	}
}

// emit appends an event with the numbers of the log, and what people wrote on its frame, unless
// item is nil.
func (s *section) emit(c *ownConn, r *recording.Record, item *pcap.Item, at eventlog.Place) {
	e, f := &r.Event, s.frames
	if e.ReplyTo != 0 && !f.alone && !f.numbers.has(e.ReplyTo) {
		e.ReplyTo, e.RTT = 0, 0 // what has its number in the log is something else
	}
	f.last = max(f.last, e.N)
	e.N = s.number(e.N)
	e.ReplyTo = s.events.at(e.ReplyTo)
	if e.Conn != 0 {
		e.Conn = c.id
	}
	if e.Via != 0 {
		e.Via = s.connOf(e.Via).id
	}
	s.im.append(e, at, nil)
	if item != nil {
		s.im.remark(item, r, e.Conn)
	}
}

// number returns the log's number for event n of the recording, which is greater than all numbers
// in the log. An event that comes after events with higher numbers begins another run of numbers.
func (s *section) number(n uint64) uint64 {
	if n <= s.events.max && s.events.at(n) <= s.im.lastN {
		s.events = numbering{runs: []run{{1, s.im.lastN + 1 - n}}, max: n}
	}
	return s.events.take(n, s.im.lastN)
}

// readdressed notes, once for a capture, that a frame has another client's address than its record
// says.
func (im *importer) readdressed(c *ownConn, e *session.Event, item *pcap.Item) {
	if item.Flow == nil || im.moved != "" {
		return
	}
	if c.text != e.Client {
		c.text, c.client = e.Client, netip.Addr{}
		if ap, err := netip.ParseAddrPort(e.Client); err == nil {
			c.client = ap.Addr().WithZone("").Unmap()
		}
	}
	if now := item.Flow.Client.Addr(); c.client.IsValid() && now != c.client && item.Flow.Server.Addr() != c.client {
		im.moved = fmt.Sprintf("the frames have other addresses than were recorded, which are shown: %s for %s", now,
			c.client)
	}
}
