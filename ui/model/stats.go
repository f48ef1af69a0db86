package model

import (
	"time"

	"github.com/msnscope/msnscope/decode/session"
)

// rateWindow is the number of seconds over which the rate is taken: short enough to be current,
// long enough not to flicker.
const rateWindow = 4

// touched are the flags of commands that a proxy held, changed, added or dropped.
const touched = session.Rewritten | session.Edited | session.Held | session.Dropped | session.Injected | session.Fault

// Stats are counts of the whole log, whatever part of it is shown.
type Stats struct {
	// Connections is how many connections were opened, Open how many of them are still open.
	Connections, Open int
	Commands, Errors  int
	// Rewritten counts the commands in which an address was replaced, Faults those that were
	// disturbed on purpose, Gaps the losses.
	Rewritten, Faults, Gaps int
	// Touched counts the commands that a proxy held, changed, added or dropped.
	Touched int

	second  int64 // the latest second with a command
	buckets [rateWindow + 1]int
}

func (s *Stats) add(e *session.Event) {
	switch e.Kind {
	case session.Open:
		s.Connections++
		s.Open++
	case session.Close:
		s.Open--
	case session.Gap:
		s.Gaps++
	case session.Command:
		s.Commands++
		s.count(e.Time.Unix())
	}
	if e.Flags&session.Error != 0 {
		s.Errors++
	}
	if e.Flags&session.Fault != 0 {
		s.Faults++
	}
	if e.Flags&touched != 0 {
		s.Touched++
	}
	if e.Flags&session.Rewritten != 0 {
		s.Rewritten++
	}
}

// count adds a command to its second; one that comes late is added to the latest second.
func (s *Stats) count(second int64) {
	n := int64(len(s.buckets))
	if gap := second - s.second; gap > 0 {
		for i := range min(gap, n) {
			s.buckets[(second-i)%n] = 0
		}
		s.second = second
	}
	s.buckets[s.second%n]++
}

// Rate returns the commands per second over the last few whole seconds before now.
func (s *Stats) Rate(now time.Time) float64 {
	n, sum := int64(len(s.buckets)), 0
	for i := int64(1); i <= rateWindow; i++ {
		if second := now.Unix() - i; second >= 0 && second <= s.second && second > s.second-n {
			sum += s.buckets[second%n]
		}
	}
	return float64(sum) / rateWindow
}

// Stats returns the figures as far as Step has come.
func (m *Model) Stats() Stats { return m.stats }
