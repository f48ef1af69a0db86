package server

// hoard is what a connection holds of its budgets, as reap compares it.
type hoard struct {
	of   budgets
	held int   // bytes that the connection holds
	all  int64 // bytes that its user holds, or its address before the logon
}

// hoard returns what the connection would hold if it held n bytes more.
func (q *queue) hoard(n int) hoard {
	q.mu.Lock()
	defer q.mu.Unlock()
	h := hoard{of: q.budgets, held: q.keptIn + q.keptOut + n}
	h.all = int64(h.held)
	for _, b := range q.budgets[1:] { // the user's comes last
		if b != nil {
			h.all = b.used.Load() + int64(n)
		}
	}
	return h
}

// full returns the index of the first budget without room for n bytes, -1 if all have room.
func (all *budgets) full(n int) int {
	for i, b := range all {
		if b != nil && b.most > 0 && b.used.Load()+int64(n) > b.most {
			return i
		}
	}
	return -1
}

// reap makes room for n bytes of c for which a budget had no room (errHoard). If that budget is
// shared with other users, the user who holds most of it pays, not the one who needs room next:
// reap kills the largest connection of that user and reports true, and the caller tries again. It
// reports false if that user is c's own, counting n, and then c pays.
//
// It does not wait for clients. It may be called with any lock held except s.mu and the locks that
// are taken while s.mu is held: shares.mu and a queue's.
func (s *Server) reap(c *conn, n int) bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	mine := c.out.hoard(n)
	i := mine.of.full(n)
	switch i {
	case -1: // others have made room meanwhile
		return true
	case 2: // the user's own
		return false
	}
	var worst *conn
	most := mine
	for o := range s.open {
		h := o.out.hoard(0)
		if h.held == 0 || h.of[i] != mine.of[i] || h.of[2] != nil && h.of[2] == mine.of[2] {
			continue
		}
		if h.all > most.all || h.all == most.all && h.held > most.held {
			worst, most = o, h
		}
	}
	if worst == nil {
		return false
	}
	worst.kill(errHoard)
	return true
}
