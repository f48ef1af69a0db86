package model

import "slices"

// maxPicks is how many events can be picked: each is picked by a key.
const maxPicks = 10_000

// Pick picks the event with number n for actions on several events, or unpicks it. Picks stay
// whatever is shown. It reports false if too many are picked already.
func (m *Model) Pick(n uint64) bool {
	if i := slices.Index(m.picks, n); i >= 0 {
		m.picks = slices.Delete(m.picks, i, i+1)
		return true
	}
	if len(m.picks) >= maxPicks {
		return false
	}
	m.picks = append(m.picks, n)
	return true
}

// Picked reports whether the event with number n is picked.
func (m *Model) Picked(n uint64) bool { return slices.Contains(m.picks, n) }

// Picks returns the numbers of the picked events, in the order in which they were picked. The slice
// is the model's.
func (m *Model) Picks() []uint64 { return m.picks }

// Unpick removes all picks.
func (m *Model) Unpick() { m.picks = nil }
