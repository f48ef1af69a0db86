package model

import (
	"sort"
	"time"

	"github.com/msnscope/msnscope/decode/lint"
	"github.com/msnscope/msnscope/decode/session"
	"github.com/msnscope/msnscope/internal/edit"
	"github.com/msnscope/msnscope/internal/filter"
)

// Log is the capture that the model shows: an append-only list of events, safe for concurrent use.
// At takes 0 ≤ i < Len.
type Log interface {
	Len() int
	At(i int) *session.Event
}

// Filter decides which events are shown.
type Filter interface {
	Match(e *session.Event) bool
}

// Options configure a model; the zero value works.
type Options struct {
	// Live makes the selection follow the end from the start: more events are to come.
	Live bool
	// Lint chooses the rules by which the events are checked in the background; nil checks nothing.
	Lint *lint.Options
	// Now is the clock; nil means time.Now.
	Now func() time.Time
}

// stride is how many events Step handles between two looks at the clock: evaluating a filter 64
// times takes about 20 µs.
const stride = 64

// Model is the window over a log. It is not safe for concurrent use.
type Model struct {
	log  Log
	read func(i int) *session.Event // reads an event, which is valid until the next call
	now  func() time.Time

	filter     Filter
	scope      Scope
	talk       int            // the connection whose conversation is shown, 0 for none
	talkFilter *filter.Filter // finds the events of that connection
	folded     bool           // whether a run of typing notices or keep-alives is one row
	runs       runs           // of the rows, if runs are folded

	// learned counts the events that have been taken into tree, figures and history; judged counts
	// those to which filter and scope have been applied.
	learned, judged int
	// rows are the positions in the log of the events that are shown. They are unused while every
	// event is shown; see all. At four bytes a row, ten million rows are 40 MB, beside a log that
	// is on disk by then.
	rows []uint32

	selected int // the position in the log of the selected event: new rows and filters do not change it
	follow   bool
	paused   bool
	frozen   int // how many events the paused view shows
	horizon  int // how many events there are for the model; negative for all

	held    []edit.Held // held commands, shown below the rows
	waiting uint64      // the ID of the held command that is selected, 0 for none

	search   *search  // the filter that goes over the log in the background, nil for none
	found    []uint32 // the matches taken from it; the first merged of them have been judged
	merged   int
	searched int // how many events had been searched by then

	picks   []uint64
	tree    tree
	ladders [NumLanes]*Ladder // the latest of each kind that was asked for
	stats   Stats
	figures Figures
	history history
	find    find
	marks   marks
	order   order
	lints   lints
	byLint  bool // whether the filter reads what lint found
}

// New returns a model that shows all events of the log.
func New(log Log, o Options) *Model {
	if o.Now == nil {
		o.Now = time.Now
	}
	m := &Model{log: log, now: o.Now, follow: o.Live, horizon: -1, tree: newTree(), figures: newFigures()}
	m.SetLint(o.Lint)
	m.history.timeline.Event = log.At
	m.read = log.At
	if s, ok := log.(Store); ok {
		m.read = s.Reader().At
	}
	return m
}

// end returns how many events of the log the view shows or could show: all, those up to the
// horizon, or those before it was paused.
func (m *Model) end() int {
	if m.paused {
		return m.frozen
	}
	return m.size()
}

// size returns how many events there are, as far as the model knows.
func (m *Model) size() int {
	if m.horizon >= 0 {
		return min(m.horizon, m.log.Len())
	}
	return m.log.Len()
}

// all reports whether every event is a row.
func (m *Model) all() bool {
	return m.talk == 0 && m.filter == nil && !m.folded && m.scope == Scope{}
}

// Pending reports whether Step has work to do that the rows, the tree, the figures or the states
// wait for.
func (m *Model) Pending() bool {
	return m.learned < m.end() || m.history.states < m.learned || m.judged < m.limit() ||
		m.search != nil || m.find.active || m.byLint && m.Linting()
}

// Busy reports whether Step has any work to do.
func (m *Model) Busy() bool { return m.Pending() || m.Linting() }

// limit returns how many events can be judged. The scope depends on the group of an event, which
// has to be learned first, and a filter may depend on what lint finds.
func (m *Model) limit() int {
	if m.byLint && m.talk == 0 && m.lints.options != nil {
		return m.lints.done
	}
	if m.filter == nil || m.talk != 0 || m.scope.Group != "" {
		return m.learned
	}
	return m.end()
}

// Progress returns to how many events filter and scope have been applied, and how many there are.
func (m *Model) Progress() (done, total int) {
	if m.all() {
		return m.learned, m.end()
	}
	return m.judged, m.end()
}

// Step works for about d at most and reports whether anything has changed. Where nothing has
// although work is pending, a search in the background has found nothing since the last call.
func (m *Model) Step(d time.Duration) (changed bool) {
	defer m.arrange()
	if !m.Busy() {
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

// one handles one event, and reports false where there was none to handle.
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
		return m.stateOne() || m.lintOne()
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

// judge applies filter and scope to the event at position judged.
func (m *Model) judge(e *session.Event) {
	if m.all() {
		m.judged = m.learned
		return
	}
	if m.byLint {
		e = m.checked(e, m.judged)
	}
	if m.admits(e) && (m.talk != 0 || m.filter == nil || m.filter.Match(e)) && !m.joins(e) {
		m.rows = append(m.rows, uint32(m.judged))
	}
	m.judged++
}

// learn takes the next event into tree, figures and history. Where the event reveals whose
// connection it is on, the rows of that connection are judged again, because the scope may depend
// on it.
func (m *Model) learn(e *session.Event) {
	m.stats.add(e)
	m.history.transactions.Add(e)
	moved := m.tree.add(e, m.learned)
	m.refer(e)
	asked, _ := m.history.transactions.FirstReply(e.N)
	m.figures.add(e, m.tree.conns[e.Conn], asked)
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

// rewind discards what was judged from position first on.
func (m *Model) rewind(first int) {
	m.order.reset()
	if first < m.judged {
		m.endSearch()
		m.judged = first
		n := sort.Search(len(m.rows), func(i int) bool { return int(m.rows[i]) >= first })
		if left := m.unfold(n); left < n {
			n, m.judged = left, int(m.rows[left])
		}
		m.rows = m.rows[:n]
	}
}

// SetFilter shows the events that f lets through; nil shows all. The selection stays.
func (m *Model) SetFilter(f Filter) {
	m.endSearch()
	m.filter, m.byLint = f, readsLint(f)
	m.rewind(0)
}

// Filtered reports whether a filter is set.
func (m *Model) Filtered() bool { return m.filter != nil }

// SetScope limits the rows to a part of the tree; the zero Scope means everything. The selection
// stays.
func (m *Model) SetScope(s Scope) {
	m.scope = s
	m.rewind(0)
}

// Scope returns the part of the tree to which the rows are limited.
func (m *Model) Scope() Scope { return m.scope }

// Rows returns the number of rows so far.
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

// position returns the position in the log of the event of row i.
func (m *Model) position(i int) int {
	if m.Sorted() && i < len(m.order.rows) {
		i = int(m.order.rows[i])
	}
	return m.base(i)
}

// Start returns the time of the first event, from which relative times count.
func (m *Model) Start() time.Time {
	if m.log.Len() == 0 {
		return time.Time{}
	}
	return m.log.At(0).Time
}

// Event returns the event with number n, nil where the log has none. Numbers increase along a log.
func (m *Model) Event(n uint64) *session.Event {
	if i := m.numbered(n); i < m.log.Len() {
		if e := m.log.At(i); e.N == n {
			return e
		}
	}
	return nil
}

// numbered returns the position of the first event whose number is at least n.
func (m *Model) numbered(n uint64) int {
	if s, ok := m.log.(Store); ok {
		return s.Find(n)
	}
	return sort.Search(m.log.Len(), func(i int) bool { return m.log.At(i).N >= n })
}
