package captures

import (
	"cmp"
	"fmt"
	"maps"
	"slices"
	"time"

	"github.com/msnscope/msnscope/captures/pcap"
	"github.com/msnscope/msnscope/decode/dialect"
	"github.com/msnscope/msnscope/decode/session"
	"github.com/msnscope/msnscope/internal/eventlog"
)

// maxConnections is how many connections are followed at the same time: twice as many as the
// pcap.Reader remembers. It gives up those that are silent itself, but not those whose place
// another connection between the same ends has taken. So the half that was silent longest can be
// ended without missing anything.
const maxConnections = 1 << 16

// connection is a TCP connection of a capture, or a session at an HTTP gateway.
type connection struct {
	// The fields that each item needs come first, close together: connections take turns, and
	// thousands of them do not fit into a cache.
	im     *importer
	sess   *session.Conn
	in     [2]*stream      // nil for a direction in which nothing is unfinished
	origin eventlog.Origin // what the log remembers of the connection
	part   [2]*partial
	http   *httpConn // set for a connection to an HTTP gateway, whose sessions are connections of their own
	seen   time.Time // time of its last item
	kind   connectionKind
	swap   bool // the pcap.Reader took the server for the client
	msn    bool // a line was MSN
	spoke  [2]bool
	closed [2]bool

	file    *file // of a file transfer
	info    *pcap.FlowInfo
	opened  time.Time
	cause   string   // why it ends, once one direction is closed
	own     *section // the recording of ours that holds this connection, nil outside of one
	ownConn int      // its number in that recording

	unclear *unclear // nil where all is clear from the start, as for most
	gateway *atGateway
}

// unclear is what is kept of a connection until it is clear what it is.
type unclear struct {
	remark []string    // comments on the packet that opened it
	held   []pcap.Item // copies of the items so far
	first  [2][]byte   // the first bytes of each direction
}

// atGateway is what only sessions at a gateway have.
type atGateway struct {
	names  [2]string // their SessionIDs, the latest first
	asking int       // requests that wait for their answers
}

type connectionKind uint8

const (
	kindUnclear connectionKind = iota
	kindMSN                    // MSN: framed and tracked
	kindOurs                   // of a recording of ours: its frames carry their events
)

const client, server = 0, 1

func side(fromClient bool) int {
	if fromClient {
		return client
	}
	return server
}

// item handles an item that carries no record of ours.
func (c *connection) item(item *pcap.Item) {
	if item.Kind == pcap.KindData && c.more(item) {
		return
	}
	if c.seen = item.Time; item.Kind == pcap.KindOpen {
		// In a recording of ours the first frame shows whether this is one of its connections.
		if on, sure := onPort(c.info); on && sure && c.own == nil {
			c.begin()
		}
		c.im.limit()
		return
	}
	switch {
	case c.http != nil:
		c.http.item(item)
	case c.sess != nil:
		c.track(item)
	case c.kind == kindUnclear:
		c.decide(item)
	case item.Kind == pcap.KindData: // a frame of a recording that lost its comment
		c.begin()
		c.track(item)
	case item.Kind == pcap.KindLost:
		c.part[side(item.FromClient)] = nil
	case item.Kind == pcap.KindClose:
		c.close(item)
	}
}

// leave counts a connection that is not MSN and forgets it.
func (im *importer) leave(c *connection) {
	im.other++
	im.drop(c)
}

// drop forgets a connection, which gets no further items, and reclaims its streams.
func (im *importer) drop(c *connection) {
	delete(im.live, c.info)
	c.info.Tag = nil
	im.reclaim(&c.in)
	c.taken()
	c.remarked()
	if c.gateway != nil && c.gateway.names[0] != "" {
		im.late(c)
	}
}

// remarked returns the comments on the packet that opened the connection, which are no longer kept.
func (c *connection) remarked() []string {
	if c.unclear == nil {
		return nil
	}
	comments := c.unclear.remark
	c.im.waited(comments)
	c.unclear = nil
	return comments
}

// begin adds the connection to the graph. Unless a recording of ours holds
// its events, an open event is appended.
func (c *connection) begin() {
	c.im.found = true
	clientAddr, serverAddr := c.info.Client.String(), c.info.Server.String()
	if c.swap {
		clientAddr, serverAddr = serverAddr, clientAddr
	}
	id := 0
	if c.kind == kindOurs {
		id = c.own.conn(c.ownConn, c.im.track.lastConn)
	}
	c.sess = c.im.open(c.opened, clientAddr, serverAddr, id)
	if c.im.track.graph.Offers(serverAddr) {
		c.sess.To(serverAddr, dialect.FT)
	}
	comments := c.remarked()
	if c.kind != kindOurs {
		if c.info.Guessed {
			c.im.event.Text = session.BegunBefore
		}
		c.kind = kindMSN
		c.im.emit(&c.im.event, eventlog.Place{}, nil)
		c.im.remark(&pcap.Item{Time: c.opened, Comments: comments}, &noRecord, c.conn())
	}
}

// direction returns the stream of one direction.
func (c *connection) direction(from int) *stream {
	if c.in[from] == nil {
		s := c.im.stream(dirOf[from], c.sess.Framing())
		if !c.spoke[from] && c.info.Guessed { // it begins in the middle, perhaps inside a message
			s.Lose()
		}
		c.in[from], c.spoke[from] = s, true
	}
	return c.in[from]
}

// rest takes back the stream of a direction in which nothing is unfinished, as is nearly always so
// between two packets: another connection can use it.
func (c *connection) rest(from int) {
	if s := c.in[from]; s.Idle() && len(s.parts) == 0 && len(c.im.streams) < maxStreams {
		s.stall = stall{}
		c.im.streams = append(c.im.streams, s)
		c.in[from] = nil
	}
}

// track handles the next item of a connection that is tracked.
func (c *connection) track(item *pcap.Item) {
	from := side(item.FromClient != c.swap)
	c.im.found = true
	switch item.Kind {
	case pcap.KindData:
		in := c.direction(from)
		in.last = item.Time
		in.borrow(item, c.im.place(item))
		for in.Grammar = c.sess.Framing(); in.Next(&c.im.event.In); in.Grammar = c.sess.Framing() {
			c.command(in)
		}
		in.Return()
		c.rest(from)
	case pcap.KindLost:
		in := c.direction(from)
		in.last = item.Time
		c.flush(in)
		in.Lose()
		text := fmt.Sprintf("%d bytes from the %s are not in the capture", item.Lost, endNames[from])
		c.im.emit(c.sess.Gap(item.Time, in.Dir, text), eventlog.Place{}, nil)
	case pcap.KindClose:
		if in := c.in[from]; in != nil {
			in.last = item.Time
			c.flush(in)
		}
		c.close(item)
	}
	if c.kind == kindMSN && len(item.Comments) > 0 {
		c.im.remark(item, &noRecord, c.conn())
	}
}

var (
	endNames = [2]string{client: "client", server: "server"}
	closedBy = [2]string{client: "closed by the client", server: "closed by the server"}
	resetBy  = [2]string{client: "reset by the client", server: "reset by the server"}
)

// command appends an event for the message that the stream has just framed into the importer's
// event.
func (c *connection) command(in *stream) {
	e := &c.im.event
	packets, at := in.take(len(e.In.Raw))
	c.sess.Annotate(e, in.Dir, in.last)
	e.Packets, e.Cuts = packets, in.cuts
	c.im.emit(e, at, &c.origin)
	if c.sess.Role() == dialect.FT {
		c.carries(e)
	}
}

// flush appends events for the rest of a stream, which no further byte will complete.
func (c *connection) flush(in *stream) {
	if in == nil {
		return
	}
	for in.Next(&c.im.event.In) || in.Flush(&c.im.event.In) {
		c.command(in)
	}
}

// close handles the end of one direction. With both, or with a reset, the connection has ended.
func (c *connection) close(item *pcap.Item) {
	from := side(item.FromClient != c.swap)
	if c.cause == "" {
		c.cause = closedBy[from]
		if item.Reset {
			c.cause = resetBy[from]
		}
	}
	c.closed[from] = true
	switch {
	case item.Reset || c.closed[1-from]:
		c.flush(c.in[1-from])
		c.ended(item.Time)
	case c.kind == kindMSN:
		c.sess.EndHalf(&c.im.event, item.Time, dirOf[from])
		c.im.emit(&c.im.event, eventlog.Place{}, nil)
	}
}

// ended appends the close event of a connection, which gets no further items.
func (c *connection) ended(at time.Time) {
	c.im.drop(c)
	if c.kind == kindMSN {
		c.tellFile(at)
		c.sess.End(&c.im.event, at, c.cause)
		c.im.emit(&c.im.event, eventlog.Place{}, nil)
	}
}

// end handles what is left of a connection that gets no further items.
func (c *connection) end() {
	if c.http != nil {
		c.im.drop(c)
		return
	}
	if c.kind == kindUnclear {
		if on, _ := onPort(c.info); !on && !c.msn {
			c.im.leave(c)
			return
		}
		c.settle()
	}
	c.flush(c.in[client])
	c.flush(c.in[server])
	c.tellFile(c.seen)
	c.im.batch.Ended(c.conn())
	c.im.drop(c)
}

// left returns the connections that have not ended, in the order in which they began.
func (im *importer) left() []*connection {
	return slices.SortedFunc(maps.Values(im.live), inTurn)
}

// inTurn compares connections by when they began. Several sessions at a gateway may begin on one
// TCP connection: then their numbers decide.
func inTurn(a, b *connection) int { return cmp.Or(a.info.ID-b.info.ID, a.conn()-b.conn()) }

// limit makes room once there are maxConnections: it ends the half of them that has been silent
// longest.
func (im *importer) limit() {
	if len(im.live) < maxConnections {
		return
	}
	quiet := slices.SortedFunc(maps.Values(im.live),
		func(a, b *connection) int { return cmp.Or(a.seen.Compare(b.seen), inTurn(a, b)) })
	for _, f := range quiet[:maxConnections/2] {
		f.end()
	}
}
