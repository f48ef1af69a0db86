package model

import "github.com/msnscope/msnscope/decode/session"

// history records how events belong together, as learned by Step: the transactions of the latest
// million events, in 40 MB as a rule and 100 MB at worst, and states in at most 64 MB, whatever the
// length of the log.
type history struct {
	transactions session.Transactions
	timeline     session.Timeline
	states       int // how many events the timeline has
}

// stateOne takes the next event into the timeline, and reports whether there was one. States are
// learned behind tree and figures, because they take as long as both and fewer look at them.
func (m *Model) stateOne() bool {
	h := &m.history
	if h.states >= m.learned {
		return false
	}
	if e := m.read(h.states); e != nil {
		h.timeline.Add(e)
	}
	h.states++
	return true
}

// Transaction returns the transaction of the event with number n, as far as Step has come; false
// where it belongs to none, or to one that has been forgotten. The slices are the caller's.
func (m *Model) Transaction(n uint64) (session.Transaction, bool) {
	return m.history.transactions.At(n)
}

// State returns the state after the event with number n, which the caller must not change. Where
// Step has not come that far it is the state after the last event that Step has seen, which its N
// names. State may read some thousand events of the log, so it is not for every frame.
func (m *Model) State(n uint64) *session.State { return m.history.timeline.At(n) }
