package model

import (
	"context"
	"sync"

	"github.com/msnscope/msnscope/decode/session"
	"github.com/msnscope/msnscope/internal/eventlog"
	"github.com/msnscope/msnscope/internal/filter"
)

// Store is a Log with an index, such as [eventlog.Log]: filters run over it on all cores, and
// numbers are found without reading events.
type Store interface {
	Log
	Reader() *eventlog.Reader
	Find(n uint64) int
	Select(ctx context.Context, f *filter.Filter, from, to int, found func(matches []uint32, done int) bool)
}

// searchFrom is the least number of events for which a search in the background is worth its
// goroutines.
const searchFrom = 8192

// maxFound is how many matches may wait for Step, in 4 MB. A search that is further ahead than that
// waits.
const maxFound = 1 << 20

// search is a filter that runs over the log in the background.
type search struct {
	stop  context.CancelFunc
	ended chan struct{}

	mu      sync.Mutex
	room    sync.Cond // signalled when matches has room again
	matches []uint32  // matches that Step has not taken yet
	done    int       // all events before this position have been searched
	over    bool
}

// begin starts a search.
func begin(log Store, f *filter.Filter, from, to int) *search {
	ctx, stop := context.WithCancel(context.Background())
	s := &search{stop: stop, ended: make(chan struct{}), done: from}
	s.room.L = &s.mu
	context.AfterFunc(ctx, s.wake)
	go s.run(ctx, log, f, to)
	return s
}

func (s *search) wake() {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.room.Broadcast()
}

func (s *search) run(ctx context.Context, log Store, f *filter.Filter, to int) {
	defer close(s.ended)
	log.Select(ctx, f, s.done, to, func(matches []uint32, done int) bool {
		s.mu.Lock()
		defer s.mu.Unlock()
		for len(s.matches) > maxFound && ctx.Err() == nil {
			s.room.Wait()
		}
		s.matches, s.done = append(s.matches, matches...), done
		return ctx.Err() == nil
	})
	s.mu.Lock()
	defer s.mu.Unlock()
	s.over = true
}

// take returns the matches since the last call, how many events have been searched, and whether the
// search is over.
func (s *search) take(into []uint32) (matches []uint32, done int, over bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	into = append(into[:0], s.matches...)
	s.matches = s.matches[:0]
	s.room.Broadcast()
	return into, s.done, s.over
}

// background starts a search in the background if that is worth it, and reports whether one is
// running.
func (m *Model) background(limit int) bool {
	if m.search != nil {
		return true
	}
	log, ok := m.log.(Store)
	f, simple := m.filter.(*filter.Filter)
	if m.talk != 0 {
		f, simple = m.talkFilter, m.talkFilter != nil
	}
	if !ok || !simple || m.byLint || limit-m.judged < searchFrom {
		return false
	}
	m.search = begin(log, f, m.judged, limit)
	return true
}

// merge makes rows of what the search has found, and reports whether there was anything.
func (m *Model) merge() bool {
	if m.merged == len(m.found) {
		was := m.judged
		var over bool
		m.found, m.searched, over = m.search.take(m.found)
		if m.merged = 0; len(m.found) == 0 {
			if m.judged = m.searched; over {
				m.endSearch()
			}
			return over || m.judged > was
		}
	}
	i := int(m.found[m.merged])
	m.merged++
	if m.judged = i + 1; m.merged == len(m.found) {
		m.judged = m.searched
	}
	m.add(i)
	return true
}

// admits reports whether the event is in the scope, or in the conversation that is shown.
func (m *Model) admits(e *session.Event) bool {
	if m.talk != 0 {
		return e.Conn == m.talk && talks(e)
	}
	return m.scope.has(&m.tree, e)
}

// add makes a row of the event at a position, which the filter lets through, if the scope has it
// and it joins no run.
func (m *Model) add(i int) {
	if m.talk == 0 && m.scope == (Scope{}) && !m.folded {
		m.rows = append(m.rows, uint32(i))
		return
	}
	if e := m.log.At(i); m.admits(e) && !m.joins(e) {
		m.rows = append(m.rows, uint32(i))
	}
}

// endSearch ends the search that is running, if any.
func (m *Model) endSearch() {
	if m.search != nil {
		m.search.stop()
		m.search, m.found, m.merged = nil, m.found[:0], 0
	}
}

// Close ends the search in the background and waits for its goroutines. The model can still be
// read.
func (m *Model) Close() {
	if s := m.search; s != nil {
		m.endSearch()
		<-s.ended
	}
}

// Refresh applies filter and scope to all events again. It is for when more is known of their
// connections than before.
func (m *Model) Refresh() {
	if !m.all() {
		m.rewind(0)
	}
}
