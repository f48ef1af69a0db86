package pcap

import (
	"net/netip"
	"time"
)

// Kind says what an Item is.
type Kind uint8

// The kinds of Item, each with the fields of Item that it sets.
const (
	KindOpen  Kind = iota + 1 // a new flow: Flow, FromClient (who sent its first packet), Time, Comments
	KindData                  // bytes of a stream: Flow, FromClient, Time, Data, Comments
	KindLost                  // bytes that the capture does not have: Flow, FromClient, Time (of what follows), Lost
	KindClose                 // one direction ended: Flow, FromClient, Time, Reset, Comments
	KindNote                  // comments of no other item: Time (zero for a file's comment), Comments, Flow when on a packet of one
	KindName                  // an address has a name: Named
)

// String returns the kind in lower case: "open", "data", ...
func (k Kind) String() string {
	names := [...]string{"invalid", "open", "data", "lost", "close", "note", "name"}
	if int(k) >= len(names) {
		k = 0
	}
	return names[k]
}

// Item is one thing that happened in a capture.
//
// A flow gives one Open, then Data and Lost in stream order for each direction, and at most one Close a direction (two when
// a RST follows the sender's own FIN). A flow that the capture does not see end has no Close. Items of different flows and
// directions come in the capture's order, except that what arrives behind a hole waits for the hole to fill.
//
// One packet that arrives in order gives exactly one Data item; two packets never share one. So the segments of a command
// are the Packets of the items that its bytes are in; a segment is shared when a command ends in mid-item. Packet is that of
// the bytes, also where they waited behind a hole; for Lost it is that of what follows, for a datagram in fragments that of
// the fragment that completed it.
//
// Data stands in one piece in the file, from Offset on, unless the file is gzipped or the data came in a datagram that was
// put together from fragments. Offset counts what the Reader read: whether that can be read again is for the caller to know.
type Item struct {
	Kind       Kind
	Flow       *FlowInfo // shared by all items of a flow, not to be changed
	FromClient bool
	Reset      bool      // Close: by RST, not FIN
	Time       time.Time // of the packet, UTC
	Packet     int64     // number of the packet that brought this from 1 as Wireshark numbers frames; 0 when none did
	Offset     int64     // Data: where it stands in the file, -1 when not, see above
	Data       []byte    // owned by the Reader: valid until the next call of Next
	Lost       int       // bytes known to be missing at this place of the stream
	Comments   []string  // of the packet that delivered this, in the file's order; owned by the caller
	Named      *Named    // Name: what has a name; owned by the caller
}

// Named is an address and its name.
type Named struct {
	Addr netip.Addr
	Name string
}

// FlowInfo is one TCP connection.
type FlowInfo struct {
	ID      int // from 1, in the order in which the flows begin
	Client  netip.AddrPort
	Server  netip.AddrPort
	Guessed bool // no SYN was seen: which end is the client follows from the port, or from who sent first
	Tag     any  // the caller's, who finds here again what it knows of the flow
}

// Stats counts what a Reader has met so far.
type Stats struct {
	Packets  int64 // all packets
	TCP      int64 // those that are TCP segments, defragmented datagrams counted once
	Flows    int
	SkipLink int64 // packets of interfaces whose link type is not supported
}
