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
	// helpful is how many commands the goroutine that sent them records by itself: so few that
	// nobody waits for it.
	helpful = 64
	// sweepTime is the longest that commands wait to be recorded when the goroutine that sent them
	// did not: it waits for its receiver, or they are many.
	sweepTime = 2 * time.Millisecond
	// slice is how many commands are recorded before traffic may go first, heavy the number of
	// bytes that make it heavy if they come in that time.
	slice, heavy = 1024, 128 << 10
	// slab is how many events share one allocation, slabBytes how many bytes of theirs: an event
	// that a subscriber keeps keeps those with it alive.
	slab, slabBytes = 16, 16 << 10
	// closeTime is how long Close waits at most for a subscriber that lags.
	closeTime = 10 * time.Second
)

// journal turns what passed into events. Pumps add what they are about to send, under a short lock,
// and send it; then, in the same order, each command is tracked in its session, numbered and
// published, by whichever goroutine has time:
//
//	pump ── add ──▶ queue ── record ──▶ track, number, publish
//	     └─ send, then help
//
// Since what is added first is recorded first, and a peer can react only to what was sent after it
// was added, the order of events is causal over all connections (docs/adr/0008). Traffic never
// waits for the journal: commands that come faster than they can be recorded for so long that
// memory and the spool are full leave a gap.
type journal struct {
	publish func(*session.Event)
	lagging func() bool

	mu      sync.Mutex // guards what follows; nothing is called with it held
	queue   queue
	awake   bool         // the sweeper runs
	pending atomic.Int64 // events that the queue will become

	nobody Conn // the connection of remarks, which belong to none

	turn  sync.Mutex // held by the goroutine that records; guards what follows
	graph session.Graph
	spool spool

	spillFailed func(error) // called with the spool's first error; nil for none

	sweeps sync.WaitGroup
	stop   chan struct{}
	ended  time.Time // when stop was closed
}

func newJournal(publish func(*session.Event), lagging func() bool) *journal {
	return &journal{publish: publish, lagging: lagging, stop: make(chan struct{})}
}

// add appends items of one connection, and copies their bytes and cuts.
func (s *journal) add(c *Conn, items []passed) {
	if len(items) == 0 {
		return
	}
	s.mu.Lock()
	for i := range items {
		if !items[i].hidden {
			s.queue.add(c, items[i])
		}
	}
	s.pending.Store(int64(s.queue.events))
	wake := !s.awake
	s.awake = true
	s.mu.Unlock()
	if wake {
		s.sweeps.Go(s.sweep)
	}
}

// help records what was added, if that is little and no other goroutine is recording.
func (s *journal) help() {
	for n := s.pending.Load(); n > 0 && n <= helpful && s.turn.TryLock(); n = s.pending.Load() {
		s.recordAll(nil)
		s.turn.Unlock()
	}
}

// giveWay lets heavy traffic go first, and lets subscribers that lag catch up: it waits until that
// is over or the queue is full. Then, while traffic is heavy, it waits for as long again as
// recording the last slice took. s.turn is held.
func (s *journal) giveWay(took time.Duration, grown int) {
	for added := s.added(); (grown >= heavy || s.lagging()) && s.spill() && !s.ends(); {
		s.pause(sweepTime)
		was := added
		added = s.added()
		grown = added - was
	}
	if grown >= heavy {
		s.pause(took)
	}
	for s.ends() && s.lagging() && time.Since(s.ended) < closeTime {
		<-time.After(sweepTime)
	}
}

// spill moves blocks from memory to the spool, and reports whether memory has room afterwards.
// s.turn is held.
func (s *journal) spill() bool {
	for {
		s.mu.Lock()
		k, enough := s.queue.surplus(), s.queue.held < maxHeld/2
		s.mu.Unlock()
		if k == nil {
			return enough
		}
		healthy := s.spool.err == nil
		slot, ok := s.spool.put(k)
		if healthy && s.spool.err != nil && s.spillFailed != nil {
			s.spillFailed(s.spool.err)
		}
		if !ok {
			return enough
		}
		s.mu.Lock()
		s.queue.spooled(k, slot)
		s.mu.Unlock()
	}
}

// added returns how many bytes have ever been added.
func (s *journal) added() int {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.queue.added
}

// stats sets the figures of the queue.
func (s *journal) stats(to *Stats) {
	s.mu.Lock()
	defer s.mu.Unlock()
	to.Queued, to.QueuedBytes = s.queue.events, s.queue.held
	for _, k := range s.queue.blocks {
		if k.spooled {
			to.SpooledBytes += slotSize
		}
	}
}

// ends reports whether the proxy is closing: then the journal no longer gives way to traffic.
func (s *journal) ends() bool {
	select {
	case <-s.stop:
		return true
	default:
		return false
	}
}

// pause waits for d, or until the journal ends.
func (s *journal) pause(d time.Duration) {
	select {
	case <-time.After(d):
	case <-s.stop:
	}
}

// sweep records what no pump has, until the queue is empty.
func (s *journal) sweep() {
	for {
		was := s.added()
		s.pause(sweepTime)
		s.turn.Lock()
		s.giveWay(0, s.added()-was)
		s.recordAll(s.giveWay)
		s.turn.Unlock()
		if s.sleep() {
			return
		}
	}
}

// sleep reports whether the queue is empty: then the sweeper ends, and add starts another.
func (s *journal) sleep() bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.awake = len(s.queue.blocks) > 0
	return !s.awake
}

// recordAll records all that was added. After each slice of commands it calls pause, if not nil,
// with the time that the slice took and the number of bytes added meanwhile. s.turn is held.
func (s *journal) recordAll(pause func(took time.Duration, grown int)) {
	start, done, added := time.Now(), 0, s.added()
	for k := s.take(); k != nil; k = s.take() {
		raw, cuts := k.raw, k.cuts
		for i := range k.items {
			it := &k.items[i]
			s.record(it, raw[:it.size], cuts[:it.commands])
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

// take takes the oldest block out of the queue, and reads it back from the spool if it is there;
// nil if the queue is empty. s.turn is held.
func (s *journal) take() *block {
	s.mu.Lock()
	k := s.queue.take()
	s.pending.Store(int64(s.queue.events))
	var into *block
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

// record makes and publishes the events of one item.
func (s *journal) record(it *passed, raw []byte, cuts []uint32) {
	if it.do != nil {
		if e := it.do(it.c.tracked); e != nil {
			s.publish(e)
		}
		return
	}
	for len(cuts) > 0 {
		n, size := first(cuts, slab, slabBytes)
		s.recordSome(it, raw[:size], cuts[:n])
		raw, cuts = raw[size:], cuts[n:]
	}
}

// recordSome makes and publishes the events of some commands of an item. The events share one copy
// of raw.
func (s *journal) recordSome(it *passed, raw []byte, cuts []uint32) {
	raw = bytes.Clone(raw)
	events := make([]session.Event, len(cuts))
	for i, cut := range cuts {
		e, one := &events[i], raw[:sizeOf(cut):sizeOf(cut)]
		raw = raw[len(one):]
		if why := decode.Reason(cut >> 24); why != decode.NotOpaque {
			e.In = decode.Blob(one, why)
		} else {
			e.In.Parse(one, it.dir, it.c.tracked.Framing())
		}
		it.c.tracked.Annotate(e, it.dir, it.at)
		e.Out, e.Text = it.out, it.text
		e.Flags |= it.flags
		s.publish(e)
	}
}

// close records what is left, and removes the spool. Nothing may be added any more.
func (s *journal) close() {
	s.ended = time.Now()
	close(s.stop)
	s.sweeps.Wait()
	s.spool.close()
}

// open adds the open event of a connection. The proxy's mu is held, so that the journal's graph
// numbers connections as the proxy's does.
func (s *journal) open(c *Conn, at time.Time) {
	s.add(c, []passed{{do: func(*session.Conn) *session.Event {
		var e *session.Event
		c.tracked, e = s.graph.Open(at, c.from.String(), c.fixed)
		return e
	}}})
}

// to adds where the connection goes; that makes no event.
func (s *journal) to(c *Conn, address string, role dialect.Role) {
	s.add(c, []passed{{do: func(tracked *session.Conn) *session.Event {
		tracked.To(address, role)
		return nil
	}}})
}

// note adds a note about a connection.
func (s *journal) note(c *Conn, at time.Time, text string) {
	s.add(c, []passed{{do: func(tracked *session.Conn) *session.Event { return tracked.Note(at, text) }}})
}

// remark adds a note that belongs to no connection, or to one that may have ended already.
func (s *journal) remark(at time.Time, text string) {
	s.add(&s.nobody, []passed{{do: func(*session.Conn) *session.Event { return s.graph.Note(at, text) }}})
}

// gap adds that bytes which the end dir sent are not among the events.
func (s *journal) gap(c *Conn, at time.Time, dir decode.Dir, text string) {
	s.add(c, []passed{{do: func(tracked *session.Conn) *session.Event { return tracked.Gap(at, dir, text) }}})
}

// wait adds that a command which began in direction dir is not complete yet.
func (s *journal) wait(c *Conn, at time.Time, dir decode.Dir, text string) {
	s.add(c, []passed{{do: func(tracked *session.Conn) *session.Event { return tracked.Wait(at, dir, text) }}})
}

// halfClose adds a half-close event: the end that sends in direction dir has ended its side.
func (s *journal) halfClose(c *Conn, at time.Time, dir decode.Dir) {
	s.add(c, []passed{{do: func(tracked *session.Conn) *session.Event { return tracked.HalfClose(at, dir) }}})
}

// end adds the close event of a connection, with the cause.
func (s *journal) end(c *Conn, at time.Time, cause string) {
	s.add(c, []passed{{do: func(tracked *session.Conn) *session.Event { return tracked.Close(at, cause) }}})
}
