package model

import "github.com/msnscope/msnscope/decode/session"

// history is what the events lead to, fed in Step: transactions of the latest million events in about 40 MB, 100 MB at worst, and
// states in at most 64 MB, whatever the length of the log.
type history struct {
	transactions session.Transactions
	timeline     session.Timeline
}

func (h *history) add(e *session.Event) {
	h.transactions.Add(e)
	h.timeline.Add(e)
}

// Transaction returns the transaction that the event with number n belongs to, as far as Step has come; false where it belongs to
// none, or to one that is forgotten. The slices are the caller's.
func (m *Model) Transaction(n uint64) (session.Transaction, bool) {
	return m.history.transactions.At(n)
}

// State returns what stands after the event with number n, read only. Where Step has not come that far it is what stands after
// the last event that it came to, as its N says. It may read some thousand events of the log: nothing for every frame.
func (m *Model) State(n uint64) *session.State { return m.history.timeline.At(n) }
