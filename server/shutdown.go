package server

import (
	"context"
	"maps"
	"net"
	"slices"
	"time"
)

// Shutdown closes all listeners, sends every client of a notification server OUT SSD (§7.10),
// closes all connections, and waits until all goroutines of the server have ended. Clients have two
// seconds to close their side. When ctx ends first, Shutdown cuts the connections off and returns
// the error of ctx.
func (s *Server) Shutdown(ctx context.Context) error {
	s.mu.Lock()
	s.closing = true
	listeners := slices.Collect(maps.Keys(s.listeners))
	conns := slices.Collect(maps.Keys(s.open))
	for _, c := range conns {
		c.goDown() // with s.mu locked, so that s.conns counts its goroutine before Wait
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
	s.lot.close()
	return ctx.Err()
}

// goingDown is what clients of a notification server get when the server shuts down (§7.10).
var goingDown = line("OUT", "SSD").bytes()

// goDown ends a connection because the server shuts down. It does not block. Since it is called
// with s.mu locked, it must not use conn.tell, which may call reap.
func (c *conn) goDown() {
	if c.notified.Load() {
		_, _, _ = c.out.tell(goingDown) // fails only where the client has too much to read already
	}
	c.dismiss()
}

// Close is Shutdown with a limit of three seconds. It may be called several times and always
// returns nil.
func (s *Server) Close() error {
	ctx, cancel := context.WithTimeout(context.Background(), 3*time.Second)
	defer cancel()
	_ = s.Shutdown(ctx) // all is closed, whether or not it had to be cut off
	return nil
}

func (s *Server) isClosing() bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.closing
}

// track registers a listener and its goroutine, and reports whether it did: a closing server takes
// none.
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

// untrack closes a listener and forgets it.
func (s *Server) untrack(l net.Listener) {
	_ = l.Close()
	s.mu.Lock()
	defer s.mu.Unlock()
	delete(s.listeners, l)
}
