package captures

import (
	"bytes"

	"github.com/msnscope/msnscope/captures/pcap"
)

// maxUnclear is how many bytes of one direction are kept until it is clear what a connection is:
// room for a first line with some errors before it.
const maxUnclear = 4 * maxFirstLine

// decide keeps copies of the items until it is clear whether this is MSN and which end is the
// client, and then handles them all.
func (c *connection) decide(item *pcap.Item) {
	kept := *item
	kept.Data, kept.Comments = bytes.Clone(item.Data), c.im.keep(item.Time, item.Comments)
	if c.unclear == nil {
		c.unclear = new(unclear)
	}
	c.unclear.held = append(c.unclear.held, kept)
	first := &c.unclear.first
	from := side(item.FromClient)
	on, sure := onPort(c.info)
	said := noOpinion
	offered := c.carriesOffer()
	switch {
	case on && sure, offered:
		said = fromEither
	case item.Kind == pcap.KindData:
		first[from] = append(first[from], item.Data...)
		if said = judgeHTTP(first[from]); said > notMSN {
			c.toGateway((said == fromClient) != item.FromClient)
			return
		}
		said = c.judge(from, said)
	}
	c.msn = c.msn || said > notMSN
	if said == fromEither && !sure && !offered && len(first[from]) <= maxUnclear {
		said = noOpinion // the other end may show more
	}
	ended := c.endsWith(item)
	c.closed[from] = c.closed[from] || item.Kind == pcap.KindClose
	switch {
	case said == noOpinion && !ended:
		return
	case on, c.msn:
		c.swap = c.swap || !sure && !offered && misnamed(said, item)
		c.settle()
	default:
		c.im.leave(c)
	}
}

// judge returns the opinion on the first bytes of a direction, given that on them as HTTP. It is
// notMSN once maxUnclear bytes have left it open.
func (c *connection) judge(from int, http opinion) opinion {
	said := http
	if http == notMSN {
		said = judge(c.unclear.first[from])
	}
	if said == noOpinion && len(c.unclear.first[from]) > maxUnclear {
		return notMSN
	}
	return said
}

// endsWith reports whether the item is the last one of the connection.
func (c *connection) endsWith(item *pcap.Item) bool {
	return item.Kind == pcap.KindClose && (item.Reset || c.closed[1-side(item.FromClient)])
}

// misnamed reports whether the opinion on the item's sender shows that the pcap.Reader took the
// server for the client.
func misnamed(said opinion, item *pcap.Item) bool {
	if item.FromClient {
		return said == fromServer
	}
	return said == fromClient
}

// taken returns the items that decide kept, which are no longer kept.
func (c *connection) taken() []pcap.Item {
	if c.unclear == nil {
		return nil
	}
	held := c.unclear.held
	for i := range held {
		c.im.waited(held[i].Comments)
	}
	c.unclear.held, c.unclear.first = nil, [2][]byte{}
	return held
}

// settle starts tracking, beginning with the items that decide kept.
func (c *connection) settle() {
	held := c.taken()
	c.closed = [2]bool{}
	c.begin()
	for i := range held {
		c.track(&held[i])
	}
}

// toGateway treats the connection as one to an HTTP gateway, beginning with the items that decide
// kept. swap says that the pcap.Reader took the gateway for the client.
func (c *connection) toGateway(swap bool) {
	held := c.taken()
	c.closed = [2]bool{}
	c.swap, c.http, c.im.found = swap, &httpConn{conn: c}, true
	for i := range held {
		c.http.item(&held[i])
	}
}
