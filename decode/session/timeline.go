package session

import "sort"

// Limits of a Timeline. The States that it keeps share the parts that did not change between them.
const (
	firstEvery = 1 << 8  // events between two kept States at first: applying them takes some 50 µs
	maxKept    = 1 << 7  // kept States: when there are as many, every second one is dropped
	maxWeight  = 1 << 19 // the sum of their State.weight, as if they shared nothing: 64 MB
)

// Timeline returns the State after any event of a log. It keeps the States after some events, at
// most 128 of them in at most 64 MB. For any other event it applies the events since the nearest
// kept State again, which it reads from the log: some 10,000 in a log of a million events.
//
// Event returns the event at an index of the log, from 0, nil for none; only At calls it. It must
// be set before At is called, and Add must be called with the events of the log in their order. A
// Timeline is not safe for concurrent use.
type Timeline struct {
	Event func(i int) *Event

	now    *State
	added  int
	every  int
	kept   []keptState // in the order of the log
	weight int         // the sum of the weights of kept
	last   keptState   // the latest result of At
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

// Add adds the next event of the log.
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

// thin drops every second kept State.
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

// Now returns the State after the last event. It does not change when more events are added.
func (t *Timeline) Now() *State {
	t.prepare()
	return t.now.clone()
}

// At returns the State after the event with the number n, or after the last event before it. The
// State is read only.
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
