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
	// comments of no other item: Time (zero for a file's comment), Comments, Flow when on a packet
	// of one
	KindNote
	KindName // an address has a name: Named
	// a flow that was silent for long is given up, because there are too many: Flow. It gets no
	// further items; Time and Packet are those of the packet of another flow that needs the room
	KindForgotten
	// a packet that stands for itself, see Reader.Alone: Time, Packet, Offset, Data (the payload of
	// its TCP segment), Lost (bytes at the end of it that were not captured), Comments, and Flow
	// with the addresses of its ends if it is TCP
	KindPacket
)

// String returns the kind in lower case: "open", "data", ...
func (k Kind) String() string {
	names := [...]string{"invalid", "open", "data", "lost", "close", "note", "name", "forgotten", "packet"}
	if int(k) >= len(names) {
		k = 0
	}
	return names[k]
}

// Item is one event of a capture.
//
// A flow yields one KindOpen, then KindData and KindLost in stream order for each direction, and at
// most one KindClose a direction (two if a RST follows the sender's own FIN). A flow whose end is
// not in the capture has no KindClose. Items of different flows and directions come in the order of
// the capture, except that what arrives after a hole waits for the hole to be filled.
//
// A packet that arrives in order yields exactly one KindData item; two packets never share one. So
// the segments of a command are the Packets of the items that its bytes are in; a segment is shared
// when a command ends inside an item. Packet is that of the bytes, also where they waited after a
// hole; for KindLost it is that of what follows, for a fragmented datagram that of the fragment
// that completed it.
//
// Data is in one piece in the file, from Offset on, unless the file is compressed or the data came
// in a datagram reassembled from fragments. Offset counts what the Reader read: whether that can be
// read again is for the caller to know.
type Item struct {
	Kind       Kind
	FromClient bool
	Reset      bool      // Close: by RST, not FIN
	File       int32     // which file the packet stands in: how often Join had been called
	Flow       *FlowInfo // shared by all items of a flow, not to be changed
	Time       time.Time // of the packet, UTC; zero if the file has none or an impossible one
	Packet     int64     // number of the packet that brought this, as Wireshark numbers frames, from 1; 0 for none
	Offset     int64     // Data: its offset in the file, -1 if it is not there in one piece
	Data       []byte    // owned by the Reader: valid until the next call of Next, or as Batch says
	Lost       int       // bytes known to be missing at this place of the stream
	Comments   []string  // of the packet that delivered this, in the file's order; owned by the caller
	Named      *Named    // Name: what has a name; owned by the caller
}

// Named is an address and its name.
type Named struct {
	Addr netip.Addr
	Name string
}

// FlowInfo describes one TCP connection of a capture.
type FlowInfo struct {
	ID      int // from 1, in the order in which the flows begin
	Client  netip.AddrPort
	Server  netip.AddrPort
	Guessed bool // no SYN was seen: which end is the client follows from the port, or from who sent first
	Tag     any  // the caller's, who finds here again what it knows of the flow
}

// Stats counts what a Reader has read so far.
type Stats struct {
	Packets int64 // all packets
	TCP     int64 // those that are TCP segments, defragmented datagrams counted once
	Flows   int
	// Unread counts the packets of kinds that are not read here and may hold TCP, by the name of
	// the kind, such as "ESP" or "link type 195". Other counts those of kinds that hold none, such
	// as "UDP". Odd counts what is wrong with a file that was read all the same, by what it is
	// in the plural. They are the Reader's, not to be changed.
	Unread, Other, Odd map[string]int64
}
