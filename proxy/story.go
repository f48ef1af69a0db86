package proxy

import (
	"bytes"
	"fmt"
	"sync"
	"sync/atomic"
	"time"

	"github.com/msnscope/msnscope/decode"
	"github.com/msnscope/msnscope/decode/dialect"
	"github.com/msnscope/msnscope/decode/session"
)

// What the story keeps of traffic whose events it has not made yet.
const (
	// maxPage is how many bytes wait while as many are being told: some seconds of traffic that is faster than it can be
	// decoded. One connection may have maxShare of them, so that its flood costs others nothing.
	maxPage  = 32 << 20
	maxShare = maxPage / 4 * 3
	// perItem and perCut are what an item and a command of it cost besides their bytes.
	perItem, perCut = 160, 4
	// helpful is how many commands the goroutine that brought them tells by itself, after it has sent them: few enough that
	// nobody waits.
	helpful = 64
	// sweepTime is how long commands wait at most to be told when nobody helped: whoever brought them waits for its receiver, or
	// they are many.
	sweepTime = 2 * time.Millisecond
	// slice is how many commands are told before traffic is given way, heavy how many bytes of it come in that time at least.
	slice, heavy = 1024, 128 << 10
	// slab is how many events are made in one piece, slabBytes how many bytes of theirs: an event that somebody keeps alone
	// keeps its neighbours alive.
	slab, slabBytes = 16, 16 << 10
	// chunkBytes and chunkCuts are the room of a chunk: several of the largest reads. keepChunks is how many that are free wait for
	// the next burst, some 10 MB: new memory costs more than what is done with it.
	chunkBytes, chunkCuts, keepChunks = 256 << 10, 16 << 10, 32
	// keepItems is how many items' room an empty page keeps.
	keepItems = 1 << 10
)

// passed is what passed in one direction of a connection and leads to one event or several.
type passed struct {
	c   *Conn
	at  time.Time
	do  func(*session.Conn) *session.Event // makes the event of what is no command; nil for commands
	dir decode.Dir
	// raw is the commands as they came, cuts where each ends.
	raw  []byte
	cuts []uint32
	// out, flags and text are for a single command: what was sent instead if out is not nil.
	out   []byte
	flags session.Flag
	text  string
}

// cutOf returns what is kept of one command among several: how long it is, in the lower 24 bits, which are more than
// decode.MaxLine and decode.MaxPayload need, and why it is none.
func cutOf(m *decode.Message) uint32 { return uint32(len(m.Raw)) | uint32(m.Why)<<24 }

// sizeOf returns how long the command is.
func sizeOf(cut uint32) int { return int(cut & (1<<24 - 1)) }

// story makes the events. Pumps add what they are about to send, under a short lock, and send it; then, in the same order,
// each command is tracked in its session, numbered and published, by whoever has time:
//
//	pump ── add ──▶ page ── tell ──▶ track, number, publish
//	     └─ send, then help
//
// Since what is added first is told first, and a peer can react only to what was sent after it was added, the order of events
// is causal over all connections (docs/adr/0008). Traffic never waits for it: what comes faster than it can be told for so long
// that a page is full is missing, and a gap says so.
type story struct {
	publish func(*session.Event)
	behind  func() bool

	mu      sync.Mutex // guards what follows; nothing is called with it held
	page    *page
	spare   *page
	free    []*chunk
	awake   bool         // the sweeper runs
	pending atomic.Int64 // events that page leads to

	nobody Conn // whose remarks are

	turn  sync.Mutex // held by who tells; guards the graph. Never taken with mu held
	graph session.Graph

	sweeps sync.WaitGroup
	stop   chan struct{}
}

// page is what was added since the last one was taken.
type page struct {
	items  []passed
	chunks []*chunk // that hold the items' bytes and cuts
	size   int
	number uint64
}

// chunk is where bytes and cuts of items are kept until they are told. It is used again and again.
type chunk struct {
	raw  []byte
	cuts []uint32
}

// holds reports whether there is room for the item in the chunk.
func (k *chunk) holds(it *passed) bool {
	return cap(k.raw)-len(k.raw) >= len(it.raw) && cap(k.cuts)-len(k.cuts) >= len(it.cuts)
}

// keep copies what belongs to the item.
func (k *chunk) keep(it *passed) {
	from := len(k.raw)
	k.raw = append(k.raw, it.raw...)
	it.raw = k.raw[from:]
	from = len(k.cuts)
	k.cuts = append(k.cuts, it.cuts...)
	it.cuts = k.cuts[from:]
}

func newStory(publish func(*session.Event), behind func() bool) *story {
	return &story{publish: publish, behind: behind, page: &page{number: 1}, spare: &page{}, stop: make(chan struct{})}
}

// add appends items of one connection, whose bytes and cuts it copies.
func (s *story) add(c *Conn, items []passed) {
	if len(items) == 0 {
		return
	}
	s.mu.Lock()
	commands := 0
	for i := range items {
		commands += s.addLocked(c, &items[i])
	}
	s.pending.Add(int64(commands))
	wake := !s.awake
	s.awake = true
	s.mu.Unlock()
	if wake {
		s.sweeps.Go(s.sweep)
	}
}

// addLocked appends one item and returns how many events it leads to.
func (s *story) addLocked(c *Conn, it *passed) int {
	p := s.page
	if c.page != p.number {
		c.page, c.paged = p.number, 0
	}
	size := perItem + perCut*len(it.cuts) + len(it.raw) + len(it.out) + len(it.text)
	if it.do == nil && (p.size+size > maxPage || c.paged+size > maxShare) {
		c.lost[side(it.dir)].add(it)
		return 0
	}
	n := max(len(it.cuts), 1)
	for i := range c.lost {
		if l := &c.lost[i]; l.commands > 0 && (i == side(it.dir) || it.do != nil) {
			p.items = append(p.items, l.gap(c))
			n++
		}
	}
	p.size += size
	c.paged += size
	p.items = append(p.items, *it)
	kept := &p.items[len(p.items)-1]
	kept.c = c
	s.chunkFor(kept).keep(kept)
	return n
}

// chunkFor returns a chunk of the page that has room for the item. s.mu is held.
func (s *story) chunkFor(it *passed) *chunk {
	p := s.page
	if n := len(p.chunks); n > 0 && p.chunks[n-1].holds(it) {
		return p.chunks[n-1]
	}
	var k *chunk
	switch n := len(s.free); {
	case len(it.raw) > chunkBytes/2 || len(it.cuts) > chunkCuts/2:
		return new(chunk) // one of its own, which goes with the item
	case n > 0:
		k, s.free = s.free[n-1], s.free[:n-1]
	default:
		k = &chunk{make([]byte, 0, chunkBytes), make([]uint32, 0, chunkCuts)}
	}
	p.chunks = append(p.chunks, k)
	return k
}

// empty makes the page, all of which was told, the spare one.
func (s *story) empty(p *page) {
	clear(p.items)
	p.items, p.size = p.items[:0], 0
	if cap(p.items) > keepItems {
		p.items = nil
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	for _, k := range p.chunks {
		if len(s.free) < keepChunks {
			k.raw, k.cuts = k.raw[:0], k.cuts[:0]
			s.free = append(s.free, k)
		}
	}
	clear(p.chunks)
	p.chunks = p.chunks[:0]
	s.spare = p
}

// help tells what was added, if that is little and nobody else is at it.
func (s *story) help() {
	for n := s.pending.Load(); n > 0 && n <= helpful && s.turn.TryLock(); n = s.pending.Load() {
		s.tellPage(nil)
		s.turn.Unlock()
	}
}

// giveWay lets traffic go first where it is heavy, and whoever is behind catch up: it waits until that is over, or what waits has
// become much; from then on, where traffic is heavy, for as long as telling the last slice of commands took.
func (s *story) giveWay(took time.Duration, grown int) {
	for size := s.size(); (grown >= heavy || s.behind()) && size < maxPage/2 && !s.ends(); {
		s.pause(sweepTime)
		was := size
		size = s.size()
		grown = size - was
	}
	if grown >= heavy {
		s.pause(took)
	}
}

func (s *story) size() int {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.page.size
}

// ends reports whether the proxy is closing: then everything is told at once.
func (s *story) ends() bool {
	select {
	case <-s.stop:
		return true
	default:
		return false
	}
}

// pause waits, but not when the story ends.
func (s *story) pause(d time.Duration) {
	select {
	case <-time.After(d):
	case <-s.stop:
	}
}

// sweep tells what nobody helped with, until there is nothing more.
func (s *story) sweep() {
	for {
		s.pause(sweepTime)
		s.giveWay(0, s.size())
		s.turn.Lock()
		more := s.tellPage(s.giveWay)
		s.turn.Unlock()
		if !more && s.sleep() {
			return
		}
	}
}

// sleep reports whether there is nothing to tell: then the sweeper ends, and add makes another.
func (s *story) sleep() bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.awake = len(s.page.items) > 0
	return !s.awake
}

// tellPage tells what has been added so far and reports whether there was anything. After each slice of commands it calls
// pause, if not nil, with how long that took and how many bytes were added meanwhile. s.turn is held.
func (s *story) tellPage(pause func(took time.Duration, grown int)) bool {
	p := s.take()
	if p == nil {
		return false
	}
	start, done, size := time.Now(), 0, 0
	for i := range p.items {
		s.tell(&p.items[i])
		if done += len(p.items[i].cuts); done < slice || pause == nil {
			continue
		}
		pause(time.Since(start), s.size()-size)
		start, done, size = time.Now(), 0, s.size()
	}
	s.empty(p)
	return true
}

// take takes the page, nil for an empty one.
func (s *story) take() *page {
	s.mu.Lock()
	defer s.mu.Unlock()
	p := s.page
	if len(p.items) == 0 {
		return nil
	}
	s.page, s.spare = s.spare, nil
	s.page.number = p.number + 1
	s.pending.Store(0)
	return p
}

// tell makes and publishes the events of one item.
func (s *story) tell(it *passed) {
	if it.do != nil {
		if e := it.do(it.c.told); e != nil {
			s.publish(e)
		}
		return
	}
	for raw, cuts := it.raw, it.cuts; len(cuts) > 0; {
		n, size := some(cuts)
		s.tellSome(it, raw[:size], cuts[:n])
		raw, cuts = raw[size:], cuts[n:]
	}
}

// some returns how many of the first commands are told together, and how long they are.
func some(cuts []uint32) (n, size int) {
	for _, cut := range cuts[:min(len(cuts), slab)] {
		if n > 0 && size+sizeOf(cut) > slabBytes {
			break
		}
		size += sizeOf(cut)
		n++
	}
	return n, size
}

// tellSome tells commands of an item. Their events share two pieces of memory.
func (s *story) tellSome(it *passed, raw []byte, cuts []uint32) {
	raw = bytes.Clone(raw)
	events := make([]session.Event, len(cuts))
	for i, cut := range cuts {
		e, one := &events[i], raw[:sizeOf(cut):sizeOf(cut)]
		raw = raw[len(one):]
		if why := decode.Reason(cut >> 24); why != decode.NotOpaque {
			e.In = decode.Blob(one, why)
		} else {
			e.In.Parse(one, it.dir, it.c.told.Framing())
		}
		it.c.told.Annotate(e, it.dir, it.at)
		e.Out, e.Text = it.out, it.text
		e.Flags |= it.flags
		s.publish(e)
	}
}

// close tells what is left and ends.
func (s *story) close() {
	close(s.stop)
	s.sweeps.Wait()
}

// loss is commands of one direction that passed untold.
type loss struct {
	dir             decode.Dir
	at              time.Time
	commands, bytes int
}

func (l *loss) add(it *passed) {
	if l.commands == 0 {
		l.dir, l.at = it.dir, it.at
	}
	l.commands += len(it.cuts)
	l.bytes += len(it.raw)
}

// gap returns what tells of the loss, and ends it.
func (l *loss) gap(c *Conn) passed {
	lost := *l
	*l = loss{}
	text := fmt.Sprintf("%d commands of %d bytes passed, faster than they could be decoded", lost.commands, lost.bytes)
	return passed{c: c, at: lost.at, do: func(told *session.Conn) *session.Event { return told.Gap(lost.at, lost.dir, text) }}
}

func side(dir decode.Dir) int {
	if dir == decode.FromServer {
		return 1
	}
	return 0
}

// open begins the story of a connection. p.mu is held, so that connections have the same numbers in it as in the proxy's graph.
func (s *story) open(c *Conn, at time.Time) {
	s.add(c, []passed{{do: func(*session.Conn) *session.Event {
		var e *session.Event
		c.told, e = s.graph.Open(at, c.from.String(), c.fixed)
		return e
	}}})
}

// to says where the connection goes.
func (s *story) to(c *Conn, address string, role dialect.Role) {
	s.add(c, []passed{{do: func(told *session.Conn) *session.Event {
		told.To(address, role)
		return nil
	}}})
}

// note tells something worth knowing of a connection.
func (s *story) note(c *Conn, at time.Time, text string) {
	s.add(c, []passed{{do: func(told *session.Conn) *session.Event { return told.Note(at, text) }}})
}

// remark tells something that belongs to no connection, or to one that may have ended.
func (s *story) remark(at time.Time, text string) {
	s.add(&s.nobody, []passed{{do: func(*session.Conn) *session.Event { return s.graph.Note(at, text) }}})
}

// end closes the story of a connection.
func (s *story) end(c *Conn, at time.Time, cause string) {
	s.add(c, []passed{{do: func(told *session.Conn) *session.Event { return told.Close(at, cause) }}})
}
