package server

import (
	"context"
	"maps"
	"net"
	"slices"
	"time"

	"github.com/msnscope/msnscope/decode/dialect"
)

// Shutdown closes all listeners, tells every client of a notification server OUT SSD (§7.10), closes all connections and
// waits until nothing of the server runs any more. When ctx ends first, connections are cut off where they are, and its
// error is returned. Clients have a second to take their leave.
func (s *Server) Shutdown(ctx context.Context) error {
	s.mu.Lock()
	s.closing = true
	listeners := slices.Collect(maps.Keys(s.listeners))
	conns := slices.Collect(maps.Keys(s.open))
	s.mu.Unlock()
	for _, l := range listeners {
		_ = l.Close()
	}
	for _, c := range conns {
		if c.role == dialect.NS {
			c.send(line("OUT", "SSD"))
		}
		c.finish()
	}
	stop := context.AfterFunc(ctx, s.cancel)
	defer s.cancel()
	defer stop()
	s.conns.Wait()
	return ctx.Err()
}

// Close is Shutdown with two seconds for everything, and may be called several times. It always returns nil.
func (s *Server) Close() error {
	ctx, cancel := context.WithTimeout(context.Background(), 2*time.Second)
	defer cancel()
	_ = s.Shutdown(ctx) // cut off or not, all is closed
	return nil
}

func (s *Server) isClosing() bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.closing
}

// track adds a listener and its goroutine, unless the server is closing.
func (s *Server) track(l net.Listener) bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.closing {
		return false
	}
	s.listeners[l] = struct{}{}
	s.conns.Add(1)
	return true
}

func (s *Server) untrack(l net.Listener) {
	_ = l.Close()
	s.mu.Lock()
	defer s.mu.Unlock()
	delete(s.listeners, l)
}
