package store

import (
	"encoding/binary"
	"sync/atomic"

	"github.com/msnscope/msnscope/decode/dialect"
	"github.com/msnscope/msnscope/decode/session"
)

// about is what is known of a connection at some moment.
type about struct {
	client, server         string
	role                   dialect.Role
	dialect, user, session string
	inferred               bool // the dialect is a conclusion
	via                    int
}

func aboutOf(e *session.Event) about {
	return about{e.Client, e.Server, e.Role, e.Dialect, e.User, e.Session, e.Inferred, e.Via}
}

// is reports whether it is what an event tells.
func (a *about) is(e *session.Event) bool {
	return a.role == e.Role && a.via == e.Via && a.inferred == e.Inferred && a.client == e.Client && a.server == e.Server &&
		a.user == e.User && a.session == e.Session && a.dialect == e.Dialect
}

func (a *about) set(e *session.Event) {
	e.Client, e.Server, e.Role, e.Via = a.client, a.server, a.role, a.via
	e.Dialect, e.User, e.Session, e.Inferred = a.dialect, a.user, a.session, a.inferred
}

// over returns what is known after now, given what was known before: what is no longer said stays.
func (a about) over(before about) about {
	keep(&a.role, before.role)
	if a.dialect == "" {
		a.dialect, a.inferred = before.dialect, before.inferred
	}
	keep(&a.user, before.user)
	keep(&a.session, before.session)
	keep(&a.via, before.via)
	return a
}

func keep[T comparable](to *T, before T) {
	var zero T
	if *to == zero {
		*to = before
	}
}

// factSize is what a fact takes in the list of facts: where it is written out, how long that is, and its connection.
const factSize = 16

// fact is an entry of that list.
type fact struct {
	at   int64
	size int
	conn int
}

func (f fact) append(b []byte) []byte {
	b = binary.LittleEndian.AppendUint64(b, uint64(f.at)|uint64(f.size)<<placeBits)
	return binary.LittleEndian.AppendUint64(b, uint64(f.conn))
}

func factOf(b []byte) fact {
	place := binary.LittleEndian.Uint64(b)
	return fact{int64(place & maxPlace), int(place >> placeBits), int(binary.LittleEndian.Uint64(b[8:]))}
}

const (
	// maxFactText is how long a text of a fact may be, beyond which it is cut: those of the wire are words of a line, which has 8 KB at
	// most. So a fact has less than the 16 MB that its length has room for.
	maxFactText = 64 << 10
	// maxOpen is how many connections are remembered to find out what is new about them: 100 MB. Beyond that all are
	// forgotten, and known again with their next event.
	maxOpen = 1 << 17
)

// facts are what was known of connections, each said once. The list is on a tape, what it says written out on another, so
// that neither grows in memory.
type facts struct {
	list    *tape
	text    *tape
	version atomic.Uint64 // grows when a fact changes

	open map[int]*known // the writer's: by connection
	last *known
	age  int // grows when all are forgotten
	buf  []byte
}

// known is a connection that may say more.
type known struct {
	conn   int
	number uint32
	age    int // of the facts when this was made
	about  about
	// before are the numbers of what was said when the connection had other addresses: that of the server is empty until it is
	// known where the connection goes.
	before []before
}

type before struct {
	number         uint32
	client, server string
}

// maxBefore is how many of those there are: more change their addresses in a file that was made up.
const maxBefore = 4

// of returns the number of the fact that says what an event tells of its connection. With filled, what is new holds for all
// events of the connection, except that each keeps the addresses that it came with.
//
// where may be nil; it keeps what is known for the next event of the connection, so that it need not be looked for.
func (f *facts) of(e *session.Event, filled bool, where **known) uint32 {
	k := f.last
	if where != nil {
		k = *where
	}
	if k == nil || k.conn != e.Conn || k.age != f.age {
		k = f.open[e.Conn]
	}
	switch {
	case k == nil:
		k = f.begin(e.Conn)
		k.about = aboutOf(e)
		k.number = f.add(e.Conn, &k.about)
	case !k.about.is(e):
		f.learn(k, aboutOf(e), filled && e.Conn != 0)
	}
	if f.last = k; where != nil {
		*where = k
	}
	return k.number
}

func (f *facts) learn(k *known, now about, filled bool) {
	if filled {
		now = now.over(k.about)
	}
	f.change(k, &now, filled)
	k.about = now
}

func (f *facts) begin(conn int) *known {
	if len(f.open) >= maxOpen {
		f.forget()
	}
	k := &known{conn: conn, age: f.age}
	f.open[conn] = k
	return k
}

func (f *facts) change(k *known, now *about, filled bool) {
	if *now == k.about {
		return
	}
	moved := now.client != k.about.client || now.server != k.about.server
	switch {
	case !filled:
		k.number = f.add(k.conn, now)
		return
	case moved:
		if len(k.before) < maxBefore {
			k.before = append(k.before, before{k.number, k.about.client, k.about.server})
		}
		k.number = f.add(k.conn, now)
	default:
		f.set(k.number, k.conn, now)
	}
	for _, b := range k.before {
		then := *now
		then.client, then.server = b.client, b.server
		f.set(b.number, k.conn, &then)
	}
}

// set makes a fact say something else. Where the disk fails it says what it said before.
func (f *facts) set(number uint32, conn int, a *about) {
	b := f.write(conn, a)
	f.text.publish() // it must be there before anything refers to it
	if f.list.set(b, int64(number)*factSize) == nil {
		f.version.Add(1)
	}
}

func (f *facts) add(conn int, a *about) uint32 {
	return uint32(f.list.append(f.write(conn, a)) / factSize)
}

// write writes a fact out and returns what stands for it in the list, valid until the next call.
func (f *facts) write(conn int, a *about) []byte {
	b := f.buf[:0]
	role := byte(a.role)
	if a.inferred {
		role |= inferredBit
	}
	b = binary.AppendVarint(append(b, role), int64(a.via))
	for _, s := range [...]string{a.client, a.server, a.dialect, a.user, a.session} {
		s = s[:min(len(s), maxFactText)]
		b = append(binary.AppendUvarint(b, uint64(len(s))), s...)
	}
	at, n := f.text.append(b), len(b)
	f.buf = fact{at, n, conn}.append(b[:0])
	return f.buf
}

// inferredBit stands beside a role in its byte.
const inferredBit = 1 << 7

// readAbout is the reverse of write; false for what it did not write.
func readAbout(b []byte) (a about, ok bool) {
	if len(b) == 0 {
		return a, false
	}
	r := varints{b: b[1:], s: string(b[1:])}
	a.role, a.inferred = dialect.Role(b[0]&^inferredBit), b[0]&inferredBit != 0
	a.via = int(r.int())
	for _, s := range [...]*string{&a.client, &a.server, &a.dialect, &a.user, &a.session} {
		*s = r.text()
	}
	return a, !r.bad
}

// ended says that nothing more comes of a connection.
func (f *facts) ended(conn int) {
	delete(f.open, conn)
	f.last = nil
}

// forget makes all that is known be written again.
func (f *facts) forget() {
	clear(f.open)
	f.last = nil
	f.age++
}
