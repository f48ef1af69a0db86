package proxy

import (
	"bytes"
	"sync"
	"sync/atomic"
	"time"

	"github.com/msnscope/msnscope/decode"
	"github.com/msnscope/msnscope/decode/dialect"
	"github.com/msnscope/msnscope/decode/session"
)

const (
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
	// closeTime is how long the end of the proxy waits at most for whoever is behind.
	closeTime = 10 * time.Second
)

// story makes the events. Pumps add what they are about to send, under a short lock, and send it; then, in the same order,
// each command is tracked in its session, numbered and published, by whoever has time:
//
//	pump ── add ──▶ queue ── tell ──▶ track, number, publish
//	     └─ send, then help
//
// Since what is added first is told first, and a peer can react only to what was sent after it was added, the order of events
// is causal over all connections (docs/adr/0008). Traffic never waits for it: what comes faster than it can be told for so long
// that memory and the spool are full is missing, and a gap says so.
type story struct {
	publish func(*session.Event)
	behind  func() bool

	mu      sync.Mutex // guards what follows; nothing is called with it held
	queue   queue
	awake   bool         // the sweeper runs
	pending atomic.Int64 // events that the queue leads to

	nobody Conn // whose remarks are

	turn  sync.Mutex // held by who tells; guards what follows. Never taken with mu held
	graph session.Graph
	spool spool

	sweeps sync.WaitGroup
	stop   chan struct{}
	ended  time.Time // when stop was closed
}

func newStory(publish func(*session.Event), behind func() bool) *story {
	return &story{publish: publish, behind: behind, stop: make(chan struct{})}
}

// add appends items of one connection, whose bytes and cuts it copies.
func (s *story) add(c *Conn, items []passed) {
	if len(items) == 0 {
		return
	}
	s.mu.Lock()
	for i := range items {
		s.queue.add(c, items[i])
	}
	s.pending.Store(int64(s.queue.events))
	wake := !s.awake
	s.awake = true
	s.mu.Unlock()
	if wake {
		s.sweeps.Go(s.sweep)
	}
}

// help tells what was added, if that is little and nobody else is at it.
func (s *story) help() {
	for n := s.pending.Load(); n > 0 && n <= helpful && s.turn.TryLock(); n = s.pending.Load() {
		s.tellAll(nil)
		s.turn.Unlock()
	}
}

// giveWay lets traffic go first where it is heavy, and whoever is behind catch up: it waits until that is over, or there is no room
// for what waits; from then on, where traffic is heavy, for as long as telling the last slice of commands took. s.turn is held.
func (s *story) giveWay(took time.Duration, grown int) {
	for added := s.added(); (grown >= heavy || s.behind()) && s.spill() && !s.ends(); {
		s.pause(sweepTime)
		was := added
		added = s.added()
		grown = added - was
	}
	if grown >= heavy {
		s.pause(took)
	}
	for s.ends() && s.behind() && time.Since(s.ended) < closeTime {
		<-time.After(sweepTime)
	}
}

// spill makes room in memory, and reports whether there is enough.
func (s *story) spill() bool {
	for {
		s.mu.Lock()
		k, enough := s.queue.surplus(), s.queue.held < maxHeld/2
		s.mu.Unlock()
		if k == nil {
			return enough
		}
		slot, ok := s.spool.put(k)
		if !ok {
			return enough
		}
		s.mu.Lock()
		s.queue.spooled(k, slot)
		s.mu.Unlock()
	}
}

// added returns how many bytes were added so far.
func (s *story) added() int {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.queue.added
}

// ends reports whether the proxy is closing: then everything is told, as fast as nobody falls behind.
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
		was := s.added()
		s.pause(sweepTime)
		s.turn.Lock()
		s.giveWay(0, s.added()-was)
		s.tellAll(s.giveWay)
		s.turn.Unlock()
		if s.sleep() {
			return
		}
	}
}

// sleep reports whether there is nothing to tell: then the sweeper ends, and add makes another.
func (s *story) sleep() bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.awake = len(s.queue.chunks) > 0
	return !s.awake
}

// tellAll tells what was added. After each slice of commands it calls pause, if not nil, with how long that took and how many
// bytes were added meanwhile. s.turn is held.
func (s *story) tellAll(pause func(took time.Duration, grown int)) {
	start, done, added := time.Now(), 0, s.added()
	for k := s.take(); k != nil; k = s.take() {
		raw, cuts := k.raw, k.cuts
		for i := range k.items {
			it := &k.items[i]
			s.tell(it, raw[:it.size], cuts[:it.commands])
			raw, cuts = raw[it.size:], cuts[it.commands:]
			if done += it.commands; done < slice || pause == nil {
				continue
			}
			pause(time.Since(start), s.added()-added)
			start, done, added = time.Now(), 0, s.added()
		}
		s.mu.Lock()
		s.queue.give(k)
		s.mu.Unlock()
	}
}

// take takes a chunk out of the queue, nil if that is empty.
func (s *story) take() *chunk {
	s.mu.Lock()
	k := s.queue.take()
	s.pending.Store(int64(s.queue.events))
	var into *chunk
	if k != nil && k.spooled {
		into = s.queue.unused()
	}
	s.mu.Unlock()
	if into == nil {
		return k
	}
	size, commands := 0, 0
	for i := range k.items {
		size, commands = size+k.items[i].size, commands+k.items[i].commands
	}
	err := s.spool.get(k.slot, size, commands, into)
	k.raw, k.cuts = into.raw, into.cuts
	if err != nil {
		k.lose(err)
	}
	return k
}

// tell makes and publishes the events of one item.
func (s *story) tell(it *passed, raw []byte, cuts []uint32) {
	if it.do != nil {
		if e := it.do(it.c.told); e != nil {
			s.publish(e)
		}
		return
	}
	for len(cuts) > 0 {
		n, size := first(cuts, slab, slabBytes)
		s.tellSome(it, raw[:size], cuts[:n])
		raw, cuts = raw[size:], cuts[n:]
	}
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
	s.ended = time.Now()
	close(s.stop)
	s.sweeps.Wait()
	s.spool.close()
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
