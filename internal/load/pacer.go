package load

import (
	"context"
	"sync"
	"time"
)

// Rates beyond these are no times of the clock: about one act a day, one a nanosecond.
const (
	minRate = 1e-5
	maxRate = 1e9
)

// pacer gives acts their times. The zero pacer, and one without a rate, says now. It is safe for concurrent use.
type pacer struct {
	mu    sync.Mutex
	every time.Duration // 0 for no pace
	next  time.Time
}

// start makes the first act be now.
func (p *pacer) start(rate float64) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.next = time.Now()
	if rate > 0 {
		p.every = time.Duration(float64(time.Second) / rate)
	}
}

// wait returns the time of the next act, when it has come. It may be long past: then the acts are late.
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
