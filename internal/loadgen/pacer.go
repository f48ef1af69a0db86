package loadgen

import (
	"context"
	"sync"
	"time"
)

// These bound the rates that the clock can express: about one act a day to one a nanosecond.
const (
	minRate = 1e-5
	maxRate = 1e9
)

// pacer schedules acts. The zero pacer, and one without a rate, schedules each for now. It is safe
// for concurrent use.
type pacer struct {
	mu    sync.Mutex
	every time.Duration // 0 for no rate
	next  time.Time
}

// start schedules the first act for now.
func (p *pacer) start(rate float64) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.next = time.Now()
	if rate > 0 {
		p.every = time.Duration(float64(time.Second) / rate)
	}
}

// wait waits for the time of the next act and returns it. If acts are late, that time is already
// past.
func (p *pacer) wait(ctx context.Context) (time.Time, error) {
	p.mu.Lock()
	at := p.next
	p.next = at.Add(p.every)
	paced := p.every > 0
	p.mu.Unlock()
	if !paced {
		return time.Now(), ctx.Err()
	}
	timer := time.NewTimer(time.Until(at))
	defer timer.Stop()
	select {
	case <-timer.C:
		return at, nil
	case <-ctx.Done():
		return at, ctx.Err()
	}
}
