package model

import (
	"context"
	"sync"

	"github.com/msnscope/msnscope/decode/session"
	"github.com/msnscope/msnscope/internal/filter"
	"github.com/msnscope/msnscope/internal/store"
)

// Store is a log that can do more than a Log, as [store.Log] can: filters go over it on all cores, numbers are found without reading.
type Store interface {
	Log
	Reader() *store.Reader
	Find(n uint64) int
	Select(ctx context.Context, f *filter.Filter, from, to int, found func(matches []uint32, done int) bool)
}

// searchFrom is how many events a filter must have before it for a search in the background to be worth its goroutines.
const searchFrom = 8192

// maxFound is how many matches wait for Step: 4 MB. A search that is so far ahead waits for it.
const maxFound = 1 << 20

// search is a filter that goes over the log in the background.
type search struct {
	stop  context.CancelFunc
	ended chan struct{}

	mu      sync.Mutex
	room    sync.Cond // there is less in matches
	matches []uint32  // those that Step did not take yet
	done    int       // all events before it were looked at
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

// take returns what was found since the last call, how far the search is, and whether it is over.
func (s *search) take(into []uint32) (matches []uint32, done int, over bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	into = append(into[:0], s.matches...)
	s.matches = s.matches[:0]
	s.room.Broadcast()
	return into, s.done, s.over
}

// background starts a search where that is worth it, and reports whether one is under way.
func (m *Model) background(limit int) bool {
	if m.search != nil {
		return true
	}
	log, ok := m.log.(Store)
	f, simple := m.filter.(*filter.Filter)
	if !ok || !simple || limit-m.judged < searchFrom {
		return false
	}
	m.search = begin(log, f, m.judged, limit)
	return true
}

// merge makes rows of what a search found, and reports whether there was anything.
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
	if m.inScope(i) {
		m.rows = append(m.rows, uint32(i))
	}
	return true
}

// inScope reports whether scope and folding let the event at a position be a row.
func (m *Model) inScope(i int) bool {
	if m.scope == (Scope{}) && !m.folded {
		return true
	}
	e := m.log.At(i)
	return m.scope.has(&m.tree, e) && !(m.folded && session.Folds(e) != session.NoFold)
}

// endSearch ends the search that is under way, if any.
func (m *Model) endSearch() {
	if m.search != nil {
		m.search.stop()
		m.search, m.found, m.merged = nil, m.found[:0], 0
	}
}

// Close ends what goes on in the background. The model may be looked at still.
func (m *Model) Close() {
	if s := m.search; s != nil {
		m.endSearch()
		<-s.ended
	}
}

// Refresh judges all events anew: more is known of their connections than when they were judged.
func (m *Model) Refresh() {
	if !m.all() {
		m.rewind(0)
	}
}
