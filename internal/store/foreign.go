package store

import (
	"bytes"
	"fmt"
	"maps"
	"slices"
	"time"

	"github.com/msnscope/msnscope/decode"
	"github.com/msnscope/msnscope/decode/session"
	"github.com/msnscope/msnscope/replay/pcap"
)

// maxFlows is how many connections are looked at at the same time: twice as many as the reader of packets knows, so that the
// half that was silent longest can be ended without missing anything.
const maxFlows = 1 << 17

// flow is a TCP connection of a capture.
type flow struct {
	im     *importer
	info   *pcap.FlowInfo
	opened time.Time
	seen   time.Time // its last item
	kind   flowKind
	swap   bool // the reader took the server for the client

	held  []pcap.Item // what came before it was clear what this is, copied
	first [2][]byte   // the first bytes of each direction, until then

	sess *session.Conn
	id   int // the connection's number in the log
	in   [2]*decode.Reader
	last [2]time.Time

	closed   [2]bool
	closedAt time.Time
	cause    string

	own     *section // the recording of ours that this stands in, nil outside
	ownConn int      // its number there
	part    [2]*partial
}

type flowKind uint8

const (
	flowUnclear flowKind = iota
	flowMSN              // framed and tracked
	flowOurs             // its frames carry their events
)

// maxUnclear is how many bytes of one direction are kept until it is clear what a connection is: a first line with some errors
// before it.
const maxUnclear = 4 * maxFirstLine

const client, server = 0, 1

func side(fromClient bool) int {
	if fromClient {
		return client
	}
	return server
}

// tracking is the graph of the connections that are tracked here, and how its numbers become the log's.
type tracking struct {
	graph    session.Graph
	events   numbering
	conns    numbering
	lastN    uint64 // the greatest numbers given so far
	lastConn int
}

// open begins a connection; id is its number in the log, 0 for a new one.
func (im *importer) open(at time.Time, client, server string, id int) (*session.Conn, *session.Event, int) {
	t := &im.track
	c, e := t.graph.Open(at, client, server)
	if id == 0 {
		_, last := im.log.lastNumbers()
		id = last + 1
		t.lastConn = id
	}
	t.conns.set(uint64(c.ID()), uint64(id))
	return c, e, id
}

// emit gives an event of ours the next number in the log and appends it.
func (im *importer) emit(e *session.Event) {
	t := &im.track
	last, _ := im.log.lastNumbers()
	t.lastN = last + 1
	t.events.set(e.N, t.lastN)
	e.N, e.ReplyTo = t.lastN, t.events.at(e.ReplyTo)
	e.Conn, e.Via = int(t.conns.at(uint64(e.Conn))), int(t.conns.at(uint64(e.Via)))
	im.log.add(e, place{}, true)
}

// item takes an item without a record.
func (f *flow) item(item *pcap.Item) {
	if item.Kind == pcap.KindData && f.more(item) {
		return
	}
	if f.seen = item.Time; item.Kind == pcap.KindOpen {
		// In a recording of ours the first frame tells whether this is one of its connections.
		if on, sure := onPort(f.info); on && sure && f.own == nil {
			f.begin()
		}
		f.im.limit()
		return
	}
	switch {
	case f.sess != nil:
		f.track(item)
	case f.kind == flowUnclear:
		f.decide(item)
	case item.Kind == pcap.KindData: // a frame of a recording that lost its comment
		f.begin()
		f.track(item)
	case item.Kind == pcap.KindLost:
		f.part[side(item.FromClient)] = nil
	case item.Kind == pcap.KindClose:
		f.close(item)
	}
}

// decide keeps what came until it is clear whether this is MSN and which end is the client.
func (f *flow) decide(item *pcap.Item) {
	kept := *item
	kept.Data = bytes.Clone(item.Data)
	f.held = append(f.held, kept)
	from := side(item.FromClient)
	on, sure := onPort(f.info)
	said := noOpinion
	if on && sure {
		said = fromEither
	} else if item.Kind == pcap.KindData {
		f.first[from] = append(f.first[from], item.Data...)
		if said = judge(f.first[from]); said == noOpinion && len(f.first[from]) > maxUnclear {
			said = notMSN
		}
	}
	ended := item.Kind == pcap.KindClose && (item.Reset || f.closed[1-from])
	f.closed[from] = f.closed[from] || item.Kind == pcap.KindClose
	switch {
	case said == noOpinion && !ended:
		return
	case on, said > notMSN:
		f.swap = !sure && (said == fromServer && item.FromClient || said == fromClient && !item.FromClient)
		f.settle()
	default:
		f.im.leave(f)
	}
}

// settle starts tracking with what was kept.
func (f *flow) settle() {
	held := f.held
	f.held, f.first, f.closed = nil, [2][]byte{}, [2]bool{}
	f.begin()
	for i := range held {
		f.track(&held[i])
	}
}

// leave forgets a connection that is not MSN.
func (im *importer) leave(f *flow) {
	im.other++
	delete(im.flows, f.info)
}

// begin starts tracking.
func (f *flow) begin() {
	f.im.found = true
	c, s := f.info.Client.String(), f.info.Server.String()
	if f.swap {
		c, s = s, c
	}
	id := 0
	if f.kind == flowOurs {
		id = f.own.conn(f.ownConn, f.im.track.lastConn)
	}
	var e *session.Event
	f.sess, e, f.id = f.im.open(f.opened, c, s, id)
	f.in[client] = decode.NewReader(decode.FromClient, f.sess.Framing())
	f.in[server] = decode.NewReader(decode.FromServer, f.sess.Framing())
	if f.info.Guessed { // it begins in the middle, perhaps inside a message
		f.in[client].Lose()
		f.in[server].Lose()
	}
	if f.kind != flowOurs {
		f.kind = flowMSN
		f.im.emit(e)
	}
}

// track takes the next item of a connection that is tracked.
func (f *flow) track(item *pcap.Item) {
	from := side(item.FromClient != f.swap)
	f.last[from] = item.Time
	switch item.Kind {
	case pcap.KindData:
		f.in[from].Feed(item.Data)
		f.commands(from, item.Time)
	case pcap.KindLost:
		f.flush(from, item.Time)
		f.in[from].Lose()
		text := fmt.Sprintf("%d bytes from the %s are not in the capture", item.Lost, endNames[from])
		f.im.emit(f.sess.Gap(item.Time, f.in[from].Dir, text))
	case pcap.KindClose:
		f.flush(from, item.Time)
		f.close(item)
	}
}

var endNames = [2]string{client: "client", server: "server"}

// commands makes events of all commands that are whole.
func (f *flow) commands(from int, at time.Time) {
	r := f.in[from]
	var m decode.Message
	for {
		if r.Grammar = f.sess.Framing(); !r.Next(&m) {
			return
		}
		f.im.emit(f.sess.Track(r.Dir, &m, at))
	}
}

// flush makes an event of what no further byte will complete.
func (f *flow) flush(from int, at time.Time) {
	r := f.in[from]
	if r == nil {
		return
	}
	var m decode.Message
	for r.Next(&m) || r.Flush(&m) {
		f.im.emit(f.sess.Track(r.Dir, &m, at))
	}
}

// close takes the end of one direction. With both, or with a reset, the connection has ended.
func (f *flow) close(item *pcap.Item) {
	from := side(item.FromClient != f.swap)
	if f.cause == "" {
		f.cause = "closed by the " + endNames[from]
		if item.Reset {
			f.cause = "reset by the " + endNames[from]
		}
	}
	f.closed[from], f.closedAt = true, item.Time
	if item.Reset || f.closed[1-from] {
		f.flush(1-from, item.Time)
		f.ended()
	}
}

func (f *flow) ended() {
	delete(f.im.flows, f.info)
	if f.kind == flowMSN {
		f.im.emit(f.sess.Close(f.closedAt, f.cause))
	}
}

// end takes what is left of a connection when nothing more comes of it.
func (f *flow) end() {
	if f.kind == flowUnclear {
		if on, _ := onPort(f.info); !on {
			f.im.leave(f)
			return
		}
		f.settle()
	}
	f.flush(client, f.last[client])
	f.flush(server, f.last[server])
	if f.cause != "" && f.im.flows[f.info] != nil {
		f.ended()
	}
	delete(f.im.flows, f.info)
}

// left returns the connections that have not ended, in the order in which they began.
func (im *importer) left() []*flow {
	return slices.SortedFunc(maps.Values(im.flows), func(a, b *flow) int { return a.info.ID - b.info.ID })
}

// limit ends the connections that were silent longest when there are too many.
func (im *importer) limit() {
	if len(im.flows) < maxFlows {
		return
	}
	quiet := slices.SortedFunc(maps.Values(im.flows), func(a, b *flow) int { return a.seen.Compare(b.seen) })
	for _, f := range quiet[:maxFlows/2] {
		f.end()
	}
}
