package client

import (
	"context"
	"sync"
)

// gate is a mutex whose state can be waited for with a context. The zero value is ready to use.
type gate struct {
	mu      sync.Mutex
	changed chan struct{} // closed by the next update; nil while nobody waits
}

// update runs f, which may change what the gate guards, under the lock, and wakes those who await.
func (g *gate) update(f func()) {
	g.mu.Lock()
	defer g.mu.Unlock()
	f()
	if g.changed != nil {
		close(g.changed)
		g.changed = nil
	}
}

// view runs f, which may only read what the gate guards, under the lock.
func (g *gate) view(f func()) {
	g.mu.Lock()
	defer g.mu.Unlock()
	f()
}

// await waits until ok, which it calls under the lock, returns true, or ctx ends.
func (g *gate) await(ctx context.Context, ok func() bool) error {
	for {
		g.mu.Lock()
		if ok() {
			g.mu.Unlock()
			return nil
		}
		if g.changed == nil {
			g.changed = make(chan struct{})
		}
		changed := g.changed
		g.mu.Unlock()
		select {
		case <-changed:
		case <-ctx.Done():
			return ctx.Err()
		}
	}
}
