package server

import (
	"net"
	"sync"
	"time"

	"github.com/msnscope/msnscope/decode/dialect"
)

// refusalPause is how often refused connections are logged: a flood of them makes one line a
// second, not one line each.
const refusalPause = time.Second

// refusals counts the refused connections that are not logged yet. mu guards all its fields.
type refusals struct {
	mu       sync.Mutex
	counting bool // logRefusals is running
	unlogged int
	last     []any // log attributes of the latest unlogged one
}

// refused logs that a connection was refused, or ended to make room for another one. The first is
// logged at once; those that follow are counted, and logRefusals logs their number and the latest.
// It does not block and may be called with s.mu locked. The caller must be a goroutine that s.conns
// counts, or hold s.mu while the server is not closing.
func (s *Server) refused(role dialect.Role, client net.Addr, err error) {
	s.counts.refused.Add(1)
	r := &s.refusals
	r.mu.Lock()
	defer r.mu.Unlock()
	attrs := []any{"role", role.String(), "client", addrString(client), "err", err}
	if r.counting {
		r.unlogged, r.last = r.unlogged+1, attrs
		return
	}
	r.counting = true
	s.o.Log.Warn("connection refused", attrs...)
	s.conns.Go(s.logRefusals)
}

// logRefusals logs once a second how many connections were refused, until a second passes in which
// none was, or the server shuts down.
func (s *Server) logRefusals() {
	for r := &s.refusals; ; {
		select {
		case <-time.After(refusalPause):
		case <-s.news.Done():
		}
		r.mu.Lock()
		n, last := r.unlogged, r.last
		r.unlogged, r.last, r.counting = 0, nil, n > 0
		r.mu.Unlock()
		if n == 0 {
			return
		}
		s.o.Log.Warn("more connections refused", append([]any{"count", n}, last...)...)
	}
}
