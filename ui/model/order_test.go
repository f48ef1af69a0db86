package model

import (
	"math/rand/v2"
	"slices"
	"testing"

	"github.com/msnscope/msnscope/decode/session"
)

// TestOrderOfWhatComes checks that rows that come in portions are where sorting all of them at once
// would put them, in both directions.
func TestOrderOfWhatComes(t *testing.T) {
	for seed := range uint64(20) {
		random := rand.New(rand.NewPCG(seed, 1))
		keys := map[uint64]Key{}
		by := func(e *session.Event) Key { return keys[e.N] }
		var log events
		m := New(&log, Options{Live: true})
		m.SetOrder(by, seed%2 == 0)
		for range 30 {
			for range random.IntN(40) {
				n := uint64(len(log) + 1)
				keys[n] = Key{Number: random.Int64N(9), Text: string(rune('a' + random.IntN(3)))}
				log = append(log, &session.Event{N: n})
			}
			for m.Pending() {
				m.Step(1)
			}
			m.Step(1)
		}
		all := New(&log, Options{})
		for all.Pending() {
			all.Step(1)
		}
		all.SetOrder(by, seed%2 == 0)
		var got, want []uint64
		for i := range m.Rows() {
			got, want = append(got, m.Row(i).N), append(want, all.Row(i).N)
		}
		if !slices.Equal(got, want) {
			t.Fatalf("seed %d: rows are\n%v, want\n%v", seed, got, want)
		}
	}
}

// BenchmarkOrderLive is what ten more rows cost beside as many sorted ones as there may be.
func BenchmarkOrderLive(b *testing.B) {
	log := make(events, maxSorted-1)
	for i := range log {
		log[i] = &session.Event{N: uint64(i + 1)}
	}
	m := New(&log, Options{})
	for m.Pending() {
		m.Step(1 << 30)
	}
	m.SetOrder(func(e *session.Event) Key { return Key{Number: int64(e.N * 7919 % 65521)} }, false)
	o := &m.order
	for b.Loop() {
		o.keys = o.keys[:maxSorted-11]
		o.rows = slices.DeleteFunc(o.rows, func(r uint32) bool { return r >= maxSorted-11 })
		m.arrange()
	}
}
