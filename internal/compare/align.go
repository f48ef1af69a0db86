package compare

import (
	"slices"

	"github.com/msnscope/msnscope/decode/session"
)

// Verdict is the result of comparing one command of the recording.
type Verdict uint8

// These are the verdicts.
const (
	Same    Verdict = iota
	Differs         // it came, but is not the same
	Missing         // it did not come
	Extra           // it came, but nothing like it was recorded
)

// String returns "same", "differs", "missing" or "extra".
func (v Verdict) String() string { return [...]string{"same", "differs", "missing", "extra"}[v] }

// Pair is a command of one sequence and its counterpart in the other. Want is nil for an extra
// command, Got for a missing one.
type Pair struct {
	Want, Got *session.Event
	Verdict   Verdict
	Diffs     []Diff // of a pair that differs; a wrong order is one of them
}

// These are caps on the work of Align. Beyond them it pairs less cleverly, but not more slowly.
const (
	// commands with the same key that are paired as well as possible; more are paired in turn
	maxTable  = 128
	maxSearch = 256 // leftovers that are tried as a counterpart under another key
)

// Align pairs the commands of one connection and direction. Pairs are in the order of want; an
// extra command stands before the pair of the command that came next. Align takes time in
// proportion to the number of commands. The pairs hold the events themselves.
func Align(want, got []*session.Event, o Options) []Pair {
	a := aligner{options: o, want: keys(want), got: keys(got)}
	a.partner = slices.Repeat([]int{-1}, len(want))
	a.taken = make([]bool, len(got))
	a.byKey()
	a.leftovers(Weak)
	a.leftovers(Loose)
	return a.pairs()
}

type aligner struct {
	options   Options
	want, got []Key
	partner   []int // for each want, its index in got, -1 for none
	taken     []bool
}

func keys(events []*session.Event) []Key {
	all := make([]Key, len(events))
	for i, e := range events {
		all[i] = KeyOf(e)
	}
	return all
}

type groupKey struct{ subject, trid string }

// byKey pairs commands with the same key: in their order if both sides have equally many, else so
// that as many as possible are exactly equal.
func (a *aligner) byKey() {
	wants, gots := index(a.want), index(a.got)
	for k, w := range wants {
		g := gots[k]
		if len(w) == len(g) || len(w) > maxTable || len(g) > maxTable {
			for i := range min(len(w), len(g)) {
				a.join(w[i], g[i])
			}
			continue
		}
		a.best(w, g)
	}
}

func index(all []Key) map[groupKey][]int {
	groups := map[groupKey][]int{}
	for i := range all {
		k := groupKey{all[i].subject, all[i].trid}
		groups[k] = append(groups[k], i)
	}
	return groups
}

func (a *aligner) join(w, g int) { a.partner[w], a.taken[g] = g, true }

// best pairs w and g in order by the longest common sequence: an exact pair counts far more than
// one that merely has the key.
func (a *aligner) best(w, g []int) {
	score := make([][]int, len(w)+1)
	for i := range score {
		score[i] = make([]int, len(g)+1)
	}
	value := func(i, j int) int {
		if a.want[w[i]].Rank(&a.got[g[j]], a.options) == Exact {
			return 2 * maxTable
		}
		return 1
	}
	for i := len(w) - 1; i >= 0; i-- {
		for j := len(g) - 1; j >= 0; j-- {
			score[i][j] = max(score[i+1][j], score[i][j+1], score[i+1][j+1]+value(i, j))
		}
	}
	for i, j := 0, 0; i < len(w) && j < len(g); {
		switch score[i][j] {
		case score[i+1][j]:
			i++
		case score[i][j+1]:
			j++
		default:
			a.join(w[i], g[j])
			i, j = i+1, j+1
		}
	}
}

// leftovers pairs each command that has no counterpart with the first one of at least the rank.
func (a *aligner) leftovers(least Rank) {
	first := 0
	for w := range a.want {
		if a.partner[w] >= 0 {
			continue
		}
		for first < len(a.got) && a.taken[first] {
			first++
		}
		tried := 0
		for g := first; g < len(a.got) && tried < maxSearch; g++ {
			if a.taken[g] {
				continue
			}
			tried++
			if a.want[w].Rank(&a.got[g], a.options) >= least {
				a.join(w, g)
				break
			}
		}
	}
}

// pairs returns the pairs in the order of want, with the extra commands among them.
func (a *aligner) pairs() []Pair {
	pairs := make([]Pair, 0, len(a.want))
	var watch Watch
	positions := make([]int, 0, len(a.want)) // for each pair, the index in got before which it sorts
	next := 0
	for w := range a.want {
		p := Pair{Want: a.want[w].event, Verdict: Missing}
		if g := a.partner[w]; g >= 0 {
			next = max(next, g+1)
			p.Got = a.got[g].event
			p.Diffs = append(Message(p.Want, p.Got, a.options), watch.Check(&a.want[w], g, a.options)...)
			p.Verdict = Same
			if len(p.Diffs) > 0 {
				p.Verdict = Differs
			}
		}
		pairs, positions = append(pairs, p), append(positions, next)
	}
	return a.withExtras(pairs, positions)
}

// withExtras inserts each extra command before the first pair that came after it.
func (a *aligner) withExtras(pairs []Pair, positions []int) []Pair {
	all := make([]Pair, 0, len(pairs))
	next := 0
	extras := func(before int) {
		for ; next < before; next++ {
			if !a.taken[next] {
				all = append(all, Pair{Got: a.got[next].event, Verdict: Extra})
			}
		}
	}
	for i, p := range pairs {
		if p.Got != nil {
			extras(positions[i])
		}
		all = append(all, p)
	}
	extras(len(a.got))
	return all
}

// Watch checks the order in which the commands of one direction of one connection came. The zero
// value is ready to use. It is not safe for concurrent use.
type Watch struct {
	last map[string]arrival
}

type arrival struct {
	at   int
	name string
}

// Check must be called with the commands in the order of the recording, each with the position at
// which its counterpart came. It returns a difference if the counterpart came before one that it
// should follow, else nil.
func (w *Watch) Check(want *Key, at int, o Options) []Diff {
	last, seen := w.last[want.order]
	if seen && at < last.at {
		if o.Ignores(FieldOrder) {
			return nil
		}
		return []Diff{{Field: FieldOrder, Want: "after " + last.name, Got: "before it"}}
	}
	if w.last == nil {
		w.last = map[string]arrival{}
	}
	if seen || len(w.last) < maxWatched {
		w.last[want.order] = arrival{at, shown(string(want.event.In.Line()))}
	}
	return nil
}

// maxWatched is the number of sequences that a Watch follows: a connection has notifications about
// some hundred contacts at most.
const maxWatched = 4096
