package store

import (
	"errors"
	"io"
	"maps"
	"net/netip"
	"sync"
	"sync/atomic"
	"time"

	"github.com/msnscope/msnscope/decode/session"
	"github.com/msnscope/msnscope/replay/pcap"
)

// defaultMemory is how much of the index a Log keeps in memory: eight million commands.
const defaultMemory = 256 << 20

// LogOptions says how much a Log keeps where. Its zero value works.
type LogOptions struct {
	// MemoryCap is how many bytes of the index stay in memory, 256 MB if 0. An eighth of it is for the bytes of events that
	// stand in no file, another one for what is known of connections. What is beyond goes to spill files; the 256 KB
	// that are being filled always stay.
	MemoryCap int64
	// Dir is the folder of the spill files, os.TempDir() if empty. They are made when they are needed first.
	Dir string
}

// Log is an append-only list of events. All methods are safe for concurrent use.
//
// Appending never waits for a reader that waits for the disk. It does the writing of the spill files itself, 256 KB at a time,
// while readers go on: a log is filled from a queue, and that is what a slow disk delays.
type Log struct {
	index   *tape // an entry an event
	bytes   *tape // the bytes of events that stand in no file, and what is known of connections
	facts   facts
	rows    *rowIndex
	zone    atomic.Pointer[time.Location] // of the first event; times of all are given in it
	sources atomic.Pointer[[]io.ReaderAt] // the files that entries refer to, source 1 first
	numbers atomic.Pointer[[]numbers]
	gap     atomic.Pointer[session.Event] // stands where events were forgotten
	n       atomic.Int64                  // events that readers may see
	readers sync.Pool                     // of *Reader, for At
	kept    [256]atomic.Pointer[keptEvent]

	// write makes appenders take turns, and guards what only they use. Readers never take it.
	write  sync.Mutex
	size   int    // events that were added
	leap   uint64 // what was added to the last of them to make its number
	buf    []byte
	lastIn []int // the last event that has bytes in each chunk of bytes
	lost   int   // the events before this one are forgotten, as far as some are
	lostN  int   // how many events were forgotten
	last   uint64
	lastID int
	closed bool
	files  []io.Closer

	mu    sync.Mutex // guards err and names; held for moments only
	err   error
	names map[netip.Addr]string
	// recordings are those that may go on in another file: how their numbers became the log's. The writer's.
	recordings map[string]*recording
}

// NewLog returns an empty log. Close it.
func NewLog(o LogOptions) *Log {
	if o.MemoryCap <= 0 {
		o.MemoryCap = defaultMemory
	}
	chunk := int(min(chunkSize, max(o.MemoryCap/64, 4<<10))) &^ (entrySize - 1)
	l := &Log{rows: theRows()}
	l.index = newTape(o.Dir, o.MemoryCap, chunk, l.lostIndex)
	l.bytes = newTape(o.Dir, o.MemoryCap/8, chunk, l.lostBytes)
	list := newTape(o.Dir, o.MemoryCap/8, chunk, func(_ int, why error) { l.facts.forget(); l.fail(why) })
	l.facts = facts{list: list, text: l.bytes, open: map[int]*known{}}
	l.sources.Store(&[]io.ReaderAt{})
	l.numbers.Store(&[]numbers{})
	l.readers.New = func() any { return l.Reader() }
	return l
}

// Append adds an event, of which the log keeps a copy, as it is: what is learned of the connection later holds for later
// events. It never fails towards the caller; on a closed log it does nothing.
func (l *Log) Append(e *session.Event) {
	l.write.Lock()
	defer l.write.Unlock()
	l.add(e, place{}, false)
	l.publish()
}

// place is where the bytes of an event stand in a file.
type place struct {
	source int   // 0 where they do not stand in one piece in a file
	at     int64 // of the first byte
	known  **known
}

// add appends an event. With filled, what it tells of its connection holds for all events of the connection. The caller holds
// write, and publishes.
func (l *Log) add(e *session.Event, from place, filled bool) {
	if l.closed {
		return
	}
	i := l.size
	if i == 0 {
		l.zone.Store(e.Time.Location())
	}
	var x extra
	en := l.entry(e, i, &x)
	en.fact = l.facts.of(e, filled, from.known)
	if e.Kind == session.Close {
		l.facts.ended(e.Conn)
	}
	l.place(&en, e, from, &x, i)
	var b [entrySize]byte
	en.put(&b)
	l.index.append(b[:])
	l.last, l.lastID = max(l.last, e.N), max(l.lastID, e.Conn)
	l.size++
}

// publish lets readers see the events that were added.
func (l *Log) publish() {
	for _, t := range [...]*tape{l.index, l.bytes, l.facts.list} {
		t.publish()
	}
	if !l.closed {
		l.n.Store(int64(l.size))
	}
}

// entry returns what the index says of event i, but for its bytes and its connection. What has no room there goes to x.
func (l *Log) entry(e *session.Event, i int, x *extra) entry {
	en := entry{
		place: uint64(e.Flags) << 48, size: uint32(formOf(e)) << sizeBits, row: l.rows.of(e), packet: uint32(e.Packets.First),
	}
	if e.Packets.Shared {
		en.size |= formShared << sizeBits
	}
	if e.Packets.Last != e.Packets.First {
		x.has |= extraLast
		x.last = e.Packets.Last - e.Packets.First
	}
	var ok bool
	if en.time, ok = nanoTime(e.Time); !ok {
		x.has |= extraTime
		x.sec, x.nsec = e.Time.Unix(), uint64(e.Time.Nanosecond())
	}
	if !l.number(e.N, i) {
		x.has |= extraNumber
		x.n = e.N
	}
	if e.ReplyTo != 0 || e.RTT != 0 {
		if en.reply = l.reply(e, i, en.time); en.reply == 0 {
			x.has |= extraReply
			x.reply, x.rtt = e.ReplyTo, int64(e.RTT)
		}
	}
	return en
}

// reply returns how many events before i the request stands that e answers, where that tells all about it, else 0.
func (l *Log) reply(e *session.Event, i int, at int64) uint16 {
	k := findNumber(*l.numbers.Load(), e.ReplyTo)
	if k < 0 || k >= i || i-k > 0xffff {
		return 0
	}
	b := l.index.peek(int64(k)*entrySize, entrySize)
	if b == nil {
		return 0
	}
	var request entry
	if request.get(b); at-request.time != int64(e.RTT) {
		return 0
	}
	return uint16(i - k)
}

// place says where the bytes of event i are, and writes them to the spill where they do not stand in a file.
func (l *Log) place(en *entry, e *session.Event, from place, x *extra, i int) {
	text := e.Text[:min(len(e.Text), maxSize/2)]
	if e.Kind == session.Command {
		if x.out = len(e.Out); e.Out != nil {
			x.has |= extraOut
		}
		if x.text = len(text); x.text > 0 {
			x.has |= extraText
		}
		if from.source != 0 && x.has == 0 && from.at <= maxPlace && from.at >= 0 {
			en.place |= uint64(from.source)<<placeBits | uint64(from.at)
			en.size |= uint32(len(e.In.Raw))
			return
		}
	}
	b := l.buf[:0]
	if x.has != 0 {
		en.size |= formExtra << sizeBits
		b = x.append(b)
	}
	if e.Kind == session.Command {
		b = append(append(b, e.In.Raw...), e.Out...)
	}
	l.buf = append(b, text...)
	en.place |= uint64(l.bytes.append(l.buf)) & maxPlace
	en.size |= uint32(min(len(l.buf), maxSize))
	for len(l.lastIn) < len(l.bytes.chunks) {
		l.lastIn = append(l.lastIn, i)
	}
	l.lastIn[len(l.lastIn)-1] = i
}

// addSource makes a file one that entries may refer to, and the log's to close; 0 where there are too many.
func (l *Log) addSource(f interface {
	io.ReaderAt
	io.Closer
},
) int {
	l.write.Lock()
	defer l.write.Unlock()
	l.files = append(l.files, f)
	all := *l.sources.Load()
	if len(all) == maxSources {
		return 0
	}
	all = append(all, f)
	l.sources.Store(&all)
	return len(all)
}

// Len returns the number of events.
func (l *Log) Len() int { return int(l.n.Load()) }

// At returns event i, counted from 0, and nil when there is none. The event must not be changed; it may be the same one that
// was returned before, as long as nothing more is known of its connection. In place of events that were forgotten (see Err)
// stands one gap event for all of them, in place of one that can no longer be read a gap event that says why. Who reads many
// takes a [Reader].
func (l *Log) At(i int) *session.Event {
	if i < 0 || i >= l.Len() {
		return nil
	}
	kept, version := &l.kept[i%len(l.kept)], l.facts.version.Load()
	if k := kept.Load(); k != nil && k.i == i && k.version == version {
		return k.event
	}
	r := l.readers.Get().(*Reader)
	e := r.own(i)
	l.readers.Put(r)
	if e != nil && len(e.In.Raw)+len(e.Out)+len(e.Text) <= maxKept {
		kept.Store(&keptEvent{i, version, e})
	}
	return e
}

// keptEvent is an event that was read, for who asks for it again: a screen asks for what it shows at every frame.
type keptEvent struct {
	i       int
	version uint64 // of the facts
	event   *session.Event
}

// maxKept is how many bytes an event may have to be kept: 256 of them are 4 MB at most.
const maxKept = 16 << 10

// Close empties the log, removes the spill files and closes the files that were loaded.
func (l *Log) Close() error {
	l.write.Lock()
	defer l.write.Unlock()
	if l.closed {
		return nil
	}
	l.closed = true
	l.n.Store(0)
	var errs []error
	for _, t := range []*tape{l.index, l.bytes, l.facts.list} {
		errs = append(errs, t.close())
	}
	for _, f := range l.files {
		errs = append(errs, f.Close())
	}
	return errors.Join(errs...)
}

// Names returns the names that captures gave to addresses, in name resolution blocks: those of other programs, since a
// recording of ours has names that follow from its events. The map is the caller's.
func (l *Log) Names() map[netip.Addr]string {
	l.mu.Lock()
	defer l.mu.Unlock()
	return maps.Clone(l.names)
}

// name notes the name of an address; the first one counts.
func (l *Log) name(addr netip.Addr, name string) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.names == nil {
		l.names = make(map[netip.Addr]string)
	}
	if _, named := l.names[addr]; !named && len(l.names) < maxNamed && len(name) <= pcap.MaxName {
		l.names[addr] = name
	}
}
