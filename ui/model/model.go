package model

import (
	"sort"
	"time"

	"github.com/msnscope/msnscope/decode/session"
)

// Log is the capture that the model looks at: append-only, safe for concurrent use. At takes 0 ≤ i < Len.
type Log interface {
	Len() int
	At(i int) *session.Event
}

// Filter says which events are shown.
type Filter interface {
	Match(e *session.Event) bool
}

// Options are what a model can be told at its birth.
type Options struct {
	// Live says that events keep coming: the model follows the end from the start.
	Live bool
	// Now is the clock; nil for the real one.
	Now func() time.Time
}

// stride is how many events Step handles between two looks at the clock: 64 evaluations of a filter take about 20 µs.
const stride = 64

// Model is the window over a log. It is not safe for concurrent use.
type Model struct {
	log  Log
	read func(i int) *session.Event // what it returns is valid until the next call
	now  func() time.Time

	filter Filter
	scope  Scope
	folded bool // typing notices and keep-alives are no rows

	// learned counts the events that tree, figures and history know, judged those that filter and scope were asked about.
	learned, judged int
	// rows are the positions of the events that are shown; unused while everything is (see all). Four bytes an event: ten
	// million matches are 40 MB, beside a log that is on disk by then.
	rows []uint32

	selected int // the position in the log of the selected event: new rows and filters do not change it
	follow   bool
	paused   bool
	frozen   int // how many events the paused view sees

	search   *search  // the filter that goes over the log in the background, nil for none
	found    []uint32 // what it found and merged took over; the first merged of them are rows, or are not
	merged   int
	searched int // how far it was then

	tree    tree
	stats   Stats
	history history
	find    find
}

// New returns a model of the log that shows everything.
func New(log Log, o Options) *Model {
	if o.Now == nil {
		o.Now = time.Now
	}
	m := &Model{log: log, now: o.Now, follow: o.Live, tree: newTree()}
	m.history.timeline.Event = log.At
	m.read = log.At
	if s, ok := log.(Store); ok {
		m.read = s.Reader().At
	}
	return m
}

// end returns how many events of the log the view sees.
func (m *Model) end() int {
	if m.paused {
		return m.frozen
	}
	return m.log.Len()
}

// all reports whether every event is a row.
func (m *Model) all() bool { return m.filter == nil && !m.folded && m.scope == Scope{} }

// Pending reports whether Step has something to do.
func (m *Model) Pending() bool {
	return m.learned < m.end() || m.judged < m.limit() || m.search != nil || m.find.active
}

// limit is how many events can be judged: which group an event belongs to is learned first.
func (m *Model) limit() int {
	if m.filter == nil || m.scope.Group != "" {
		return m.learned
	}
	return m.end()
}

// Progress returns how many of how many events filter and scope were asked about.
func (m *Model) Progress() (done, total int) {
	if m.all() {
		return m.learned, m.end()
	}
	return m.judged, m.end()
}

// Step does what is to be done, for about as long as d at most, and reports whether anything changed. When nothing did although
// something is pending, that is searched for in the background, and has brought nothing since the last call.
func (m *Model) Step(d time.Duration) (changed bool) {
	if !m.Pending() {
		return false
	}
	for deadline := m.now().Add(d); ; {
		for range stride {
			if !m.one() {
				return changed
			}
			changed = true
		}
		if !m.now().Before(deadline) {
			return true
		}
	}
}

// one handles one event and reports whether there was one to handle.
func (m *Model) one() bool {
	switch limit := m.limit(); {
	case m.all() && m.judged < limit:
		m.judged = limit
	case m.judged < limit && m.background(limit):
		return m.merge() || m.learnOne()
	case m.search != nil:
		return m.merge() || m.learnOne()
	case m.judged < limit:
		m.judge(m.read(m.judged))
	case m.learned < m.end():
		m.learnOne()
	case m.find.active:
		m.findOne()
	default:
		return false
	}
	return true
}

func (m *Model) learnOne() bool {
	if m.learned >= m.end() {
		return false
	}
	e := m.read(m.learned)
	next := m.judged == m.learned && m.search == nil && m.filter == nil
	m.learn(e)
	if next && m.judged == m.learned-1 {
		m.judge(e)
	}
	return true
}

// judge asks filter and scope about the event at position judged.
func (m *Model) judge(e *session.Event) {
	if m.all() {
		m.judged = m.learned
		return
	}
	if m.scope.has(&m.tree, e) && (m.filter == nil || m.filter.Match(e)) && !(m.folded && session.Folds(e) != session.NoFold) {
		m.rows = append(m.rows, uint32(m.judged))
	}
	m.judged++
}

// learn takes the next event into the tree, the figures and the history. When the event tells whose connection it is on, the rows of that
// connection are judged anew, since the scope may depend on it.
func (m *Model) learn(e *session.Event) {
	m.stats.add(e)
	m.history.add(e)
	moved := m.tree.add(e, m.learned)
	m.learned++
	if moved == nil || m.scope.Group == "" {
		return
	}
	if m.scope.Group == moved.from && m.tree.groups[moved.from] == nil {
		m.scope.Group = moved.to
	}
	if m.scope.Group == moved.from || m.scope.Group == moved.to {
		m.rewind(moved.first)
	}
}

// rewind forgets the judgement of the events from position first on.
func (m *Model) rewind(first int) {
	if first < m.judged {
		m.endSearch()
		m.judged = first
		m.rows = m.rows[:sort.Search(len(m.rows), func(i int) bool { return int(m.rows[i]) >= first })]
	}
}

// SetFilter shows what f lets through; nil shows everything. The selection stays.
func (m *Model) SetFilter(f Filter) {
	m.endSearch()
	m.filter = f
	m.rewind(0)
}

// SetFolded leaves typing notices and keep-alives out of the rows, or shows them again: most of what clients say in a
// conversation is that somebody is typing. The selection stays.
func (m *Model) SetFolded(on bool) {
	m.folded = on
	m.rewind(0)
}

// Folded reports whether they are left out.
func (m *Model) Folded() bool { return m.folded }

// Filtered reports whether a filter is set.
func (m *Model) Filtered() bool { return m.filter != nil }

// SetScope limits the rows to a part of the tree; the zero Scope is everything. The selection stays.
func (m *Model) SetScope(s Scope) {
	m.scope = s
	m.rewind(0)
}

// Scope returns what the rows are limited to.
func (m *Model) Scope() Scope { return m.scope }

// Rows returns how many rows there are by now.
func (m *Model) Rows() int {
	if m.all() {
		return m.end()
	}
	return len(m.rows)
}

// Row returns the event of row i, nil where there is none.
func (m *Model) Row(i int) *session.Event {
	if i < 0 || i >= m.Rows() {
		return nil
	}
	return m.log.At(m.position(i))
}

// position returns where in the log the event of row i is.
func (m *Model) position(i int) int {
	if m.all() {
		return i
	}
	return int(m.rows[i])
}

// Start returns when the first event happened: the zero of all relative times.
func (m *Model) Start() time.Time {
	if m.log.Len() == 0 {
		return time.Time{}
	}
	return m.log.At(0).Time
}

// Event returns the event with number n, nil when the log has none. Numbers rise along a log.
func (m *Model) Event(n uint64) *session.Event {
	if i := m.numbered(n); i < m.log.Len() {
		if e := m.log.At(i); e.N == n {
			return e
		}
	}
	return nil
}

// numbered returns the position of the first event whose number is n or more.
func (m *Model) numbered(n uint64) int {
	if s, ok := m.log.(Store); ok {
		return s.Find(n)
	}
	return sort.Search(m.log.Len(), func(i int) bool { return m.log.At(i).N >= n })
}
