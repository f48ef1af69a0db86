package server

import (
	"context"
	"maps"
	"net"
	"slices"
	"time"
)

// Shutdown closes all listeners, tells every client of a notification server OUT SSD (§7.10), closes all connections and
// waits until nothing of the server runs any more. When ctx ends first, connections are cut off where they are, and its
// error is returned. Clients have two seconds to take their leave.
func (s *Server) Shutdown(ctx context.Context) error {
	s.mu.Lock()
	s.closing = true
	listeners := slices.Collect(maps.Keys(s.listeners))
	conns := slices.Collect(maps.Keys(s.open))
	for _, c := range conns {
		c.goDown() // with s.mu locked: its goroutine is waited for
	}
	s.mu.Unlock()
	for _, l := range listeners {
		_ = l.Close()
	}
	stop := context.AfterFunc(ctx, func() {
		s.cancel()
		for _, c := range conns {
			c.kill(ctx.Err())
		}
	})
	s.unnews()
	defer s.cancel()
	defer stop()
	s.conns.Wait()
	return ctx.Err()
}

var goingDown = line("OUT", "SSD").bytes()

// goDown ends a connection because the server goes down. It does not wait.
func (c *conn) goDown() {
	if c.notified.Load() {
		c.tell(goingDown)
	}
	c.dismiss()
}

// Close is Shutdown with three seconds for everything, and may be called several times. It always returns nil.
func (s *Server) Close() error {
	ctx, cancel := context.WithTimeout(context.Background(), 3*time.Second)
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
