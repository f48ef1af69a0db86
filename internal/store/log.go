package store

import (
	"fmt"
	"sort"
	"sync"
	"sync/atomic"

	"github.com/msnscope/msnscope/decode/session"
)

// defaultMemory is how much a Log keeps in memory: about half a million commands.
const defaultMemory = 256 << 20

// LogOptions says how much a Log keeps where. Its zero value works.
type LogOptions struct {
	// MemoryCap is how many bytes of events stay in memory, 256 MB if 0. Pages beyond it go to the spill file; the page
	// that is being filled always stays.
	MemoryCap int64
	// Dir is the folder of the spill file, os.TempDir() if empty. The file is made when it is needed first.
	Dir string
}

// Log is an append-only list of events. All methods are safe for concurrent use.
//
// Appending never waits for a reader that waits for the disk. It does the writing of the spill file itself, a page of about
// 1,000 events at a time, while readers go on: a log is filled from a queue, and that is what a slow disk delays.
type Log struct {
	memory int64
	spill  spill
	cold   cache

	// write makes appenders take turns, and guards what only they use. Readers never take it.
	write    sync.Mutex
	enc      encoder
	resident int64 // bytes of the pages in memory, as Event.Size counts
	oldest   int   // the first page that may be in memory
	closed   bool
	lostFrom uint64 // number of the first event that was forgotten
	lostN    int    // how many events were forgotten

	// mu guards the list of pages and err; it is held for moments only, never while the disk works. It may be taken with
	// write held, not the other way round.
	mu    sync.RWMutex
	pages []*page
	err   error

	n     atomic.Int64 // events that readers may see
	final atomic.Pointer[overlay]
	gap   atomic.Pointer[session.Event] // stands where events were forgotten
	conns connList
}

// NewLog returns an empty log. Close it.
func NewLog(o LogOptions) *Log {
	if o.MemoryCap <= 0 {
		o.MemoryCap = defaultMemory
	}
	rows := newRowIndex()
	return &Log{memory: o.MemoryCap, spill: spill{dir: o.Dir, rows: rows}, enc: encoder{rows: rows}}
}

// Append adds an event, which must not be changed from then on. It never fails towards the caller; on a closed log it does
// nothing.
func (l *Log) Append(e *session.Event) {
	l.write.Lock()
	defer l.write.Unlock()
	if l.closed {
		return
	}
	n := int(l.n.Load())
	p := l.tail(n)
	p.hot.Load().events[n-p.first] = e
	p.n++
	size := int64(e.Size())
	p.size += size
	l.resident += size
	l.conns.add(e, n)
	l.n.Store(int64(n + 1))
	for l.resident > l.memory && l.oldest < len(l.pages)-1 {
		l.evict(l.pages[l.oldest])
		l.oldest++
	}
}

// tail returns the page that takes the next event.
func (l *Log) tail(n int) *page {
	if len(l.pages) > 0 {
		if p := l.pages[len(l.pages)-1]; !p.full() {
			return p
		}
	}
	p := newPage(n)
	l.mu.Lock()
	l.pages = append(l.pages, p)
	l.mu.Unlock()
	return p
}

// evict moves a page to the spill file, or forgets it where that fails.
func (l *Log) evict(p *page) {
	events := p.hot.Load().events[:p.n]
	l.resident -= p.size
	data, err := l.enc.page(events), error(nil)
	p.at, err = l.spill.write(data)
	if err != nil {
		l.forget(p, events, err)
	}
	p.length, p.zone, p.newest = len(data), events[0].Time.Location(), events[len(events)-1].Time
	p.hot.Store(nil) // what stands above is published with this
}

// forget gives a page up. The gap that stands in its place, and in that of those before, tells how many there are.
func (l *Log) forget(p *page, events []*session.Event, why error) {
	if l.lostN == 0 {
		l.lostFrom = events[0].N
	}
	l.lostN += len(events)
	last := events[len(events)-1]
	p.lost = true
	l.gap.Store(&session.Event{
		N: l.lostFrom, Time: last.Time, Kind: session.Gap, Flags: session.Missing,
		Text: fmt.Sprintf("%d events up to number %d are no longer here: %v", l.lostN, last.N, why),
	})
	l.fail(fmt.Errorf("the oldest events of the session are forgotten: %w", why))
}

func (l *Log) fail(err error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.err == nil {
		l.err = err
	}
}

// Err returns the first error of the spill file, nil if there was none. Events that were forgotten on account of it are
// told by a gap event that At returns in their place.
func (l *Log) Err() error {
	l.mu.RLock()
	defer l.mu.RUnlock()
	return l.err
}

// Len returns the number of events.
func (l *Log) Len() int { return int(l.n.Load()) }

// At returns event i, counted from 0, and nil when there is none. The event must not be changed. It may come from the disk;
// the same event then may come as another pointer the next time, and keeps about 1,000 others in memory while it is held. In
// place of events that were forgotten (see Err) stands one gap event for all of them.
func (l *Log) At(i int) *session.Event {
	if i < 0 || i >= int(l.n.Load()) {
		return nil
	}
	l.mu.RLock()
	k := sort.Search(len(l.pages), func(k int) bool { return l.pages[k].first > i }) - 1
	if k < 0 {
		l.mu.RUnlock()
		return nil // closed meanwhile
	}
	p := l.pages[k]
	l.mu.RUnlock()
	if hot := p.hot.Load(); hot != nil {
		return hot.events[i-p.first]
	}
	if p.lost {
		return l.gap.Load()
	}
	events, err := l.cold.get(p, l.final.Load(), &l.spill)
	if err != nil {
		l.fail(err)
		return &session.Event{Time: p.newest, Kind: session.Gap, Flags: session.Missing, Text: err.Error()}
	}
	return events[i-p.first]
}

// Finalize lays what is finally known of each connection (role, dialect, user, session, via) over all of its events: for a
// capture that was read to its end. Events that are appended later are as they come until it is called again. Events that
// readers hold do not change.
func (l *Log) Finalize() {
	l.write.Lock()
	defer l.write.Unlock()
	final := l.conns.final()
	for _, p := range l.pages[l.oldest:] {
		events := p.hot.Load().events
		laid := &hotEvents{}
		for i, e := range events[:p.n] {
			laid.events[i] = final.lay(e)
		}
		p.hot.Store(laid)
	}
	l.final.Store(&final)
}

// Close empties the log and removes the spill file. Events that readers hold stay valid.
func (l *Log) Close() error {
	l.write.Lock()
	defer l.write.Unlock()
	l.closed = true
	l.n.Store(0)
	l.mu.Lock()
	l.pages = nil
	l.mu.Unlock()
	l.oldest, l.resident = 0, 0
	l.cold.clear()
	return l.spill.close()
}
