package server

import (
	"errors"
	"sync/atomic"
)

// spareBytes is how many bytes of output, and of an unfinished command, a connection may hold
// before the budgets count them. Connections rarely hold more, so usually nothing is counted. All
// connections together hold at most 160 MB this way, the figure given at [Options.MaxConns].
const spareBytes = 8 << 10

var errHoard = errors.New("the budget of bytes for the client's user, its address or the whole server is used up")

// budget counts the bytes that connections hold and caps them at most. Its methods are safe for
// concurrent use.
type budget struct {
	used atomic.Int64
	most int64 // 0 means no limit
}

// take reserves n bytes and reports whether it could: where the total would exceed most, it
// reserves none. A negative n gives bytes back.
func (b *budget) take(n int) bool {
	if used := b.used.Add(int64(n)); n <= 0 || b.most == 0 || used <= b.most {
		return true
	}
	b.used.Add(int64(-n))
	return false
}

// budgets are the three budgets that one connection draws on: the whole server's, its address's and
// its user's. An element is nil where there is no such budget.
type budgets [3]*budget

// take reserves n bytes in every budget and reports whether it could; if one has no room, it
// reserves none in any.
func (all *budgets) take(n int) bool {
	for i, b := range all {
		if b != nil && !b.take(n) {
			for _, b := range all[:i] {
				if b != nil {
					b.take(-n)
				}
			}
			return false
		}
	}
	return true
}

// pay replaces budget i of the connection with b, nil for none, and moves what the connection holds
// from the old budget to b, even where that exceeds b's limit.
func (q *queue) pay(i int, b *budget) {
	q.mu.Lock()
	defer q.mu.Unlock()
	if old := q.budgets[i]; old != nil {
		old.take(-q.keptIn - q.keptOut)
	}
	if q.budgets[i] = b; b != nil {
		b.used.Add(int64(q.keptIn + q.keptOut))
	}
}

// keep records that n bytes of an unfinished command are held, and reports whether the budgets have
// room for them.
func (q *queue) keep(n int) bool {
	q.mu.Lock()
	defer q.mu.Unlock()
	return q.settle(&q.keptIn, n)
}

// wants returns how many more bytes an unfinished command of n bytes takes from the budgets.
func (q *queue) wants(n int) int {
	q.mu.Lock()
	defer q.mu.Unlock()
	return max(0, n-spareBytes-q.keptIn)
}

// settle reserves in the budgets, or gives back to them, the difference between kept and the cost
// of n bytes, which is what exceeds spareBytes; a connection that was killed costs nothing. It
// reports whether there was room, and if so sets kept to that cost. q.mu must be locked.
func (q *queue) settle(kept *int, n int) bool {
	n = max(0, n-spareBytes)
	if q.dead {
		n = 0
	}
	if n == *kept {
		return true
	}
	ok := q.budgets.take(n - *kept)
	if ok {
		*kept = n
	}
	return ok
}
