package eventlog

import (
	"encoding/binary"
	"sync/atomic"

	"github.com/msnscope/msnscope/decode/dialect"
	"github.com/msnscope/msnscope/decode/session"
)

// infoRefSize is the size of an infoRef in its spill file in bytes.
const infoRefSize = 16

// infoRef locates the info of a connection: its offset and size in bytes in the spill file of
// bytes, and the number of the connection.
type infoRef struct {
	at   int64
	size int
	conn int
}

func (f infoRef) append(b []byte) []byte {
	b = binary.LittleEndian.AppendUint64(b, uint64(f.at)|uint64(f.size)<<offsetBits)
	return binary.LittleEndian.AppendUint64(b, uint64(f.conn))
}

func infoRefOf(b []byte) infoRef {
	where := binary.LittleEndian.Uint64(b)
	return infoRef{int64(where & maxOffset), int(where >> offsetBits), int(binary.LittleEndian.Uint64(b[8:]))}
}

const (
	// maxInfoText is the length in bytes to which each text of an info is cut. Texts from the wire
	// are words of a line, which has 8 KB at most. So an info stays below the 16 MB that the size
	// in an infoRef can hold.
	maxInfoText = 64 << 10
	// maxOpen is the number of connections that are remembered in order to notice changes of their
	// info: 100 MB. Beyond it all are forgotten, and the next event of each writes its info again.
	maxOpen = 1 << 17
)

// connInfos stores the infos on connections, each version once: the infoRefs in one spill file, the
// texts in another, so that neither takes ever more memory. Only the goroutine that holds Log.write
// changes it.
type connInfos struct {
	list    *spillFile
	text    *spillFile
	version atomic.Uint64 // grows when the info of a number changes

	open map[int]*known // by connection
	last *known
	age  uint32 // increases whenever all connections are forgotten
	buf  []byte
}

// known is a connection that may have further events, with its latest info.
type known struct {
	conn   int
	number uint32
	age    uint32 // connInfos.age when this was made
	info   session.ConnInfo
	// before lists the infos for earlier addresses of the connection: that of the server is empty
	// until the target is known.
	before []before
}

type before struct {
	number         uint32
	client, server string
}

// maxBefore is the number of those infos that are kept: addresses change more often only in files
// that were made up.
const maxBefore = 4

// of returns the number of the event's connection info, and writes the info if it is new. If filled
// is true, new facts hold for all events of the connection, except that each keeps its own
// addresses.
//
// o may be nil; it saves a lookup at the next event of the connection.
func (f *connInfos) of(e *session.Event, filled bool, o *Origin) uint32 {
	k := f.last
	if o != nil {
		k = o.known
	}
	if k == nil || k.conn != e.Conn || k.age != f.age {
		k = f.open[e.Conn]
	}
	switch {
	case k == nil:
		k = f.begin(e.Conn)
		k.info = session.InfoOf(e)
		k.number = f.add(e.Conn, &k.info)
	case !k.info.Is(e):
		f.learn(k, session.InfoOf(e), filled && e.Conn != 0)
	}
	if f.last = k; o != nil {
		o.known = k
	}
	return k.number
}

func (f *connInfos) learn(k *known, now session.ConnInfo, filled bool) {
	if filled {
		now = now.Over(k.info)
	}
	f.change(k, &now, filled)
	k.info = now
}

func (f *connInfos) begin(conn int) *known {
	if len(f.open) >= maxOpen {
		f.forget()
	}
	k := &known{conn: conn, age: f.age}
	f.open[conn] = k
	return k
}

func (f *connInfos) change(k *known, now *session.ConnInfo, filled bool) {
	if *now == k.info {
		return
	}
	moved := now.Client != k.info.Client || now.Server != k.info.Server
	switch {
	case !filled:
		k.number = f.add(k.conn, now)
		return
	case moved:
		if len(k.before) < maxBefore {
			k.before = append(k.before, before{k.number, k.info.Client, k.info.Server})
		}
		k.number = f.add(k.conn, now)
	default:
		f.set(k.number, k.conn, now)
	}
	for _, b := range k.before {
		then := *now
		then.Client, then.Server = b.client, b.server
		f.set(b.number, k.conn, &then)
	}
}

// set replaces the info with that number. If writing fails, the old one stays.
func (f *connInfos) set(number uint32, conn int, a *session.ConnInfo) {
	b := f.write(conn, a)
	f.text.publish() // readers must see it before anything refers to it
	if f.list.set(b, int64(number)*infoRefSize) == nil {
		f.version.Add(1)
	}
}

func (f *connInfos) add(conn int, a *session.ConnInfo) uint32 {
	return uint32(f.list.append(f.write(conn, a)) / infoRefSize)
}

// write appends an info to the spill file and returns its infoRef in bytes, valid until the next
// call.
func (f *connInfos) write(conn int, a *session.ConnInfo) []byte {
	b := f.buf[:0]
	role := byte(a.Role)
	if a.Inferred {
		role |= inferredBit
	}
	b = binary.AppendVarint(append(b, role), int64(a.Via))
	for _, s := range [...]string{a.Client, a.Server, a.Dialect, a.User, a.Session} {
		s = s[:min(len(s), maxInfoText)]
		b = append(binary.AppendUvarint(b, uint64(len(s))), s...)
	}
	at, n := f.text.append(b), len(b)
	f.buf = infoRef{at, n, conn}.append(b[:0])
	return f.buf
}

// inferredBit marks, in the byte of a role, that the role is inferred.
const inferredBit = 1 << 7

// readInfo parses what write wrote; ok is false for anything else.
func readInfo(b []byte) (a session.ConnInfo, ok bool) {
	if len(b) == 0 {
		return a, false
	}
	r := varints{b: b[1:], s: string(b[1:])}
	a.Role, a.Inferred = dialect.Role(b[0]&^inferredBit), b[0]&inferredBit != 0
	a.Via = int(r.int())
	for _, s := range [...]*string{&a.Client, &a.Server, &a.Dialect, &a.User, &a.Session} {
		*s = r.text()
	}
	return a, !r.bad
}

// ended forgets a connection that will have no further events.
func (f *connInfos) ended(conn int) {
	delete(f.open, conn)
	f.last = nil
}

// forget forgets all connections, so that the next event of each writes its info again.
func (f *connInfos) forget() {
	clear(f.open)
	f.last = nil
	f.age++
}
