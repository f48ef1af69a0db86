package model

import (
	"sort"
	"time"
)

// SetHorizon shows only the first n events of the log, as if no more had come; a negative n shows
// all. Tree, figures and states are those of the events up to the horizon: where it moves back,
// they are learned anew by Step.
func (m *Model) SetHorizon(n int) {
	m.horizon = n
	if n < 0 || n >= m.learned {
		return
	}
	m.rewind(0)
	m.learned, m.judged, m.ladders = 0, 0, [NumLanes]*Ladder{}
	m.tree, m.stats, m.history = newTree(), Stats{}, history{}
	m.SetLint(m.lints.options)
	m.history.timeline.Event = m.log.At
}

// Horizon returns how many events are shown at most, negative where all are.
func (m *Model) Horizon() int { return m.horizon }

// Before returns how many events of the log, from the first on, have the time at or an earlier one.
// It assumes that times ascend.
func (m *Model) Before(at time.Time) int {
	return sort.Search(m.log.Len(), func(i int) bool { return m.log.At(i).Time.After(at) })
}
