package eventlog

import (
	"errors"
	"io"
	"maps"
	"net/netip"
	"sync"
	"sync/atomic"
	"time"

	"github.com/msnscope/msnscope/decode/session"
)

// defaultMemory is the number of bytes of the index that a Log keeps in memory: eight million
// commands.
const defaultMemory = 256 << 20

// Options configure the memory of a Log and the place of its spill files. The zero value is ready
// for use.
type Options struct {
	// MemoryCap is the number of bytes of the index that stay in memory, 256 MB if 0. The bytes of
	// live events, and the infos on connections, may take an eighth of that each. The rest goes to
	// spill files; the 256 KB that are being filled always stay in memory.
	MemoryCap int64
	// Dir is the folder of the spill files, os.TempDir() if empty. They are created when they are
	// first needed.
	Dir string
	// SpillFailed, unless nil, is called with the first error of the spill files, which Err
	// returns, too. From then on the log forgets the oldest events that memory cannot hold.
	// SpillFailed must not call the log.
	SpillFailed func(error)
}

// Log is an append-only list of events. All methods are safe for concurrent use.
//
// Appending never waits for a reader that is waiting for the disk. The appending goroutine itself
// writes the spill files, 256 KB at a time, while readers go on; a slow disk delays only the queue
// from which the log is filled.
type Log struct {
	index   *spillFile // an entry for each event
	bytes   *spillFile // the bytes of events that are in no file, and the texts of infos
	infos   connInfos
	rows    *rowIndex
	failed  func(error)                   // Options.SpillFailed, may be nil
	zone    atomic.Pointer[time.Location] // of the first event; the times of all events are in it
	sources atomic.Pointer[[]io.ReaderAt] // the files that entries refer to, source 1 first
	numbers atomic.Pointer[[]numbers]
	marks   atomic.Pointer[[]fileMark]
	gap     atomic.Pointer[session.Event] // the event in place of all forgotten ones, nil for none
	n       atomic.Int64                  // the number of events that readers may see
	readers sync.Pool                     // of *Reader, for At
	kept    [256]atomic.Pointer[keptEvent]

	// write is held by the one goroutine that appends, and guards the fields that only it uses.
	// Readers never take it. It is taken before mu and before the locks of the spill files.
	write  sync.Mutex
	size   int    // the number of events added
	leap   uint64 // the number of the last event minus its index
	buf    []byte
	lastIn []int // the last event that has bytes in each chunk of bytes
	lost   int   // all forgotten events have a smaller index
	lostN  int   // the number of forgotten events
	last   uint64
	lastID int
	closed bool
	files  []io.Closer

	mu    sync.Mutex // guards err and names; held for moments only
	err   error
	names map[netip.Addr]string
	named atomic.Uint64 // how many names there are
}

// New returns an empty log. The caller must close it.
func New(o Options) *Log {
	if o.MemoryCap <= 0 {
		o.MemoryCap = defaultMemory
	}
	chunk := int(min(chunkSize, max(o.MemoryCap/64, 4<<10))) &^ (entrySize - 1)
	l := &Log{rows: theRows(), failed: o.SpillFailed}
	l.index = newSpillFile(o.Dir, o.MemoryCap, chunk, l.lostIndex)
	l.bytes = newSpillFile(o.Dir, o.MemoryCap/8, chunk, l.lostBytes)
	list := newSpillFile(o.Dir, o.MemoryCap/8, chunk, func(_ int, why error) { l.infos.forget(); l.fail(why) })
	l.infos = connInfos{list: list, text: l.bytes, open: map[int]*known{}}
	l.sources.Store(&[]io.ReaderAt{})
	l.numbers.Store(&[]numbers{})
	l.marks.Store(&[]fileMark{})
	l.readers.New = func() any { return l.Reader() }
	return l
}

// Append adds a copy of an event. What is learned about its connection later applies only to later
// events. Append never fails; on a closed log it does nothing.
func (l *Log) Append(e *session.Event) {
	l.write.Lock()
	defer l.write.Unlock()
	l.add(e, Place{}, nil, false)
	l.publish()
}

// add appends an event. If filled is true, its connection info holds for all events of the
// connection. The caller holds l.write, and calls publish.
func (l *Log) add(e *session.Event, from Place, o *Origin, filled bool) {
	if l.closed {
		return
	}
	i := l.size
	if i == 0 {
		l.zone.Store(e.Time.Location())
	}
	var x extra
	en := l.entry(e, i, &x)
	en.info = l.infos.of(e, filled, o)
	if e.Kind == session.Close {
		l.infos.ended(e.Conn)
	}
	l.store(&en, e, from, &x, i)
	var b [entrySize]byte
	en.put(&b)
	l.index.append(b[:])
	l.last, l.lastID = max(l.last, e.N), max(l.lastID, e.Conn)
	l.size++
}

// publish makes the added events visible to readers.
func (l *Log) publish() {
	for _, t := range [...]*spillFile{l.index, l.bytes, l.infos.list} {
		t.publish()
	}
	if !l.closed {
		l.n.Store(int64(l.size))
	}
}

// entry returns the index entry of event i, without the location of its bytes and its connection
// info. It adds to x the values that do not fit into the entry.
func (l *Log) entry(e *session.Event, i int, x *extra) entry {
	en := entry{
		where: uint64(e.Flags) << 48, size: uint32(formOf(e)) << sizeBits, row: l.rows.of(e),
		packet: uint32(e.Packets.First),
	}
	if e.Packets.Shared {
		en.size |= formShared << sizeBits
	}
	if e.Packets.Last != e.Packets.First {
		x.has |= extraLast
		x.last = e.Packets.Last - e.Packets.First
	}
	if len(e.Cuts) > 0 {
		x.has |= extraCuts
		x.cuts = e.Cuts
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

// reply returns the distance from event i back to the request that it answers, or 0 if the distance
// alone does not give the number and the time of the request.
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

// store sets the location of the bytes of event i, and writes them to the spill file unless a
// capture file has them.
func (l *Log) store(en *entry, e *session.Event, from Place, x *extra, i int) {
	text := e.Text[:min(len(e.Text), maxSize/2)]
	if e.Kind == session.Command {
		if x.out = len(e.Out); e.Out != nil {
			x.has |= extraOut
		}
		if x.text = len(text); x.text > 0 {
			x.has |= extraText
		}
		if from.Source != 0 && x.has == 0 && from.At <= maxOffset && from.At >= 0 {
			en.where |= uint64(from.Source)<<offsetBits | uint64(from.At)
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
	en.where |= uint64(l.bytes.append(l.buf)) & maxOffset
	en.size |= uint32(min(len(l.buf), maxSize))
	for len(l.lastIn) < len(l.bytes.chunks) {
		l.lastIn = append(l.lastIn, i)
	}
	l.lastIn[len(l.lastIn)-1] = i
}

// AddFile registers f as a file that may hold the bytes of events, and returns its number for
// [Place.Source]. From then on the log owns f and closes it. If the log is closed, or has 255 files
// already, AddFile returns 0 and f remains the caller's.
func (l *Log) AddFile(f interface {
	io.ReaderAt
	io.Closer
},
) int {
	l.write.Lock()
	defer l.write.Unlock()
	all := *l.sources.Load()
	if l.closed || len(all) == maxSources {
		return 0
	}
	l.files = append(l.files, f)
	all = append(all, f)
	l.sources.Store(&all)
	return len(all)
}

// Len returns the number of events.
func (l *Log) Len() int { return int(l.n.Load()) }

// Spilled returns the number of bytes that the log has moved to its spill files.
func (l *Log) Spilled() int64 {
	return l.index.disk.Load() + l.bytes.disk.Load() + l.infos.list.disk.Load()
}

// At returns event i, counted from 0, nil if there is none. The event must not be changed; later
// calls may return the same one while its connection info is unchanged. For events that were
// forgotten (see Err) At returns one gap event that covers all of them, and for one that can no
// longer be read a gap event with the reason. To read many events use a [Reader].
func (l *Log) At(i int) *session.Event {
	if i < 0 || i >= l.Len() {
		return nil
	}
	kept, version := &l.kept[i%len(l.kept)], l.infos.version.Load()+l.named.Load()
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

// keptEvent is an event cached for the next call of At, since a screen asks for the visible events
// in every frame.
type keptEvent struct {
	i       int
	version uint64 // connInfos.version and Log.named, which both only grow, together
	event   *session.Event
}

// maxKept is the size of the largest event that is cached, in bytes: all 256 of them take 4 MB at
// most.
const maxKept = 16 << 10

// Close empties the log, removes the spill files and closes the files of AddFile. A second Close
// does nothing.
func (l *Log) Close() error {
	l.write.Lock()
	defer l.write.Unlock()
	if l.closed {
		return nil
	}
	l.closed = true
	l.n.Store(0)
	var errs []error
	for _, t := range []*spillFile{l.index, l.bytes, l.infos.list} {
		errs = append(errs, t.close())
	}
	for _, f := range l.files {
		errs = append(errs, f.Close())
	}
	return errors.Join(errs...)
}

// Names returns the names of addresses from the name resolution blocks of captures. It does not
// include those in our own recordings, whose names follow from their events. The caller owns the
// map.
func (l *Log) Names() map[netip.Addr]string {
	l.mu.Lock()
	defer l.mu.Unlock()
	return maps.Clone(l.names)
}

// maxNames is the number of names of addresses that a log keeps, and maxName the length of the
// longest one in bytes, which is what a name resolution block can hold. Together they take 16 MB at
// most.
const maxNames, maxName = 1 << 16, 255

// AddName records the name that a capture gives to an address. Only the first name of an address
// counts. AddName ignores a name of more than 255 bytes, and any after 65,536 names.
func (l *Log) AddName(addr netip.Addr, name string) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.names == nil {
		l.names = make(map[netip.Addr]string)
	}
	if _, named := l.names[addr]; !named && len(l.names) < maxNames && len(name) <= maxName {
		l.names[addr] = name
		l.named.Add(1)
	}
}

// nameOf returns the name of the host in an address with a port, "" for none.
func (l *Log) nameOf(address string) string {
	if l.named.Load() == 0 {
		return ""
	}
	at, err := netip.ParseAddrPort(address)
	if err != nil {
		return ""
	}
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.names[at.Addr().WithZone("").Unmap()]
}
