package store

import (
	"bytes"
	"cmp"
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
	// What each item needs stands together: thousands of connections do not fit into a cache, and take turns.
	im    *importer
	sess  *session.Conn
	in    [2]*stream
	known *known // of its connection
	part  [2]*partial
	http  *httpConn // of one to a gateway, whose sessions are flows of their own
	seen  time.Time // its last item
	kind  flowKind
	swap  bool // the reader took the server for the client
	msn   bool // something was said that is MSN

	info   *pcap.FlowInfo
	opened time.Time
	remark []string    // on the packet that opened it
	held   []pcap.Item // what came before it was clear what this is, copied
	first  [2][]byte   // the first bytes of each direction, until then
	names  [2]string   // of a session at a gateway

	closed   [2]bool
	closedAt time.Time
	cause    string

	own     *section // the recording of ours that this stands in, nil outside
	ownConn int      // its number there
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
func (im *importer) open(at time.Time, client, server string, id int) (*session.Conn, *session.Event) {
	t := &im.track
	c, e := t.graph.Open(at, client, server)
	if id == 0 {
		id = im.conns + 1
		t.lastConn = id
	}
	t.conns.set(uint64(c.ID()), uint64(id))
	return c, e
}

// emit gives an event of ours the next number in the log and appends it.
func (im *importer) emit(e *session.Event, at place) {
	t := &im.track
	t.lastN = im.lastN + 1
	t.events.set(e.N, t.lastN)
	e.N, e.ReplyTo = t.lastN, t.events.at(e.ReplyTo)
	e.Conn, e.Via = int(t.conns.at(uint64(e.Conn))), int(t.conns.at(uint64(e.Via)))
	im.append(e, at)
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
	case f.http != nil:
		f.http.item(item)
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
		if said = judgeHTTP(f.first[from]); said > notMSN {
			f.gateway((said == fromClient) != item.FromClient)
			return
		}
		if said == notMSN {
			said = judge(f.first[from])
		}
		if said == noOpinion && len(f.first[from]) > maxUnclear {
			said = notMSN
		}
	}
	f.msn = f.msn || said > notMSN
	if said == fromEither && !sure && len(f.first[from]) <= maxUnclear {
		said = noOpinion // the other end may tell
	}
	ended := item.Kind == pcap.KindClose && (item.Reset || f.closed[1-from])
	f.closed[from] = f.closed[from] || item.Kind == pcap.KindClose
	switch {
	case said == noOpinion && !ended:
		return
	case on, f.msn:
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

// gateway goes on with what was kept as HTTP.
func (f *flow) gateway(swap bool) {
	held := f.held
	f.held, f.first, f.closed = nil, [2][]byte{}, [2]bool{}
	f.swap, f.http, f.im.found = swap, &httpConn{flow: f}, true
	for i := range held {
		f.http.item(&held[i])
	}
}

// leave forgets a connection that is not MSN.
func (im *importer) leave(f *flow) {
	im.other++
	im.drop(f)
}

// drop lets go of a connection.
func (im *importer) drop(f *flow) {
	delete(im.flows, f.info)
	f.info.Tag = nil
	im.give(&f.in)
	f.unname(f.names[0])
	f.unname(f.names[1])
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
	f.sess, e = f.im.open(f.opened, c, s, id)
	f.in[client] = f.im.stream(decode.FromClient, f.sess.Framing())
	f.in[server] = f.im.stream(decode.FromServer, f.sess.Framing())
	if f.info.Guessed { // it begins in the middle, perhaps inside a message
		f.in[client].Lose()
		f.in[server].Lose()
	}
	if f.kind != flowOurs {
		f.kind = flowMSN
		f.im.emit(e, place{})
		f.im.remark(&pcap.Item{Time: f.opened, Comments: f.remark}, &noRecord, f.conn())
	}
}

// track takes the next item of a connection that is tracked.
func (f *flow) track(item *pcap.Item) {
	from := side(item.FromClient != f.swap)
	in := f.in[from]
	in.last = item.Time
	switch item.Kind {
	case pcap.KindData:
		in.borrow(item)
		for in.Grammar = f.sess.Framing(); in.Next(&f.im.event.In); in.Grammar = f.sess.Framing() {
			f.command(in)
		}
		in.Return()
	case pcap.KindLost:
		f.flush(in)
		in.Lose()
		text := fmt.Sprintf("%d bytes from the %s are not in the capture", item.Lost, endNames[from])
		f.im.emit(f.sess.Gap(item.Time, in.Dir, text), place{})
	case pcap.KindClose:
		f.flush(in)
		f.close(item)
	}
	if f.kind == flowMSN && len(item.Comments) > 0 {
		f.im.remark(item, &noRecord, f.conn())
	}
}

var (
	endNames = [2]string{client: "client", server: "server"}
	closedBy = [2]string{client: "closed by the client", server: "closed by the server"}
	resetBy  = [2]string{client: "reset by the client", server: "reset by the server"}
)

// command makes an event of the message that was framed into the importer's.
func (f *flow) command(in *stream) {
	e := &f.im.event
	at := place{known: &f.known}
	e.Packets, at.at = in.take(len(e.In.Raw))
	if at.at >= 0 {
		at.source = f.im.source
	}
	packets := e.Packets
	f.sess.Annotate(e, in.Dir, in.last)
	e.Packets = packets
	f.im.emit(e, at)
}

// flush makes an event of what no further byte will complete.
func (f *flow) flush(in *stream) {
	if in == nil {
		return
	}
	for in.Next(&f.im.event.In) || in.Flush(&f.im.event.In) {
		f.command(in)
	}
}

// close takes the end of one direction. With both, or with a reset, the connection has ended.
func (f *flow) close(item *pcap.Item) {
	from := side(item.FromClient != f.swap)
	if f.cause == "" {
		f.cause = closedBy[from]
		if item.Reset {
			f.cause = resetBy[from]
		}
	}
	f.closed[from], f.closedAt = true, item.Time
	if item.Reset || f.closed[1-from] {
		f.flush(f.in[1-from])
		f.ended()
	}
}

func (f *flow) ended() {
	f.im.drop(f)
	if f.kind == flowMSN {
		f.im.emit(f.sess.Close(f.closedAt, f.cause), place{})
	}
}

// end takes what is left of a connection when nothing more comes of it.
func (f *flow) end() {
	if f.http != nil {
		f.im.drop(f)
		return
	}
	if f.kind == flowUnclear {
		if on, _ := onPort(f.info); !on && !f.msn {
			f.im.leave(f)
			return
		}
		f.settle()
	}
	f.flush(f.in[client])
	f.flush(f.in[server])
	if f.cause != "" && f.im.flows[f.info] != nil {
		f.ended()
	}
	f.im.drop(f)
}

// left returns the connections that have not ended, in the order in which they began.
func (im *importer) left() []*flow {
	return slices.SortedFunc(maps.Values(im.flows), inTurn)
}

// inTurn orders connections as they began; several sessions at a gateway begin on one TCP connection.
func inTurn(a, b *flow) int { return cmp.Or(a.info.ID-b.info.ID, a.conn()-b.conn()) }

// limit ends the connections that were silent longest when there are too many.
func (im *importer) limit() {
	if len(im.flows) < maxFlows {
		return
	}
	quiet := slices.SortedFunc(maps.Values(im.flows), func(a, b *flow) int { return cmp.Or(a.seen.Compare(b.seen), inTurn(a, b)) })
	for _, f := range quiet[:maxFlows/2] {
		f.end()
	}
}
