package fault

import "sync/atomic"

// maxRoom bounds the bytes that all faults keep back over all connections, so that a peer who sends
// megabytes, or many peers, cannot make rules hold more than a tester expects of them.
const maxRoom = 64 << 20

// room counts the bytes that faults keep back, up to maxRoom. It is safe for concurrent use.
type room struct{ used atomic.Int64 }

// take reserves n bytes and reports whether there was room for them.
func (r *room) take(n int) bool {
	if r.add(n) {
		return true
	}
	r.give(n)
	return false
}

// add counts n bytes that are kept in any case, and reports whether there was room for them.
func (r *room) add(n int) bool { return r.used.Add(int64(n)) <= maxRoom }

// give returns n bytes that take or add counted and that are no longer kept.
func (r *room) give(n int) { r.used.Add(-int64(n)) }
