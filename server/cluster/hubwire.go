package cluster

import (
	"encoding/binary"
	"errors"

	"github.com/msnscope/msnscope/server"
)

// Nodes talk in messages of events. Names on the wire need not be UTF-8, so strings are sent as
// they are, with their length:
//
//	message  version, node, incarnation, receiver's incarnation or "", number, event...
//	event    kind, length, fields...
//
// A node ignores fields that follow those it knows, and kinds that it does not know, so that nodes
// of two neighbouring releases work together. A message of another version is refused.

// wireVersion is the version of messages. It changes only when a node could misunderstand what it
// does not know.
const wireVersion = 1

// eventKind is the kind of an event.
type eventKind byte

// These are the kinds. Their numbers are on the wire.
const (
	evBeat      eventKind = 1  // the sender is alive: see beat
	evEnter     eventKind = 2  // a user logged on to the sender; to be answered
	evUpdate    eventKind = 3  // a user of the sender has another presence, or has left
	evAnnounce  eventKind = 4  // some users are to be told of another's presence
	evDeliver   eventKind = 5  // a notice for one user; to be answered
	evThere     eventKind = 6  // the question whether a user is logged on; to be answered
	evIssue     eventKind = 7  // a ticket to issue; to be answered
	evRedeem    eventKind = 8  // a ticket to redeem; to be answered
	evRevoke    eventKind = 9  // a user whose tickets end; to be answered
	evAnswer    eventKind = 10 // the answer to one of these
	evAsk       eventKind = 11 // asks for the roster
	evRoster    eventKind = 12 // a part of the list of the sender's users
	evElsewhere eventKind = 13 // the receiver has a session that another node has replaced
	evBye       eventKind = 14 // the sender leaves
)

var errWire = errors.New("a message of another node is damaged")

// packer builds the bytes of a message.
type packer []byte

func (p *packer) num(n uint64) { *p = binary.AppendUvarint(*p, n) }

func (p *packer) str(s string) {
	p.num(uint64(len(s)))
	*p = append(*p, s...)
}

func (p *packer) strs(all []string) {
	p.num(uint64(len(all)))
	for _, s := range all {
		p.str(s)
	}
}

func (p *packer) bool(b bool) {
	if b {
		p.num(1)
	} else {
		p.num(0)
	}
}

func (p *packer) presence(q server.Presence) {
	p.str(q.Handle)
	p.str(q.Name)
	p.str(q.State)
}

func (p *packer) ticket(t server.Ticket) {
	for _, s := range []string{t.Cookie, t.Handle, t.Switchboard, t.Session, t.Caller} {
		p.str(s)
	}
}

// event returns an event with the fields that f packs.
func event(kind eventKind, f func(*packer)) []byte {
	var body packer
	if f != nil {
		f(&body)
	}
	e := packer{byte(kind)}
	e.num(uint64(len(body)))
	return append(e, body...)
}

// unpacker takes a message apart. After the end, and in what is damaged, it yields zero values, and
// bad is true.
type unpacker struct {
	b   []byte
	bad bool
}

func (u *unpacker) num() uint64 {
	n, size := binary.Uvarint(u.b)
	if size <= 0 {
		u.b, u.bad = nil, true
		return 0
	}
	u.b = u.b[size:]
	return n
}

func (u *unpacker) bytes() []byte {
	n := u.num()
	if n > uint64(len(u.b)) {
		u.b, u.bad = nil, true
		return nil
	}
	b := u.b[:n]
	u.b = u.b[n:]
	return b
}

func (u *unpacker) str() string { return string(u.bytes()) }

func (u *unpacker) bool() bool { return u.num() != 0 }

func (u *unpacker) strs() []string {
	n := u.num()
	if n > uint64(len(u.b)) { // each takes a byte at least
		u.b, u.bad = nil, true
		return nil
	}
	all := make([]string, n)
	for i := range all {
		all[i] = u.str()
	}
	return all
}

func (u *unpacker) presence() (p server.Presence) {
	p.Handle, p.Name, p.State = u.str(), u.str(), u.str()
	return p
}

func (u *unpacker) ticket() (t server.Ticket) {
	for _, s := range []*string{&t.Cookie, &t.Handle, &t.Switchboard, &t.Session, &t.Caller} {
		*s = u.str()
	}
	return t
}

// event returns the kind of the next event and its fields.
func (u *unpacker) event() (eventKind, unpacker) {
	if len(u.b) == 0 {
		return 0, unpacker{}
	}
	kind := eventKind(u.b[0])
	u.b = u.b[1:]
	return kind, unpacker{b: u.bytes()}
}

// header is the beginning of a message.
type header struct {
	node, incarnation string
	to                string // the incarnation of the node that it is for, "" for all
	number            uint64 // of messages for all, from 1; 0 in others
}

func (h *header) pack(p *packer) {
	*p = append(*p, wireVersion)
	p.str(h.node)
	p.str(h.incarnation)
	p.str(h.to)
	p.num(h.number)
}

// open returns the header of a message and its events. It fails with the version of the sender
// where that is another.
func open(b []byte) (h header, u unpacker, version byte, err error) {
	if len(b) == 0 {
		return h, u, 0, errWire
	}
	if b[0] != wireVersion {
		return h, u, b[0], errWire
	}
	u = unpacker{b: b[1:]}
	h = header{node: u.str(), incarnation: u.str(), to: u.str(), number: u.num()}
	if u.bad || h.node == "" || h.incarnation == "" {
		return h, u, wireVersion, errWire
	}
	return h, u, wireVersion, nil
}
