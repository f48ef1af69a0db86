package pcap

import (
	"net/netip"
	"time"
)

const (
	// ServerPort is the port that every written flow shows for its server: Wireshark chooses its
	// dissector by it.
	ServerPort = 1863
	// firstPort is where the search for a free client port begins: the first of the ephemeral
	// ports. It goes on at lowPort.
	firstPort, lowPort = 49152, 1024
	// MaxSegment is how much payload one frame takes: with all headers it stays below an IP
	// packet's 65,535 bytes.
	MaxSegment = 65_000
	// maxFlight is how much goes one way before the other end acknowledges it: well below the
	// window of 1 GB.
	maxFlight = 256 << 20
)

// Flow is one synthetic TCP connection in a Writer's file.
type Flow struct {
	w     *Writer
	ends  [2]netip.AddrPort // client, server; both IPv4 or both IPv6
	seq   [2]uint32         // next sequence number of each end
	acked [2]uint32         // how far the other end has acknowledged it
	ended [2]bool           // whose FIN is written
	done  bool
}

const (
	client = 0
	server = 1
)

func side(fromClient bool) int {
	if fromClient {
		return client
	}
	return server
}

// Open writes the handshake of a new connection, with the comments on its SYN.
//
// The server's port is shown as ServerPort, whatever it is. Both addresses IPv4 makes IPv4 packets,
// otherwise an IPv4 address is mapped into IPv6. A client port that is zero, ServerPort, or used by
// another connection of this file between the same ends is replaced by a free one. An invalid
// address is replaced by 192.0.2.1 for the client and 192.0.2.2 for the server, which are reserved
// for documentation.
func (w *Writer) Open(client, server netip.AddrPort, at time.Time, comments ...string) (*Flow, error) {
	if err := w.check(comments); err != nil {
		return nil, err
	}
	c, s := plain(client.Addr(), 1), plain(server.Addr(), 2)
	if !c.Is4() || !s.Is4() {
		c, s = netip.AddrFrom16(c.As16()), netip.AddrFrom16(s.As16())
	}
	port := w.used.reserve(c, s, client.Port(), w.flows)
	f := &Flow{w: w, ends: [2]netip.AddrPort{netip.AddrPortFrom(c, port), netip.AddrPortFrom(s, ServerPort)}}
	w.flows++
	// Multiples of an odd constant: no two connections begin alike before 2^32 of them, so a port
	// used again is told apart.
	f.seq[0] = w.flows * 0x9E3779B1
	f.seq[1] = ^f.seq[0]
	f.acked = f.seq
	f.frame(0, flagSYN, nil, at, comments)
	f.frame(1, flagSYN|flagACK, nil, at, nil)
	f.frame(0, flagACK, nil, at, nil)
	return f, w.written()
}

// plain returns the address in the form that a file holds: without zone, not mapped, and valid.
func plain(a netip.Addr, host byte) netip.Addr {
	if !a.IsValid() {
		return netip.AddrFrom4([4]byte{192, 0, 2, host})
	}
	return a.WithZone("").Unmap()
}

// Client returns the client's end as the file shows it.
func (f *Flow) Client() netip.AddrPort {
	return netip.AddrPortFrom(f.ends[client].Addr().Unmap(), f.ends[client].Port())
}

// Server returns the server's end as the file shows it.
func (f *Flow) Server() netip.AddrPort {
	return netip.AddrPortFrom(f.ends[server].Addr().Unmap(), f.ends[server].Port())
}

// Data writes p as one frame, or as several when it is longer than 65,000 bytes, with the comments
// on the first one. Empty data makes no frame: its comments, if any, are written as a Note. p is
// copied.
func (f *Flow) Data(fromClient bool, p []byte, at time.Time, comments ...string) error {
	if len(p) == 0 {
		return f.Note(at, comments...)
	}
	if err := f.check(comments); err != nil {
		return err
	}
	from := side(fromClient)
	if f.ended[from] {
		return ErrFlowClosed
	}
	for len(p) > 0 {
		n := min(len(p), MaxSegment)
		if f.seq[from]-f.acked[from]+uint32(n) > maxFlight {
			f.frame(1-from, flagACK, nil, at, nil)
		}
		f.frame(from, flagPSH|flagACK, p[:n], at, comments)
		p, comments = p[n:], nil
		if err := f.w.written(); err != nil {
			return err
		}
	}
	return nil
}

// HalfClose ends what one end sends: it writes a FIN with the comments, and the other end's
// acknowledgement. The other end may go on with Data. For the first one Data, and a second
// HalfClose, return ErrFlowClosed.
func (f *Flow) HalfClose(fromClient bool, at time.Time, comments ...string) error {
	if err := f.check(comments); err != nil {
		return err
	}
	from := side(fromClient)
	if f.ended[from] {
		return ErrFlowClosed
	}
	f.fin(from, at, comments)
	f.frame(1-from, flagACK, nil, at, nil)
	return f.w.written()
}

// Ended reports whether one end has sent its FIN; false for a nil Flow.
func (f *Flow) Ended(fromClient bool) bool { return f != nil && f.ended[side(fromClient)] }

// Close writes the end of the connection: a FIN of the closing end, with the comments, the other
// end's FIN, and the last acknowledgement. After a HalfClose it writes only the other end's FIN,
// whatever fromClient is; after both it writes the comments as a Note. A Reader yields a KindClose
// for each direction.
func (f *Flow) Close(fromClient bool, at time.Time, comments ...string) error {
	if err := f.check(comments); err != nil {
		return err
	}
	f.done = true
	from := side(fromClient)
	if f.ended[from] {
		from = 1 - from
	}
	switch {
	case f.ended[from]:
		return f.Note(at, comments...)
	case f.ended[1-from]:
		f.fin(from, at, comments)
		f.frame(1-from, flagACK, nil, at, nil)
	default:
		f.fin(from, at, comments)
		f.fin(1-from, at, nil)
		f.frame(from, flagACK, nil, at, nil)
	}
	return f.w.written()
}

func (f *Flow) fin(from int, at time.Time, comments []string) {
	f.ended[from] = true
	f.frame(from, flagFIN|flagACK, nil, at, comments)
}

func (f *Flow) check(comments []string) error {
	if f.done {
		return ErrFlowClosed
	}
	return f.w.check(comments)
}

// maxConnections is how many connections a Writer remembers to keep their ports apart: 40 MB.
// Beyond that it forgets them all, and only its sequence number distinguishes a port that is used
// again, which tshark remarks on.
const maxConnections = 1 << 20

// connection is the 4-tuple of a file's connection, the server's port being known.
type connection struct {
	client, server [16]byte
	port           uint16
}

// connections is the set of connections of one file. An element with port 0 says that all ports
// between its ends are used.
type connections map[connection]struct{}

// reserve returns a client port that no connection between these ends has, if possible want, and
// marks it used. Otherwise it searches from a port that depends on seed, the number of the
// connection: from a fixed one, the search for the ten thousandth port would pass the ten thousand
// before it.
func (u *connections) reserve(client, server netip.Addr, want uint16, seed uint32) uint16 {
	if *u == nil || len(*u) >= maxConnections {
		*u = make(connections)
	}
	c := connection{client: client.As16(), server: server.As16(), port: want}
	if u.take(c) {
		return want
	}
	spare := lowPort + uint16((firstPort-lowPort+seed)%(1<<16-lowPort))
	all := c
	if all.port = 0; u.has(all) {
		return spare
	}
	c.port = spare
	for range 1 << 16 {
		if u.take(c) {
			return c.port
		}
		c.port++
	}
	(*u)[all] = struct{}{}
	return spare
}

// take marks a connection used. It reports false if it was used already or its port cannot be a
// client's.
func (u *connections) take(c connection) bool {
	if c.port == 0 || c.port == ServerPort || u.has(c) {
		return false
	}
	(*u)[c] = struct{}{}
	return true
}

func (u *connections) has(c connection) bool {
	_, used := (*u)[c]
	return used
}
