package session

import "sort"

// Caps of a Timeline. The States that it keeps share what did not change from one to the next.
const (
	firstEvery = 1 << 8  // events between two States that are kept, at first: so many are applied in some 50 µs
	maxKept    = 1 << 7  // States that are kept: where there are as many, every second one is dropped
	maxWeight  = 1 << 19 // what they weigh together (see State.weight) if they shared nothing: 64 MB
)

// Timeline tells the State after any event of a log. It keeps the States after some events, at most 128 of them in at most
// 64 MB, and applies the events after them again, which it takes from the log: of a million events some 10,000.
//
// It is not safe for concurrent use. Event returns the event at a position of the log, from 0, nil for none; it is called by
// At only. It must be set before At is called, and Add be called for the events of the log in their order.
type Timeline struct {
	Event func(i int) *Event

	now    *State
	added  int
	every  int
	kept   []keptState // in their order
	weight int
	last   keptState // what At returned last
}

// keptState is the State after the first count events of the log.
type keptState struct {
	state *State
	count int
}

func (t *Timeline) prepare() {
	if t.now == nil {
		t.now, t.every = NewState(), firstEvery
	}
}

// Add takes the next event of the log.
func (t *Timeline) Add(e *Event) {
	t.prepare()
	t.now.Apply(e)
	t.added++
	if t.added%t.every != 0 {
		return
	}
	t.kept = append(t.kept, keptState{t.now.clone(), t.added})
	t.weight += t.now.weight()
	for len(t.kept) > 1 && (len(t.kept) >= maxKept || t.weight > maxWeight) {
		t.thin()
	}
}

// thin drops every second State.
func (t *Timeline) thin() {
	t.every *= 2
	n := 0
	t.weight = 0
	for _, k := range t.kept {
		if k.count%t.every == 0 {
			t.kept[n] = k
			t.weight += k.state.weight()
			n++
		}
	}
	clear(t.kept[n:])
	t.kept = t.kept[:n]
}

// Now returns the State after the last event.
func (t *Timeline) Now() *State {
	t.prepare()
	return t.now.clone()
}

// At returns the State after the event with the number n, or after the last one before it. It is read only.
func (t *Timeline) At(n uint64) *State {
	t.prepare()
	if n >= t.now.N {
		return t.now.clone()
	}
	from := keptState{state: NewState()}
	if i := sort.Search(len(t.kept), func(i int) bool { return t.kept[i].state.N > n }); i > 0 {
		from = t.kept[i-1]
	}
	if t.last.state != nil && t.last.state.N <= n && t.last.count > from.count {
		from = t.last
	}
	s, i := from.state.clone(), from.count
	for ; i < t.added; i++ {
		e := t.Event(i)
		if e != nil && e.N > n {
			break
		}
		if e != nil {
			s.Apply(e)
		}
	}
	t.last = keptState{s, i}
	return s
}
